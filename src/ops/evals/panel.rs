//! Several protocols under one name, and one number of all of them.

use crate::eval::{Better, Unit};
use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::ops::refs::EvalRef;
use indexmap::IndexMap;

crate::operator! {
    /// Several protocols under one name: `sc.d1.rank(1)` is a number of one of them, `sc.mean.rank(1)` the mean over all.
    ///
    /// Beside the mean there are `worst`, the number of the protocol that is judged worst; `spread`, the standard deviation (n - 1) over the protocols, as the
    /// field reports it for groups of people (RFW); `ratio`, the largest of their numbers divided by the smallest, as it is reported of error rates; and
    /// `pooled`, of metrics that are shares of pairs or of probes (`tar`, `fmr`, `fnmr`, `rank`, `tpir`, `recall`): what they count, summed up over all protocols, so
    /// that one of more pairs weighs more. All stand in the columns of tables.
    ///
    /// The interval of a mean leaves people out of all protocols at once, where each stands at one place in all: in equal folds, or groups of the people of a
    /// search. Protocols of other numbers of folds are independent where nobody stands in two of them. Where people stand at other places in other protocols
    /// (`random_pairs` of another seed), the mean has no interval. The worst has none either: it was chosen, also by bad luck.
    pub struct Panel("panel", 1, |_| Type::Eval) {
        /// The protocols by name, at least two.
        evals: IndexMap<String, EvalRef>;
    }
    check = named_well;
}

crate::choice! {
    /// What is made of the numbers of a panel's protocols.
    pub enum PanelBy {
        /// Their mean.
        Mean = "mean",
        /// What they count, summed up over all protocols.
        Pooled = "pooled",
        /// Their standard deviation (n - 1).
        Spread = "spread",
        /// The largest of them, divided by the smallest.
        Ratio = "ratio",
        /// The worst of them.
        Worst = "worst",
    }
}

impl PanelBy {
    /// Which way is better, of a metric of which this way is.
    pub fn better(self, of_metric: Better) -> Better {
        match self {
            PanelBy::Mean | PanelBy::Pooled | PanelBy::Worst => of_metric,
            PanelBy::Spread | PanelBy::Ratio => Better::Lower,
        }
    }

    /// How its numbers are written, where those of a metric are written so.
    pub fn unit(self, of_metric: Unit) -> Unit {
        match self {
            PanelBy::Mean | PanelBy::Pooled | PanelBy::Worst | PanelBy::Spread => of_metric,
            PanelBy::Ratio => Unit::Number,
        }
    }

    /// The words.
    pub const WORDS: [&str; 5] = ["mean", "pooled", "spread", "ratio", "worst"];
}

crate::operator! {
    /// A panel's protocols as one, whose numbers are made of theirs.
    pub struct OverPanel("over_panel", 1, |_| Type::Eval) {
        /// The protocols.
        evals: IndexMap<String, EvalRef>;
        /// What is made of their numbers.
        by: PanelBy;
    }
    hidden = true;
    node = PANEL, source = |_| None;
}

fn named_well(call: &Call) -> Vec<Complaint> {
    let Some(Value::Record(evals)) = call.args.get("evals") else { return Vec::new() };
    let complain = |message: String, help: &str| Complaint { param: Some("evals"), message, help: Some(help.to_owned()) };
    if evals.len() < 2 {
        return vec![complain("a panel has at least two protocols".to_owned(), "name one protocol without a panel")];
    }
    let taken = evals.keys().find(|name| PanelBy::WORDS.contains(&name.as_str()));
    taken
        .map(|name| complain(format!("`{name}` is what all protocols of a panel give together"), "call this protocol otherwise"))
        .into_iter()
        .collect()
}
