//! Pairs of images in one pickle, as InsightFace hands out LFW and its like: `lfw.bin`.
//!
//! Nobody's name stands there. People are told apart as far as the pack tells: images of a pair that is of one person, and images of equal
//! bytes, are of one person, who is called by the number of the first of them.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::pairs::PairLine;
use crate::held::{Pack, damaged, numbered, unreadable};
use crate::probe::{Digest, FileFacts, Probe, ProbeCache};
use crate::{At, DataError, Table, decode};
use ddl_base::meter;
use ddl_base::regular::Whole;
use ddl_base::tensors::{PackedPairs, TensorError, Truth, packed_pairs};
use ddl_base::text::quoted;
use rayon::prelude::*;
use std::collections::HashMap;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

/// Folds of a pack, as its readers deal them: one after the other, as scikit-learn's `KFold` does.
const FOLDS: usize = 10;

/// Whether a file may be a pack: how pickles of all protocols since the second begin.
pub fn is_pack(file: &Path) -> bool {
    let mut head = [0; 2];
    let read = ddl_base::regular::open(file).and_then(|mut open| open.read_exact(&mut head));
    read.is_ok() && head[0] == 0x80 && (2..=5).contains(&head[1])
}

/// The images of a pack, called by their person and their number: `00000012/00000013`.
///
/// # Errors
/// What can't be read, or is no pack.
pub fn probe(path: &Path, cache: &ProbeCache) -> Result<Arc<Probe>, DataError> {
    cache.inside(At { path, below: None }, &[path.to_owned()], || {
        let pack = Pack::open(path)?;
        let (pieces, same) = contents(path, pack.reader(), pack.length())?;
        let mut places: Vec<(u64, u64)> = pieces.clone();
        places.sort_unstable();
        places.dedup(); // an image that is named often is read once
        let work = meter::begin("reading packs", "images", places.len() as u64);
        let look = |(at, bytes): (u64, u64)| {
            work.add(1);
            Whole::Image.takes(bytes).map_err(|error| damaged(path, format!("an image at byte {at}: {error}")))?;
            let bytes = pack.read(at, bytes)?;
            Ok((Digest::of(&bytes), decode::dimensions(&bytes)))
        };
        let seen: Vec<_> = places.par_iter().copied().map(look).collect::<Result<_, DataError>>()?;
        let looked: Vec<_> = pieces.iter().filter_map(|piece| Some(seen[places.binary_search(piece).ok()?])).collect();
        let people = people(&looked.iter().map(|(digest, _)| *digest).collect::<Vec<_>>(), &same);
        let facts = |(number, ((at, bytes), (digest, size)))| FileFacts {
            path: format!("{}/{}", numbered(people[number] as u64), numbered(number as u64)).into(),
            offset: at,
            bytes,
            digest,
            size,
            told: None,
        };
        Ok(pieces.into_iter().zip(looked).enumerate().map(facts).collect())
    })
}

/// The pairs of a pack, in ten folds one after the other.
///
/// # Errors
/// As [`probe`]; images that are not in the set of `table`.
pub(super) fn pairs(file: &Path, table: &Table, cache: &ProbeCache) -> Result<Vec<PairLine>, DataError> {
    let probe = probe(file, cache)?;
    let number = |path: &str| path.rsplit_once('/').and_then(|(_, number)| number.parse::<usize>().ok());
    let paths: HashMap<usize, &str> = probe.files.iter().filter_map(|it| Some((number(&it.path)?, &*it.path))).collect();
    let open = cache.open(file)?;
    let length = open.length();
    let (_, same) = contents(file, BufReader::new(open), length)?;
    let count = same.len();
    let mut found = Vec::with_capacity(count);
    for (at, same) in same.into_iter().enumerate() {
        let place = |number: usize| {
            let path = paths.get(&number).copied().unwrap_or_default();
            let missing = || DataError::UnknownImages { file: file.to_owned(), first: path.to_owned(), line: at as u64 + 1, count: 1 };
            table.place_of(path).ok_or_else(missing)
        };
        let (a, b) = (place(2 * at)?, place(2 * at + 1)?);
        found.push(PairLine { line: at as u64 + 1, fold: fold(at, count), same, a, b });
    }
    Ok(found)
}

