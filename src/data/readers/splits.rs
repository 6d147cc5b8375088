//! CFP's own protocol: a folder with a folder for each fold, in which `same.txt` and `diff.txt` have pairs of numbers, and beside or above it
//! two lists that say which images these are.
//!
//! ```text
//!  Protocol/Pair_list_F.txt           1 ../Data/Images/001/frontal/01.jpg
//!  Protocol/Pair_list_P.txt           1 ../Data/Images/001/profile/01.jpg
//!  Protocol/Split/FP/01/same.txt      1,3       a frontal image and a profile one of one person
//!  Protocol/Split/FP/01/diff.txt      1,17      of two
//!  Protocol/Split/FF/01/same.txt      1,2       two frontal ones
//! ```
//!
//! Images have the names of the lists from any folder on: `001/frontal/01.jpg` where `Data/Images` is read. Source: the data set's own
//! `Readme.txt`.

use super::benchmarks::{Found, shown};
use super::pairs::PairLine;
use crate::probe::{Digest, ProbeCache};
use crate::{DataError, Table};
use ddl_base::regular::{self, Whole};
use ddl_base::text::quoted;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Folds that a folder may have.
const MOST: usize = 10_000;

/// The lists of images of both sides, by the name of the folder with the folds.
const SIDES: [(&str, [&str; 2]); 2] = [("FP", ["Pair_list_F.txt", "Pair_list_P.txt"]), ("FF", ["Pair_list_F.txt", "Pair_list_F.txt"])];

/// The files with pairs in the folder of a fold, and whether they are of one person.
const PAIRS: [(&str, bool); 2] = [("same.txt", true), ("diff.txt", false)];

/// Whether a path is such a folder, as far as its name and what is in it tell.
pub fn is_splits(path: &Path) -> bool {
    path.is_dir() && sides(path).is_some()
}

fn sides(path: &Path) -> Option<[&'static str; 2]> {
    let name = path.file_name()?.to_str()?;
    SIDES.iter().find(|(of, _)| name.eq_ignore_ascii_case(of)).map(|(_, lists)| *lists)
}

/// One digest of all that the protocol says.
///
/// # Errors
/// What can't be read, or is no such folder.
pub fn digest(path: &Path) -> Result<String, DataError> {
    Ok(Splits::read(path)?.digest())
}

/// The pairs, fold by fold, those of one person first.
///
/// # Errors
/// As [`digest`]; another content than a plan was made from; images that are not in the set.
pub(super) fn pairs(path: &Path, table: &Table, cache: &ProbeCache) -> Result<Vec<PairLine>, DataError> {
    let splits = Splits::read(path)?;
    cache.is_as_planned(path, &splits.digest())?;
    splits.pairs(table)
}

/// All files of a protocol.
struct Splits {
    /// The lists of both sides.
    lists: [File; 2],
    /// Of each fold the pairs of one person, and those of two.
    folds: Vec<[File; 2]>,
}

/// A file, and what is in it.
struct File {
    path: PathBuf,
    text: String,
}

impl File {
    fn read(path: PathBuf) -> Result<Self, DataError> {
        let text = regular::text(&path, Whole::Params)
            .map_err(|error| DataError::Unreadable { path: path.clone(), why: ddl_base::system::said(&error) })?;
        Ok(File { path, text })
    }

    /// Lines that are not blank, with their numbers from 1.
    fn lines(&self) -> impl Iterator<Item = (u64, &str)> {
        self.text.lines().zip(1..).map(|(line, at)| (at, line.trim())).filter(|(_, line)| !line.is_empty())
    }

    fn wrong(&self, line: u64, why: String) -> DataError {
        DataError::Line { file: self.path.clone(), line, why }
    }

    /// The names of images by their numbers.
    fn images(&self) -> Result<HashMap<u32, &str>, DataError> {
        let mut all = HashMap::new();
        for (line, text) in self.lines() {
            let pair = text.split_once(char::is_whitespace).and_then(|(number, name)| Some((number.parse().ok()?, name.trim())));
            let (number, name) = pair.ok_or_else(|| self.wrong(line, format!("{} is not a number and an image", quoted(text))))?;
            if all.insert(number, name).is_some() {
                return Err(self.wrong(line, format!("the number {number} stands there twice")));
            }
        }
        Ok(all)
    }

