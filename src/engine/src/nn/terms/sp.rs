//! Similarity-preserving distillation (Tung and Mori, ICCV 2019): `|G_t - G_s|²_F / B²`, G the normalised matrix of similarities of a batch.

use ddl::ops::terms::{Sp, SpNorm};
use tch::Tensor;

use super::{Context, Need, Take, Term, TermInput, Value, mismatch, plain, rows, same_or};
use crate::nn::error::NnError;
use crate::nn::heads::unit;

impl Term for Sp {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let own = self.at.as_ref().map(|output| output.layer().to_owned());
        let teacher = same_or(self.teacher_at.as_ref(), self.at.as_ref());
        let data = self.data.node;
        Ok(vec![Need::own(data, Take::Output(own)), Need::taught(data, self.teacher.node, Take::Output(teacher))])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<Value, NnError> {
        let [TermInput::Output(student), TermInput::Output(teacher)] = inputs else {
            return Err(mismatch("sp", "outputs of the student and of the teacher", inputs));
        };
        let images = student.size()[0] as f64;
        let apart = similarities(self.normalise, teacher)? - similarities(self.normalise, student)?; // [n, n]
        Ok(plain(apart.square().sum(apart.kind()) / (images * images), vec![]))
    }
}

fn similarities(normalise: SpNorm, output: &Tensor) -> Result<Tensor, NnError> {
    let features = rows(output)?; // [n, numbers]
    Ok(match normalise {
        SpNorm::Rows => unit(&features.f_matmul(&features.tr())?),
        SpNorm::Features => {
            let features = unit(&features);
            features.f_matmul(&features.tr())?
        }
    })
}
