//! Operators that are nodes of a plan, typed: what a plan's arguments are read as, once, when the plan is made or read.
//!
//! What other rooms ask of such an operator stands beside its declaration ([`Kind`], [`Planned`]); an operator that lacks it can't be listed here.

use super::data::{Annotate, Apply, Draw, Identities, Merge, MinImages, Relabel, Sample, Split, Where, Without};
use super::evals::{Decided, OverPanel, Protocol};
use super::nets::{Backbone, Embedded, Extension};
use super::outputs::{
    Among, Expect, ExportEmbeddings, ExportOnnx, ExportSafetensors, Features, Judge, Measured, Pooled, Said, Started, Table,
};
use super::readers::Reader;
use super::stages::{Averaged, Chosen, Net, Train};
use super::{parse, parse_member};
use crate::lang::decl::Operator;
use crate::lang::value::NodeId;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The parts of a plan, in the order in which they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Data sets that a recipe says.
    Data,
    /// Batches.
    Draws,
    /// Networks with their first weights.
    Networks,
    /// Stages, and what is made of their arms.
    Stages,
    /// Protocols.
    Protocols,
    /// What the planner made.
    Steps,
    /// Tables, claims and files.
    Results,
}

/// What a node gives to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// Samples that lie on the disk.
    Files,
    /// Samples that are made, of others or by themselves.
    Samples,
    /// Batches.
    Batches,
    /// A network with its first weights, or with something added.
    Network,
    /// A model that a stage gave, or that is made of several.
    Model,
    /// A protocol with its data.
    Protocol,
    /// Numbers that are made of images, of sets of them, or of other numbers.
    Numbers,
    /// What the run is for.
    Result,
}

/// What the store keeps of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// Nothing: it is known from the plan and the data.
    Nothing,
    /// Weights. Those of a stage are learned from images.
    Weights {
        /// Whether it looks at images.
        learned: bool,
    },
    /// Embeddings of images.
    Features,
    /// Attributes of images that are said of features. They need these alone: the models may be gone.
    Attributes,
    /// Attributes of images that are measured on them.
    Measured,
    /// What was learned of pooling.
    Pooling,
    /// Scores under a protocol. They need features, what was learned of pooling them, other scores, and the attributes by which the protocol's
    /// images are chosen, alone: the models may be gone.
    Scores,
}

impl Keeps {
    /// Whether its result lies in the store.
    pub(crate) fn is_stored(self) -> bool {
        self != Keeps::Nothing
    }

    /// Whether it is what an observer says of images.
    pub fn is_said(self) -> bool {
        matches!(self, Keeps::Attributes | Keeps::Measured)
    }

    /// Whether it is made of images; all else that is kept is made of stored results alone.
    pub(crate) fn looks_at_images(self) -> bool {
        matches!(self, Keeps::Weights { learned: true } | Keeps::Features | Keeps::Measured)
    }

    /// Whether it is computed from this result of another node.
    pub(crate) fn is_made_of(self, other: Keeps) -> bool {
        match self {
            Keeps::Scores => matches!(other, Keeps::Features | Keeps::Pooling | Keeps::Scores) || other.is_said(),
            Keeps::Attributes => other == Keeps::Features || other.is_said(),
            Keeps::Nothing | Keeps::Weights { .. } | Keeps::Features | Keeps::Measured | Keeps::Pooling => other.is_stored(),
        }
    }
}

/// What all nodes of an operator have in common, whatever their arguments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Where a plan shows it.
    pub section: Section,
    /// What it gives to others.
    pub gives: Gives,
    /// What the store keeps of it.
    pub keeps: Keeps,
}

impl Kind {
    const fn new(section: Section, gives: Gives, keeps: Keeps) -> Self {
        Kind { section, gives, keeps }
    }
    /// Samples that lie on the disk.
    pub const FILES: Self = Kind::new(Section::Data, Gives::Files, Keeps::Nothing);
    /// Samples that are made.
    pub const SAMPLES: Self = Kind::new(Section::Data, Gives::Samples, Keeps::Nothing);
    /// Samples that the planner made of others.
    pub const PART: Self = Kind::new(Section::Steps, Gives::Samples, Keeps::Nothing);
    /// Batches.
    pub const BATCHES: Self = Kind::new(Section::Draws, Gives::Batches, Keeps::Nothing);
    /// A network with its first weights.
    pub const NETWORK: Self = Kind::new(Section::Networks, Gives::Network, Keeps::Nothing);
    /// Embeddings of a file, which are judged as a model's.
    pub const OF_FILE: Self = Kind::new(Section::Networks, Gives::Model, Keeps::Nothing);
    /// A stage that learns.
    pub const STAGE: Self = Kind::new(Section::Stages, Gives::Model, Keeps::Weights { learned: true });
    /// A model that is made of several.
    pub const OF_SEVERAL: Self = Kind::new(Section::Stages, Gives::Model, Keeps::Weights { learned: false });
    /// One of the networks of a stage.
    pub const ONE_OF_STAGE: Self = Kind::new(Section::Steps, Gives::Model, Keeps::Nothing);
    /// First weights as a result.
    pub const STARTED: Self = Kind::new(Section::Steps, Gives::Model, Keeps::Weights { learned: false });
    /// A protocol.
    pub const PROTOCOL: Self = Kind::new(Section::Protocols, Gives::Protocol, Keeps::Nothing);
    /// Several protocols as one.
    pub const PANEL: Self = Kind::new(Section::Steps, Gives::Protocol, Keeps::Nothing);
    /// Embeddings of images.
    pub const FEATURES: Self = Kind::new(Section::Steps, Gives::Numbers, Keeps::Features);
    /// Attributes of images.
    pub const ATTRIBUTES: Self = Kind::new(Section::Steps, Gives::Numbers, Keeps::Attributes);
    /// Attributes that are measured on images.
    pub const MEASURED: Self = Kind::new(Section::Steps, Gives::Numbers, Keeps::Measured);
    /// What is learned of pooling.
    pub const POOLING: Self = Kind::new(Section::Steps, Gives::Numbers, Keeps::Pooling);
    /// Scores.
    pub const SCORES: Self = Kind::new(Section::Steps, Gives::Numbers, Keeps::Scores);
    /// What the run is for.
    pub const RESULT: Self = Kind::new(Section::Results, Gives::Result, Keeps::Nothing);

