//! Hopenet's loss (Ruiz et al., CVPR workshops 2018): per angle `CE(66 bins) + α MSE`, the angle read off the bins in degrees.

use ddl::nets::backbone::hopenet::{ANGLES, BINS};
use ddl::ops::terms::HeadPose;
use tch::Kind;

use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, plain};
use crate::nn::error::{NnError, shape};
use crate::nn::loss::metric::binned_angle;

/// What each angle is called among the parts.
const NAMES: [&str; 3] = ["yaw", "pitch", "roll"];

impl Term for HeadPose {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let data = self.data.node;
        let reads = self.angles().into_iter().map(|(_, angle)| angle.row.clone()).collect();
        Ok(vec![Need::own(data, Take::Output(Some(BINS.into()))), Need::own(data, Take::Readings(reads))])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        let [TermInput::Output(bins), TermInput::Readings(known)] = inputs else {
            return Err(mismatch("head_pose", "bins and the samples' angles", inputs));
        };
        let (count, angles) = (bins.size()[0], self.angles());
        if bins.size() != [count, ANGLES.count * ANGLES.bins] || known.size() != [count, angles.len() as i64] {
            let expected = format!("[n, {}] and [n, {}]", ANGLES.count * ANGLES.bins, angles.len());
            let found = format!("{} and {}", shape(&bins.size()), shape(&known.size()));
            return Err(NnError::Input { what: "bins and angles of head_pose".to_owned(), expected, found });
        }
        let logits = bins.f_reshape([count, ANGLES.count, ANGLES.bins])?;
        let read = crate::nn::net::angles(bins)?; // [n, 3]
        let mut value = bins.sum(bins.kind()) * 0.0;
        let mut parts = Vec::new();
        for (column, (place, _)) in angles.into_iter().enumerate() {
            let degrees = known.f_select(1, column as i64)?.f_to_kind(Kind::Double)?.f_rad2deg()?; // [n]
            let bin = degrees.f_sub_scalar(ANGLES.first)?.f_div_scalar(ANGLES.step)?.f_floor()?;
            let bin = bin.f_clamp(0.0, (ANGLES.bins - 1) as f64)?.f_to_kind(Kind::Int64)?; // the plan lets only angles with a bin by
            let each = logits.f_select(1, place as i64)?;
            let apart = read.f_select(1, place as i64)? - degrees.f_to_kind(bins.kind())?;
            value += binned_angle(&each, &bin, &apart, self.alpha)?;
            parts.push((format!("{}.error", NAMES[place]), apart.abs().mean(bins.kind())));
        }
        Ok(plain(value, parts))
    }
}
