//! The tree in a file of the Lightning Memory-Mapped Database, read from its places: no lock is taken and nothing is mapped, so that a
//! damaged file is an error.
//!
//! ```text
//!  page     number (u64), pad (u16), flags (u16), then where its free room begins and ends (u16, u16), or how many pages it goes on for (u32)
//!  meta     pages 0 and 1: magic number, version (u32); two trees, of which the second counts; number of the last change (u64): the later page holds
//!  tree     pad (u32: in the first tree the length of a page), flags, depth (u16), pages of three kinds, entries, root (u64)
//!  branch   places of nodes (u16), each with the number of a page (48 bits), the length of its key (u16), the key
//!  leaf     places of nodes (u16), each with the length of its value (u32), flags, the length of its key (u16), the key, the value or the page where it begins
//! ```
//!
//! All numbers have their lowest byte first, and 64 bits where a word is meant. Source: LMDB 0.9, `mdb.c`.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::DataError;
use super::held::{Pack, damaged};
use std::path::Path;

/// What a database begins with, behind the head of its first page.
pub const MAGIC: u32 = 0xbeef_c0de;
/// Bytes before what a page holds.
pub(super) const HEAD: usize = 16;
/// Bytes of a node before its key.
pub(super) const NODE: usize = 8;
/// No page.
pub(super) const NONE: u64 = u64::MAX;
/// A tree is no deeper.
const DEPTH: usize = 32;

pub(super) mod flag {
    pub const BRANCH: u16 = 1;
    pub const LEAF: u16 = 2;
    pub const OVERFLOW: u16 = 4;
    pub const META: u16 = 8;
    /// Of a node: its value lies in pages of its own.
    pub const BIG: u16 = 1;
    /// Of a node: its value is a tree, or several values.
    pub const OTHER: u16 = 2 | 4;
}

/// A key, and where its value lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Vec<u8>,
    /// Where the value begins.
    pub at: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether it is no value but a tree of its own, or several values.
    pub is_tree: bool,
}

/// What the later of the two pages says that tell where the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meta {
    page: usize,
    depth: u16,
    entries: u64,
    root: u64,
    change: u64,
}

/// A number of so many bytes at a place; what is not there is 0.
fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    let mut whole = [0; 8];
    if let Some(found) = bytes.get(at..at + N) {
        whole[..N].copy_from_slice(found);
    }
    u64::from_le_bytes(whole)
}

impl Meta {
    /// Of the bytes of a page.
    fn of(bytes: &[u8]) -> Option<Self> {
        let is_one = number::<2>(bytes, 10) as u16 & flag::META != 0 && number::<4>(bytes, HEAD) == u64::from(MAGIC) && bytes.len() >= 152;
        let page = number::<4>(bytes, 40) as usize;
        let sound = is_one && page.is_power_of_two() && (256..=1 << 16).contains(&page) && number::<4>(bytes, 20) == 1;
        let tree = 88;
        let meta = || Meta {
            page,
            depth: number::<2>(bytes, tree + 6) as u16,
            entries: number::<8>(bytes, tree + 32),
            root: number::<8>(bytes, tree + 40),
            change: number::<8>(bytes, 144),
        };
        sound.then(meta)
    }

    /// The one that holds.
    fn read(path: &Path, pack: &Pack) -> Result<Self, DataError> {
        let at = |at: u64| pack.read(at, pack.length().saturating_sub(at).min(152));
        let first =
            Meta::of(&at(0)?).ok_or_else(|| damaged(path, "it is no LMDB database of this kind of machine, or is damaged".to_owned()))?;
        let second = Meta::of(&at(first.page as u64)?).filter(|second| second.page == first.page);
        let second = second.ok_or_else(|| damaged(path, "it is cut off or damaged: its second page tells nothing".to_owned()))?;
        Ok(if second.change > first.change { second } else { first })
    }
}

/// All entries, in the order of their keys.
///
/// # Errors
/// What can't be read, is no database, is damaged, or was written to meanwhile.
pub fn entries(path: &Path, pack: &Pack) -> Result<Vec<Entry>, DataError> {
    let meta = Meta::read(path, pack)?;
    let found = Tree { path, pack, meta }.entries();
    if Meta::read(path, pack).ok() != Some(meta) {
        return Err(damaged(path, "another program wrote to it while it was read; try again when that is done".to_owned()));
    }
    found
}

struct Tree<'a> {
    path: &'a Path,
    pack: &'a Pack,
    meta: Meta,
}