    /// Of the operator of this name; nothing for one that is no node of a plan.
    pub fn of(op: &str) -> Option<Self> {
        static KINDS: LazyLock<HashMap<&'static str, Kind>> = LazyLock::new(|| Node::kinds().collect());
        KINDS.get(op).copied()
    }
}

/// What an operator that is a node of a plan says of itself, beside its declaration.
pub(crate) trait Planned {
    /// What all its nodes have in common.
    const KIND: Kind;

    /// The same of the member of this name, in a family whose members are not all of one kind.
    fn kind(_op: &str) -> Kind {
        Self::KIND
    }

    /// The model that it is made of, or looks at; of several the first. Of a network of a stage that is the stage.
    fn source(&self) -> Option<NodeId>;
}

/// An operator that can be asked for in a plan.
pub trait InPlan: Sized {
    /// How a message calls it.
    const CALLED: &'static str;

    /// A node as this operator, if it is one.
    fn of(node: &Node) -> Option<&Self>;
}

macro_rules! nodes {
    (operators: [$($one:ident),* $(,)?], families: [$($family:ident = $called:literal),* $(,)?]) => {
        /// A node of a plan: its operator with all of its arguments.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Node {
            $(#[doc = concat!("See [`", stringify!($one), "`].")] $one(Box<$one>),)*
            $(#[doc = concat!("See [`", stringify!($family), "`].")] $family(Box<$family>),)*
        }

        impl Node {
            /// What a plan says of a node.
            ///
            /// # Errors
            /// Arguments that don't fit; an operator that is no node of a plan, or that there is not.
            pub fn read(op: &str, args: &Json) -> Result<Self, serde_json::Error> {
                $(if op == <$one as Operator>::NAME {
                    return parse(args).map(|it| Node::$one(Box::new(it)));
                })*
                $(if $family::is(op) {
                    return parse_member(op, args).map(|it| Node::$family(Box::new(it)));
                })*
                Err(serde::de::Error::custom(format_args!("no operator of a plan is called `{op}`")))
            }

            /// The model that it is made of, or looks at; see [`Planned::source`].
            pub fn source(&self) -> Option<NodeId> {
                match self {
                    $(Node::$one(it) => it.source(),)*
                    $(Node::$family(it) => it.source(),)*
                }
            }

            /// All of its arguments, defaults among them.
            pub fn arguments(&self) -> Json {
                let json = match self {
                    $(Node::$one(it) => serde_json::to_value(it),)*
                    $(Node::$family(it) => serde_json::to_value(it),)*
                };
                json.unwrap_or_default() // operators hold texts, numbers and lists under text keys
            }

            fn kinds() -> impl Iterator<Item = (&'static str, Kind)> {
                let mut all = vec![$((<$one as Operator>::NAME, <$one as Planned>::KIND)),*];
                $(all.extend($family::decls().iter().map(|decl| (decl.name, <$family as Planned>::kind(decl.name))));)*
                all.into_iter()
            }
        }

        $(impl InPlan for $one {
            const CALLED: &'static str = <$one as Operator>::NAME;
            fn of(node: &Node) -> Option<&Self> {
                if let Node::$one(it) = node { Some(it) } else { None }
            }
        })*
        $(impl InPlan for $family {
            const CALLED: &'static str = $called;
            fn of(node: &Node) -> Option<&Self> {
                if let Node::$family(it) = node { Some(it) } else { None }
            }
        })*
    };
}

nodes! {
    operators: [
        Annotate, Where, Split, Identities, Relabel, Sample, Merge, MinImages, Without, Apply, Among,
        Draw,
        Train, Net, Chosen, Averaged, Started,
        OverPanel, Decided, Features, Said, Measured, Pooled, Judge,
        Table, Expect, ExportSafetensors, ExportOnnx, ExportEmbeddings, Embedded,
    ],
    families: [Reader = "a reader of images", Backbone = "a network", Extension = "an addition to a network", Protocol = "a protocol"]
}
