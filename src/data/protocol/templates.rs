//! Templates of the IJB benchmarks: which images make which template, and the file of their pairs.

use super::PairCounts;
use super::doubt::{Doubt, Oddity, Tally};
use crate::probe::ProbeCache;
use crate::readers::{FaceLine, TemplatePairs, detector_scores, face_list};
use crate::{DataError, Table};
use ddl_base::text::quoted;
use indexmap::IndexMap;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A face of a template.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TemplateFace {
    /// The template's place, from 0.
    pub template: u32,
    /// The template's number, which its list calls it by.
    pub number: u32,
    /// The medium that it is from.
    pub medium: u32,
    /// Its row among the features.
    pub row: u32,
    /// What its feature is multiplied by, after its norm was seen to.
    pub weight: f64,
}

/// A pair of templates by their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplatePair {
    /// The first.
    pub a: u32,
    /// The second.
    pub b: u32,
    /// Whether they show one person.
    pub same: bool,
}

/// Templates over the images of a table.
#[derive(Debug, Clone)]
pub struct TemplateFaces {
    /// The faces, in the order of their list.
    pub faces: Vec<TemplateFace>,
    /// The templates' numbers, rising: a template's place is its place here.
    pub ids: Vec<u32>,
    /// Media of all templates; one that two templates share counts twice.
    pub media: u64,
    /// Images of the table that no template has.
    pub unlisted: u64,
    /// What is odd about the list.
    pub doubts: Vec<Doubt>,
    /// By template, the class of the person whom its faces show, where the table's people are those of templates and one is shown alone.
    pub(super) shows: Option<Vec<Option<u32>>>,
    list: PathBuf,
    places: Arc<HashMap<u32, u32>>,
}

/// Templates, and the file of their pairs, which is not read yet.
#[derive(Debug, Clone)]
pub struct Templates {
    /// The templates.
    pub of: TemplateFaces,
    pairs: PathBuf,
    cache: ProbeCache,
}

/// What can be counted of templates, by the names that a recipe says.
pub const COUNTS: [&str; 5] = ["faces", "templates", "media", "pairs", "genuine"];

impl TemplateFaces {
    /// The templates of a list of faces over the images of a table (by their paths). With `scores` each face weighs what the detector gave
    /// it, otherwise 1.
    ///
    /// # Errors
    /// As [`face_list`] and [`detector_scores`]; an image that the table does not have, or that stands twice in a template; a face without
    /// a score.
    pub fn read(list: &Path, scores: Option<&Path>, table: &Table, cache: &ProbeCache) -> Result<Self, DataError> {
        let lines = face_list(list, cache)?;
        let rows: Vec<Option<usize>> = lines.iter().map(|line| table.row_of(&line.name)).collect();
        unknown(list, lines.iter().zip(&rows).filter(|(_, row)| row.is_none()).map(|(line, _)| line))?;
        let weights = scores.map(|scores| detector_scores(scores, cache)).transpose()?;
        if let (Some(weights), Some(scores)) = (&weights, scores) {
            let without: Vec<&FaceLine> = lines.iter().filter(|line| !weights.contains_key(&line.name)).collect();
            if let Some(first) = without.first() {
                let why = format!("it has no score for {} of {} faces, first `{}`", without.len(), lines.len(), first.name);
                return Err(DataError::File { file: scores.to_owned(), why });
            }
        }
        let ids: Vec<u32> = lines.iter().map(|line| line.template).collect::<BTreeSet<_>>().into_iter().collect();
        let places: HashMap<u32, u32> = ids.iter().enumerate().map(|(place, id)| (*id, place as u32)).collect();
        let mut seen = HashSet::new();
        let mut media = HashSet::new();
        let mut faces = Vec::with_capacity(lines.len());
        for (line, row) in lines.iter().zip(rows) {
            let (template, row) = (places[&line.template], row.unwrap_or_default() as u32); // none is unknown
            if !seen.insert((template, row)) {
                let why = format!("{} stands twice in template {}", quoted(&line.name), line.template);
                return Err(DataError::Line { file: list.to_owned(), line: line.line, why });
            }
            media.insert((template, line.medium));
            let weight = weights.as_ref().map_or(1.0, |weights| weights[&line.name]);
            faces.push(TemplateFace { template, number: line.template, medium: line.medium, row, weight });
        }
        if let (Some(scores), Some(why)) = (scores, without_weight(&faces, &ids)) {
            return Err(DataError::File { file: scores.to_owned(), why });
        }
        let listed: HashSet<u32> = faces.iter().map(|face| face.row).collect();
        let (shows, mixed) = shown(&faces, &lines, ids.len(), table);
        Ok(TemplateFaces {
            doubts: mixed.doubt(list, "templates", ids.len()).into_iter().collect(),
            shows,
            faces,
            ids,
            media: media.len() as u64,
            unlisted: (table.len() - listed.len()) as u64,
            list: list.to_owned(),
            places: Arc::new(places),
        })
    }

