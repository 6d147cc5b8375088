//! Lists of pairs as the benchmarks of the field have them, read as they lie.
//!
//! | list | its lines | folds |
//! |---|---|---|
//! | LFW `pairs.txt` | `10 300`, then `name i j` of one person and `name i name j` of two | as said: 300 + 300 lines after each other |
//! | LFW `pairsDevTest.txt`, `pairsDevTrain.txt` | `500`, then as above | one |
//! | CALFW, CPLFW | two lines a pair, `image label`; both labels are 0 for two people | ten, of the pairs of one person and of those of two in their order |
//! | SLLFW `pair_SLLFW.txt` | two lines a pair, `image`; of one person where both lie in one folder | ten, of all pairs in their order |
//! | AgeDB-30, CFP and others as lists | `image image label`; 1 is one person, 0 or -1 two | ten, of all pairs in their order |
//!
//! Images have the names that the lists give, with any ending of an image; LFW's `name` and `4` are `name/name_0004`, or `name_0004` where
//! all lie in one folder. Folds that a list does not say are contiguous and as even as can be, larger ones first, as scikit-learn's `KFold`
//! has them. Sources: LFW's and CPLFW's own pages, insightface's `eval/verification.py`.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::form::TextFile;
use super::lines::truth;
use super::list::tidy;
use super::pairs::{PairLine, Unknown};
use super::text_lines::{TextLines, number};
use crate::decode::EXTENSIONS;
use crate::probe::ProbeCache;
use crate::{DataError, Table};
use ddl_base::text::quoted;
use std::collections::HashMap;
use std::path::Path;

/// Folds of a list that says none.
const FOLDS: usize = 10;
/// Folds, and pairs in one, that a list may say.
const MOST: u32 = 10_000_000;

/// How a list says its pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// LFW's.
    Numbered,
    /// A line a pair.
    Labelled,
    /// Two lines a pair.
    Halves,
    /// Two lines a pair, whose folders say whether it is of one person.
    Folders,
}

impl Layout {
    /// By the first two lines; `None` where they are none of these, as the header of a csv.
    fn of(first: &str, second: Option<&str>) -> Option<Self> {
        let words: Vec<&str> = first.split_ascii_whitespace().collect();
        let is_number = |word: &str| word.parse::<i64>().is_ok();
        let next = second.map_or(0, |text| text.split_ascii_whitespace().count());
        match words.as_slice() {
            _ if first.contains(',') => None,
            [a] if is_number(a) => Some(Layout::Numbered),
            [a, b] if is_number(a) && is_number(b) && next != 2 => Some(Layout::Numbered),
            [name] if is_image(name) && second.is_some_and(is_image) => Some(Layout::Folders),
            [_, label] if is_number(label) => Some(Layout::Halves),
            // a list of LFW's without its first line
            [name, a, b] if is_number(a) && is_number(b) && !is_number(name) => Some(Layout::Numbered),
            [one, a, other, b] if is_number(a) && is_number(b) && ![one, other].into_iter().any(|name| is_number(name)) => {
                Some(Layout::Numbered)
            }
            [_, _, label] if is_number(label) || truth(label).is_some() => Some(Layout::Labelled),
            _ => None,
        }
    }

    fn kind(self) -> TextFile {
        match self {
            Layout::Numbered => TextFile::NumberedPairs,
            Layout::Labelled => TextFile::LabelledPairs,
            Layout::Halves => TextFile::PairHalves,
            Layout::Folders => TextFile::PairImages,
        }
    }
}

/// Whether a line is an image in a folder, and nothing more.
fn is_image(line: &str) -> bool {
    let line = tidy(line.trim());
    let ends = |ending: &str| EXTENSIONS.contains(&&*ending.to_ascii_lowercase());
    line.contains('/') && !line.contains(|sign: char| sign.is_ascii_whitespace()) && line.rsplit_once('.').is_some_and(|it| ends(it.1))
}

