//! Every image is decoded once before training starts, so that a corrupt one does not stop it an hour later.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::loader::ImageCache;
use super::probe::{Digest, Sound, Verdict};
use super::table::{Row, Rows};
use super::{DataError, Table};
use ddl_base::meter;
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

/// Looks at every image of a table in parallel: decodes it, unless `sound` knows what came of that (drawn ones are not drawn: they can't be
/// corrupt). Sizes are checked against `size` where the stream refuses to resize. The label space stays.
/// Errors: [`DataError::CorruptImages`] under [`CorruptPolicy::Stop`]; [`DataError::Size`]; nothing left; and under each policy whatever is
/// no corruption: a file that can't be read, or that changed.
pub fn check_all(
    table: &Table,
    policy: CorruptPolicy,
    size: Option<(u32, u32)>,
    images: &ImageCache,
    sound: &mut Sound,
) -> Result<Checked, DataError> {
    let work = meter::begin("looking at images", "images", table.len() as u64);
    let wanted = size.filter(|_| table.stream().refuse_resize);
    let known: &Sound = sound;
    let checked: Vec<Result<Looked, DataError>> = (0..table.len())
        .into_par_iter()
        .map(|row| {
            work.add(1);
            let Some(sample) = table.row(row) else { return Ok(Looked::default()) }; // not reached: row < len
            let looked = look(&sample, images, known)?;
            match (wanted, looked.size) {
                (Some(wanted), Some(found)) if wanted != found => {
                    Err(DataError::Size { image: sample.source().to_string(), found, wanted })
                }
                _ => Ok(looked),
            }
        })
        .collect();
    let (mut kept, mut corrupt, mut wrong) = (Vec::with_capacity(table.len()), Vec::new(), None);
    for (row, outcome) in checked.into_iter().enumerate() {
        let looked = match outcome {
            Ok(looked) => looked,
            Err(error) => {
                wrong = wrong.or(Some(error));
                continue;
            }
        };
        if let Some((digest, verdict)) = looked.learned {
            sound.learn(digest, verdict);
        }
        match looked.corrupt {
            None => kept.extend(table.row(row).map(|sample| sample.index() as u32)),
            Some(error) => corrupt.push(error),
        }
    }
    if let Some(error) = wrong {
        return Err(error);
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
    Ok(Checked { table: table.with_rows(Rows::rising(kept)), corrupt })
}

/// What came of looking at an image.
#[derive(Default)]
struct Looked {
    size: Option<(u32, u32)>,
    corrupt: Option<DataError>,
    learned: Option<(Digest, Verdict)>,
}

fn look(sample: &Row<'_>, images: &ImageCache, known: &Sound) -> Result<Looked, DataError> {
    let source = sample.source();
    if source.is_drawn() {
        return Ok(Looked { size: sample.size(), ..Looked::default() });
    }
    let digest = images.digest_of(&source);
    match digest.and_then(|digest| known.of(digest)) {
        Some(Verdict::Good) => return Ok(Looked { size: sample.size(), ..Looked::default() }),
        Some(Verdict::Corrupt(why)) => {
            let corrupt = DataError::Corrupt { image: source.to_string(), why };
            return Ok(Looked { corrupt: Some(corrupt), ..Looked::default() });
        }
        None => {}
    }
    let learned = |verdict| digest.map(|digest| (digest, verdict));
    match images.open(&source) {
        Ok(image) => Ok(Looked { size: Some(image.size()), corrupt: None, learned: learned(Verdict::Good) }),
        Err(DataError::Corrupt { image, why }) => {
            let learned = learned(Verdict::Corrupt(why.clone()));
            Ok(Looked { size: None, corrupt: Some(DataError::Corrupt { image, why }), learned })
        }
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::ProbeCache;
    use crate::readers::{IdentityRule, image_folder};
    use crate::testing::{files_of, paths};
    use crate::{ImageSource, NewRow, Schema, Stream, TableBuilder};
    use ::image::{ExtendedColorType, ImageEncoder, codecs::bmp::BmpEncoder};
    use ddl_base::quantity::Bytes;
    use std::path::Path;
    use std::sync::Arc;

    fn table(root: &Path, files: &[&str]) -> Table {
        let set = files_of(root, files);
        let mut builder = TableBuilder::new(Schema::default());
        for (file, at) in files.iter().zip(0..) {
            let source = ImageSource::new(set.clone(), at);
            builder.push(NewRow { path: Arc::from(*file), identity: Arc::from("ann"), size: None, source, cells: Vec::new() });
        }
        builder.build("test", Stream::default()).unwrap()
    }

    fn bmp() -> Vec<u8> {
        let mut bytes = Vec::new();
        BmpEncoder::new(&mut bytes).write_image(&[1; 12], 2, 2, ExtendedColorType::Rgb8).unwrap();
        bytes
    }

    fn images() -> ImageCache {
        ImageCache::new(Bytes(0))
    }

    #[test]
    fn corrupt_images_stop_or_are_skipped_and_are_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("good.jpg"), bmp()).unwrap();
        std::fs::write(folder.path().join("bad.jpg"), "no image").unwrap();
        std::fs::write(folder.path().join("empty.jpg"), "").unwrap();
        let table = table(folder.path(), &["good.jpg", "bad.jpg", "empty.jpg"]);
        let check = |table: &Table, policy, size| check_all(table, policy, size, &images(), &mut Sound::default());
        let error = check(&table, CorruptPolicy::Stop, None).unwrap_err().to_string();
        assert!(error.starts_with("2 of 3 images can't be decoded:\n"), "{error}");
        assert!(error.contains("bad.jpg: not an image that ddl knows"), "{error}");
        let checked = check(&table, CorruptPolicy::Skip, None).unwrap();
        assert_eq!((paths(&checked.table), checked.corrupt.len()), (vec!["good.jpg".to_owned()], 2));
        let exact = checked.table.with_stream(Stream { refuse_resize: true, ..Stream::default() });
        assert!(check(&exact, CorruptPolicy::Skip, Some((2, 2))).is_ok());
        let error = check(&exact, CorruptPolicy::Skip, Some((112, 112))).unwrap_err().to_string();
        assert!(error.ends_with("good.jpg is 2x2, wanted 112x112"), "{error}");
    }

    #[test]
    fn what_can_not_be_read_is_no_corruption_and_is_never_skipped() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("good.jpg"), bmp()).unwrap();
        std::fs::create_dir(folder.path().join("folder.jpg")).unwrap();
        for missing in ["gone.jpg", "folder.jpg", "good.jpg/beyond.jpg"] {
            let table = table(folder.path(), &["good.jpg", missing]);
            for policy in [CorruptPolicy::Stop, CorruptPolicy::Skip] {
                let error = check_all(&table, policy, None, &images(), &mut Sound::default()).unwrap_err();
                assert!(matches!(error, DataError::Unreadable { .. }), "{missing}: {error}");
            }
        }
    }

    #[test]
    fn what_was_decoded_is_not_decoded_again_and_what_changed_stops() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("ann")).unwrap();
        for (name, bytes) in [("ann/good.bmp", bmp()), ("ann/bad.bmp", b"BM".to_vec())] {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let probes = ProbeCache::none();
        let table = image_folder(folder.path(), &IdentityRule::FirstFolder, &probes).unwrap().table;
        let (images, mut sound) = (images().as_probed(), Sound::default());
        let mut check = |images: &ImageCache| check_all(&table, CorruptPolicy::Skip, None, images, &mut sound).map(|it| it.table.len());
        assert_eq!((check(&images).unwrap(), images.decoded()), (1, 2));
        assert_eq!((check(&images).unwrap(), images.decoded()), (1, 2), "none is decoded twice, the corrupt one neither");
        std::fs::write(folder.path().join("ann/good.bmp"), "something else").unwrap();
        let changed = check_all(&table, CorruptPolicy::Skip, None, &images, &mut Sound::default()).unwrap_err();
        assert!(matches!(&changed, DataError::Changed { path } if path.ends_with("ann/good.bmp")), "{changed}");
    }
}
