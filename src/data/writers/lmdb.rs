//! An LMDB database, written in one go: values first, each in pages of its own, then the leaves of the tree in the order of the keys, then
//! its branches. What pages are stands at the reader ([`lmdb`](crate::lmdb)).
//!
//! Keys are the paths of an [`image_folder`](super::folder). It is `data.mdb` in a folder, or a file where the path ends in `.mdb`.

use super::names::Names;
use super::{Draft, Item, Whole, Write, WriteError, at};
use crate::lmdb::{HEAD, MAGIC, NONE, flag};
use ddl_base::text::quoted;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write as _};
use std::path::PathBuf;

/// Bytes of a page.
const PAGE: usize = 4096;

/// Bytes of the longest key.
const LONGEST: usize = 511;

/// A tree whose keys are whole numbers: that of pages which are free, of which there are none.
const NUMBERS: u16 = 8;

/// The version of the format.
const VERSION: u32 = 1;

/// A database that is written.
pub struct Database {
    shown: PathBuf,
    file: BufWriter<File>,
    /// Keys, the pages at which their values begin, and how long these are.
    entries: Vec<(String, u64, u32)>,
    /// The number of the next page.
    next: u64,
    names: Names,
}

impl Database {
    pub fn new(whole: &Whole, draft: &Draft) -> Result<Self, WriteError> {
        let is_file = whole.to.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("mdb"));
        let (shown, place) = if is_file {
            (whole.to.to_owned(), draft.place(whole.to)?)
        } else {
            let folder = draft.place(whole.to)?;
            std::fs::create_dir(&folder).map_err(at(whole.to))?;
            (whole.to.join("data.mdb"), folder.join("data.mdb"))
        };
        let file = File::create_new(place).map_err(at(&shown))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&[0; 2 * PAGE]).map_err(at(&shown))?; // both first pages are written at the end
        Ok(Database { shown, file, entries: Vec::new(), next: 2, names: Names::default() })
    }

    fn put(&mut self, page: &[u8]) -> Result<u64, WriteError> {
        self.file.write_all(page).map_err(at(&self.shown))?;
        self.next += 1;
        Ok(self.next - 1)
    }

    /// Writes the pages of one level of the tree; the first key of each and its number.
    fn level(&mut self, kind: u16, nodes: Vec<Vec<u8>>, keys: &[String]) -> Result<Vec<(String, u64)>, WriteError> {
        let mut pages = Vec::new();
        let counts = shares(nodes.iter().map(Vec::len));
        let mut nodes = nodes.into_iter().zip(keys);
        for count in counts {
            let of: Vec<(Vec<u8>, &String)> = nodes.by_ref().take(count).collect();
            let first = of.first().map(|(_, key)| (*key).clone()).unwrap_or_default();
            let page = page(self.next, kind, of.into_iter().map(|(node, _)| node));
            pages.push((first, self.put(&page)?));
        }
        Ok(pages)
    }
}

/// The head of a page.
fn head(number: u64, flags: u16, lower: u16, upper: u16) -> Vec<u8> {
    [&number.to_le_bytes()[..], &[0; 2], &flags.to_le_bytes(), &lower.to_le_bytes(), &upper.to_le_bytes()].concat()
}

/// A page of nodes: their places stand in front in the order of their keys, they themselves at the end.
fn page(number: u64, kind: u16, nodes: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let (mut places, mut bytes, mut end) = (Vec::new(), vec![0; PAGE], PAGE);
    for node in nodes {
        end -= node.len().next_multiple_of(2);
        bytes[end..end + node.len()].copy_from_slice(&node);
        places.push(end as u16);
    }
    let lower = HEAD + 2 * places.len();
    bytes[..HEAD].copy_from_slice(&head(number, kind, lower as u16, end as u16));
    for (at, place) in places.into_iter().enumerate() {
        bytes[HEAD + 2 * at..HEAD + 2 * at + 2].copy_from_slice(&place.to_le_bytes());
    }
    bytes
}

/// The node of a value that lies in pages of its own.
fn leaf(key: &str, at: u64, bytes: u32) -> Vec<u8> {
    [&bytes.to_le_bytes()[..], &flag::BIG.to_le_bytes(), &(key.len() as u16).to_le_bytes(), key.as_bytes(), &at.to_le_bytes()].concat()
}

/// The node of a page below.
fn branch(key: &str, page: u64) -> Vec<u8> {
    [&page.to_le_bytes()[..6], &(key.len() as u16).to_le_bytes(), key.as_bytes()].concat()
}

