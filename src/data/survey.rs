//! What is in a data set, counted: what somebody wants to know of one before training on it. No image is decoded.

#![allow(clippy::cast_precision_loss, reason = "rows, sides and lengths that were held against their limits")]

use super::probe::{Digest, Probe};
use super::{AttributeType, Cell, DataError, Table, told};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Texts that are named of an attribute.
const NAMED: usize = 8;

/// Different texts of an attribute that are counted.
const COUNTED: usize = 1000;

/// What is in a data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Survey {
    /// How many images.
    pub images: usize,
    /// How many people with at least one.
    pub people: usize,
    /// How many bytes the images are, where they are not drawn.
    pub bytes: Option<u64>,
    /// Images a person.
    pub per_person: PerPerson,
    /// How many images have which width and height, most first.
    pub sizes: Vec<OfSize>,
    /// Images that begin as none: their size is not known.
    pub no_images: NoImages,
    /// Images of equal bytes.
    pub equal: Equal,
    /// What is known of each image.
    pub attributes: Vec<Attribute>,
    /// How faces are aligned, as far as it can be told.
    pub alignment: Option<Alignment>,
}

/// How many images people have.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PerPerson {
    /// The fewest.
    pub least: usize,
    /// The middle one.
    pub median: usize,
    /// On average.
    pub mean: f64,
    /// The most.
    pub most: usize,
    /// How many people have so many.
    pub histogram: Vec<Bar>,
}

/// People with a number of images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bar {
    /// From so many images on.
    pub from: usize,
    /// Up to so many.
    pub to: usize,
    /// So many people.
    pub people: usize,
}

/// Images of one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfSize {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How many.
    pub images: usize,
}

/// What is called an image and does not begin as one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NoImages {
    /// How many.
    pub images: usize,
    /// Where the first is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
}

/// Images whose bytes another has too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Equal {
    /// How many images are a second one of the same person.
    pub of_one_person: usize,
    /// How many images show one person here and another there.
    pub of_several_people: usize,
    /// Two such of several people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<[String; 2]>,
}

/// What is known of each image under one name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// Whether the data set has it, or a `schema` could give it a type.
    pub has_type: bool,
    /// What its values are.
    pub kind: &'static str,
    /// How many images have a value.
    pub known: usize,
    /// The smallest and the largest number, if all are numbers; angles in degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<(f64, f64)>,
    /// How many different texts there are, if they are texts; counted up to a thousand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub different: Option<usize>,
    /// The first of them in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
}

/// How faces are aligned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alignment {
    /// The name of the template.
    pub name: String,
    /// Whether it was said; otherwise all images have the size that such faces are published in, and nothing more is known.
    pub said: bool,
}

/// Sizes in which aligned faces are published, and how.
const PUBLISHED: [((u32, u32), &str); 2] = [((112, 112), "arcface112"), ((96, 112), "sphereface96x112")];

impl Survey {
    /// Of a table, of whose images files say this.
    ///
    /// # Errors
    /// An attribute that can't be made.
    pub fn of(table: &Table, told: impl IntoIterator<Item = Told>) -> Result<Self, DataError> {
        let mut sizes: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        let (mut bytes, mut no_images) = (Some(0), NoImages::default());
        let mut digests: Vec<(Digest, u32, u32)> = Vec::new();
        for (row, number) in table.rows().zip(0..) {
            match row.size() {
                Some(size) => *sizes.entry(size).or_default() += 1,
                None => {
                    no_images.images += 1;
                    no_images.first.get_or_insert_with(|| row.source().to_string());
                }
            }
            let source = row.source();
            bytes = bytes.zip(source.length()).map(|(all, one)| all + one);
            digests.extend(source.digest().map(|digest| (digest, row.class(), number)));
        }
        let mut sizes: Vec<OfSize> = sizes.into_iter().map(|((width, height), images)| OfSize { width, height, images }).collect();
        sizes.sort_by(|a, b| b.images.cmp(&a.images).then((a.width, a.height).cmp(&(b.width, b.height))));
        let alignment = alignment(table, &sizes, no_images.images);
        let mut attributes = typed(table)?;
        for new in told.into_iter().flat_map(Told::attributes) {
            if !attributes.iter().any(|known| known.name == new.name) {
                attributes.push(new);
            }
        }
        Ok(Survey {
            images: table.len(),
            people: table.people(),
            bytes,
            per_person: PerPerson::of(&table.images_per_class()),
            sizes,
            no_images,
            equal: Equal::of(table, digests),
            attributes,
            alignment,
        })
    }
}

