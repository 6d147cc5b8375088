//! What trains comparator networks (Xie, Shen and Zisserman, ECCV 2018): cross-entropy over pairs of sets, and maps that are kept apart.

use ddl::nets::Landmarks;
use ddl::ops::pooling::Pooling;
use ddl::ops::terms::{CompareSets, Diversity};
use tch::Tensor;

use super::classify::sets::{labels_of, sets};
use super::pairs::{labelled, nothing};
use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, plain};
use crate::nn::comparator::{largest, local, logits};
use crate::nn::error::{NnError, shape};
use crate::nn::loss::adversarial::balanced;
use crate::nn::loss::metric::diversity;
use crate::nn::state::Spec;

impl Term for CompareSets {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn specs_between(&self, shapes: &[Vec<i64>]) -> Result<Vec<Spec>, NnError> {
        if let (Pooling::Comparator(by), [sides]) = (&self.by, shapes) {
            local(by, sides.iter().product())?;
        }
        Ok(Vec::new())
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let (embedding, labels) = labelled("compare_sets", inputs)?;
        let Pooling::Comparator(by) = &self.by else {
            let found = format!("`{}`", self.by.name());
            return Err(NnError::Input { what: "what compare_sets compares by".into(), expected: "a comparator".into(), found });
        };
        let sets = sets(labels, Some(self.set_size))?;
        if sets.is_empty() {
            return Ok(nothing(embedding));
        }
        let people = labels_of(&sets, labels)?;
        let ones = Tensor::f_ones([people.size()[0]; 2], (tch::Kind::Bool, people.device()))?.f_triu(1)?;
        let same = people.f_unsqueeze(0)?.f_eq_tensor(&people.f_unsqueeze(1)?)?;
        let logits = logits(by, context.pool, &largest(embedding, &sets, i64::from(self.set_size))?)?;
        let of = |pairs: &Tensor| Ok::<_, NnError>(logits.f_masked_select(&pairs.f_logical_and(&ones)?)?);
        let (same, different) = (of(&same)?, of(&same.f_logical_not()?)?);
        if same.numel() == 0 || different.numel() == 0 {
            return Ok(nothing(embedding));
        }
        let mean = |x: &Tensor| x.mean(x.kind());
        let value = balanced(&same, &different)?;
        let right = |right: Tensor| right.to_kind(tch::Kind::Float).mean(tch::Kind::Float);
        let accuracy = (right(same.gt(0.0)) + right(different.le(0.0))) * 0.5;
        let score = |logits: &Tensor| mean(&(logits.detach() * 0.5).tanh());
        let parts = vec![("accuracy".into(), accuracy), ("same".into(), score(&same)), ("different".into(), score(&different))];
        Ok(plain(value, parts))
    }
}

impl Term for Diversity {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Output(Some(Landmarks::MAPS.to_owned())))])
    }

    fn specs_between(&self, shapes: &[Vec<i64>]) -> Result<Vec<Spec>, NnError> {
        match shapes.iter().find(|sides| sides.len() != 3 || sides[0] < i64::from(self.landmarks)) {
            Some(other) => Err(NnError::Input { what: "an output for diversity()".into(), expected: MAPS.into(), found: shape(other) }),
            None => Ok(Vec::new()),
        }
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        let [TermInput::Output(maps)] = inputs else {
            return Err(mismatch("diversity", MAPS, inputs));
        };
        let count = i64::from(self.landmarks);
        let maps = maps.f_narrow(1, maps.size()[1] - count, count)?.f_flatten(2, -1)?; // the features lie before them
        Ok(plain(diversity(&maps)?, vec![]))
    }
}

/// What diversity is given.
const MAPS: &str = "what lies before landmarks: features and attention maps, [at least as many as landmarks, height, width]";
