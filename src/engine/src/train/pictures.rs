//! The first batch as the network sees it, for people to look at.

use super::draws::{Draw, Draws};
use super::error::TrainError;
use ddl::events::{Picture, PictureGroup};
use ddl::ops::curves::Moment;

/// Images of each draw that are shown.
const SHOWN: usize = 24;

/// The first images of each draw at the first step.
pub fn first_batch(draws: &Draws, now: Moment) -> Result<Vec<PictureGroup>, TrainError> {
    let group = |draw: &Draw| {
        let loader = draw.shown(now)?;
        let picture = |pick| {
            let image = loader.image(pick).map_err(TrainError::data(&draw.name))?;
            Ok(Picture::new(&image, &draw.path(pick), draw.identity(pick)))
        };
        let pictures = draw.picks(0).iter().take(SHOWN).map(picture).collect::<Result<Vec<_>, TrainError>>()?;
        Ok(PictureGroup { label: draw.name.clone(), pictures })
    };
    draws.all().iter().map(group).collect()
}
