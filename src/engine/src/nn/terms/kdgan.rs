//! KDGAN, the critic's side (Wang et al., NeurIPS 2018): true people against those that a classifier and a teacher say.

use ddl::ops::refs::NetName;
use ddl::ops::terms::KdGan;
use tch::Kind;

use super::critic::{judge, logits_of, one_hot, relaxed, seen, specs};
use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, plain};
use crate::nn::error::NnError;
use crate::nn::loss::adversarial::{as_made, as_real};
use crate::nn::state::Spec;

impl Term for KdGan {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let (critic, data) = (self.critic.it(), self.data.node);
        let (Some(by), [classifier, teacher]) = (&critic.by, self.between.as_slice()) else {
            let why = "a classifier and a teacher play, before a critic of labels".to_owned();
            return Err(NnError::Option { option: "between", value: self.between.len().to_string(), why });
        };
        let of = |net: &NetName| Need::of(data, &net.0, logits_of(critic, None));
        Ok(vec![Need::of(data, &by.0, Take::Labelled), of(classifier), of(teacher)])
    }

    fn specs_between(&self, shapes: &[Vec<i64>]) -> Result<Vec<Spec>, NnError> {
        let [embedding, people, _] = shapes else { return Ok(Vec::new()) };
        Ok(specs(self.critic.it(), people[0] + embedding[0]))
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let [TermInput::Labelled { embedding, labels }, TermInput::Logits(classifier), TermInput::Logits(teacher)] = inputs else {
            return Err(mismatch("kdgan", "labelled embeddings, and logits of the classifier and of the teacher", inputs));
        };
        let temperature = context.clock.read(&self.temperature);
        let judged = |people| judge(self.critic.it(), context.head, &seen(&people, embedding)?);
        let drawn = |logits: &tch::Tensor, at: usize| {
            let noise = context.noise.clone().text("kdgan").text(&self.between[at].0);
            judged(relaxed(&logits.detach(), temperature, &noise)?)
        };
        let real = judged(one_hot(labels, classifier)?)?;
        let (of_classifier, of_teacher) = (drawn(classifier, 0)?, drawn(teacher, 1)?);
        let made = as_made(&of_classifier)? * self.alpha + as_made(&of_teacher)? * (1.0 - self.alpha);
        let right = |numbers: &tch::Tensor| numbers.lt(0.0).mean(Kind::Float);
        let parts = vec![
            ("right_real".into(), real.gt(0.0).mean(Kind::Float)),
            ("right_classifier".into(), right(&of_classifier)),
            ("right_teacher".into(), right(&of_teacher)),
        ];
        Ok(plain(as_real(&real)? + made, parts))
    }
}
