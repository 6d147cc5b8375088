//! A model: a network, its tensors, and what its heads have learned of each label space.

use crate::nn::backbone::build;
use crate::nn::error::NnError;
use crate::nn::net::Network;
use crate::nn::rows::KeptRows;
use crate::nn::state::{NotFinite, State, StateError};
use ddl::nets::Made;
use ddl::nets::fit::Names;
use ddl::ops::nets::Extension;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tch::{Device, Kind};

/// The label space that a head's rows belong to, and the slot that a recipe gave it (`slot = "main"`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct HeadId {
    /// The label space's digest.
    pub space: String,
    /// The slot.
    pub slot: String,
}

impl HeadId {
    /// A slot of what has no rows of people.
    pub fn of_nobody(slot: &str) -> Self {
        HeadId { space: String::new(), slot: slot.to_owned() }
    }

    /// The name of one of its tensors among all of a model's.
    pub fn tensor(&self, name: &str) -> String {
        let space = self.space.get(..16).unwrap_or(&self.space);
        format!("head.{}.{space}.{name}", self.slot)
    }
}

/// What a head has learned.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// People by row of the prototypes.
    pub names: Arc<[Arc<str>]>,
    /// Its tensors (`prototypes` `[classes, embedding]`, …): what has a row for each class is reached through
    /// [`Rows`](crate::nn::rows::Rows).
    pub state: State,
}

/// A model.
#[derive(Debug, Clone)]
pub struct Model {
    /// What its network is made of.
    pub made: Made,
    /// The network.
    pub network: Network,
    /// The network's tensors.
    pub state: State,
    /// What heads have learned.
    pub(crate) heads: BTreeMap<HeadId, Head>,
}

/// How heads lie in a model's file: tensors under `head.<place>.`, names here.
#[derive(Debug, Serialize, Deserialize)]
struct HeadOnDisk {
    #[serde(flatten)]
    id: HeadId,
    names: Vec<String>,
}

pub(crate) use ddl::store::TENSORS;
/// The name of the list of heads in a model's artifact.
pub(crate) const HEADS: &str = "heads.json";

impl Model {
    /// A network with its first tensors: drawn from its seed, or a checkpoint's.
    ///
    /// # Errors
    /// When the checkpoint does not fit: every missing, extra or misshapen tensor is listed.
    pub fn new(made: &Made, checkpoint: Option<(&State, &Names)>, device: Device) -> Result<Self, NnError> {
        let model = build(made, checkpoint, device, Kind::Float)?;
        Ok(Model { made: made.clone(), network: model.network, state: model.state, heads: BTreeMap::new() })
    }

    /// The bytes of the two files of a model's artifact: tensors and heads.
    ///
    /// # Errors
    /// When a tensor can't be brought to the host.
    pub fn to_files(&self) -> Result<(Vec<u8>, Vec<u8>), StateError> {
        let mut all = self.state.clone();
        let mut heads = Vec::new();
        for (place, (id, head)) in self.heads.iter().enumerate() {
            head.state.save(&format!("head.{place}."), &mut all)?;
            heads.push(HeadOnDisk { id: id.clone(), names: head.names.iter().map(ToString::to_string).collect() });
        }
        let heads = serde_json::to_vec(&heads).unwrap_or_default(); // texts alone: JSON can write them
        Ok((all.to_bytes(&[("made by", concat!("ddl ", env!("CARGO_PKG_VERSION")))])?, heads))
    }

    /// A model from the files of its artifact.
    ///
    /// # Errors
    /// When they are not what [`Model::to_files`] wrote for this network.
    pub(crate) fn from_files(made: &Made, tensors: &[u8], heads: &[u8], device: Device) -> Result<Self, NnError> {
        let all = State::from_bytes(tensors)?;
        let listed: Vec<HeadOnDisk> = ddl::misread::json(heads).map_err(|error| NnError::Input {
            what: HEADS.to_owned(),
            expected: "a list of heads".to_owned(),
            found: error.to_string(),
        })?;
        let mut model = Model::new(made, Some((&all, &Names::new())), device)?;
        for (place, head) in listed.into_iter().enumerate() {
            let state = <State as KeptRows>::load(&all, &format!("head.{place}."), device)?;
            let names = head.names.into_iter().map(Arc::from).collect();
            model.heads.insert(head.id, Head { names, state });
        }
        Ok(model)
    }

    /// The model with something added to its network, whose tensors are drawn from the extension's seed. The others are the model's own,
    /// and so are heads, unless the embedding is another one.
    ///
    /// # Errors
    /// A network that does not take it; no memory.
    pub fn extended(&self, extension: &Extension) -> Result<Self, NnError> {
        let network = extension.extend(self.network.clone())?;
        let mut model = Model { network, made: self.made.with(extension.clone()), ..self.copy()? };
        let device = model.state.iter().next().map_or(Device::Cpu, |(_, entry)| entry.tensor.device());
        let specs = model.network.specs();
        let new: Vec<_> = specs.iter().filter(|spec| model.state.entry(&spec.name).is_none()).cloned().collect();
        let fresh = State::initialise(&new, extension.seed(), device, Kind::Float)?;
        let mut state = State::new();
        for spec in &specs {
            let from = if model.state.entry(&spec.name).is_some() { &model.state } else { &fresh };
            state.insert(&spec.name, from.get(&spec.name)?.shallow_clone(), spec.role)?;
        }
        model.state = state;
        if extension.replaces_the_embedding() {
            model.heads.clear();
        }
        Ok(model)
    }

    /// The same network with tensors of its own.
    ///
    /// # Errors
    /// When libtorch has no memory for them.
    pub(crate) fn copy(&self) -> Result<Self, StateError> {
        let heads =
            self.heads.iter().map(|(id, head)| Ok((id.clone(), Head { names: Arc::clone(&head.names), state: head.state.copy()? })));
        Ok(Model {
            made: self.made.clone(),
            network: self.network.clone(),
            state: self.state.copy()?,
            heads: heads.collect::<Result<_, StateError>>()?,
        })
    }

    /// The first tensor of the network, or of what was learned beside it, of which a value is NaN or infinite.
    ///
    /// # Errors
    /// When libtorch has no memory to look.
    pub(crate) fn not_finite(&self) -> Result<Option<NotFinite>, StateError> {
        if let Some(found) = self.state.not_finite()? {
            return Ok(Some(found));
        }
        for (id, head) in &self.heads {
            if let Some(found) = head.state.not_finite()? {
                return Ok(Some(NotFinite { name: id.tensor(&found.name), ..found }));
            }
        }
        Ok(None)
    }

    /// The width of the embedding.
    ///
    /// # Errors
    /// When the network does not end in an embedding.
    pub(crate) fn width(&self) -> Result<i64, NnError> {
        Ok(self.network.embedding()?)
    }
}