impl Tree<'_> {
    fn wrong(&self, why: String) -> DataError {
        damaged(self.path, format!("it is damaged: {why}"))
    }

    fn entries(&self) -> Result<Vec<Entry>, DataError> {
        let (mut all, mut waiting, mut seen) = (Vec::new(), Vec::new(), 0);
        if self.meta.root != NONE {
            waiting.push((self.meta.root, usize::from(self.meta.depth)));
        }
        if usize::from(self.meta.depth) > DEPTH {
            return Err(self.wrong(format!("its tree is {} deep", self.meta.depth)));
        }
        let pages = self.pack.length() / self.meta.page as u64;
        while let Some((number, depth)) = waiting.pop() {
            seen += 1;
            if seen > pages {
                return Err(self.wrong("its tree has more pages than the file".to_owned()));
            }
            let page = self.page(number)?;
            let kind = page.flags & (flag::BRANCH | flag::LEAF | flag::OVERFLOW | flag::META);
            match (kind, depth) {
                (flag::LEAF, 1) => {
                    for node in page.nodes() {
                        all.push(self.entry(number, &page, node)?);
                    }
                }
                (flag::BRANCH, 2..) => {
                    let from = waiting.len();
                    for node in page.nodes() {
                        let node = node.ok_or_else(|| self.wrong(format!("a node of page {number} leads out of it")))?;
                        waiting.push((self::number::<6>(&page.bytes, node.at), depth - 1));
                    }
                    waiting[from..].reverse(); // the first is taken first
                }
                _ => return Err(self.wrong(format!("page {number} is not of the kind that its tree needs there"))),
            }
        }
        if all.len() as u64 != self.meta.entries {
            return Err(self.wrong(format!("it says that it has {} entries, and {} are there", self.meta.entries, all.len())));
        }
        Ok(all)
    }

    fn entry(&self, number: u64, page: &Page, node: Option<Node>) -> Result<Entry, DataError> {
        let out = || self.wrong(format!("a node of page {number} leads out of it"));
        let node = node.ok_or_else(out)?;
        let (bytes, flags) = (self::number::<4>(&page.bytes, node.at), self::number::<2>(&page.bytes, node.at + 4) as u16);
        let key = page.bytes.get(node.at + NODE..node.value).ok_or_else(out)?.to_vec();
        let at = if flags & flag::BIG == 0 {
            if node.value as u64 + bytes > page.bytes.len() as u64 {
                return Err(out());
            }
            number * self.meta.page as u64 + node.value as u64
        } else {
            let first = self::number::<8>(page.bytes.get(node.value..node.value + 8).ok_or_else(out)?, 0);
            let begins =
                first.checked_mul(self.meta.page as u64).filter(|at| self.pack.length().saturating_sub(*at) >= HEAD as u64 + bytes);
            let begins = begins.ok_or_else(|| {
                self.wrong(format!("a value of page {number} should have {bytes} bytes at page {first}, and the file ends before"))
            })?;
            let head = self.pack.read(begins, HEAD as u64)?;
            let (flags, pages) = (self::number::<2>(&head, 10) as u16, self::number::<4>(&head, 12));
            if self::number::<8>(&head, 0) != first || flags & flag::OVERFLOW == 0 || pages * (self.meta.page as u64) < HEAD as u64 + bytes
            {
                return Err(self.wrong(format!("no value of {bytes} bytes begins at page {first}")));
            }
            begins + HEAD as u64
        };
        Ok(Entry { key, at, bytes, is_tree: flags & flag::OTHER != 0 })
    }

    fn page(&self, number: u64) -> Result<Page, DataError> {
        let length = self.meta.page as u64;
        let at = number.checked_mul(length).filter(|at| self.pack.length().saturating_sub(*at) >= length);
        let at = at.ok_or_else(|| self.wrong(format!("it ends before page {number}")))?;
        let bytes = self.pack.read(at, length)?;
        if self::number::<8>(&bytes, 0) != number {
            return Err(self.wrong(format!("page {number} calls itself {}", self::number::<8>(&bytes, 0))));
        }
        let free = self::number::<2>(&bytes, 12) as usize;
        if !(HEAD..=bytes.len()).contains(&free) {
            return Err(self.wrong(format!("page {number} does not say how many nodes it has")));
        }
        Ok(Page { flags: self::number::<2>(&bytes, 10) as u16, count: (free - HEAD) / 2, bytes })
    }
}

struct Page {
    bytes: Vec<u8>,
    flags: u16,
    count: usize,
}

/// Where a node begins in its page, and where its value does.
#[derive(Clone, Copy)]
struct Node {
    at: usize,
    value: usize,
}

impl Page {
    /// Its nodes; nothing for one that leads out of it.
    fn nodes(&self) -> impl Iterator<Item = Option<Node>> + '_ {
        (0..self.count).map(|node| {
            let at = number::<2>(&self.bytes, HEAD + 2 * node) as usize;
            let value = at + NODE + number::<2>(&self.bytes, at + 6) as usize;
            (at >= HEAD && value <= self.bytes.len()).then_some(Node { at, value })
        })
    }
}
