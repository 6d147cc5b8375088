//! A backbone with its first tensors: drawn from its seed, or taken from a checkpoint whose every tensor is accounted for.

use indexmap::IndexMap;
use tch::{Device, Kind};

use crate::nn::error::NnError;
use crate::nn::net::Network;
use crate::nn::state::{Account, NameMap, State, StateError};
use ddl::nets::Backbone;
use ddl::nets::backbone::HEADS;

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
    let maps = if names.is_empty() { layouts(backbone, checkpoint)? } else { vec![said(names)?] };
    let mut nearest: Option<Box<Account>> = None;
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
    account.missing.len() + account.extra.len() + account.misshapen.len() + account.mistyped.len()
}

/// What training code wraps a network in.
pub const WRAPPERS: [&str; 6] = ["module.", "backbone.", "model.", "net.", "encoder.", "network."];

/// The backbone's own names and known ones, each under whatever wrappers all of the checkpoint's names (but heads') share.
fn layouts<B: Backbone>(backbone: &B, checkpoint: &State) -> Result<Vec<NameMap>, NnError> {
    let mut maps = vec![map(&[HEADS])?];
    maps.extend(backbone.known_names());
    let wrapped = wrapping(checkpoint);
    if !wrapped.is_empty() {
        let inside = maps.iter().map(|map| map.clone().under(&wrapped)).collect::<Vec<_>>();
        maps.extend(inside);
    }
    Ok(maps)
}

fn wrapping(checkpoint: &State) -> String {
    let names: Vec<&str> = checkpoint.names().filter(|name| !name.starts_with("head.")).collect();
    let mut wrapped = String::new();
    while let Some(next) = WRAPPERS.iter().find(|next| names.iter().all(|name| name[wrapped.len()..].starts_with(**next))) {
        if names.is_empty() {
            break;
        }
        wrapped += next;
    }
    wrapped
}

fn map(rules: &[(&str, Option<&str>)]) -> Result<NameMap, NnError> {
    NameMap::new(rules).map_err(|e| NnError::Option { option: "names", value: e.pattern.clone(), why: e.why })
}

fn said(names: &IndexMap<String, String>) -> Result<NameMap, NnError> {
    let pairs: Vec<(&str, &str)> = names.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    NameMap::prefixes(&pairs).map_err(|e| NnError::Option { option: "names", value: e.pattern.clone(), why: e.why })
}
