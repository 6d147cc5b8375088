//! Operators by what they give: the chapters of the reference.

use crate::lang::decl::{Decl, Operator as _};
use crate::lang::types::Type;
use crate::ops::{nets, registry};

/// A chapter of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Data sets and views of them.
    Data,
    /// Changes of one image.
    Augments,
    /// What is drawn at each step.
    Batches,
    /// Networks, their weights and parts.
    Backbones,
    /// Margin functions.
    Heads,
    /// Terms of an objective.
    Terms,
    /// What yields a model, and when it is watched, kept and stopped.
    Stages,
    /// Optimisers.
    Optimizers,
    /// Numbers that change over a stage.
    Curves,
    /// Protocols and metrics.
    Evals,
    /// Tables, scores and files.
    Outputs,
}

impl Group {
    /// The chapters in their order.
    pub const ALL: [Group; 11] = [
        Group::Data,
        Group::Augments,
        Group::Batches,
        Group::Backbones,
        Group::Heads,
        Group::Terms,
        Group::Stages,
        Group::Optimizers,
        Group::Curves,
        Group::Evals,
        Group::Outputs,
    ];

    /// The chapter's title.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Group::Data => "Data sets",
            Group::Augments => "Augments",
            Group::Batches => "Batches and samplers",
            Group::Backbones => "Backbones and weights",
            Group::Heads => "Heads",
            Group::Terms => "Terms of an objective",
            Group::Stages => "Stages",
            Group::Optimizers => "Optimizers",
            Group::Curves => "Curves",
            Group::Evals => "Evaluations and metrics",
            Group::Outputs => "Reports, scores and exports",
        }
    }

    /// The name of the chapter's file, without `.md`.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Group::Data => "data",
            Group::Augments => "augments",
            Group::Batches => "batches",
            Group::Backbones => "backbones",
            Group::Heads => "heads",
            Group::Terms => "terms",
            Group::Stages => "stages",
            Group::Optimizers => "optimizers",
            Group::Curves => "curves",
            Group::Evals => "evals",
            Group::Outputs => "outputs",
        }
    }
}

/// What an operator gives when nothing is known of its arguments.
pub(crate) fn result(decl: &Decl) -> Type {
    decl.yields()
}

/// The chapter of an operator.
fn group(decl: &Decl) -> Group {
    match result(decl) {
        Type::Dataset(_) | Type::Record(_) | Type::Named(_) | Type::Observer | Type::Saying | Type::Measurement => Group::Data,
        Type::Augment => Group::Augments,
        Type::Batches | Type::Sampler => Group::Batches,
        Type::Model if nets::Backbone::is(decl.name) || nets::Extension::is(decl.name) || decl.name == nets::Embedded::NAME => {
            Group::Backbones
        }
        Type::Weights | Type::Part | Type::Coupled => Group::Backbones,
        Type::Head => Group::Heads,
        Type::Objective | Type::Reduce | Type::Branch | Type::Output | Type::Critic | Type::Pooling => Group::Terms,
        Type::Model | Type::Play | Type::Watch | Type::Keep | Type::Stop => Group::Stages,
        Type::Optimizer => Group::Optimizers,
        Type::Curve | Type::CurveOf(_) => Group::Curves,
        Type::Eval | Type::Embed | Type::PairSource | Type::Metric | Type::Threshold | Type::Buckets => Group::Evals,
        Type::Bool
        | Type::Int
        | Type::Float
        | Type::Text
        | Type::Net
        | Type::Axis
        | Type::Path
        | Type::Category
        | Type::Quantity(_)
        | Type::Choice(_)
        | Type::Range(_)
        | Type::List(_)
        | Type::Optional(_)
        | Type::Union(_)
        | Type::Row(_)
        | Type::Schema
        | Type::Score
        | Type::Claim
        | Type::Published
        | Type::Report
        | Type::Export
        | Type::Unknown => Group::Outputs,
    }
}

/// The operators that a recipe can say, chapter by chapter, in the order of their declarations.
pub(crate) fn chapters() -> Vec<(Group, Vec<&'static Decl>)> {
    let sayable = || registry().values().copied().filter(|decl| !decl.hidden);
    Group::ALL.into_iter().map(|chapter| (chapter, sayable().filter(|decl| group(decl) == chapter).collect())).collect()
}

/// The first sentence of a documentation: what a list shows.
pub(crate) fn summary(doc: &str) -> String {
    let paragraph = doc.trim().split("\n\n").next().unwrap_or("").lines().map(str::trim).collect::<Vec<_>>().join(" ");
    // the point of a product stands alone
    let ends = |at: &usize| {
        let next = paragraph[at + 2..].chars().next();
        !paragraph[..*at].ends_with([' ', '.']) && next.is_none_or(|next| next.is_uppercase() || next == '`')
    };
    let end = paragraph.match_indices(". ").map(|(at, _)| at).find(ends);
    end.map_or(paragraph.as_str(), |end| &paragraph[..=end]).trim().to_owned()
}
