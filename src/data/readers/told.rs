//! Images of whom their file says who they show: one of several names is the person, others are attributes.

use super::{ColumnType, Read};
use crate::held::{Held, Holder, numbered};
use crate::probe::{FileFacts, Probe};
use crate::stream::Colour;
use crate::{DataError, ImageSet, ImageSource, NewRow, Schema, Stream, TableBuilder, told};
use ddl_base::text::quoted;
use indexmap::IndexMap;
use std::sync::Arc;

/// Names that say who it is where a recipe says none; the first that a file has.
pub const PERSONS: [&str; 13] = [
    "identity",
    "label",
    "labels",
    "image/class/label",
    "image/label",
    "person",
    "person_id",
    "subject",
    "subject_id",
    "class",
    "class_id",
    "id",
    "name",
];

/// What a recipe says of such a file.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// The reader, for messages.
    pub reader: &'static str,
    /// What its names are names of: features, columns.
    pub called: &'static str,
    /// The name of the images.
    pub image: Option<&'a str>,
    /// The name of the person.
    pub identity: Option<&'a str>,
    /// The names that are attributes.
    pub schema: &'a IndexMap<String, ColumnType>,
}

/// How an image is called: by the name of what holds it and its number.
pub fn called(name: &str, number: u64) -> Arc<str> {
    format!("{name}/{}", numbered(number)).into()
}

/// The name and the number of such an image.
fn parts(file: &FileFacts) -> (&str, &str) {
    file.path.rsplit_once('/').unwrap_or(("", &file.path))
}

impl Telling<'_> {
    fn wrong(&self, why: String) -> DataError {
        DataError::Argument { what: self.reader, why }
    }

    /// The name of the images that a recipe means.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn image(&self, probe: &Probe) -> Result<String, DataError> {
        let mut names: Vec<&str> = probe.files.iter().map(|file| parts(file).0).collect();
        names.sort_unstable();
        names.dedup();
        match (self.image, &names[..]) {
            (Some(image), names) if names.contains(&image) => Ok(image.to_owned()),
            (None, [image]) => Ok((*image).to_owned()),
            (Some(image), _) => {
                Err(self.wrong(format!("no {} {} holds images (they are in {})", self.called, quoted(image), listed(&names))))
            }
            (None, _) => Err(self.wrong(format!("images are in {}; choose with `image = \"…\"`", listed(&names)))),
        }
    }

    /// What a file calls a name of the recipe: that, or a path that ends in it.
    fn name(&self, known: &[&str], wanted: &str) -> Result<String, DataError> {
        if known.contains(&wanted) {
            return Ok(wanted.to_owned());
        }
        let mut ends = known.iter().filter(|name| name.rsplit_once('/').is_some_and(|(_, last)| last == wanted));
        match (ends.next(), ends.next()) {
            (Some(name), None) => Ok((*name).to_owned()),
            _ => Err(self.wrong(format!("there is no {} {} of one short value (there is {})", self.called, quoted(wanted), listed(known)))),
        }
    }

    fn person(&self, known: &[&str]) -> Result<String, DataError> {
        match self.identity {
            Some(name) => self.name(known, name),
            None => PERSONS.iter().find(|name| known.contains(name)).map(|name| (*name).to_owned()).ok_or_else(|| {
                self.wrong(format!(
                    "no {} is named as a person is ({} …); say which is: `identity = \"…\"` ({})",
                    self.called,
                    PERSONS[..3].join(", "),
                    listed(known)
                ))
            }),
        }
    }
}

/// Names as a message says them.
fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(12).map(|name| quoted(name)).collect();
    match names.len() {
        0 => "nothing".to_owned(),
        1..=12 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), more - 12),
    }
}

/// What a person is called of whom a text is all that is known, be it a name or a number: numbers have eight digits. Other numbers than whole ones from 0 are nobody's: -1 says of a label
/// that there is none.
pub fn named(who: &str) -> Result<String, String> {
    if let Ok(number) = who.parse() {
        return Ok(numbered(number));
    }
    let is_number = ["NaN", "inf", "-inf"].contains(&who) || who.contains(|sign: char| sign.is_ascii_digit()) && who.parse::<f64>().is_ok();
    if is_number {
        Err(format!("{} is no person's number: people are numbered by whole numbers from 0", quoted(who)))
    } else {
        Ok(who.to_owned())
    }
}

/// The images that a probe found and what their file says of them.
///
/// # Errors
/// Names that are not there; an image without a person; a value of the wrong type, with its image.
pub fn told_of(holder: impl Holder + 'static, probe: Arc<Probe>, telling: &Telling) -> Result<Read, DataError> {
    let image = telling.image(&probe)?;
    let mut known: Vec<&str> = Vec::new();
    let mut last = "";
    for text in probe.files.iter().filter_map(|file| file.told.as_deref()) {
        if text != last {
            known.extend(told::pairs(text).map(|(name, _)| name).filter(|name| !known.contains(name)).collect::<Vec<_>>());
            last = text;
        }
    }
    let person = telling.person(&known)?;
    let columns =
        telling.schema.iter().map(|(name, kind)| Ok((telling.name(&known, name)?, *kind))).collect::<Result<Vec<_>, DataError>>()?;
    let set: Arc<dyn ImageSet> = Arc::new(Held::new(holder, Arc::clone(&probe)));
    let mut builder = TableBuilder::new(Schema::new(telling.schema.iter().map(|(name, kind)| (name.clone(), kind.attribute()))));
    let mut people = told::Shared::default();
    for (file, at) in probe.files.iter().zip(0..).filter(|(file, _)| parts(file).0 == image) {
        let text = file.told.as_deref().unwrap_or_default();
        let of = |why: String| DataError::NoIdentity { path: file.path.to_string(), why };
        let who = told::value(text, &person).ok_or_else(|| of(format!("it has no {} {}", telling.called, quoted(&person))))?;
        let name = told::as_text(who).map_or_else(|| named(who), |name| Ok(name.to_owned()));
        let identity = people.of(&name.map_err(|why| of(format!("{why} ({} {})", telling.called, quoted(&person))))?);
        let cell = |(name, kind): &(String, ColumnType)| {
            let wrong =
                |why| DataError::NoValue { path: file.path.to_string(), why: format!("{why} ({} {})", telling.called, quoted(name)) };
            kind.cell(told::plain(told::value(text, name).unwrap_or_default())).map_err(wrong)
        };
        let cells = columns.iter().map(cell).collect::<Result<_, _>>()?;
        builder.push(NewRow { path: file.path.clone(), identity, size: file.size, source: ImageSource::new(set.clone(), at), cells });
    }
    let stream = Stream { colour: Some(Colour::Rgb), ..Stream::default() };
    Ok(Read { table: builder.build(probe.digest(), stream)?, probe })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_texts_or_whole_numbers_from_0() {
        for (who, name) in
            [("7", "00000007"), ("0042", "00000042"), ("ann", "ann"), ("Nan", "Nan"), ("Inf", "Inf"), ("7-eleven", "7-eleven")]
        {
            assert_eq!(named(who).as_deref(), Ok(name));
        }
        for who in ["-1", "0.5", "NaN", "inf", "-inf", "1e9", "18446744073709551616"] {
            assert!(named(who).is_err_and(|why| why.contains(&format!("`{who}` is no person's number"))), "{who}");
        }
    }
}
