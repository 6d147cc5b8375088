//! A square that is cut out.

use super::Dice;
use crate::image::Image;
use ddl_base::quantity::{Interval, Pixels};
use serde::{Deserialize, Serialize};

/// A square of one grey value whose middle is any pixel, all as likely: what of it lies outside is lost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CutOut {
    /// The side of the square, drawn uniformly among whole pixels.
    pub side: Interval<Pixels>,
    /// Its grey value.
    pub fill: u8,
}

impl CutOut {
    /// The image with the hole.
    pub fn apply(self, mut image: Image, dice: &mut Dice<'_>) -> Image {
        let side = dice.whole("cut_out", i64::from(self.side.from.0), i64::from(self.side.to.0));
        let (width, height) = (i64::from(image.width()), i64::from(image.height()));
        let middle = dice.draw("cut_out");
        let place = |part: &str, room: i64| (middle.clone().text(part).unit() * room as f64) as i64;
        let span =
            |middle: i64, room: i64| ((middle - side / 2).clamp(0, room) as usize, (middle - side / 2 + side).clamp(0, room) as usize);
        let ((left, right), (top, bottom)) = (span(place("left", width), width), span(place("top", height), height));
        let row_bytes = image.width() as usize * 3;
        for row in image.pixels_mut().chunks_exact_mut(row_bytes).take(bottom).skip(top) {
            row[left * 3..right * 3].fill(self.fill);
        }
        image
    }
}