    /// The place of a template by its number, if it has faces.
    pub fn place(&self, template: u32) -> Option<u32> {
        self.places.get(&template).copied()
    }

    /// What can be counted of a list of faces.
    pub(super) fn counted(&self) -> [Counted<'_>; 3] {
        let of = |what, found| Counted { what, file: &self.list, found };
        [of("faces", self.faces.len() as u64), of("templates", self.ids.len() as u64), of("media", self.media)]
    }
}

/// What is wrong with scores of which some templates' faces all have none: nothing would be left of them.
fn without_weight(faces: &[TemplateFace], ids: &[u32]) -> Option<String> {
    let mut weighs = vec![false; ids.len()];
    faces.iter().for_each(|face| weighs[face.template as usize] |= face.weight > 0.0);
    let without: Vec<u32> = ids.iter().zip(weighs).filter(|(_, weighs)| !weighs).map(|(id, _)| *id).collect();
    match without.as_slice() {
        [] => None,
        [only] => Some(format!("all faces of template {only} have the score 0, so nothing is left of it")),
        [first, ..] => Some(format!(
            "all faces of {} templates have the score 0, first of template {first}, so nothing is left of them",
            without.len()
        )),
    }
}

/// How much of something a file has.
#[derive(Clone, Copy)]
pub(super) struct Counted<'a> {
    pub what: &'static str,
    pub file: &'a Path,
    pub found: u64,
}

/// An error if something is not there as often as is expected: perhaps a file was cut off.
pub(super) fn whole(counted: &[Counted], expected: &IndexMap<String, u64>) -> Result<(), DataError> {
    for (name, wanted) in expected {
        let Some(counted) = counted.iter().find(|counted| counted.what == name) else {
            return Err(DataError::Argument { what: "counts", why: format!("nothing is counted as `{name}`") });
        };
        if counted.found != *wanted {
            let why = format!("it comes to {} {name}, and {wanted} are expected; is it whole?", counted.found);
            return Err(DataError::Protocol { file: counted.file.to_owned(), why });
        }
    }
    Ok(())
}

impl Templates {
    /// The templates of a list of faces over the images of a table, as [`TemplateFaces::read`], and the file of pairs.
    ///
    /// # Errors
    /// As [`TemplateFaces::read`].
    pub fn read(list: &Path, scores: Option<&Path>, pairs: &Path, table: &Table, cache: &ProbeCache) -> Result<Self, DataError> {
        Ok(Templates { of: TemplateFaces::read(list, scores, table, cache)?, pairs: pairs.to_owned(), cache: cache.clone() })
    }

    /// The pairs, in blocks; read anew each time.
    ///
    /// # Errors
    /// When the file can't be opened; each block may fail at a line that is not `template template label` or names a template without
    /// faces.
    pub fn pairs(&self) -> Result<TemplatePairs, DataError> {
        TemplatePairs::open(&self.pairs, self.of.places.clone(), &self.cache)
    }

