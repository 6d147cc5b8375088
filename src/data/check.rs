//! Every image is decoded once before training starts, so that a corrupt one does not stop it an hour later.

use super::{DataError, ImageSource, Table, decode};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What happens to images that can't be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorruptPolicy {
    /// They are an error that names and counts them.
    #[default]
    Stop,
    /// They are left out, counted and named.
    Skip,
}

/// A table whose images can all be decoded.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The samples that are left.
    pub table: Table,
    /// The others: one error each, in table order.
    pub corrupt: Vec<DataError>,
}

/// How many corrupt images an error lists.
const LISTED: usize = 10;

/// Decodes every image of a table in parallel (drawn ones are not drawn: they can't be corrupt); sizes are checked against `size` where the
/// stream refuses to resize. The label space stays. Errors: [`DataError::CorruptImages`] under [`CorruptPolicy::Stop`];
/// [`DataError::Size`]; nothing left.
pub fn check_all(table: &Table, policy: CorruptPolicy, size: Option<(u32, u32)>) -> Result<Checked, DataError> {
    let wanted = size.filter(|_| table.stream().refuse_resize);
    let checked: Vec<Result<Option<u32>, DataError>> = (0..table.len())
        .into_par_iter()
        .map(|row| {
            let Some(sample) = table.row(row) else { return Ok(None) }; // not reached: row < len
            let found = match sample.source() {
                ImageSource::File { .. } => decode::open(sample.source())?.size(),
                ImageSource::Rendered { .. } => sample.size().unwrap_or_default(),
            };
            match wanted {
                Some(wanted) if wanted != found => Err(DataError::Size { image: sample.source().to_string(), found, wanted }),
                Some(_) | None => Ok(Some(table.place(row))),
            }
        })
        .collect();
    let (mut kept, mut corrupt) = (Vec::with_capacity(table.len()), Vec::new());
    for outcome in checked {
        match outcome {
            Ok(place) => kept.extend(place),
            Err(wrong_size @ DataError::Size { .. }) => return Err(wrong_size),
            Err(error) => corrupt.push(error),
        }
    }
    if corrupt.is_empty() {
        return Ok(Checked { table: table.clone(), corrupt });
    }
    if policy == CorruptPolicy::Stop {
        let first = corrupt.iter().take(LISTED).map(ToString::to_string).collect();
        return Err(DataError::CorruptImages { count: corrupt.len(), total: table.len(), first });
    }
    if kept.is_empty() {
        return Err(DataError::Empty { view: "leaving out corrupt images".to_owned(), total: table.len() });
    }
    Ok(Checked { table: table.with_rows(kept), corrupt })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::paths;
    use crate::data::{NewRow, Schema, Stream, TableBuilder};
    use ::image::{ExtendedColorType, ImageEncoder, codecs::bmp::BmpEncoder};
    use std::path::Path;
    use std::sync::Arc;

    fn table(root: &Path, files: &[&str]) -> Table {
        let mut builder = TableBuilder::new(Schema::default());
        for file in files {
            let source = ImageSource::File { root: Arc::from(root), file: Arc::from(*file) };
            builder.push(NewRow { path: Arc::from(*file), identity: Arc::from("ann"), size: None, source, cells: Vec::new() });
        }
        builder.build("test", Stream::default()).unwrap()
    }

    #[test]
    fn corrupt_images_stop_or_are_skipped_and_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = Vec::new();
        BmpEncoder::new(&mut bytes).write_image(&[1; 12], 2, 2, ExtendedColorType::Rgb8).unwrap();
        std::fs::write(folder.path().join("good.jpg"), &bytes).unwrap();
        std::fs::write(folder.path().join("bad.jpg"), "no image").unwrap();
        let table = table(folder.path(), &["good.jpg", "bad.jpg", "gone.jpg"]);
        let error = check_all(&table, CorruptPolicy::Stop, None).unwrap_err().to_string();
        assert!(error.starts_with("2 of 3 images can't be decoded:\n"), "{error}");
        assert!(error.contains("bad.jpg: not an image that ddl knows"), "{error}");
        let checked = check_all(&table, CorruptPolicy::Skip, None).unwrap();
        assert_eq!((paths(&checked.table), checked.corrupt.len()), (vec!["good.jpg".to_owned()], 2));
        let exact = checked.table.with_stream(Stream { refuse_resize: true, ..Stream::default() });
        assert!(check_all(&exact, CorruptPolicy::Skip, Some((2, 2))).is_ok());
        let error = check_all(&exact, CorruptPolicy::Skip, Some((112, 112))).unwrap_err().to_string();
        assert!(error.ends_with("good.jpg is 2x2, wanted 112x112"), "{error}");
    }
}
