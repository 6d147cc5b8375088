//! Neuron selectivity transfer (Huang and Wang, 2017): the squared maximum mean discrepancy between channels under `k(a, b) = (aᵀb + c)²`.

use ddl::ops::terms::Nst;
use tch::Tensor;

use super::{Context, Need, Take, Term, TermInput, Value, mismatch, plain, same_or};
use crate::nn::error::{NnError, shape};
use crate::nn::state::Spec;

/// Below this a channel's length counts as it.
const SHORTEST: f64 = 1e-12;

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

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<Value, NnError> {
        let [TermInput::Output(student), TermInput::Output(teacher)] = inputs else {
            return Err(mismatch("nst", "maps of the student and of the teacher", inputs));
        };
        let (own, other) = (sides(student), sides(teacher));
        let smaller = [own[0].min(other[0]), own[1].min(other[1])];
        let (student, teacher) = (channels(student, smaller)?, channels(teacher, smaller)?);
        let kernel = |a: &Tensor, b: &Tensor| -> Result<Tensor, NnError> {
            let products = a.f_matmul(&b.transpose(1, 2))?; // [n, channels of a, channels of b]
            Ok((products + self.offset).square().mean(a.kind()))
        };
        let mut value = kernel(&student, &student)? - kernel(&student, &teacher)? * 2.0;
        if self.teacher_term {
            value += kernel(&teacher, &teacher)?;
        }
        Ok(plain(value, vec![]))
    }
}

fn sides(map: &Tensor) -> [i64; 2] {
    let size = map.size();
    [size[2], size[3]]
}

/// Channels of length 1 over the places of a map that is averaged to these sides, `[n, channels, places]`.
fn channels(map: &Tensor, to: [i64; 2]) -> Result<Tensor, NnError> {
    let map = if sides(map) == to { map.shallow_clone() } else { map.f_adaptive_avg_pool2d(to)? };
    let flat = map.f_reshape([map.size()[0], map.size()[1], -1])?;
    let lengths = flat.square().f_sum_dim_intlist([2i64].as_slice(), true, flat.kind())?.clamp_min(SHORTEST * SHORTEST).sqrt();
    Ok(flat / lengths)
}