/// How many nodes each page takes: as many as fit, and no page has a single one that could have two.
fn shares(lengths: impl Iterator<Item = usize>) -> Vec<usize> {
    let (mut all, mut count, mut left) = (Vec::new(), 0, PAGE - HEAD);
    for length in lengths {
        let takes = length.next_multiple_of(2) + 2;
        if takes > left {
            all.push(count);
            (count, left) = (0, PAGE - HEAD);
        }
        count += 1;
        left -= takes;
    }
    if count == 1
        && let Some(before) = all.last_mut().filter(|before| **before > 2)
    {
        *before -= 1;
        count = 2;
    }
    if count > 0 {
        all.push(count);
    }
    all
}

impl Write for Database {
    fn add(&mut self, item: &Item) -> Result<(), WriteError> {
        let key = self.names.path(item)?;
        if key.len() > LONGEST {
            return Err(WriteError::Misfit(format!(
                "the key {} has {} bytes, and a database holds such of {LONGEST}",
                quoted(&key),
                key.len()
            )));
        }
        let bytes = u32::try_from(item.bytes.len()).unwrap_or(u32::MAX); // no image is so long
        let pages = (HEAD + item.bytes.len()).div_ceil(PAGE);
        let mut head = head(self.next, flag::OVERFLOW, 0, 0);
        head[12..16].copy_from_slice(&(pages as u32).to_le_bytes());
        let rest = vec![0; pages * PAGE - HEAD - item.bytes.len()];
        for part in [&head[..], &item.bytes, &rest] {
            self.file.write_all(part).map_err(at(&self.shown))?;
        }
        self.entries.push((key, self.next, bytes));
        self.next += pages as u64;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable();
        let (count, values) = (entries.len() as u64, self.next - 2);
        let (keys, nodes): (Vec<String>, Vec<Vec<u8>>) = entries
            .into_iter()
            .map(|(key, at, bytes)| {
                let node = leaf(&key, at, bytes);
                (key, node)
            })
            .unzip();
        let mut pages = self.level(flag::LEAF, nodes, &keys)?;
        let (leaves, mut branches, mut depth) = (pages.len() as u64, 0, u16::from(count > 0));
        while pages.len() > 1 {
            // what is left of the first key of a page is known without it; the pages above are told apart by it
            let nodes = pages.iter().map(|(key, page)| branch(key, *page)).collect();
            let keys: Vec<String> = pages.into_iter().map(|(key, _)| key).collect();
            pages = self.level(flag::BRANCH, nodes, &keys)?;
            branches += pages.len() as u64;
            depth += 1;
        }
        let root = pages.first().map_or(NONE, |(_, page)| *page);
        let length = self.next * PAGE as u64;
        let tree = |flags: u16, depth: u16, numbers: [u64; 5]| {
            [&flags.to_le_bytes()[..], &depth.to_le_bytes(), numbers.map(u64::to_le_bytes).as_flattened()].concat()
        };
        let free = tree(NUMBERS, 0, [0, 0, 0, 0, NONE]);
        let meta = |number: u64, tree: &[u8], last: u64| {
            let mut page = [head(number, flag::META, 0, 0), MAGIC.to_le_bytes().to_vec(), VERSION.to_le_bytes().to_vec()].concat();
            page.extend([0, length].map(u64::to_le_bytes).as_flattened());
            page.extend((PAGE as u32).to_le_bytes());
            page.extend(&free);
            page.extend([0; 4]);
            page.extend(tree);
            page.extend([last, number].map(u64::to_le_bytes).as_flattened()); // the second page is that of the first change
            page.resize(PAGE, 0);
            page
        };
        let empty = tree(0, 0, [0, 0, 0, 0, NONE]);
        let full = tree(0, depth, [branches, leaves, values, count, root]);
        let both = [meta(0, &empty, 1), meta(1, &full, self.next - 1)].concat();
        let Database { shown, mut file, .. } = *self;
        file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&both)).and_then(|()| file.flush()).map_err(at(&shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_take_what_fits_and_none_is_left_alone() {
        let of = |lengths: &[usize]| shares(lengths.iter().copied());
        assert_eq!(of(&[]), [] as [usize; 0]);
        assert_eq!(of(&[100]), [1]);
        // four of 1000 fit, with two bytes for the place of each
        assert_eq!(of(&[1000; 4]), [4]);
        assert_eq!(of(&[1000; 5]), [3, 2]);
        assert_eq!(of(&[1000; 9]), [4, 3, 2]);
        assert_eq!(of(&[533; 700]).iter().sum::<usize>(), 700);
        assert!(of(&[533; 701]).iter().all(|count| (2..=7).contains(count)));
    }
}
