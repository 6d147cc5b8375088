//! Relational distillation (Park et al., CVPR 2019): distances and angles between embeddings, as the official code computes them.

use ddl::ops::terms::Rkd;
use tch::{Reduction, Tensor};

use super::{Context, Need, Take, Term, TermInput, Value, mismatch, plain};
use crate::nn::error::NnError;
use crate::nn::heads::unit;

/// Below this a squared distance counts as it.
const SHORTEST: f64 = 1e-12;

impl Term for Rkd {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let (data, take) = (self.data.node, Take::Output(None));
        Ok(vec![Need::own(data, take.clone()), Need::taught(data, self.teacher.node, take)])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<Value, NnError> {
        let [TermInput::Output(student), TermInput::Output(teacher)] = inputs else {
            return Err(mismatch("rkd", "embeddings of the student and of the teacher", inputs));
        };
        let images = student.size()[0];
        if images < 2 {
            return Err(NnError::Input { what: "a batch for rkd".into(), expected: "at least 2 images".into(), found: images.to_string() });
        }
        let ready = |x: &Tensor| if self.normalise { unit(x) } else { x.shallow_clone() };
        let (student, teacher) = (ready(student), ready(teacher));
        let mut parts = Vec::new();
        let mut value = student.sum(student.kind()) * 0.0;
        if self.distance > 0.0 {
            let between = huber(&relative(&student)?, &relative(&teacher)?)?;
            value += &between * self.distance;
            parts.push(("distance".to_owned(), between));
        }
        if self.angle > 0.0 {
            let between = huber(&angles(&student)?, &angles(&teacher)?)?;
            value += &between * self.angle;
            parts.push(("angle".to_owned(), between));
        }
        Ok(plain(value, parts))
    }
}

/// The mean over all entries of `x²/2` where `|x| < 1`, else `|x| - 1/2`, x their difference.
fn huber(student: &Tensor, teacher: &Tensor) -> Result<Tensor, NnError> {
    Ok(student.f_smooth_l1_loss(teacher, Reduction::Mean, 1.0)?)
}

/// Distances between rows, divided by the mean of the positive ones, `[n, n]` with a zero diagonal.
pub(super) fn relative(x: &Tensor) -> Result<Tensor, NnError> {
    let squares = x.square().f_sum_dim_intlist([1i64].as_slice(), true, x.kind())?; // [n, 1]
    let squared = (&squares + squares.tr() - x.f_matmul(&x.tr())? * 2.0).clamp_min(SHORTEST);
    let itself = Tensor::f_eye(x.size()[0], (tch::Kind::Bool, x.device()))?;
    let distance = squared.sqrt().f_masked_fill(&itself, 0.0)?;
    let mean = distance.f_masked_select(&distance.detach().gt(0.0))?.mean(x.kind());
    Ok(distance / mean)
}

/// `cos` of the angle at j between i and k, `[j, i, k]` over all rows.
pub(super) fn angles(x: &Tensor) -> Result<Tensor, NnError> {
    let differences = x.f_unsqueeze(0)? - x.f_unsqueeze(1)?; // [j, i, d]
    let squares = differences.square().f_sum_dim_intlist([2i64].as_slice(), true, x.kind())?;
    // a vector of zeros stays one, with a finite gradient
    let lengths = (&squares + squares.detach().le(SHORTEST * SHORTEST).to_kind(x.kind())).sqrt();
    let units = differences / lengths;
    Ok(units.f_matmul(&units.transpose(1, 2))?)
}