    /// The pairs of numbers.
    fn numbers(&self) -> impl Iterator<Item = Result<(u64, [u32; 2]), DataError>> {
        self.lines().map(|(line, text)| {
            let pair = text.split_once(',').and_then(|(a, b)| Some([a.trim().parse().ok()?, b.trim().parse().ok()?]));
            Ok((line, pair.ok_or_else(|| self.wrong(line, format!("{} is not the numbers of two images", quoted(text))))?))
        })
    }
}

impl Splits {
    fn read(path: &Path) -> Result<Self, DataError> {
        let wrong = |why: String| DataError::File { file: path.to_owned(), why };
        let names = sides(path).ok_or_else(|| wrong("a folder of folds is called FP or FF, as CFP's are".to_owned()))?;
        let unreadable = |error: std::io::Error| DataError::Unreadable { path: path.to_owned(), why: ddl_base::system::said(&error) };
        let mut numbers: Vec<(u32, PathBuf)> = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let fold = entry.map_err(unreadable)?.path();
            let number = fold.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            numbers.extend(number.filter(|_| fold.is_dir()).map(|number| (number, fold)));
        }
        numbers.sort();
        if numbers.is_empty() || numbers.len() > MOST || numbers.windows(2).any(|two| two[0].0 == two[1].0) {
            return Err(wrong(format!("it has {} folders of folds, which are numbered: 01, 02 and so on", numbers.len())));
        }
        let folds = numbers.into_iter().map(|(_, fold)| {
            let [same, different] = PAIRS.map(|(name, _)| File::read(fold.join(name)));
            Ok([same?, different?])
        });
        // beside the folds, or one or two folders above
        let above: Vec<PathBuf> = std::path::absolute(path).map_err(unreadable)?.ancestors().take(3).map(Path::to_owned).collect();
        let list = |name: &str| {
            let place = above.iter().map(|folder| folder.join(name)).find(|file| file.is_file());
            place
                .ok_or_else(|| wrong(format!("there is no {name} in it or in the two folders above, which says what the numbers are")))
                .and_then(File::read)
        };
        Ok(Splits { folds: folds.collect::<Result<_, DataError>>()?, lists: [list(names[0])?, list(names[1])?] })
    }

    fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for file in self.lists.iter().chain(self.folds.as_flattened()) {
            hasher.update(&(file.text.len() as u64).to_le_bytes()).update(file.text.as_bytes());
        }
        Digest::from(hasher.finalize()).to_string()
    }

    fn pairs(&self, table: &Table) -> Result<Vec<PairLine>, DataError> {
        let sides = [self.lists[0].images()?, self.lists[1].images()?];
        let mut known: HashMap<&str, Option<u32>> = HashMap::new();
        let mut all = Vec::new();
        for (files, fold) in self.folds.iter().zip(1..) {
            for (file, (_, same)) in files.iter().zip(PAIRS) {
                for pair in file.numbers() {
                    let (line, numbers) = pair?;
                    let mut places = [0; 2];
                    for ((number, images), place) in numbers.iter().zip(&sides).zip(&mut places) {
                        let name = images.get(number).ok_or_else(|| file.wrong(line, format!("no image has the number {number}")))?;
                        let found = *known.entry(name).or_insert_with(|| place_of(table, name));
                        *place = found.ok_or_else(|| file.wrong(line, format!("the image {} is not there", quoted(name))))?;
                    }
                    all.push(PairLine { line: all.len() as u64 + 1, fold, same, a: places[0], b: places[1] });
                }
            }
        }
        Ok(all)
    }
}