/// How a list says its pairs, by its first lines; `None` of a csv.
///
/// # Errors
/// What can't be read as text.
pub(super) fn layout(file: &Path, cache: &ProbeCache) -> Result<Option<Layout>, DataError> {
    let mut lines = TextLines::open(file, TextFile::Pairs, cache)?;
    let mut next = || lines.next(|_, text| Ok(text.to_owned())).transpose();
    let Some(first) = next()? else { return Ok(None) };
    // what is no text is said by whoever reads the list
    let second = next().unwrap_or_default();
    Ok(Layout::of(&first, second.as_deref()))
}

/// The pairs of a list, in its order.
///
/// # Errors
/// A line of another form; a list that has another number of lines than it says, or half a pair; too few pairs for folds; images that are
/// not in the set.
pub(super) fn pairs(layout: Layout, file: &Path, table: &Table, cache: &ProbeCache) -> Result<Vec<PairLine>, DataError> {
    let lines = TextLines::open(file, layout.kind(), cache)?;
    let mut list = List { file, lines, images: Images { table, known: HashMap::new() }, unknown: Unknown::default(), pairs: Vec::new() };
    match layout {
        Layout::Numbered => list.numbered()?,
        Layout::Labelled => list.labelled()?,
        Layout::Halves => list.halves()?,
        Layout::Folders => list.folders()?,
    }
    list.unknown.none(file)?;
    Ok(list.pairs)
}

struct List<'a> {
    file: &'a Path,
    lines: TextLines,
    images: Images<'a>,
    unknown: Unknown,
    pairs: Vec<PairLine>,
}

