//! A backbone with its first tensors: drawn from its seed, or taken from a checkpoint whose every tensor is accounted for.

use indexmap::IndexMap;
use tch::{Device, Kind};

use super::Backbone;
use crate::nn::error::NnError;
use crate::nn::net::Network;
use crate::nn::state::{Account, NameMap, State, StateError};

/// A network and its tensors.
#[derive(Debug, Clone)]
pub struct Model {
    /// The network.
    pub network: Network,
    /// Its tensors.
    pub state: State,
    /// What became of a checkpoint's tensors, if they came from one.
    pub account: Option<Account>,
}

/// A backbone with tensors on a device.
///
/// `checkpoint` is what the file holds, and how its names map: pairs of a prefix (or whole name) and what stands for it; empty
/// tries the backbone's own names and those of known public checkpoints. Names under `head.` are left to the caller.
///
/// # Errors
/// [`StateError::Account`] for the nearest fit when no layout takes every tensor.
pub fn build<B: Backbone>(
    backbone: &B,
    checkpoint: Option<(&State, &IndexMap<String, String>)>,
    device: Device,
    kind: Kind,
) -> Result<Model, NnError> {
    let Some((checkpoint, names)) = checkpoint else {
        let network = backbone.network()?;
        let state = State::initialise(&network.specs(), backbone.seed(), device, kind)?;
        return Ok(Model { network, state, account: None });
    };
    let maps = if names.is_empty() { layouts(backbone)? } else { vec![said(names)?] };
    let mut nearest: Option<Account> = None;
    for network in backbone.variants()? {
        let specs = network.specs();
        for map in &maps {
            match State::adopt(&specs, checkpoint, map) {
                Ok((state, account)) => {
                    let state = state.copy()?.to(device, kind)?;
                    return Ok(Model { network, state, account: Some(account) });
                }
                Err(StateError::Account(account)) => {
                    if nearest.as_ref().is_none_or(|nearest| defects(&account) < defects(nearest)) {
                        nearest = Some(account);
                    }
                }
                Err(StateError::Twice(_)) if names.is_empty() => {} // a guessed layout that does not fit
                Err(other) => return Err(other.into()),
            }
        }
    }
    Err(StateError::Account(nearest.unwrap_or_default()).into())
}

fn defects(account: &Account) -> usize {
    account.missing.len() + account.extra.len() + account.misshapen.len()
}

/// Heads' tensors are no part of a backbone.
const HEADS: (&str, Option<&str>) = (r"head\..*", None);

fn layouts<B: Backbone>(backbone: &B) -> Result<Vec<NameMap>, NnError> {
    let mut maps = vec![map(&[HEADS])?, map(&[HEADS, (r"module\.(.*)", Some("$1"))])?, map(&[HEADS, (r"backbone\.(.*)", Some("$1"))])?];
    maps.extend(backbone.known_names());
    Ok(maps)
}

fn map(rules: &[(&str, Option<&str>)]) -> Result<NameMap, NnError> {
    NameMap::new(rules).map_err(|e| NnError::Option { option: "names", value: e.pattern.clone(), why: e.why })
}

fn said(names: &IndexMap<String, String>) -> Result<NameMap, NnError> {
    let pairs: Vec<(&str, &str)> = names.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    NameMap::prefixes(&pairs).map_err(|e| NnError::Option { option: "names", value: e.pattern.clone(), why: e.why })
}
