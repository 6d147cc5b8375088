//! Faces drawn by the program itself, as a table.

use crate::faces::FaceSet;
use crate::image::Image;
use crate::probe::Digest;
use crate::stream::Colour;
use crate::{AttributeType, DataError, ImageSet, MadeSet, Name, Stream, Table};
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// The alignment template that drawn faces follow (spec/method.md 6.9).
pub const ARCFACE_TEMPLATE: &str = "arcface112";

/// A set of drawn faces that can be asked for its images.
#[derive(Debug)]
struct DrawnFaces {
    set: FaceSet,
    id: String,
}

impl ImageSet for DrawnFaces {
    fn id(&self) -> &[u8] {
        self.id.as_bytes()
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
        let side = self.set.size().0;
        let beyond = || DataError::Argument { what: "synthetic_faces", why: format!("there is no image {image}") };
        self.set.render(u64::from(image)).and_then(|pixels| Image::new(side, side, pixels)).ok_or_else(beyond)
    }
}

/// The attributes that are known of drawn faces.
pub const FACE_ATTRIBUTES: [(&str, AttributeType); 2] = [("yaw", AttributeType::Angle), ("pitch", AttributeType::Angle)];

impl MadeSet for DrawnFaces {
    fn samples(&self) -> u32 {
        self.set.identities() * self.set.images() // no more than a table has rows
    }

    fn people(&self) -> u32 {
        self.set.identities()
    }

    fn person(&self, sample: u32) -> u32 {
        sample / self.set.images()
    }

    fn of_person(&self, person: u32) -> Range<u32> {
        person * self.set.images()..(person + 1) * self.set.images()
    }

    fn identity(&self, person: u32) -> String {
        FaceSet::identity(person)
    }

    fn path(&self, sample: u32) -> String {
        self.set.path(u64::from(sample)).unwrap_or_default() // samples are below the end
    }

    fn sample(&self, path: &str) -> Option<u32> {
        self.set.index(path).and_then(|index| u32::try_from(index).ok())
    }

    fn compare(&self, one: u32, other: u32) -> Ordering {
        self.set.compare(u64::from(one), u64::from(other))
    }

    fn size(&self) -> (u32, u32) {
        (self.set.size().0, self.set.size().0)
    }

    fn number(&self, attribute: usize, sample: u32) -> f64 {
        let angle = if attribute == 0 { self.set.yaw_of(u64::from(sample)) } else { self.set.pitch_of(u64::from(sample)) };
        angle.map_or(0.0, ddl_base::quantity::Angle::as_radians) // samples are below the end
    }
}

/// The faces of a set with their known `.yaw` and `.pitch`; nothing is drawn yet. Errors: more than 4,294,967,295 images.
pub fn synthetic_faces(set: FaceSet) -> Result<Table, DataError> {
    let id = format!("faces 1 {}", serde_json::to_string(&set).unwrap_or_default()); // plain numbers and texts: JSON can write them
    let too_many = |_| DataError::Argument { what: "synthetic_faces", why: format!("{} images are too many", set.len()) };
    u32::try_from(set.len()).map_err(too_many)?;
    let drawn = Arc::new(DrawnFaces { set, id });
    let stream = Stream { colour: Some(Colour::Rgb), alignment: Some(ARCFACE_TEMPLATE.to_owned()), ..Stream::default() };
    Table::made(drawn, &FACE_ATTRIBUTES, stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cell;
    use ddl_base::quantity::{Angle, Interval, Pixels};

    #[test]
    fn drawn_faces_are_a_table_like_any_other() {
        let yaw = Interval { from: Angle::degrees(40.0), to: Angle::degrees(60.0) };
        let table = synthetic_faces(FaceSet::new(3, 2, yaw, Pixels(32), 1).unwrap()).unwrap();
        assert_eq!((table.len(), table.labels().len(), table.stream().size), (6, 3, Some((32, 32))));
        let turned = |cell: Cell| (40f64.to_radians()..=60f64.to_radians()).contains(&cell.as_number().unwrap());
        assert!(table.rows().all(|row| turned(row.cell("yaw").unwrap())));
        let image = table.row(5).unwrap().source().open(None).unwrap();
        assert_eq!(image.size(), (32, 32));
    }
}
