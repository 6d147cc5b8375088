//! Relational distillation (Park et al., CVPR 2019): distances and angles between embeddings, as the official code computes them.

use ddl::ops::terms::Rkd;
use tch::Tensor;

use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, plain};
use crate::nn::error::NnError;
use crate::nn::heads::unit;
use crate::nn::loss::distil::{angles, huber, relative_distances};

impl Term for Rkd {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let (data, take) = (self.data.node, Take::Output(None));
        Ok(vec![Need::own(data, take.clone()), Need::taught(data, self.teacher.node, take)])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
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
            let between = huber(&relative_distances(&student)?, &relative_distances(&teacher)?)?;
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