impl List<'_> {
    fn wrong<T>(&self, why: String) -> Result<T, DataError> {
        Err(DataError::File { file: self.file.to_owned(), why })
    }

    fn wrong_at<T>(&self, line: u64, why: String) -> Result<T, DataError> {
        Err(DataError::Line { file: self.file.to_owned(), line, why })
    }

    fn add(&mut self, (line, fold, same): (u64, u32, bool), a: &str, b: &str, find: fn(&Table, &str) -> Found) -> Result<(), DataError> {
        let [mut first, mut second] = [None; 2];
        for (name, place) in [(a, &mut first), (b, &mut second)] {
            *place = match self.images.find(name, find) {
                Found::None => None,
                Found::One(place) => Some(place),
                Found::Several(one, other) => {
                    let [one, other] = [one, other].map(|place| quoted(&self.images.table.path_at(place)));
                    return self.wrong_at(line, format!("{} may be {one} or {other}; write it with its ending", quoted(name)));
                }
            };
        }
        let found = self.unknown.both(line, (a, first), (b, second));
        self.pairs.extend(found.map(|(a, b)| PairLine { line, fold, same, a, b }));
        Ok(())
    }

    /// `folds pairs`, then lines of `name i j` and `name i name j`.
    fn numbered(&mut self) -> Result<(), DataError> {
        let said = self.lines.next(|_, text| {
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            let (folds, of_each) = match words.as_slice() {
                [folds, of_each] => (number(folds, "number of folds")?, number(of_each, "number of pairs")?),
                [of_each] => (1, number(of_each, "number of pairs")?),
                _ => return Err("the first line says how many folds there are, and how many pairs of one person in each".to_owned()),
            };
            if [folds, of_each].iter().any(|it| !(1..=MOST).contains(it)) {
                return Err(format!("{folds} folds of {of_each} pairs"));
            }
            Ok((folds, of_each))
        });
        let (folds, of_each) = said.unwrap_or_else(|| Err(self.lines.empty()))?;
        let all = 2 * u64::from(folds) * u64::from(of_each);
        let (mut at, mut turned) = (0, None);
        while let Some(read) = self.lines.next(|line, text| named(text).map(|pair| (line, pair))) {
            let (line, (same, a, b)) = read?;
            if at < all {
                let of_fold = 2 * u64::from(of_each);
                if same != (at % of_fold < u64::from(of_each)) && turned.is_none() {
                    let (is, due) = if same { ("one person", "two people") } else { ("two people", "one person") };
                    let why = format!(
                        "a pair of {is}, where one of {due} is due: a fold has {of_each} pairs of one person, and then as many of two"
                    );
                    turned = Some((line, why));
                }
                self.add((line, (at / of_fold) as u32 + 1, same), &a, &b, of_person)?;
            }
            at += 1;
        }
        if at != all {
            let why = format!(
                "it says that it has {folds} folds of {of_each} + {of_each} pairs, which are {all} lines, and has {at}; is it whole?"
            );
            return self.wrong(why);
        }
        turned.map_or(Ok(()), |(line, why)| self.wrong_at(line, why))
    }

    /// Lines of `image image label`.
    fn labelled(&mut self) -> Result<(), DataError> {
        let mut rows = Vec::new();
        let read = |line, text: &str| {
            let [a, b, label] = TextLines::fields(text, TextFile::LabelledPairs)?;
            let wrong = || format!("the label is 1 for one person and 0 or -1 for two, not {}", quoted(label));
            let same = if label == "-1" { false } else { truth(label).ok_or_else(wrong)? };
            Ok((line, same, a.to_owned(), b.to_owned()))
        };
        while let Some(row) = self.lines.next(read) {
            rows.push(row?);
        }
        let count = rows.len();
        if count < FOLDS {
            return self.wrong(format!("it has {count} pairs and says no folds, and ten are made of them"));
        }
        for (at, (line, same, a, b)) in rows.iter().enumerate() {
            self.add((*line, fold(at, count), *same), a, b, shown)?;
        }
        Ok(())
    }

    /// Pairs of lines of `folder/image`.
    fn folders(&mut self) -> Result<(), DataError> {
        let mut rows: Vec<(u64, String)> = Vec::new();
        let read = |line, text: &str| {
            let [image] = TextLines::fields(text, TextFile::PairImages)?;
            if is_image(image) {
                Ok((line, tidy(image).into_owned()))
            } else {
                Err(format!("{} is no image in a person's folder", quoted(image)))
            }
        };
        while let Some(row) = self.lines.next(read) {
            rows.push(row?);
        }
        if rows.len() % 2 == 1 {
            return self.wrong(format!("two lines are a pair, and it has {}; is it whole?", rows.len()));
        }
        let count = rows.len() / 2;
        if count < FOLDS {
            return self.wrong(format!("it has {count} pairs and says no folds, and ten are made of them"));
        }
        let folder = |image: &str| image.rsplit_once('/').map(|it| it.0.to_owned());
        for (at, pair) in rows.chunks_exact(2).enumerate() {
            let same = folder(&pair[0].1) == folder(&pair[1].1);
            self.add((pair[0].0, fold(at, count), same), &pair[0].1, &pair[1].1, of_folder)?;
        }
        Ok(())
    }

    /// Pairs of lines of `image label`.
    fn halves(&mut self) -> Result<(), DataError> {
        let mut rows: Vec<(u64, String, bool)> = Vec::new();
        let read = |line, text: &str| {
            let [image, label] = TextLines::fields(text, TextFile::PairHalves)?;
            let number = label.parse::<u64>().ok().map(|label| label != 0);
            let wrong = || format!("the label is 0 for two people and a whole number above it for one, not {}", quoted(label));
            let same = number.or_else(|| truth(label)).ok_or_else(wrong)?;
            Ok((line, image.to_owned(), same))
        };
        while let Some(row) = self.lines.next(read) {
            rows.push(row?);
        }
        if let Some(pair) = rows.chunks_exact(2).find(|pair| pair[0].2 != pair[1].2) {
            let why = "this line and the one before it are a pair, and one says one person, the other two".to_owned();
            return Err(DataError::Line { file: self.file.to_owned(), line: pair[1].0, why });
        }
        if rows.len() % 2 == 1 {
            return self.wrong(format!("two lines are a pair, and it has {}; is it whole?", rows.len()));
        }
        let pairs: Vec<_> = rows.chunks_exact(2).collect();
        let count = |same: bool| pairs.iter().filter(|pair| pair[0].2 == same).count();
        let (of_one, of_two) = (count(true), count(false));
        if of_one < FOLDS || of_two < FOLDS {
            let why = format!("it has {of_one} pairs of one person and {of_two} of two and says no folds, and ten are made of each");
            return self.wrong(why);
        }
        let mut at = [0, 0];
        for pair in pairs {
            let same = pair[0].2;
            let place = fold(at[usize::from(same)], if same { of_one } else { of_two });
            at[usize::from(same)] += 1;
            self.add((pair[0].0, place, same), &pair[0].1, &pair[1].1, shown)?;
        }
        Ok(())
    }
}

