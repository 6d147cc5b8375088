//! Cross-entropy over the logits of a head, of single images or of sets of them.

mod sample;
pub(super) mod sets;

use ddl::ops::pooling::Pooling;
use ddl::ops::terms::Classify;
use tch::{Kind, Tensor};

use super::pairs::{labelled, nothing};
use super::reduce::reduce;
use super::{Context, Memory, Need, Take, Term, TermInput, TermOutput, zero};
use crate::nn::error::NnError;
use crate::nn::heads::{Head, HeadContext, HeadOutput, PROTOTYPES};
use crate::nn::loss;
use crate::nn::pooling::pool;
use crate::nn::rows::Rows;
use crate::nn::state::Spec;

impl Term for Classify {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn memory(&self) -> Option<Memory<'_>> {
        Some(Memory { slot: &self.slot, rows: PROTOTYPES, first: self.prototypes, means_of: None, unit: true, must_say: true })
    }

    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        self.head.specs(classes, embedding)
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let (embedding, labels) = labelled("classify", inputs)?;
        let pooling = match &self.pool {
            None => return cross_entropy(self, embedding, labels, context),
            Some(Pooling::Multicolumn(pooling)) => pooling,
            Some(Pooling::Comparator(_)) => {
                let (expected, found) = ("a pooling that makes a feature of a set".to_owned(), "`comparator`".to_owned());
                return Err(NnError::Input { what: "what classify pools by".into(), expected, found });
            }
        };
        let sets = sets::sets(labels, self.set_size)?;
        if sets.is_empty() {
            return Ok(nothing(embedding));
        }
        let pooled = pool(pooling, context.pool, embedding, &sets)?;
        let mut value = cross_entropy(self, &pooled.features, &sets::labels_of(&sets, labels)?, context)?;
        for (name, quality) in [("alpha", Some(pooled.alpha)), ("beta", pooled.beta)] {
            value.parts.extend(quality.map(|each| (name.to_owned(), each.detach().mean(Kind::Float))));
        }
        Ok(value)
    }
}

/// The term's value for features `[n, d]` of these people, `[n]`.
fn cross_entropy(it: &Classify, features: &Tensor, labels: &Tensor, context: &Context) -> Result<TermOutput, NnError> {
    let some = sample::rows(context.head, labels, it.sample.0, context.noise)?;
    let rows: &dyn Rows = some.as_ref().map_or(context.head, |some| some);
    let labels = &rows.place(labels)?;
    let head = HeadContext { rows, clock: context.clock, filter: it.filter };
    let HeadOutput { logits, extra, mut parts, updates } = it.head.logits(features, labels, &head)?; // [n, classes]
    let each = loss::cross_entropy(&logits, labels)?; // [n]
    let right = logits.detach().argmax(1, false).eq_tensor(labels).mean(Kind::Float);
    let skipped = zero(&each);
    let value = reduce(&each, it.reduce.as_ref())?;
    let value = extra.map_or_else(|| value.shallow_clone(), |extra| &value + extra);
    parts.insert(0, ("accuracy".into(), right));
    Ok(TermOutput { value, parts, skipped, updates })
}
