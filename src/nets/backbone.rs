//! Backbones: each declaration in [`crate::ops::nets`] as a network, and the names of public checkpoints for it.

mod deepface;
mod deepid;
pub mod hopenet;
mod ir;
mod iresnet;
mod lightcnn;
mod mobilefacenet;
mod pieces;
mod resnet50;
mod spherenet;
mod tiny;
mod vgg16;
mod vit;

use super::{Cost, NameMap, NetError, Network};
use crate::ops::nets;
use std::collections::BTreeMap;

/// What a declared backbone is.
pub trait Backbone {
    /// The network. Where public forms of one name differ and none was chosen, the first of [`Backbone::variants`].
    fn network(&self) -> Result<Network, NetError>;

    /// The networks that a checkpoint may be for, where the declaration leaves that open; one otherwise.
    fn variants(&self) -> Result<Vec<Network>, NetError> {
        Ok(vec![self.network()?])
    }

    /// Names of public checkpoints that are known to be for this backbone, beside its own.
    fn known_names(&self) -> Vec<NameMap> {
        Vec::new()
    }

    /// Seed of the first tensors.
    fn seed(&self) -> i64;

    /// What it costs; nothing for options that no network has (a depth that does not exist), of which the checker speaks.
    fn cost(&self) -> Option<Cost> {
        self.network().ok()?.cost().ok()
    }
}

macro_rules! each {
    ($self:ident, $it:ident => $do:expr) => {
        match $self {
            nets::Backbone::MobileFaceNet($it) => $do,
            nets::Backbone::IResNet($it) => $do,
            nets::Backbone::Ir($it) => $do,
            nets::Backbone::LightCnn($it) => $do,
            nets::Backbone::Vgg16($it) => $do,
            nets::Backbone::SphereNet($it) => $do,
            nets::Backbone::ResNet50($it) => $do,
            nets::Backbone::Vit($it) => $do,
            nets::Backbone::DeepId($it) => $do,
            nets::Backbone::DeepFace($it) => $do,
            nets::Backbone::Hopenet($it) => $do,
            nets::Backbone::Tiny($it) => $do,
        }
    };
}

impl Backbone for nets::Backbone {
    fn network(&self) -> Result<Network, NetError> {
        each!(self, it => it.network())
    }

    fn variants(&self) -> Result<Vec<Network>, NetError> {
        each!(self, it => it.variants())
    }

    fn known_names(&self) -> Vec<NameMap> {
        each!(self, it => it.known_names())
    }

    fn seed(&self) -> i64 {
        each!(self, it => it.seed())
    }
}

/// Of the networks that a backbone may be, the one that has these tensors (`[sides]` by name) and no others; heads' tensors are let by.
///
/// # Errors
/// A declaration that is no network.
pub fn fitting<B: Backbone>(backbone: &B, tensors: &BTreeMap<String, Vec<i64>>) -> Result<Option<Network>, NetError> {
    let count = tensors.keys().filter(|name| !name.starts_with("head.")).count();
    let fits = |network: &Network| {
        let specs = network.specs();
        specs.len() == count && specs.iter().all(|spec| tensors.get(&spec.name) == Some(&spec.shape))
    };
    Ok(backbone.variants()?.into_iter().find(fits))
}

/// Heads' tensors are no part of a backbone.
pub const HEADS: (&str, Option<&str>) = (r"head\..*", None);

/// A backbone's own names, beside a classifier (a pattern of whole names) that is left out.
fn without(classifier: &str) -> Vec<NameMap> {
    NameMap::new(&[(classifier, None), HEADS]).into_iter().collect()
}
