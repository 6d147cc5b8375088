//! A `.rec` with its `.idx`, `.lst` and `property`, as insightface's `face2rec2.py` writes them.
//!
//! Record 0 says where images and people end, records from 1 on are the images in the order of their people, and those behind them say
//! which of the images are of each person. What a record is stands at the reader ([`RecordIo`](crate::ops::readers::RecordIo)).

use super::names::Names;
use super::{Draft, Item, Whole, Write, WriteError, at};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// The first word of a record.
pub const MAGIC: [u8; 4] = 0xced7_230a_u32.to_le_bytes();

/// Bits of a record's length.
pub const LENGTH: u32 = 29;

/// Bytes before the labels.
pub const HEADER: usize = 24;

/// Labels are numbers of 32 bits: whole ones are told apart up to this.
const MOST: u64 = 1 << 24;

/// Records that are written.
pub struct Records {
    shown: PathBuf,
    rec: BufWriter<File>,
    index: BufWriter<File>,
    list: BufWriter<File>,
    property: Option<(PathBuf, BufWriter<File>)>,
    /// Where the next record begins.
    at: u64,
    /// The number of the next record.
    next: u64,
    /// The label of each person, with the first of their images and the one behind the last.
    people: Vec<(u64, u64, u64)>,
    names: Names,
    /// One more than the largest label.
    classes: u64,
    /// Widths and heights of images, the first two.
    sizes: Vec<Option<(u32, u32)>>,
}

impl Records {
    pub(super) fn new(whole: &Whole, draft: &Draft) -> Result<Self, WriteError> {
        let (images, people) = (whole.rows.len() as u64, whole.table.people() as u64);
        if images + people >= MOST {
            let why = format!(
                "{images} images of {people} people are more than its labels, of 32 bits, can count: write a .tfrecord or .parquet"
            );
            return Err(WriteError::Misfit(why));
        }
        let beside = |ending: &str| draft.file(&whole.to.with_extension(ending));
        let (shown, rec) = draft.file(whole.to)?;
        let property = draft.file(Path::new("property"))?;
        let (index, list) = (beside("idx")?.1, beside("lst")?.1);
        let mut writer = Records {
            shown,
            rec,
            index,
            list,
            property: Some(property),
            at: 0,
            next: 0,
            people: Vec::new(),
            names: Names::default(),
            classes: 0,
            sizes: Vec::new(),
        };
        writer.record(&[(images + 1) as f32, (images + 1 + people) as f32], true, &[])?;
        Ok(writer)
    }

    /// One record: labels, as a vector or as the one of an image, and an image.
    fn record(&mut self, labels: &[f32], is_vector: bool, image: &[u8]) -> Result<(), WriteError> {
        let mut bytes = Vec::with_capacity(HEADER + image.len() + 8);
        let (flag, label) = if is_vector { (labels.len() as u32, 0.0) } else { (0, labels.first().copied().unwrap_or(0.0)) };
        bytes.extend(flag.to_le_bytes());
        bytes.extend(f32::to_le_bytes(label));
        bytes.extend(self.next.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        if is_vector {
            labels.iter().for_each(|label| bytes.extend(label.to_le_bytes()));
        }
        bytes.extend(image);
        let parts = parts(&bytes);
        if parts.len() as u64 >= 1 << LENGTH {
            return Err(WriteError::Misfit(format!("an image of {} bytes is too long for a record", image.len())));
        }
        writeln!(self.index, "{}\t{}", self.next, self.at).map_err(at(&self.shown))?;
        self.rec.write_all(&parts).map_err(at(&self.shown))?;
        self.at += parts.len() as u64;
        self.next += 1;
        Ok(())
    }
}

/// The bytes of a record with the heads of its parts: it is parted where it holds the first word of one.
fn parts(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 12);
    let mut from = 0;
    let mut part = |kind: u32, bytes: &[u8]| {
        out.extend(MAGIC);
        out.extend((kind << LENGTH | bytes.len() as u32).to_le_bytes());
        out.extend(bytes);
    };
    for word in (0..bytes.len() / 4 * 4).step_by(4).filter(|word| bytes[*word..*word + 4] == MAGIC) {
        part(if from == 0 { 1 } else { 2 }, &bytes[from..word]);
        from = word + 4;
    }
    part(if from == 0 { 0 } else { 3 }, &bytes[from..]);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

impl Write for Records {
    fn add(&mut self, item: &Item) -> Result<(), WriteError> {
        let number = self.next;
        match self.people.last_mut() {
            Some((label, _, end)) if *label == item.label => *end = number + 1,
            _ => self.people.push((item.label, number, number + 1)),
        }
        self.classes = self.classes.max(item.label + 1);
        let size = item.row.size();
        if self.sizes.len() < 2 && !self.sizes.contains(&size) {
            self.sizes.push(size);
        }
        let name = self.names.path(item)?;
        writeln!(self.list, "{number}\t{}\t{name}", item.label).map_err(at(&self.shown))?;
        self.record(&[item.label as f32], false, &item.bytes)
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        for (_, from, to) in std::mem::take(&mut self.people) {
            self.record(&[from as f32, to as f32], true, &[])?;
        }
        if let Some((path, mut file)) = self.property.take() {
            // as images differ in size there is none of all
            let (width, height) = if let [Some(size)] = self.sizes[..] { size } else { (0, 0) };
            writeln!(file, "{},{height},{width}", self.classes).and_then(|()| file.flush()).map_err(at(&path))?;
        }
        let shown = &self.shown;
        self.rec.flush().and_then(|()| self.index.flush()).and_then(|()| self.list.flush()).map_err(at(shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_parted_where_it_holds_what_a_record_begins_with() {
        let word = |number: u32| number.to_le_bytes().to_vec();
        let head = |kind: u32, bytes: u32| [MAGIC.to_vec(), word(kind << LENGTH | bytes)].concat();
        assert_eq!(parts(b"abcde"), [head(0, 5), b"abcde\0\0\0".to_vec()].concat());
        let whole = [b"abcd".to_vec(), MAGIC.to_vec(), b"ef".to_vec()].concat();
        assert_eq!(parts(&whole), [head(1, 4), b"abcd".to_vec(), head(3, 2), b"ef\0\0".to_vec()].concat());
        let off = [b"a".to_vec(), MAGIC.to_vec()].concat();
        assert_eq!(parts(&off).len(), 8 + 8, "only where a word begins");
    }
}