    /// How many pairs there are of each kind, every line of the file looked at, and what is odd about them.
    ///
    /// # Errors
    /// As [`Templates::pairs`]; pairs of one kind alone, or that all contradict the people of their images.
    pub fn count(&self) -> Result<(PairCounts, Vec<Doubt>), DataError> {
        let mut counts = PairCounts::default();
        let (mut contradicting, mut itself) = (Tally::new(Oddity::Contradiction), Tally::new(Oddity::Itself));
        let mut keys: Vec<u64> = Vec::new();
        let mut known = 0;
        let number = |template: u32| self.of.ids[template as usize];
        let person = |template: u32| self.of.shows.as_ref().and_then(|shows| shows[template as usize]);
        let mut pairs = self.pairs()?;
        while let Some(pair) = pairs.pair() {
            let (pair, line) = (pair?, pairs.line());
            if pair.same {
                counts.same += 1;
            } else {
                counts.different += 1;
            }
            keys.push(key(pair));
            if pair.a == pair.b {
                itself.add(line, || format!("template {}", number(pair.a)));
            }
            let Some((a, b)) = person(pair.a).zip(person(pair.b)) else { continue };
            known += 1;
            if pair.same != (a == b) {
                let are = if pair.same { "two people" } else { "one person" };
                contradicting.add(line, || format!("templates {} and {} are of {are}", number(pair.a), number(pair.b)));
            }
        }
        if keys.is_empty() {
            return Err(pairs.empty());
        }
        if counts.same == 0 || counts.different == 0 {
            let why = format!("it has {} pairs of one person and {} of two; both are needed", counts.same, counts.different);
            return Err(DataError::Protocol { file: self.pairs.clone(), why });
        }
        if known > 0 && contradicting.count() == known {
            return Err(DataError::Contradiction { file: self.pairs.clone(), count: known });
        }
        let doubled = self.doubled(keys)?;
        let doubts = [contradicting, doubled, itself].into_iter().filter_map(|it| it.doubt(&self.pairs, "pairs", counts.total() as usize));
        Ok((counts, doubts.collect()))
    }

    /// Pairs that stand in the file before; `keys` are all pairs of it.
    fn doubled(&self, mut keys: Vec<u64>) -> Result<Tally, DataError> {
        let mut doubled = Tally::new(Oddity::Doubled);
        keys.par_sort_unstable();
        let twice: HashSet<u64> = keys.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]).collect();
        drop(keys);
        if twice.is_empty() {
            return Ok(doubled);
        }
        let (mut seen, mut pairs) = (HashMap::new(), self.pairs()?);
        while let Some(pair) = pairs.pair() {
            let (pair, line) = (pair?, pairs.line());
            let key = key(pair);
            let before = if twice.contains(&key) { seen.insert(key, line) } else { None };
            if let Some(before) = before {
                let [a, b] = [pair.a, pair.b].map(|template| self.of.ids[template as usize]);
                doubled.add(line, || format!("templates {a} and {b}, as in line {before}"));
            }
        }
        Ok(doubled)
    }

    /// An error if something of these files is not there as often as is expected: perhaps a file was cut off.
    ///
    /// # Errors
    /// The first count that is another one.
    pub fn expect(&self, pairs: PairCounts, expected: &IndexMap<String, u64>) -> Result<(), DataError> {
        let of = |what, found| Counted { what, file: &self.pairs, found };
        let counted: Vec<Counted> = self.of.counted().into_iter().chain([of("pairs", pairs.total()), of("genuine", pairs.same)]).collect();
        whole(&counted, expected)
    }
}

/// A number that a pair shares with itself turned round.
fn key(pair: TemplatePair) -> u64 {
    u64::from(pair.a.min(pair.b)) << 32 | u64::from(pair.a.max(pair.b))
}

