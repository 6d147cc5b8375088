//! A rectangle over a part of the image.

use super::{Dice, between};
use crate::image::Image;
use ddl_base::quantity::{Fraction, Interval};
use serde::{Deserialize, Serialize};

/// A rectangle of one grey value over a part of the image; width over height is the image's own times a number
/// drawn from 1/2 to 2 (less where the rectangle would not fit), its place anywhere inside, all uniformly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Occlude {
    /// The share of the image's area that is hidden, drawn uniformly, 0 to 1.
    pub area: Interval<Fraction>,
    /// The grey value of the rectangle, 0 to 255.
    pub fill: u8,
}

impl Occlude {
    /// The image with the rectangle.
    pub fn apply(self, mut image: Image, dice: &mut Dice<'_>) -> Image {
        let draw = dice.draw("occlude");
        let unit = |part: &str| draw.clone().text(part).unit();
        let area = between(&draw, Interval { from: self.area.from.0, to: self.area.to.0 });
        let (width, height) = (f64::from(image.width()), f64::from(image.height()));
        let stretch = 0.5 + 1.5 * unit("stretch");
        let wide = ((area * stretch).sqrt() * width).clamp(area * width, width).round();
        let high = if wide > 0.0 { (area * width * height / wide).round().min(height) } else { 0.0 };
        let left = (unit("left") * (width - wide + 1.0)).floor() as usize;
        let top = (unit("top") * (height - high + 1.0)).floor() as usize;
        let row_bytes = image.width() as usize * 3;
        for row in image.pixels_mut().chunks_exact_mut(row_bytes).skip(top).take(high as usize) {
            row[left * 3..(left + wide as usize) * 3].fill(self.fill);
        }
        image
    }
}
