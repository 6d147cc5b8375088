//! Similarity-preserving distillation (Tung and Mori, ICCV 2019): `|G_t - G_s|²_F / B²`, G the normalised matrix of similarities of a
//! batch.

use ddl::ops::terms::Sp;

use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, plain, rows, same_or};
use crate::nn::error::NnError;
use crate::nn::loss::distil::similarity_preserving;

impl Term for Sp {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let own = self.at.as_ref().map(|output| output.layer().to_owned());
        let teacher = same_or(self.teacher_at.as_ref(), self.at.as_ref());
        let data = self.data.node;
        Ok(vec![Need::own(data, Take::Output(own)), Need::taught(data, self.teacher.node, Take::Output(teacher))])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        let [TermInput::Output(student), TermInput::Output(teacher)] = inputs else {
            return Err(mismatch("sp", "outputs of the student and of the teacher", inputs));
        };
        Ok(plain(similarity_preserving(&rows(student)?, &rows(teacher)?, self.normalise)?, vec![]))
    }
}