/// Whom templates show, and those that show several people. Data sets of which most templates mix several people (each image is a person of
/// its own there), or that have a single one, do not name the people of templates.
fn shown(faces: &[TemplateFace], lines: &[FaceLine], templates: usize, table: &Table) -> (Option<Vec<Option<u32>>>, Tally) {
    let class = |row: u32| table.row(row as usize).map(|row| row.class());
    let mut shows: Vec<Option<u32>> = vec![None; templates];
    let (mut several, mut mixed) = (vec![false; templates], vec![false; templates]);
    let mut tally = Tally::new(Oddity::Mixed);
    for (face, line) in faces.iter().zip(lines) {
        let (at, class) = (face.template as usize, class(face.row));
        match shows[at] {
            None => shows[at] = class,
            Some(_) => several[at] = true,
        }
        if shows[at] != class && !std::mem::replace(&mut mixed[at], true) {
            tally.add(line.line, || format!("template {}: {} is of somebody else", line.template, quoted(&line.name)));
        }
    }
    let pure = several.iter().zip(&mixed).filter(|(several, mixed)| **several && !**mixed).count();
    let people: HashSet<u32> = shows.iter().copied().flatten().collect();
    if pure <= tally.count() || people.len() < 2 {
        return (None, Tally::new(Oddity::Mixed));
    }
    shows.iter_mut().zip(mixed).filter(|(_, mixed)| *mixed).for_each(|(shown, _)| *shown = None);
    (Some(shows), tally)
}

