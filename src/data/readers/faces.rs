//! Faces drawn by the program itself, as a table.

use crate::data::faces::FaceSet;
use crate::data::image::Image;
use crate::data::stream::Colour;
use crate::data::{AttributeType, Cell, DataError, ImageSource, NewRow, RenderedSet, Schema, Stream, Table, TableBuilder};
use std::sync::Arc;

/// The alignment template that drawn faces follow (spec/method.md 6.9).
pub const ARCFACE_TEMPLATE: &str = "arcface112";

/// A set of drawn faces that can be asked for its images.
#[derive(Debug)]
struct DrawnFaces {
    set: FaceSet,
    id: String,
}

impl RenderedSet for DrawnFaces {
    fn id(&self) -> &str {
        &self.id
    }

    fn render(&self, index: usize) -> Result<Image, DataError> {
        let side = self.set.size().0;
        let beyond = || DataError::Argument { what: "synthetic_faces", why: format!("there is no image {index}") };
        self.set.render(index as u64).and_then(|pixels| Image::new(side, side, pixels)).ok_or_else(beyond)
    }
}

/// The faces of a set with their known `.yaw` and `.pitch`; nothing is drawn yet. Errors: more than 4,294,967,295 images.
pub fn synthetic_faces(set: FaceSet) -> Result<Table, DataError> {
    let id = format!("faces 1 {}", serde_json::to_string(&set).unwrap_or_default()); // plain numbers and texts: JSON can write them
    let drawn: Arc<dyn RenderedSet> = Arc::new(DrawnFaces { set, id: id.clone() });
    let too_many = |_| DataError::Argument { what: "synthetic_faces", why: format!("{} images are too many", set.len()) };
    let count = u32::try_from(set.len()).map_err(too_many)?;
    let mut builder = TableBuilder::new(Schema::new(["yaw", "pitch"].map(|name| (name.to_owned(), AttributeType::Angle))));
    for (index, face) in (0..count).zip(set.views()) {
        builder.push(NewRow {
            path: Arc::from(face.path),
            identity: Arc::from(face.identity),
            size: Some((set.size().0, set.size().0)),
            source: ImageSource::Rendered { set: drawn.clone(), index },
            cells: vec![Cell::angle(face.yaw), Cell::angle(face.pitch)],
        });
    }
    builder.build(&id, Stream { colour: Some(Colour::Rgb), alignment: Some(ARCFACE_TEMPLATE.to_owned()), ..Stream::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::decode;
    use crate::quantity::{Angle, Interval, Pixels};

    #[test]
    fn drawn_faces_are_a_table_like_any_other() {
        let yaw = Interval { from: Angle::degrees(40.0), to: Angle::degrees(60.0) };
        let table = synthetic_faces(FaceSet::new(3, 2, yaw, Pixels(32), 1).unwrap()).unwrap();
        assert_eq!((table.len(), table.labels().len(), table.stream().size), (6, 3, Some((32, 32))));
        let turned = |cell: Cell| (40f64.to_radians()..=60f64.to_radians()).contains(&cell.as_number().unwrap());
        assert!(table.rows().all(|row| turned(row.cell("yaw").unwrap())));
        let image = decode::open(table.row(5).unwrap().source(), None).unwrap();
        assert_eq!(image.size(), (32, 32));
    }
}