/// The fold of the pair `at` of so many, from 1.
fn fold(at: usize, count: usize) -> u32 {
    let (size, larger) = (count / FOLDS, count % FOLDS);
    let fold = if at < larger * (size + 1) { at / (size + 1) } else { larger + (at - larger * (size + 1)) / size };
    fold as u32 + 1
}

/// Whether `name i j`, or `name i name j`, is of one person; the images are `name i`.
fn named(text: &str) -> Result<(bool, String, String), String> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let image = |name: &str, at: &str| number(at, "number of an image").map(|at| format!("{name}_{at:04}"));
    match words.as_slice() {
        [name, a, b] => Ok((true, image(name, a)?, image(name, b)?)),
        [one, a, other, b] => Ok((false, image(one, a)?, image(other, b)?)),
        _ => Err(format!("{} fields, where a line is `{}`", words.len(), TextFile::NumberedPairs.form())),
    }
}

/// The images of a set, by the names of a list.
struct Images<'a> {
    table: &'a Table,
    /// What was found, since lists name an image often.
    known: HashMap<String, Found>,
}

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    None,
    One(u32),
    /// Images that differ by their endings.
    Several(u32, u32),
}

impl Images<'_> {
    fn find(&mut self, name: &str, find: fn(&Table, &str) -> Found) -> Found {
        if let Some(found) = self.known.get(name) {
            return *found;
        }
        let found = find(self.table, name);
        self.known.insert(name.to_owned(), found);
        found
    }
}

/// `name_0004` in `name`'s folder, or in one folder of all.
fn of_person(table: &Table, image: &str) -> Found {
    let Some((name, _)) = image.rsplit_once('_') else { return Found::None };
    match with_ending(table, &format!("{name}/{image}")) {
        Found::None => with_ending(table, image),
        found => found,
    }
}

/// An image by its path, or by its name alone where all lie in one folder; with this ending or another.
fn of_folder(table: &Table, path: &str) -> Found {
    match shown(table, path) {
        Found::None => path.rsplit_once('/').map_or(Found::None, |(_, name)| shown(table, name)),
        found => found,
    }
}

/// An image by its name, with this ending or another.
pub(super) fn shown(table: &Table, name: &str) -> Found {
    let bare = || name.rsplit_once('.').filter(|(_, ending)| EXTENSIONS.contains(&&*ending.to_ascii_lowercase())).map(|it| it.0);
    match table.place_of(name) {
        Some(place) => Found::One(place),
        None => bare().map_or(Found::None, |bare| with_ending(table, bare)),
    }
}

