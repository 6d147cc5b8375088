//! Adversarial distillation, the critic's side: `-mean log D(t) - mean log(1 - D(s))`.

use ddl::ops::terms::{Adversary, Critic, Sees};
use tch::{Kind, Tensor};

use super::critic::{judge, logits_of, specs};
use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, plain};
use crate::nn::error::{NnError, shape};
use crate::nn::loss::adversarial::{as_made, as_real};
use crate::nn::state::Spec;

impl Term for Adversary {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let critic = self.critic.it();
        let of = |slot| match critic.sees {
            Sees::Embedding => Take::Output(None),
            Sees::Logits | Sees::Labels => logits_of(critic, slot),
        };
        let data = self.data.node;
        Ok(vec![Need::own(data, of(None)), Need::taught(data, self.teacher.node, of(self.teacher_slot.as_deref()))])
    }

    fn specs_between(&self, shapes: &[Vec<i64>]) -> Result<Vec<Spec>, NnError> {
        one_width(self.critic.it(), shapes)
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let ([TermInput::Logits(student), TermInput::Logits(teacher)] | [TermInput::Output(student), TermInput::Output(teacher)]) = inputs
        else {
            return Err(mismatch("adversary", "outputs of the student and of the teacher", inputs));
        };
        let critic = self.critic.it();
        let judged = |x: &Tensor| judge(critic, context.head, &x.detach());
        let (made, real) = (judged(student)?, judged(teacher)?);
        let right = (made.lt(0.0).mean(Kind::Float) + real.gt(0.0).mean(Kind::Float)) / 2.0;
        Ok(plain(as_real(&real)? + as_made(&made)?, vec![("right".into(), right)]))
    }
}

/// The tensors of a critic that sees outputs of one width.
pub(super) fn one_width(critic: &Critic, shapes: &[Vec<i64>]) -> Result<Vec<Spec>, NnError> {
    let first = shapes.first().and_then(|sides| sides.first()).copied().unwrap_or(0);
    match shapes.iter().find(|sides| **sides != [first]) {
        Some(other) => {
            let (expected, found) = (shape(&[first]), shape(other));
            Err(NnError::Input { what: "outputs for one critic".into(), expected, found })
        }
        None => Ok(specs(critic, first)),
    }
}
