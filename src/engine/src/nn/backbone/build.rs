//! A backbone with its first tensors: drawn from its seed, or taken from a checkpoint whose every tensor is accounted for.

use tch::{Device, Kind};

use crate::nn::error::NnError;
use crate::nn::net::Network;
use crate::nn::state::{State, StateError};
use ddl::nets::Backbone;
use ddl::nets::fit::{Names, fit};

/// A network and its tensors.
#[derive(Debug, Clone)]
pub struct Model {
    /// The network.
    pub network: Network,
    /// Its tensors.
    pub state: State,
}

/// A backbone with tensors on a device.
///
/// `checkpoint` is what the file holds, and how its names map; empty tries the backbone's own names and those of known public checkpoints.
/// Names under `head.` are left to the caller.
///
/// # Errors
/// [`StateError::Account`] for the nearest fit when no layout takes every tensor.
pub fn build<B: Backbone>(backbone: &B, checkpoint: Option<(&State, &Names)>, device: Device, kind: Kind) -> Result<Model, NnError> {
    let Some((checkpoint, names)) = checkpoint else {
        let network = backbone.network()?;
        let state = State::initialise(&network.specs(), backbone.seed(), device, kind)?;
        return Ok(Model { network, state });
    };
    let fit = fit(backbone, &checkpoint.sorts(), names).map_err(StateError::from)?;
    let state = checkpoint.taken(&fit.taken)?.copy()?.to(device, kind)?;
    Ok(Model { network: fit.network, state })
}
