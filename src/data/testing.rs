//! Small tables for this room's tests: `people([("ann", 3), ("bob", 2)])`.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "rows, sides and lengths that were held against their limits"
)]

use super::held::{Folder, Held};
use super::image::Image;
use super::probe::{Digest, FileFacts, Probe};
use super::{AttributeType, Cell, DataError, ImageSet, ImageSource, Name, NewRow, Schema, Stream, Table, TableBuilder};
use std::path::Path;
use std::sync::Arc;

/// Images of 8x6 whose pixels tell their index.
#[derive(Debug)]
pub(super) struct Stripes;

impl ImageSet for Stripes {
    fn id(&self) -> &[u8] {
        b"stripes"
    }
    fn name(&self, image: u32) -> Name<'_> {
        Name::Number(image)
    }
    fn place(&self, image: u32) -> String {
        format!("drawn image {image}")
    }
    fn digest(&self, _: u32) -> Option<Digest> {
        None
    }
    fn open(&self, image: u32, _: Option<Digest>) -> Result<Image, DataError> {
        Ok(Image::from_fn(8, 6, |x, y| [image as u8, (x * 30) as u8, (y * 40) as u8]))
    }
}

/// These files below a folder, which nobody looked at.
pub(super) fn files_of(root: &Path, files: &[&str]) -> Arc<dyn ImageSet> {
    let facts = |path: &&str| FileFacts { path: Arc::from(*path), offset: 0, bytes: 0, digest: Digest::of(b""), size: None, told: None };
    Arc::new(Held::new(Folder::at(root), Arc::new(Probe::of(files.iter().map(facts).collect()))))
}

/// A table of these people with so many images each, named `ann/0`, `ann/1`, …; `.yaw` is the image's number in degrees,
/// `.race` is `even` or `odd` by the person's place, `.age` is missing for the first image of each.
pub(super) fn people<const N: usize>(people: [(&str, usize); N]) -> Table {
    people_called(people, |name, image| format!("{name}/{image}"))
}

/// The same, whose images have other names.
pub(super) fn people_called<const N: usize>(people: [(&str, usize); N], path: impl Fn(&str, usize) -> String) -> Table {
    let race = AttributeType::Category(Arc::from([]));
    let schema = [("yaw".to_owned(), AttributeType::Angle), ("race".to_owned(), race), ("age".to_owned(), AttributeType::Number)];
    let mut builder = TableBuilder::new(Schema::new(schema));
    let set = Arc::new(Stripes);
    let mut index = 0;
    for (place, (name, images)) in people.into_iter().enumerate() {
        for image in 0..images {
            let age = if image == 0 { Cell::Missing } else { Cell::Number(20.0 + image as f64) };
            let race = Cell::text(if place % 2 == 0 { "even" } else { "odd" });
            builder.push(NewRow {
                path: Arc::from(path(name, image)),
                identity: Arc::from(name),
                size: Some((8, 6)),
                source: ImageSource::new(set.clone(), index),
                cells: vec![Cell::Number((image as f64).to_radians()), race, age],
            });
            index += 1;
        }
    }
    builder.build("test", Stream::default()).unwrap()
}

/// The paths of a table, in order.
pub(super) fn paths(table: &Table) -> Vec<String> {
    table.rows().map(|row| row.path().into_owned()).collect()
}

/// The names of a table's label space, in order.
pub(super) fn names(table: &Table) -> Vec<String> {
    table.labels().names().iter().map(ToString::to_string).collect()
}
