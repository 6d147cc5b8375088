//! A file that gives the bytes that were hashed, or none: what is made of it is made of what its digest stands for.
//!
//! A file of gigabytes is not kept in memory between the hashing and the reading, and anybody may write to it meanwhile. So each piece has
//! a digest of its own, and is held against it whenever it is read.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "lengths and places in files that were read")]

use crate::regular;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes of a piece: memory that reading takes.
const PIECE: u64 = 1 << 20;

/// An open file whose bytes were hashed.
#[derive(Debug)]
pub struct Pinned {
    file: File,
    length: u64,
    /// The digests of its pieces; without them it is read as it is.
    pieces: Option<Vec<blake3::Hash>>,
    /// The piece that was read last, and its number.
    piece: Option<(u64, Vec<u8>)>,
    at: u64,
    changed: bool,
}

impl Pinned {
    /// Opens a file of which nothing is known.
    ///
    /// # Errors
    /// As [`regular::open`].
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = regular::open(path)?;
        let length = file.metadata()?.len();
        Ok(Pinned { file, length, pieces: None, piece: None, at: 0, changed: false })
    }

    /// Opens a file and hashes it: with the digest of all of it, in hexadecimal digits.
    ///
    /// # Errors
    /// As [`regular::open`]; what the system refuses.
    pub fn hashed(path: &Path) -> io::Result<(Self, String)> {
        let mut open = Pinned::open(path)?;
        let (mut whole, mut pieces, mut length) = (blake3::Hasher::new(), Vec::new(), 0);
        let mut piece = Vec::new();
        loop {
            piece.clear();
            (&mut open.file).take(PIECE).read_to_end(&mut piece)?;
            if piece.is_empty() {
                break;
            }
            length += piece.len() as u64;
            whole.update(&piece);
            pieces.push(blake3::hash(&piece));
        }
        Ok((Pinned { length, pieces: Some(pieces), ..open }, whole.finalize().to_hex().to_string()))
    }

    /// Its length in bytes, as it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether a piece of it was no longer what was hashed: an error of reading is of this, then.
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// The bytes of a piece, which are those that were hashed.
    fn piece(&mut self, number: u64, digest: blake3::Hash) -> io::Result<&[u8]> {
        if self.piece.as_ref().is_none_or(|(known, _)| *known != number) {
            let mut bytes = self.piece.take().map(|(_, bytes)| bytes).unwrap_or_default();
            bytes.clear();
            self.file.seek(SeekFrom::Start(number * PIECE))?;
            (&mut self.file).take(PIECE.min(self.length - number * PIECE)).read_to_end(&mut bytes)?;
            if blake3::hash(&bytes) != digest {
                self.changed = true;
                return Err(io::Error::other("it is no longer what it was when it was opened"));
            }
            self.piece = Some((number, bytes));
        }
        Ok(self.piece.as_ref().map_or(&[], |(_, bytes)| bytes))
    }
}

impl Read for Pinned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (number, inside) = (self.at / PIECE, (self.at % PIECE) as usize);
        let read = match &self.pieces {
            None => self.file.read(buffer)?,
            Some(pieces) => match pieces.get(number as usize).copied() {
                None => 0,
                Some(digest) => self.piece(number, digest)?.get(inside..).unwrap_or_default().read(buffer)?,
            },
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Pinned {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let at = at.ok_or(io::ErrorKind::InvalidInput)?;
        if self.pieces.is_none() {
            self.file.seek(SeekFrom::Start(at))?;
        }
        self.at = at;
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn all(file: &mut Pinned) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn every_length_is_read_as_it_was_hashed_from_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            let (mut hashed, digest) = Pinned::hashed(&path).unwrap();
            assert_eq!((digest.as_str(), hashed.length()), (blake3::hash(&bytes).to_hex().as_str(), length));
            for file in [&mut hashed, &mut Pinned::open(&path).unwrap()] {
                assert!(all(file).unwrap() == bytes && !file.changed());
                for from in [length / 2, length, length + 7] {
                    let mut rest = Vec::new();
                    assert_eq!(file.seek(SeekFrom::End(from as i64 - length as i64)).unwrap(), from);
                    file.read_to_end(&mut rest).unwrap();
                    assert!(rest == bytes[(from as usize).min(bytes.len())..], "{length} from {from}");
                }
            }
        }
    }

    #[test]
    fn no_byte_is_given_that_was_not_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let edits: [(&str, &dyn Fn()); 4] = [
            ("a byte", &|| {
                let mut file = std::fs::File::options().write(true).open(&path).unwrap();
                file.seek(SeekFrom::Start(2 * PIECE + 1)).unwrap();
                file.write_all(&[8]).unwrap();
            }),
            ("cut short", &|| std::fs::File::options().write(true).open(&path).unwrap().set_len(2 * PIECE + 1).unwrap()),
            ("written anew", &|| std::fs::write(&path, vec![8; 3 * PIECE as usize]).unwrap()),
            ("empty", &|| std::fs::write(&path, "").unwrap()),
        ];
        for (how, edit) in edits {
            std::fs::write(&path, vec![7; 3 * PIECE as usize]).unwrap();
            let (mut file, _) = Pinned::hashed(&path).unwrap();
            edit();
            assert!(all(&mut file).is_err() && file.changed(), "{how}");
        }
        // what is put in its place is another file, and what grows has what it had
        let edits: [&dyn Fn(); 2] = [
            &|| {
                std::fs::write(folder.path().join("b"), "other").unwrap();
                std::fs::rename(folder.path().join("b"), &path).unwrap();
            },
            &|| std::fs::File::options().append(true).open(&path).unwrap().write_all(&[8]).unwrap(),
        ];
        for edit in edits {
            std::fs::write(&path, vec![7; 3 * PIECE as usize]).unwrap();
            let (mut file, _) = Pinned::hashed(&path).unwrap();
            edit();
            assert!(all(&mut file).unwrap() == vec![7; 3 * PIECE as usize] && !file.changed());
        }
    }
}
