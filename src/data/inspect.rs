//! Every image of a data set decoded once, for whoever wants to know what is wrong with it: what is damaged, what is there twice, what shows
//! nothing.

use super::image::Image;
use super::probe::Digest;
use super::{DataError, Table};
use ddl_base::meter;
use rayon::prelude::*;
use serde::Serialize;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// How many images were looked at.
    pub images: usize,
    /// Those that can't be decoded or read, in table order.
    pub damaged: Vec<Damaged>,
    /// Images of equal pixels under several people, in table order of the first.
    pub doubled: Vec<Doubled>,
    /// How many images have the pixels of another of the same person.
    pub repeated: usize,
    /// Images of one colour all over, in table order.
    pub empty: Vec<String>,
}

/// An image that can't be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damaged {
    /// Where it is.
    pub image: String,
    /// Why.
    pub why: String,
}

/// Images of equal pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubled {
    /// The people that they are said to show.
    pub people: Vec<String>,
    /// The first image of each.
    pub images: Vec<String>,
}

impl Inspection {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.damaged.is_empty() && self.doubled.is_empty() && self.empty.is_empty()
    }
}

/// What became of an image.
enum Seen {
    Pixels { digest: Digest, is_empty: bool },
    Damaged(Damaged),
}

/// Decodes all images of a table in parallel. What is drawn is drawn.
///
/// # Errors
/// Data that changed while it was looked at.
pub fn inspect(table: &Table) -> Result<Inspection, DataError> {
    let work = meter::begin("looking at images", "images", table.len() as u64);
    let look = |row: usize| {
        work.add(1);
        let Some(sample) = table.row(row) else {
            return Err(DataError::Argument { what: "inspect", why: format!("there is no row {row}") });
        };
        let source = sample.source();
        match source.open(source.digest()) {
            Ok(image) => Ok(Seen::Pixels { digest: pixels(&image), is_empty: is_empty(&image) }),
            Err(DataError::Corrupt { image, why }) => Ok(Seen::Damaged(Damaged { image, why })),
            Err(error @ DataError::Unreadable { .. }) => Ok(Seen::Damaged(Damaged { image: source.to_string(), why: error.to_string() })),
            Err(other) => Err(other),
        }
    };
    let seen: Vec<Seen> = (0..table.len()).into_par_iter().map(look).collect::<Result<_, _>>()?;
    let mut found = Inspection { images: table.len(), ..Inspection::default() };
    let place = |row: u32| table.row(row as usize).map(|row| row.source().to_string()).unwrap_or_default();
    let mut digests: Vec<(Digest, u32, u32)> = Vec::new();
    for (seen, (row, number)) in seen.into_iter().zip(table.rows().zip(0..)) {
        match seen {
            Seen::Damaged(damaged) => found.damaged.push(damaged),
            Seen::Pixels { is_empty: true, .. } => found.empty.push(place(number)),
            Seen::Pixels { digest, is_empty: false } => digests.push((digest, row.class(), number)),
        }
    }
    digests.par_sort_unstable();
    let mut doubled: Vec<Vec<u32>> = Vec::new();
    for alike in digests.chunk_by(|a, b| a.0 == b.0) {
        let mut first: Vec<u32> = alike.chunk_by(|a, b| a.1 == b.1).map(|of_one| of_one[0].2).collect();
        found.repeated += alike.len() - first.len();
        if first.len() > 1 {
            first.sort_unstable();
            doubled.push(first);
        }
    }
    doubled.sort_unstable();
    let person = |row: &u32| table.row(*row as usize).map(|row| row.identity().to_owned()).unwrap_or_default();
    found.doubled = doubled
        .into_iter()
        .map(|rows| Doubled { people: rows.iter().map(person).collect(), images: rows.into_iter().map(place).collect() })
        .collect();
    Ok(found)
}

/// What tells the pixels of an image from those of another.
fn pixels(image: &Image) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&image.width().to_le_bytes()).update(&image.height().to_le_bytes()).update(image.pixels());
    Digest::from(hasher.finalize())
}

/// Whether an image has one colour all over.
fn is_empty(image: &Image) -> bool {
    let (pixels, _) = image.pixels().as_chunks::<3>();
    pixels.iter().all(|pixel| *pixel == pixels[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::ProbeCache;
    use crate::readers::{IdentityRule, image_folder};
    use std::path::Path;

    fn ppm(colours: [u8; 2]) -> Vec<u8> {
        [b"P6 2 1 255\n".to_vec(), vec![colours[0]; 3], vec![colours[1]; 3]].concat()
    }

    #[test]
    fn what_is_damaged_doubled_or_empty_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, bytes: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        put("ann/1.ppm", &ppm([1, 2]));
        put("ann/2.ppm", &ppm([1, 2])); // twice of one person
        put("ann/3.ppm", &ppm([7, 7])); // one colour
        put("bob/1.pnm", b"P3 2 1 255 1 1 1 2 2 2\n"); // other bytes, and the pixels of ann's
        put("bob/2.ppm", b"no image");
        put("bob/3.ppm", b"");
        put("cem/1.ppm", &ppm([3, 4]));
        let table = image_folder(folder.path(), &IdentityRule::FirstFolder, &ProbeCache::none()).unwrap().table;
        let found = inspect(&table).unwrap();
        let short = |place: &String| place.rsplit('/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/");
        assert_eq!((found.images, found.repeated, found.is_good()), (7, 1, false));
        assert_eq!(found.damaged.iter().map(|it| short(&it.image)).collect::<Vec<_>>(), ["bob/2.ppm", "bob/3.ppm"]);
        assert_eq!(found.empty.iter().map(short).collect::<Vec<_>>(), ["ann/3.ppm"]);
        let [doubled] = &found.doubled[..] else { panic!("{found:?}") };
        assert_eq!(doubled.people, ["ann", "bob"]);
        assert_eq!(doubled.images.iter().map(short).collect::<Vec<_>>(), ["ann/1.ppm", "bob/1.pnm"]);
    }
}
