//! A pack of pairs: a pickle of two lists, the images and, for each pair of them, whether it is of one person.

use super::{Draft, Item, Pairs, Whole, Write, WriteError, at};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

/// A pickle of protocol 3, and a list that is open.
const BEGIN: &[u8] = b"\x80\x03](";

/// The end of the first list, and the next that is open.
const BETWEEN: &[u8] = b"e](";

/// The end of the second, both as one, and the end.
const END: &[u8] = b"e\x86.";

/// A pack that is written.
pub struct Pack {
    shown: PathBuf,
    file: BufWriter<File>,
    same: Vec<bool>,
}

impl Pack {
    pub fn new(whole: &Whole, draft: &Draft, pairs: Option<&Pairs>) -> Result<Self, WriteError> {
        let Some(pairs) = pairs else {
            return Err(WriteError::Misfit("a pack holds pairs: say which with --pairs FILE".to_owned()));
        };
        let same: Vec<bool> = pairs.lines.iter().map(|pair| pair.same).collect();
        if 2 * same.len() != whole.rows.len() {
            return Err(WriteError::Misfit("pairs name images that are not among these samples".to_owned()));
        }
        let (shown, mut file) = draft.file(whole.to)?;
        file.write_all(BEGIN).map_err(at(&shown))?;
        Ok(Pack { shown, file, same })
    }
}

impl Write for Pack {
    fn add(&mut self, item: &Item) -> Result<(), WriteError> {
        let length = u32::try_from(item.bytes.len()).unwrap_or(u32::MAX); // no image is so long
        let head = [&b"B"[..], &length.to_le_bytes()].concat();
        self.file.write_all(&head).and_then(|()| self.file.write_all(&item.bytes)).map_err(at(&self.shown))
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        let same: Vec<u8> = self.same.iter().map(|same| if *same { 0x88 } else { 0x89 }).collect();
        let rest = [BETWEEN, &same, END].concat();
        self.file.write_all(&rest).and_then(|()| self.file.flush()).map_err(at(&self.shown))
    }
}
