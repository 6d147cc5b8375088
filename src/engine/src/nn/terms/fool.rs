//! A network's side against a critic: `-mean log D(s)`, or the game's own `mean log(1 - D(s))`.

use ddl::ops::terms::{Fool, Sees};
use tch::{Kind, Tensor};

use super::adversary::one_width;
use super::critic::{fixed, judge, logits_of, relaxed, seen, specs};
use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, plain};
use crate::nn::error::NnError;
use crate::nn::loss::adversarial::{as_made, as_real};
use crate::nn::state::Spec;

impl Term for Fool {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let (critic, data) = (self.critic.it(), self.data.node);
        Ok(match (critic.sees, &critic.by) {
            (Sees::Embedding, _) => vec![Need::own(data, Take::Output(None))],
            (Sees::Labels, Some(by)) => vec![Need::own(data, logits_of(critic, None)), Need::of(data, &by.0, Take::Output(None))],
            (Sees::Logits | Sees::Labels, _) => vec![Need::own(data, logits_of(critic, None))],
        })
    }

    fn specs_between(&self, shapes: &[Vec<i64>]) -> Result<Vec<Spec>, NnError> {
        match (self.critic.it().sees, shapes) {
            (Sees::Labels, [people, embedding]) => Ok(specs(self.critic.it(), people[0] + embedding[0])),
            (Sees::Labels | Sees::Logits | Sees::Embedding, _) => one_width(self.critic.it(), shapes),
        }
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let x: Tensor = match inputs {
            [TermInput::Logits(own) | TermInput::Output(own)] => own.shallow_clone(),
            [TermInput::Logits(own), TermInput::Output(embedding)] => {
                let name = self.of.as_ref().map_or("", |of| &of.0);
                let noise = context.noise.clone().text("fool").text(name);
                seen(&relaxed(own, context.clock.read(&self.temperature), &noise)?, embedding)?
            }
            _ => return Err(mismatch("fool", "an output of the network", inputs)),
        };
        // the critic is a constant here: its own lesson is the other side's
        let judged = judge(self.critic.it(), &fixed(self.critic.it(), context.head)?, &x)?;
        let fooled = judged.detach().gt(0.0).mean(Kind::Float);
        let value = if self.saturating { -as_made(&judged)? } else { as_real(&judged)? };
        Ok(plain(value, vec![("fooled".into(), fooled)]))
    }
}