/// The image of a name without ending, whatever its ending is, in small letters or capitals.
fn with_ending(table: &Table, name: &str) -> Found {
    if let Some(place) = table.place_of(name) {
        return Found::One(place);
    }
    let endings = EXTENSIONS.iter().flat_map(|ending| [(*ending).to_owned(), ending.to_ascii_uppercase()]);
    let mut found = endings.filter_map(|ending| table.place_of(&format!("{name}.{ending}")));
    match (found.next(), found.next()) {
        (None, _) => Found::None,
        (Some(place), None) => Found::One(place),
        (Some(place), Some(other)) => Found::Several(place, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{people, people_called};
    use std::fmt::Write as _; // a String takes all that is written to it

    fn read(text: &str, table: &Table) -> Result<Vec<PairLine>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let layout = layout(file.path(), &ProbeCache::none()).unwrap().unwrap();
        pairs(layout, file.path(), table, &ProbeCache::none()).map_err(|error| error.to_string())
    }

    /// Folds of sizes that scikit-learn's `KFold(10)` gives, and all 6,000 pairs of a benchmark in tens of 600.
    #[test]
    fn folds_that_a_list_does_not_say_are_as_even_as_can_be() {
        let sizes = |count| {
            (0..count).fold([0; FOLDS], |mut sizes, at| {
                sizes[fold(at, count) as usize - 1] += 1;
                sizes
            })
        };
        assert_eq!(sizes(6000), [600; 10]);
        assert_eq!(sizes(7003), [701, 701, 701, 700, 700, 700, 700, 700, 700, 700]);
        assert_eq!(sizes(19), [2, 2, 2, 2, 2, 2, 2, 2, 2, 1]);
        assert!((1..6003).all(|at| fold(at, 6003) >= fold(at - 1, 6003)));
    }

    #[test]
    fn folds_of_lfw_follow_each_other() {
        let table = people_called([("Ann_Lee", 4), ("Bob", 4)], |name, at| format!("{name}/{name}_{:04}.jpg", at + 1));
        let found = read("2\t2\nAnn_Lee\t1\t2\nBob\t1\t4\nAnn_Lee\t1\tBob\t2\nBob\t3\tAnn_Lee\t4\nBob\t2\t3\nBob\t3\t4\nBob 1 Ann_Lee 1\nAnn_Lee 2 Bob 2\n", &table).unwrap();
        let said: Vec<_> = found.iter().map(|it| (it.line, it.fold, it.same, it.a, it.b)).collect();
        assert_eq!(said[..4], [(2, 1, true, 0, 1), (3, 1, true, 4, 7), (4, 1, false, 0, 5), (5, 1, false, 6, 3)]);
        assert_eq!(said[4..].iter().map(|it| (it.1, it.2)).collect::<Vec<_>>(), [(2, true), (2, true), (2, false), (2, false)]);
        // as LFW's development lists
        assert_eq!(read("1\nBob 1 2\nBob 1 Ann_Lee 2\n", &table).unwrap().iter().map(|it| it.fold).collect::<Vec<_>>(), [1, 1]);
        // whatever the ending is, unless it is two
        for (files, ending) in [("PNG", Some(1)), ("JPG", Some(1))] {
            let table = people_called([("Bob", 2)], |name, at| format!("{name}/{name}_{:04}.{files}", at + 1));
            assert_eq!(read("1\nBob 1 2\nBob 1 Bob 2\n", &table).ok().map(|found| found[0].b), ending);
        }
        let two = people_called([("Bob", 2)], |name, at| format!("{name}/{name}_0001.{}", ["png", "jpg"][at]));
        let said = read("1\nBob 1 1\nBob 1 Bob 1\n", &two).unwrap_err();
        assert!(said.ends_with(":2: `Bob_0001` may be `Bob/Bob_0001.jpg` or `Bob/Bob_0001.png`; write it with its ending"), "{said}");
        let turned = read("2 1\nBob 1 2\nBob 3 4\nBob 1 Ann_Lee 2\nBob 2 Ann_Lee 2\n", &table).unwrap_err();
        assert!(turned.contains(":3: a pair of one person, where one of two people is due"), "{turned}");
        // all in one folder
        let flat = people_called([("Ann_Lee", 4), ("Bob", 4)], |name, at| format!("{name}_{:04}.png", at + 1));
        assert_eq!(read("1\nBob 1 2\nBob 1 Ann_Lee 2\n", &flat).unwrap()[1].b, 1);
        let cut = read("10 300\nBob 1 2\nBob 1 Ann_Lee 2\n", &table).unwrap_err();
        assert!(cut.ends_with("it says that it has 10 folds of 300 + 300 pairs, which are 6000 lines, and has 2; is it whole?"), "{cut}");
        for first in ["0 300", "4000000000 4000000000", "0"] {
            let wrong = read(&format!("{first}\nBob 1 2\n"), &table).unwrap_err();
            assert!(wrong.contains(":1: ") && wrong.contains("folds of"), "{wrong}");
        }
    }

    #[test]
    fn a_list_is_known_by_its_first_lines() {
        for (text, layout) in [
            ("10 300\nann 1 2\n", Some(Layout::Numbered)),
            ("500\nann\t1\t2\n", Some(Layout::Numbered)),
            ("ann 1 2\nann 1 bob 2\n", Some(Layout::Numbered)),
            ("ann 1 bob 2\n", Some(Layout::Numbered)),
            ("000004 000005 1\n000004 000006 0\n", Some(Layout::Labelled)),
            ("a.jpg b.jpg True\na.jpg c.jpg False\n", Some(Layout::Labelled)),
            ("000004 1\n000005 1\n", Some(Layout::Halves)),
            ("a.jpg 0\nb.jpg 0\n", Some(Layout::Halves)),
            ("ann/ann_0001.jpg\nbob/bob_0001.jpg\n", Some(Layout::Folders)),
            ("ann/ann_0001.jpg\n", None),
            ("fold,same,a,b\n1,1,a,b\n", None),
            ("image image label\n", None),
            ("", None),
        ] {
            let mut lines = text.lines();
            assert_eq!(Layout::of(lines.next().unwrap_or_default(), lines.next()), layout, "{text}");
        }
    }

    #[test]
    fn the_folders_of_sllfw_say_who_is_one_person() {
        let table = people_called([("Ann_Lee", 2), ("Bob", 2)], |name, at| format!("{name}/{name}_{:04}.png", at + 1));
        let [a1, a2, b1] = ["Ann_Lee/Ann_Lee_0001.jpg", "Ann_Lee/Ann_Lee_0002.jpg", "Bob/Bob_0001.jpg"];
        let text = format!("{a1}\n{a2}\n{a1}\n{b1}\n").repeat(10);
        let found = read(&text, &table).unwrap();
        assert_eq!(
            found[..2].iter().map(|it| (it.line, it.fold, it.same, it.a, it.b)).collect::<Vec<_>>(),
            [(1, 1, true, 0, 1), (3, 1, false, 0, 2)]
        );
        assert_eq!(found.iter().map(|it| it.fold).collect::<Vec<_>>(), (0..20).map(|at| at / 2 + 1).collect::<Vec<_>>());
        let flat = people_called([("Ann_Lee", 2), ("Bob", 2)], |name, at| format!("{name}_{:04}.png", at + 1));
        assert_eq!(read(&text, &flat).unwrap().len(), 20);
        let half = read(&format!("{text}{a1}\n"), &table).unwrap_err();
        assert!(half.ends_with("two lines are a pair, and it has 41; is it whole?"), "{half}");
        let odd = read(&text.replacen(a2, "Ann_Lee 2", 1).replacen(a1, a2, 1).replacen("Ann_Lee 2", a1, 1).replacen(b1, "Bob", 1), &table)
            .unwrap_err();
        assert!(odd.contains("`Bob` is no image in a person's folder"), "{odd}");
    }

    #[test]
    fn pairs_of_two_lines_are_parted_by_what_they_are() {
        let table = people([("ann", 2), ("bob", 2)]);
        let mut text = String::new();
        for at in 1..=20 {
            let _ = write!(text, "ann/0 {at}\nann/1.jpg {at}\n"); // CALFW's labels count
        }
        text.push_str(&"ann/0 0\nbob/0 0\n".repeat(10));
        let found = read(&text, &table).unwrap();
        let folds = |same: bool| found.iter().filter(|it| it.same == same).map(|it| it.fold).collect::<Vec<_>>();
        assert_eq!(folds(true), (0..20).map(|at| at / 2 + 1).collect::<Vec<_>>());
        assert_eq!(folds(false), (1..=10).collect::<Vec<_>>());
        let half = read(&format!("{text}ann/0 1\n"), &table).unwrap_err();
        assert!(half.ends_with("two lines are a pair, and it has 61; is it whole?"), "{half}");
        let torn = read(&text.replacen("ann/0 0\nbob/0 0\n", "ann/0 0\nbob/0 1\n", 1), &table).unwrap_err();
        assert!(torn.contains("this line and the one before it are a pair"), "{torn}");
    }
}
