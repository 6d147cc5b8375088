//! What all protocols have in common.

use super::{Embed, Identification, TemplateIdentification, TemplateVerification, Verification};
use crate::lang::decl::Operator as _;
use crate::ops::augments::Augment;
use crate::ops::pooling::Pooling;

/// Any protocol with its data.
#[derive(Debug, Clone, PartialEq)]
pub enum Protocol {
    /// Pairs of images.
    Verification(Verification),
    /// A gallery and probes.
    Identification(Identification),
    /// Pairs of sets of faces.
    Templates(TemplateVerification),
    /// A gallery and probes of sets of faces.
    TemplateSearch(TemplateIdentification),
}

impl Protocol {
    /// Whether an operator of this name is a protocol.
    pub fn is(op: &str) -> bool {
        !Protocol::metrics(op).is_empty()
    }

    /// The metrics that a protocol of this name gives; none for what is no protocol.
    pub fn metrics(op: &str) -> &'static [&'static str] {
        match op {
            Verification::NAME => &["accuracy", "tar", "eer", "auc", "gap", "val"],
            Identification::NAME | TemplateIdentification::NAME => &["rank", "tpir"],
            TemplateVerification::NAME => &["tar", "eer", "auc", "gap"],
            _ => &[], // no protocol
        }
    }

    /// How an embedding is made of an image and its flip.
    pub fn embed(&self) -> &Embed {
        match self {
            Protocol::Verification(it) => &it.embed,
            Protocol::Identification(it) => &it.embed,
            Protocol::Templates(it) => &it.embed,
            Protocol::TemplateSearch(it) => &it.embed,
        }
    }

    /// The learned pooling by which sets of images become one, if it has any.
    pub fn pool(&self) -> Option<&Pooling> {
        match self {
            Protocol::Templates(it) => it.pool.as_ref(),
            Protocol::TemplateSearch(it) => it.pool.as_ref(),
            Protocol::Verification(_) | Protocol::Identification(_) => None,
        }
    }

    /// What the images of the gallery and of the probes go through, each with the seed of the draw.
    pub fn augments(&self) -> [Option<(&Augment, i64)>; 2] {
        match self {
            Protocol::Verification(it) => [&it.gallery, &it.probe].map(|augment| augment.as_ref().map(|augment| (augment, it.seed))),
            Protocol::Identification(_) | Protocol::Templates(_) | Protocol::TemplateSearch(_) => [None, None],
        }
    }
}
