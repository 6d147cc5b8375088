//! Files that hold one set of images together: one, all of a kind in a folder, or those that a row of numbers names
//! (`train-{000..143}.tar`).

use super::DataError;
use super::held::{Holder, Pack, damaged, unreadable};
use super::probe::{Digest, FileFacts};
use ddl_base::regular;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Files under one name.
const MOST: u64 = 100_000;

/// So many files are kept open; of more each is opened when it is read.
const OPEN: usize = 256;

/// The files of a name, in the order of their numbers or names. `is_one` tells by its name which file of a folder is of the kind.
///
/// # Errors
/// A folder that can't be read, or has none; numbers that are no row.
pub fn shards(path: &Path, is_one: fn(&str) -> bool) -> Result<Vec<PathBuf>, DataError> {
    if path.is_dir() {
        return within(path, is_one);
    }
    match path.file_name().and_then(|name| name.to_str()).filter(|_| std::fs::symlink_metadata(path).is_err()) {
        Some(name) => {
            row(name).map_err(|why| damaged(path, why)).map(|names| names.into_iter().map(|name| path.with_file_name(name)).collect())
        }
        None => Ok(vec![path.to_owned()]),
    }
}

/// All that a path can name: itself, or each of a row of files, whether they are there or not.
pub fn named(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| name.contains('{'));
    let row = name.and_then(|name| row(name).ok()).unwrap_or_default();
    std::iter::once(path.to_owned()).chain(row.into_iter().map(|name| path.with_file_name(name))).collect()
}

/// Whether a name has this ending, in capitals or not.
pub fn ends(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|it| it.eq_ignore_ascii_case(ending))
}

fn within(folder: &Path, is_one: fn(&str) -> bool) -> Result<Vec<PathBuf>, DataError> {
    let wrong = |error: io::Error| unreadable(folder, &error);
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let is_named = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| !name.starts_with('.') && is_one(name));
        if is_named && !path.is_dir() {
            all.push(path);
        }
    }
    all.sort();
    if all.is_empty() { Err(damaged(folder, "it is a folder without such files".to_owned())) } else { Ok(all) }
}

/// The names that `a{08..11}b` stands for; a name without braces is its own.
fn row(name: &str) -> Result<Vec<String>, String> {
    let Some((before, rest)) = name.split_once('{') else { return Ok(vec![name.to_owned()]) };
    let form = || "braces hold the first and the last number of a row of files: {000..143}".to_owned();
    let (numbers, after) = rest.split_once('}').ok_or_else(form)?;
    let (first, last) = numbers.split_once("..").ok_or_else(form)?;
    let number =
        |text: &str| if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse::<u64>().map_err(|_| form()) } else { Err(form()) };
    let (from, to) = (number(first)?, number(last)?);
    if after.contains(['{', '}']) || from > to || to - from >= MOST {
        return Err(format!("{}, at most {MOST} of them, and only once", form()));
    }
    let width = if first.starts_with('0') || first.len() == last.len() { first.len() } else { 0 };
    Ok((from..=to).map(|number| format!("{before}{number:0width$}{after}")).collect())
}

/// Files whose bytes are counted through: a place in the second begins where the first ends.
#[derive(Debug)]
pub struct Shards {
    path: PathBuf,
    all: Vec<Shard>,
}

#[derive(Debug)]
struct Shard {
    path: PathBuf,
    begins: u64,
    length: u64,
    open: OnceLock<Arc<Pack>>,
}

impl Shards {
    /// The files of a name.
    ///
    /// # Errors
    /// What can't be read.
    pub fn open(path: &Path, files: &[PathBuf]) -> Result<Self, DataError> {
        let mut begins = 0;
        let shard = |path: &PathBuf| {
            let metadata = std::fs::metadata(path).and_then(|metadata| regular::is_regular(&metadata).map(|()| metadata));
            let length = metadata.map_err(|error| unreadable(path, &error))?.len();
            let shard = Shard { path: path.clone(), begins, length, open: OnceLock::new() };
            begins += length;
            Ok(shard)
        };
        Ok(Shards { path: path.to_owned(), all: files.iter().map(shard).collect::<Result<_, DataError>>()? })
    }

    /// Where each file begins among all bytes, with it.
    pub fn files(&self) -> impl Iterator<Item = (u64, &Path)> {
        self.all.iter().map(|shard| (shard.begins, &*shard.path))
    }

    /// A file of them.
    ///
    /// # Errors
    /// What can't be read, is not there, or has another length than it had.
    pub fn pack(&self, number: usize) -> Result<Arc<Pack>, DataError> {
        let Some(shard) = self.all.get(number) else { return Err(DataError::Changed { path: self.path.clone() }) };
        if let Some(pack) = shard.open.get() {
            return Ok(Arc::clone(pack));
        }
        let pack = Arc::new(Pack::open(&shard.path)?);
        if pack.length() != shard.length {
            return Err(DataError::Changed { path: shard.path.clone() });
        }
        if self.all.len() <= OPEN {
            let _ = shard.open.set(Arc::clone(&pack)); // another thread was as fast
        }
        Ok(pack)
    }

