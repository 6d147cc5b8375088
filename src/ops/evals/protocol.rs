//! What all protocols have in common.

use super::{Embed, Identification, TemplateIdentification, TemplateVerification, Verification};
use crate::lang::decl::Operator as _;
use crate::lang::types::Type;
use crate::lang::value::NodeId;
use crate::ops::augments::Augment;
use crate::ops::node::{InPlan, Kind, Node, Planned};
use crate::ops::pooling::Pooling;

/// What every protocol says of itself beside its parameters.
pub trait Judging {
    /// The metrics that it gives.
    const METRICS: &'static [&'static str];

    /// How an embedding is made of an image and its flip.
    fn embed(&self) -> &Embed;

    /// The learned pooling by which sets of images become one, if it has any.
    fn pool(&self) -> Option<&Pooling>;

    /// What the images of the gallery and of the probes go through, each with the seed of the draw.
    fn augments(&self) -> [Option<(&Augment, i64)>; 2];
}

macro_rules! protocols {
    ($($member:ident),* $(,)?) => {
        crate::family! {
            /// Any protocol with its data.
            pub enum Protocol: Type::Eval => { $($member),* }
        }

        impl Protocol {
            /// The metrics that a protocol of this name gives; none for what is no protocol.
            pub fn metrics(op: &str) -> &'static [&'static str] {
                $(if op == $member::NAME {
                    return <$member as Judging>::METRICS;
                })*
                &[]
            }

            /// How an embedding is made of an image and its flip.
            pub fn embed(&self) -> &Embed {
                match self { $(Protocol::$member(it) => it.embed(),)* }
            }

            /// The learned pooling by which sets of images become one, if it has any.
            pub fn pool(&self) -> Option<&Pooling> {
                match self { $(Protocol::$member(it) => it.pool(),)* }
            }

            /// What the images of the gallery and of the probes go through, each with the seed of the draw.
            pub fn augments(&self) -> [Option<(&Augment, i64)>; 2] {
                match self { $(Protocol::$member(it) => it.augments(),)* }
            }
        }

        $(impl InPlan for $member {
            const CALLED: &'static str = $member::NAME;
            fn of(node: &Node) -> Option<&Self> {
                if let Protocol::$member(it) = Protocol::of(node)? { Some(it) } else { None }
            }
        })*
    };
}

protocols!(Verification, Identification, TemplateVerification, TemplateIdentification);

impl Planned for Protocol {
    const KIND: Kind = Kind::PROTOCOL;
    fn source(&self) -> Option<NodeId> {
        None
    }
}