/// An error if a list names images that are not there.
fn unknown<'a>(list: &Path, mut lines: impl Iterator<Item = &'a FaceLine>) -> Result<(), DataError> {
    match lines.next() {
        None => Ok(()),
        Some(first) => {
            let count = 1 + lines.count();
            Err(DataError::UnknownImages { file: list.to_owned(), first: first.name.to_string(), line: first.line, count })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::people;
    use std::io::Write;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    const FACES: &str = "a/0 5 1\na/1 5 1\na/2 5 4\nb/0 2 9\r\n\nb/1 8 9\n";

    fn read(faces: &str, scores: Option<&str>, pairs: &str) -> Result<(Templates, PairCounts), String> {
        let table = people([("a", 4), ("b", 2)]);
        let (faces, pairs) = (file(faces), file(pairs));
        let scores = scores.map(file);
        let templates =
            Templates::read(faces.path(), scores.as_ref().map(tempfile::NamedTempFile::path), pairs.path(), &table, &ProbeCache::none());
        let counted = templates.and_then(|it| Ok((it.count()?.0, it))).map(|(counts, it)| (it, counts));
        counted.map_err(|error| {
            let names = [(faces.path(), "faces"), (pairs.path(), "pairs")].into_iter().chain(scores.iter().map(|it| (it.path(), "scores")));
            names.fold(error.to_string(), |text, (path, name)| text.replace(&path.display().to_string(), name))
        })
    }

    #[test]
    fn templates_are_in_the_order_of_their_numbers() {
        let (templates, counts) = read(FACES, None, "5 2 0\n5 8 0\n2 8 1\n").unwrap();
        assert_eq!((templates.of.ids, templates.of.media, templates.of.unlisted), (vec![2, 5, 8], 4, 1));
        assert_eq!(templates.of.faces[3], TemplateFace { template: 0, number: 2, medium: 9, row: 4, weight: 1.0 });
        assert_eq!(counts, PairCounts { same: 1, different: 2 });
    }

    #[test]
    fn detector_scores_are_weights() {
        let line = |name: &str, score: &str| format!("{name} 1 2 3 4 5 6 7 8 9 10.5 {score}\n");
        let scores: String = ["a/0", "a/1", "a/2", "b/0", "b/1"].map(|name| line(name, "0.5")).concat();
        let (templates, _) = read(FACES, Some(&scores), "5 2 0\n2 8 1\n").unwrap();
        assert!(templates.of.faces.iter().all(|face| (face.weight - 0.5).abs() < 1e-15));
        let said = |scores: &str| read(FACES, Some(scores), "5 2 0\n2 8 1\n").unwrap_err();
        let zero = |names: &[&str]| {
            let score = |name| if names.contains(&name) { "0" } else { "0.5" };
            ["a/0", "a/1", "a/2", "b/0", "b/1"].map(|name| line(name, score(name))).concat()
        };
        assert!(read(FACES, Some(&zero(&["a/0", "a/2"])), "5 2 0\n2 8 1\n").is_ok(), "a face may weigh nothing");
        assert_eq!(said(&zero(&["b/1"])), "scores: all faces of template 8 have the score 0, so nothing is left of it");
        let several = "scores: all faces of 2 templates have the score 0, first of template 2, so nothing is left of them";
        assert_eq!(said(&zero(&["b/0", "b/1", "a/1"])), several);
        assert_eq!(said(&line("a/0", "1")), "scores: it has no score for 4 of 5 faces, first `a/1`");
        assert_eq!(said("a/0 1 2 3\n"), "scores:1: 4 fields, where a line is `name x1 y1 … x5 y5 score`");
        assert_eq!(said(&(scores.clone() + &line("a/0", "1"))), "scores:6: `a/0` stands twice");
        assert_eq!(said(&line("a/0", "-0.1")), "scores:1: the score -0.1 is negative");
        assert_eq!(said(&line("a/0", "high")), "scores:1: `high` is not a number");
    }

    #[test]
    fn wrong_lines_are_named() {
        let said = |faces: &str, pairs: &str| read(faces, None, pairs).unwrap_err();
        assert_eq!(said("a/0 5\n", ""), "faces:1: 2 fields, where a line is `name template medium`");
        assert_eq!(said("a/0 5 1 2\n", ""), "faces:1: 4 fields, where a line is `name template medium`");
        assert_eq!(said("a/0 5 1\na/1 -5 1\n", ""), "faces:2: the template `-5` is not a whole number from 0");
        assert_eq!(said("a/0 5 1\nz/1 5 1\nz/2 5 1\n", ""), "faces: 2 rows name images that are not there, first `z/1` (line 2)");
        assert_eq!(said("a/0 5 1\na/0 5 2\n", ""), "faces:2: `a/0` stands twice in template 5");
        assert_eq!(said("\n \n", ""), "faces: it lists no face");
        assert_eq!(said(FACES, "5 2 0\n5 8 2\n"), "pairs:2: the label is 1 or 0, not `2`");
        assert_eq!(said(FACES, "5 2 0\n5 7 1\n"), "pairs:2: template 7 has no face in the list of faces");
        assert_eq!(said(FACES, "5 2\n"), "pairs:1: 2 fields, where a line is `template template label`");
        assert_eq!(said(FACES, "5 2 0\n"), "pairs: it has 0 pairs of one person and 1 of two; both are needed");
        assert_eq!(said(FACES, ""), "pairs: it has no pairs");
    }

    #[test]
    fn files_that_were_cut_off_are_told_by_their_counts() {
        let (templates, counts) = read(FACES, None, "5 2 0\n5 8 0\n2 8 1\n").unwrap();
        let expect = |expected: &[(&str, u64)]| {
            let expected = expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
            templates.expect(counts, &expected).map_err(|error| error.to_string().split(": ").last().unwrap_or_default().to_owned())
        };
        assert_eq!(expect(&[("faces", 5), ("templates", 3), ("media", 4), ("pairs", 3), ("genuine", 1)]), Ok(()));
        assert_eq!(expect(&[("pairs", 4)]), Err("it comes to 3 pairs, and 4 are expected; is it whole?".to_owned()));
    }

    #[test]
    fn many_pairs_come_in_blocks() {
        let lines: String = (0..200_000).map(|i| if i % 9 == 0 { "2 8 1\n" } else { "5 2 0\n" }).collect();
        let (templates, _) = read(FACES, None, "5 2 0\n2 8 1\n").unwrap();
        let pairs = file(&lines);
        let stream = TemplatePairs::open(pairs.path(), templates.of.places.clone(), &ProbeCache::none()).unwrap();
        let sizes: Vec<usize> = stream.map(|block| block.unwrap().len()).collect();
        assert_eq!(sizes, [1 << 16, 1 << 16, 1 << 16, 200_000 - 3 * (1 << 16)]);
    }
}