impl PerPerson {
    fn of(counts: &[usize]) -> Self {
        let mut counts: Vec<usize> = counts.iter().copied().filter(|count| *count > 0).collect();
        counts.sort_unstable();
        let (Some(&least), Some(&most)) = (counts.first(), counts.last()) else { return PerPerson::default() };
        let mut histogram = Vec::new();
        let mut from = 1;
        while from <= most {
            let to = (2 * from - 1).min(most);
            let people = counts.partition_point(|count| *count <= to) - counts.partition_point(|count| *count < from);
            histogram.push(Bar { from: from.max(least), to, people });
            from *= 2;
        }
        let first = histogram.iter().position(|bar| bar.people > 0).unwrap_or(0);
        histogram.drain(..first); // nobody has so few
        let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
        PerPerson { least, median: counts[counts.len() / 2], mean, most, histogram }
    }
}

impl Equal {
    fn of(table: &Table, mut digests: Vec<(Digest, u32, u32)>) -> Self {
        use rayon::prelude::*;
        digests.par_sort_unstable();
        let mut equal = Equal::default();
        let mut first = None;
        for alike in digests.chunk_by(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1) {
            let people = alike.chunk_by(|a, b| a.1 == b.1).count();
            equal.of_one_person += alike.len() - people;
            if people > 1 {
                equal.of_several_people += people;
                let other = alike.iter().find(|it| it.1 != alike[0].1).unwrap_or(&alike[0]);
                let two = [alike[0].2.min(other.2), alike[0].2.max(other.2)];
                first = first.map_or(Some(two), |known: [u32; 2]| Some(known.min(two)));
            }
        }
        let place = |row: u32| table.row(row as usize).map(|row| row.source().to_string()).unwrap_or_default();
        equal.first = first.map(|two| two.map(place));
        equal
    }
}

fn alignment(table: &Table, sizes: &[OfSize], unknown: usize) -> Option<Alignment> {
    if let Some(name) = &table.stream().alignment {
        return Some(Alignment { name: name.clone(), said: true });
    }
    let [only] = sizes else { return None };
    let (_, name) = PUBLISHED.iter().find(|(size, _)| *size == (only.width, only.height)).filter(|_| unknown == 0)?;
    Some(Alignment { name: (*name).to_owned(), said: false })
}

/// What values are, as far as they were seen.
#[derive(Default)]
struct Values {
    known: usize,
    numbers: usize,
    range: Option<(f64, f64)>,
    is_whole: bool,
    texts: BTreeSet<String>,
}

impl Values {
    fn number(&mut self, number: f64) {
        self.is_whole = (self.numbers == 0 || self.is_whole) && number.fract() == 0.0;
        self.numbers += 1;
        self.range = Some(self.range.map_or((number, number), |(least, most)| (least.min(number), most.max(number))));
    }

    fn text(&mut self, text: &str) {
        if self.texts.len() < COUNTED && !self.texts.contains(text) {
            self.texts.insert(text.to_owned());
        }
    }

    fn attribute(self, name: &str, has_type: bool, kind: Option<&'static str>) -> Attribute {
        let all_numbers = self.numbers == self.known && self.known > 0;
        let guessed = if all_numbers && self.is_whole {
            "whole numbers"
        } else if all_numbers {
            "numbers"
        } else {
            "texts"
        };
        Attribute {
            name: name.to_owned(),
            has_type,
            kind: kind.unwrap_or(guessed),
            known: self.known,
            range: self.range.filter(|_| all_numbers),
            different: (!all_numbers && self.known > 0).then_some(self.texts.len()),
            texts: if all_numbers { Vec::new() } else { self.texts.into_iter().take(NAMED).collect() },
        }
    }
}

