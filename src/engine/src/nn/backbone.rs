//! Backbones: each declaration in `ddl::ops::nets` as a network, with its first tensors.

pub mod build;
pub mod ir;
pub mod iresnet;
pub mod lightcnn;
pub mod mobilefacenet;
mod pieces;
pub mod resnet50;
pub mod spherenet;
pub mod tiny;
pub mod vgg16;

use ddl::ops::nets;

pub use build::{Model, build};

use crate::nn::error::NnError;
use crate::nn::net::Network;
use crate::nn::state::NameMap;

/// What a declared backbone is to the engine.
pub trait Backbone {
    /// The network. Where public forms of one name differ and none was chosen, the first of [`Backbone::variants`].
    fn network(&self) -> Result<Network, NnError>;

    /// The networks that a checkpoint may be for, where the declaration leaves that open; one otherwise.
    fn variants(&self) -> Result<Vec<Network>, NnError> {
        Ok(vec![self.network()?])
    }

    /// Names of public checkpoints that are known to be for this backbone, beside its own.
    fn known_names(&self) -> Vec<NameMap> {
        Vec::new()
    }

    /// Seed of the first tensors.
    fn seed(&self) -> i64;
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
            nets::Backbone::Tiny($it) => $do,
        }
    };
}

impl Backbone for nets::Backbone {
    fn network(&self) -> Result<Network, NnError> {
        each!(self, it => it.network())
    }

    fn variants(&self) -> Result<Vec<Network>, NnError> {
        each!(self, it => it.variants())
    }

    fn known_names(&self) -> Vec<NameMap> {
        each!(self, it => it.known_names())
    }

    fn seed(&self) -> i64 {
        each!(self, it => it.seed())
    }
}

/// A backbone's own names, beside a classifier (a pattern of whole names) that is left out.
fn without(classifier: &str) -> Vec<NameMap> {
    NameMap::new(&[(classifier, None), build::HEADS]).into_iter().collect()
}

#[cfg(test)]
pub(crate) mod tests;
