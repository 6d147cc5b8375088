//! Neuron selectivity transfer (Huang and Wang, 2017): the squared maximum mean discrepancy between channels under `k(a, b) = (aᵀb + c)²`.

use ddl::ops::terms::Nst;
use tch::Tensor;

use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, plain, same_or};
use crate::nn::error::{NnError, shape};
use crate::nn::loss::distil::{channel_discrepancy, unit_channels};
use crate::nn::state::Spec;

impl Term for Nst {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let own = Some(self.at.layer().to_owned());
        let teacher = same_or(self.teacher_at.as_ref(), Some(&self.at));
        let data = self.data.node;
        Ok(vec![Need::own(data, Take::Output(own)), Need::taught(data, self.teacher.node, Take::Output(teacher))])
    }

    fn specs_between(&self, shapes: &[Vec<i64>]) -> Result<Vec<Spec>, NnError> {
        match shapes.iter().find(|sides| sides.len() != 3) {
            Some(other) => {
                let expected = "a map [channels, height, width]".to_owned();
                Err(NnError::Input { what: "an output for nst()".into(), expected, found: shape(other) })
            }
            None => Ok(Vec::new()),
        }
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        let [TermInput::Output(student), TermInput::Output(teacher)] = inputs else {
            return Err(mismatch("nst", "maps of the student and of the teacher", inputs));
        };
        let (own, other) = (sides(student), sides(teacher));
        let smaller = [own[0].min(other[0]), own[1].min(other[1])];
        let (student, teacher) = (unit_channels(student, smaller)?, unit_channels(teacher, smaller)?);
        Ok(plain(channel_discrepancy(&student, &teacher, self.offset, self.teacher_term)?, vec![]))
    }
}

fn sides(map: &Tensor) -> [i64; 2] {
    let size = map.size();
    [size[2], size[3]]
}