    /// The number of the file in which a place lies, and where there.
    fn place(&self, at: u64) -> (usize, u64) {
        let number = self.all.partition_point(|shard| shard.begins <= at).saturating_sub(1);
        (number, at - self.all.get(number).map_or(0, |shard| shard.begins))
    }
}

/// Files of one name, by what is in them: one that is there twice would count twice.
#[derive(Debug, Default)]
pub struct Twins(HashMap<Digest, PathBuf>);

impl Twins {
    /// One more file, which holds these images.
    ///
    /// # Errors
    /// Another holds the same ones in the same order, with the same said of them.
    pub fn meet<'f>(&mut self, path: &Path, images: impl IntoIterator<Item = &'f FileFacts>) -> Result<(), DataError> {
        let (mut hasher, mut count) = (blake3::Hasher::new(), 0);
        for image in images {
            let told = image.told.as_deref().unwrap_or_default();
            hasher.update(&(told.len() as u64).to_le_bytes()).update(told.as_bytes());
            hasher.update(image.digest.to_string().as_bytes());
            count += 1;
        }
        match self.0.insert(Digest::from(hasher.finalize()), path.to_owned()).filter(|_| count > 0) {
            Some(other) => Err(damaged(path, format!("it holds the same images as {}: leave one of them out", other.display()))),
            None => Ok(()),
        }
    }
}

impl Holder for Shards {
    fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self, image: &FileFacts) -> PathBuf {
        self.all.get(self.place(image.offset).0).map_or_else(|| self.path.clone(), |shard| shard.path.clone())
    }

    fn place(&self, image: &FileFacts) -> String {
        format!("{}, {}", self.file(image).display(), image.path)
    }

    fn bytes(&self, image: &FileFacts) -> Result<Vec<u8>, DataError> {
        let (number, at) = self.place(image.offset);
        self.pack(number)?.bytes(&FileFacts { offset: at, ..image.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_a_row_of_numbers() {
        let cases = [
            ("a.tar", "a.tar"),
            ("a-{08..11}.tar", "a-08.tar a-09.tar a-10.tar a-11.tar"),
            ("{9..10}", "9 10"),
            ("{3..3}x", "3x"),
            ("a{2..1}", "braces hold the first and the last number of a row of files: {000..143}, at most 100000 of them, and only once"),
            (
                "a{0..99999999}",
                "braces hold the first and the last number of a row of files: {000..143}, at most 100000 of them, and only once",
            ),
            (
                "a{1..2}{1..2}",
                "braces hold the first and the last number of a row of files: {000..143}, at most 100000 of them, and only once",
            ),
            ("a{1,2}", "braces hold the first and the last number of a row of files: {000..143}"),
            ("a{-1..2}", "braces hold the first and the last number of a row of files: {000..143}"),
            ("a{..}", "braces hold the first and the last number of a row of files: {000..143}"),
            ("a{1..2", "braces hold the first and the last number of a row of files: {000..143}"),
        ];
        for (name, wanted) in cases {
            assert_eq!(row(name).map_or_else(|why| why, |names| names.join(" ")), wanted, "{name}");
        }
    }

    #[test]
    fn bytes_are_counted_through_all_files_of_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, text) in [("s-0.bin", "hello"), ("s-1.bin", ""), ("s-2.bin", "all of you"), (".s-3.bin", "x"), ("notes", "y")] {
            std::fs::write(at(name), text).unwrap();
        }
        let is_one = |name: &str| ends(name, "bin");
        let wanted = ["s-0.bin", "s-1.bin", "s-2.bin"].map(at);
        assert_eq!(shards(&at("s-{0..2}.bin"), is_one).unwrap(), wanted);
        assert_eq!(shards(folder.path(), is_one).unwrap(), wanted);
        assert_eq!(shards(&at("s-0.bin"), is_one).unwrap(), wanted[..1]);
        assert!(shards(folder.path(), |_| false).unwrap_err().to_string().ends_with("it is a folder without such files"));
        let all = Shards::open(folder.path(), &wanted).unwrap();
        let image = |offset, bytes| FileFacts { path: "x".into(), offset, bytes, digest: Digest::of(b""), size: None, told: None };
        assert_eq!(all.bytes(&image(1, 4)).unwrap(), b"ello");
        assert_eq!(all.bytes(&image(9, 6)).unwrap(), b"of you");
        assert_eq!(all.file(&image(5, 1)), wanted[2]);
        assert!(matches!(all.bytes(&image(9, 7)), Err(DataError::Changed { path }) if path == wanted[2]));
        assert!(Shards::open(folder.path(), &[at("s-4.bin")]).is_err());
    }
}
