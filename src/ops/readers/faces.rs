//! Faces that the program draws.

use super::{Reading, Reads, There};
use crate::data::faces::FaceSet;
use crate::data::probe::{Probe, ProbeCache};
use crate::data::readers::{self, FACE_ATTRIBUTES, Read};
use crate::data::writers::Written;
use crate::data::{At, AttributeType, DataError};
use crate::lang::types::{Dimension, Type};
use crate::quantity::{Angle, Interval, Pixels};
use std::sync::Arc;

crate::operator! {
    /// Faces drawn by the program itself, with known pose: attributes `.yaw` and `.pitch`.
    pub struct SyntheticFaces("synthetic_faces", 1, |_| {
        let angle = Type::Quantity(Dimension::Angle);
        Type::Dataset([("yaw".to_owned(), angle.clone()), ("pitch".to_owned(), angle)].into_iter().collect())
    }) {
        /// People.
        identities: u32, in 1.0..=1e7;
        /// Images of each.
        images: u32, in 1.0..=1e6;
        /// The yaw of a view is drawn uniformly from here.
        yaw: Interval<Angle> = Interval { from: Angle::degrees(-90.0), to: Angle::degrees(90.0) }, in -std::f64::consts::PI..=std::f64::consts::PI;
        /// Side of the square image.
        size: Pixels = Pixels(112), in 16.0..=1024.0;
        /// Who these people are.
        seed: i64 = 0, any "a seed is hashed";
    }
}

impl Reading for SyntheticFaces {
    const WRITTEN: Written = Written::Not("its images are drawn, and no file of theirs is read");

    const READS: Option<Reads> = None;
    const ATTRIBUTES: &'static [(&'static str, AttributeType)] = &FACE_ATTRIBUTES;

    fn there(&self) -> Option<There<'_>> {
        None
    }

    fn read(&self, _: At<'_>, _: &ProbeCache) -> Result<Read, DataError> {
        let set = FaceSet::new(self.identities, self.images, self.yaw, self.size, self.seed)
            .map_err(|error| DataError::Argument { what: "synthetic_faces", why: error.to_string() })?;
        Ok(Read { table: readers::synthetic_faces(set)?, probe: Arc::new(Probe::default()) })
    }
}
