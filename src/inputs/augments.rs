//! Augments as a recipe says them, and as the data room draws them: each has its pixels, or this does not compile.

use crate::data::DataError;
use crate::data::augment as pixels;
use crate::data::augment::Augment as Pixels;
use crate::ops::augments::Augment;

/// An augment of a recipe as the data room knows it.
///
/// # Errors
/// Values out of range.
pub fn augment(op: &Augment) -> Result<Pixels, DataError> {
    let augment = drawn(op);
    augment.check().map(|()| augment)
}

fn drawn(op: &Augment) -> Pixels {
    match op {
        Augment::Flip(it) => Pixels::Flip(pixels::Flip { p: it.p }),
        Augment::LowResolution(it) => {
            Pixels::LowResolution(pixels::LowResolution { side: it.side, down: it.down.pixels(), up: it.up.pixels() })
        }
        Augment::GaussianBlur(it) => Pixels::GaussianBlur(pixels::GaussianBlur { sigma: it.sigma }),
        Augment::Jpeg(it) => Pixels::Jpeg(pixels::Jpeg { quality: it.quality }),
        Augment::Occlude(it) => {
            let fill = u8::try_from(it.fill).unwrap_or(u8::MAX); // the declaration says at most 255
            Pixels::Occlude(pixels::Occlude { area: it.area, fill })
        }
        Augment::Brightness(it) => Pixels::Brightness(pixels::Brightness { by: it.by }),
        Augment::Contrast(it) => Pixels::Contrast(pixels::Contrast { by: it.by }),
        Augment::Grey(it) => Pixels::Grey(pixels::Grey { p: it.p }),
        Augment::Sometimes(it) => Pixels::Sometimes(pixels::Sometimes { augment: Box::new(drawn(&it.augment)), p: it.p }),
        Augment::OneOf(it) => Pixels::OneOf(pixels::OneOf { augments: it.augments.iter().map(drawn).collect() }),
        Augment::Chain(it) => Pixels::Chain(pixels::Chain { augments: it.augments.iter().map(drawn).collect() }),
    }
}