/// The fold of a pair: the first ones have one more where the count is no multiple.
fn fold(at: usize, count: usize) -> u32 {
    let (each, more) = (count / FOLDS, count % FOLDS);
    let long = more * (each + 1);
    (if at < long { at / (each + 1) } else { more + (at - long) / each.max(1) }) as u32
}

/// Where the images of a pack lie, and what it says of its pairs.
fn contents<R: Read + Seek>(path: &Path, mut from: BufReader<R>, length: u64) -> Result<(Vec<(u64, u64)>, Vec<bool>), DataError> {
    let PackedPairs { images, same } = packed_pairs(&mut from, length).map_err(|error| damaged(path, why(&error)))?;
    let mut from = from.into_inner();
    let said = |truth: Truth| match truth {
        Truth::Said(same) => Ok(same),
        Truth::At(at) => {
            let mut byte = [0];
            let read = from.seek(SeekFrom::Start(at)).and_then(|_| from.read_exact(&mut byte));
            read.map_err(|error| unreadable(path, &error))?;
            match byte {
                [byte @ (0 | 1)] => Ok(byte == 1),
                _ => Err(damaged(path, format!("byte {at} should say whether a pair is of one person"))),
            }
        }
    };
    Ok((images, same.into_iter().map(said).collect::<Result<_, _>>()?))
}

/// What is wrong with a pack.
fn why(error: &TensorError) -> String {
    match error {
        TensorError::Refused { name } => format!("the pickle names {}, which no image needs; nothing of it was run", quoted(name)),
        TensorError::Opcode { code, at } => {
            format!("the pickle has the instruction {code:#04x} at byte {at}, which no image needs; nothing of it was run")
        }
        TensorError::Broken(what) => format!("it is damaged: {what}"),
        other => other.to_string(),
    }
}

/// The first image of each image's person.
fn people(digests: &[Digest], same: &[bool]) -> Vec<usize> {
    let mut first: Vec<usize> = (0..digests.len()).collect();
    let mut known: HashMap<Digest, usize> = HashMap::new();
    for (at, digest) in digests.iter().enumerate() {
        let equal = *known.entry(*digest).or_insert(at);
        join(&mut first, at, equal);
    }
    for (pair, _) in same.iter().enumerate().filter(|(_, same)| **same) {
        join(&mut first, 2 * pair, 2 * pair + 1);
    }
    (0..first.len()).map(|at| root(&mut first, at)).collect()
}

fn root(first: &mut [usize], mut at: usize) -> usize {
    while first[at] != at {
        first[at] = first[first[at]];
        at = first[at];
    }
    at
}

fn join(first: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(first, a), root(first, b));
    first[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_those_of_k_fold() {
        let counts = |count: usize| {
            (0..count).fold([0; FOLDS], |mut all, at| {
                all[fold(at, count) as usize] += 1;
                all
            })
        };
        assert_eq!(counts(6_000), [600; 10]);
        assert_eq!(counts(23), [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(counts(3)[..4], [1, 1, 1, 0]);
        assert!((1..100).all(|count| (1..count).all(|at| fold(at, count) >= fold(at - 1, count))));
    }

    #[test]
    fn people_are_told_apart_as_far_as_the_pack_tells() {
        let digest = |byte: u8| Digest::of(&[byte]);
        // 0 and 1 are one person; 2 has the bytes of 1; 4 and 5 are two
        let digests = [0, 1, 1, 3, 4, 5].map(digest);
        assert_eq!(people(&digests, &[true, false, false]), [0, 0, 0, 3, 4, 5]);
        assert_eq!(people(&digests, &[false, true, true]), [0, 1, 1, 1, 4, 4]);
    }
}