/// The place of an image that a list names by a path, of which the table may know the end alone.
fn place_of(table: &Table, path: &str) -> Option<u32> {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != "." && *part != "..").collect();
    (0..parts.len()).find_map(|from| match shown(table, &parts[from..].join("/")) {
        Found::One(place) => Some(place),
        Found::None | Found::Several(..) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::people_called;
    use tempfile::TempDir;

    /// A protocol of two folds over two people with two frontal and two profile images.
    fn protocol(put: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let list = |side: &str| {
            let image = |at: usize| format!("{at} ../Data/Images/{:03}/{side}/{:02}.jpg\n", at.div_ceil(2), (at - 1) % 2 + 1);
            (1..=4).map(image).collect::<String>()
        };
        let files = [
            ("Pair_list_F.txt", list("frontal")),
            ("Pair_list_P.txt", list("profile")),
            ("Split/FP/01/same.txt", "1,2\n2,1\n".to_owned()),
            ("Split/FP/01/diff.txt", "1,3\r\n\r\n2, 4\r\n".to_owned()),
            ("Split/FP/02/same.txt", "3,3\n".to_owned()),
            ("Split/FP/02/diff.txt", "3,1".to_owned()),
            ("Split/FF/1/same.txt", "1,2\n".to_owned()),
            ("Split/FF/1/diff.txt", "1,3\n".to_owned()),
        ];
        let more = put.iter().map(|(name, text)| (*name, (*text).to_owned()));
        for (name, text) in files.into_iter().chain(more) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn table() -> Table {
        people_called([("001", 4), ("002", 4)], |name, at| format!("{name}/{}/{:02}.png", ["frontal", "profile"][at / 2], at % 2 + 1))
    }

    fn said(put: &[(&str, &str)]) -> String {
        let folder = protocol(put);
        let error = pairs(&folder.path().join("Split/FP"), &table(), &ProbeCache::none()).unwrap_err().to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn folds_of_cfp_are_read_as_they_lie() {
        let folder = protocol(&[]);
        let table = table();
        let of = |name: &str| {
            let found = pairs(&folder.path().join(name), &table, &ProbeCache::none()).unwrap();
            let path = |place: u32| table.path_at(place).into_owned();
            found.iter().map(|it| format!("{} {} {} {}", it.fold, it.same, path(it.a), path(it.b))).collect::<Vec<_>>()
        };
        assert_eq!(
            of("Split/FP"),
            [
                "1 true 001/frontal/01.png 001/profile/02.png",
                "1 true 001/frontal/02.png 001/profile/01.png",
                "1 false 001/frontal/01.png 002/profile/01.png",
                "1 false 001/frontal/02.png 002/profile/02.png",
                "2 true 002/frontal/01.png 002/profile/01.png",
                "2 false 002/frontal/01.png 001/profile/01.png",
            ]
        );
        assert_eq!(of("Split/FF"), ["1 true 001/frontal/01.png 001/frontal/02.png", "1 false 001/frontal/01.png 002/frontal/01.png"]);
        assert!(is_splits(&folder.path().join("Split/FP")) && !is_splits(&folder.path().join("Split")));
    }

    #[test]
    fn all_that_it_says_is_its_digest() {
        let of = |put: &[(&str, &str)]| digest(&protocol(put).path().join("Split/FP")).unwrap();
        assert_eq!(of(&[]), of(&[("Split/FF/1/same.txt", "2,1\n"), ("Split/FP/notes.txt", "x")]));
        for name in ["Split/FP/02/diff.txt", "Split/FP/01/same.txt", "Pair_list_P.txt", "Pair_list_F.txt", "Split/FP/03/same.txt"] {
            let more: &[(&str, &str)] =
                if name.contains("03") { &[(name, "1,1\n"), ("Split/FP/03/diff.txt", "1,3\n")] } else { &[(name, "1,1\n")] };
            assert_ne!(of(more), of(&[]), "{name}");
        }
    }

    #[test]
    fn what_is_broken_is_said_in_a_sentence() {
        assert_eq!(said(&[("Split/FP/01/diff.txt", "1,3\n1;3\n")]), "Split/FP/01/diff.txt:2: `1;3` is not the numbers of two images");
        assert_eq!(said(&[("Split/FP/02/same.txt", "1,9\n")]), "Split/FP/02/same.txt:1: no image has the number 9");
        assert_eq!(said(&[("Pair_list_P.txt", "1 a/b.jpg\n1 a/c.jpg\n")]), "Pair_list_P.txt:2: the number 1 stands there twice");
        assert_eq!(said(&[("Pair_list_F.txt", "x\n")]), "Pair_list_F.txt:1: `x` is not a number and an image");
        let absent = said(&[("Pair_list_F.txt", "1 ../Data/Images/009/frontal/01.jpg\n")]);
        assert_eq!(absent, "Split/FP/01/same.txt:1: the image `../Data/Images/009/frontal/01.jpg` is not there");
        let lone = tempfile::tempdir().unwrap();
        std::fs::create_dir(lone.path().join("FP")).unwrap();
        assert!(
            digest(&lone.path().join("FP"))
                .unwrap_err()
                .to_string()
                .ends_with("it has 0 folders of folds, which are numbered: 01, 02 and so on")
        );
        let torn = said(&[("Split/FP/03/same.txt", "1,2\n")]);
        assert!(torn.starts_with("cannot read Split/FP/03/diff.txt: "), "{torn}");
    }
}