/// Attributes of a table.
fn typed(table: &Table) -> Result<Vec<Attribute>, DataError> {
    let mut all = Vec::new();
    for (name, kind) in table.schema().added() {
        let (kind, scale): (_, fn(f64) -> f64) = match kind {
            AttributeType::Angle => ("angles", f64::to_degrees),
            AttributeType::Pixels => ("pixels", |number| number),
            AttributeType::Fraction => ("fractions", |number| number),
            AttributeType::Number => ("numbers", |number| number),
            AttributeType::Integer => ("whole numbers", |number| number),
            AttributeType::Text => ("texts", |number| number),
            AttributeType::Category(_) => ("categories", |number| number),
        };
        let mut values = Values::default();
        for row in table.rows() {
            let cell = row.cell(name)?;
            values.known += usize::from(!cell.is_missing());
            match cell {
                Cell::Missing => {}
                Cell::Bool(value) => values.number(f64::from(u8::from(value))),
                Cell::Number(number) => values.number(scale(number)),
                Cell::Text(text) => values.text(&text),
            }
        }
        all.push(values.attribute(name, true, Some(kind)));
    }
    Ok(all)
}

/// What files say of images beside their bytes, and no schema has given a type yet.
#[derive(Default)]
pub struct Told(BTreeMap<String, Values>);

impl Told {
    /// All that the files of a probe say.
    pub fn of(probe: &Probe) -> Self {
        let mut all = Told::default();
        let told = probe.files.iter().filter_map(|file| file.told.as_deref());
        told.flat_map(told::pairs).for_each(|(name, value)| all.add(name, told::plain(value)));
        all
    }

    /// One value of one image.
    pub fn add(&mut self, name: &str, value: &str) {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Values::default());
        }
        let Some(values) = self.0.get_mut(name) else { return }; // not reached: it is there now
        values.known += 1;
        match value.parse::<f64>() {
            Ok(number) if number.is_finite() => values.number(number),
            Ok(_) | Err(_) => {}
        }
        values.text(value);
    }

    fn attributes(self) -> impl Iterator<Item = Attribute> {
        self.0.into_iter().map(|(name, values)| values.attribute(&name, false, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_counted_by_how_many_images_they_have() {
        let it = PerPerson::of(&[4, 0, 5, 7, 16, 16, 30]);
        assert_eq!((it.least, it.median, it.most), (4, 16, 30));
        let bars: Vec<_> = it.histogram.iter().map(|bar| (bar.from, bar.to, bar.people)).collect();
        assert_eq!(bars, [(4, 7, 3), (8, 15, 0), (16, 30, 3)]);
        assert_eq!(PerPerson::of(&[0, 0]), PerPerson::default());
        assert_eq!(PerPerson::of(&[1]).histogram, [Bar { from: 1, to: 1, people: 1 }]);
    }

    #[test]
    fn values_are_numbers_where_all_are() {
        let of = |values: &[&str]| {
            let file = |value: &&str| super::super::probe::FileFacts {
                path: "x".into(),
                offset: 0,
                bytes: 0,
                digest: Digest::of(b""),
                size: None,
                told: Some(told::join([("a", (*value).to_owned())]).into()),
            };
            let all: Vec<Attribute> = Told::of(&Probe::of(values.iter().map(file).collect())).attributes().collect();
            let [one] = &all[..] else { panic!("{all:?}") };
            (one.kind, one.known, one.range, one.different)
        };
        assert_eq!(of(&["1", "-3", "2"]), ("whole numbers", 3, Some((-3.0, 2.0)), None));
        assert_eq!(of(&["1", "2.5"]), ("numbers", 2, Some((1.0, 2.5)), None));
        assert_eq!(of(&["1", "left", "1"]), ("texts", 3, None, Some(2)));
        assert_eq!(of(&["nan", "1"]), ("texts", 2, None, Some(2)));
    }
}
