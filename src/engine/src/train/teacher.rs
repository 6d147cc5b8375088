//! A teacher: a model that stays as it is. It runs as it is judged, without gradients, and what it says of images that are the same at every
//! visit is computed once and kept; both ways give the same bits.

use super::bank::Bank;
use super::cast::{Outputs, Share, teacher};
use super::draws::{Draws, Sight};
use super::feed::{Batch, Contents, Inlet, Inlets, Source};
use super::net::{features, pixels};
use super::reads::Reads;
use super::{Stage, TrainError};
use crate::nn::embed::{Embedder, threads};
use crate::nn::front::Layers;
use crate::nn::net::Network;
use ddl::lang::value::NodeId;
use std::sync::Arc;
use tch::{Device, Tensor};

/// A teacher of the stage.
pub struct Teacher {
    /// Its place in the plan.
    pub node: NodeId,
    /// The draws that it sees.
    pub sight: Sight,
    network: Network,
    reads: Reads,
    /// The layers whose outputs terms want, and where kept ones come in.
    layers: Vec<usize>,
    way: How,
}

/// How its outputs come about.
enum How {
    /// Kept: an inlet for each layer.
    Kept(Vec<usize>),
    /// Computed at each step from the images of an inlet: from one wanted layer to the next.
    Run(usize, Vec<Embedder>),
}

impl Teacher {
    /// A teacher, with what it says kept where that can be.
    pub fn new(
        stage: &Stage,
        (node, share): &(NodeId, Share),
        draws: &Draws,
        batches: u64,
        inlets: &mut Inlets,
    ) -> Result<Self, TrainError> {
        let model = teacher(stage, *node)?;
        let network = model.network.clone();
        let sight = share.sight(draws);
        let layers: Vec<usize> = share.layers.iter().copied().collect();
        let bank =
            |layer: &usize| Bank::of(stage, &Layers { network: &network, state: &model.state, count: layer + 1 }, draws, &sight, batches);
        // what depends on more than the image is not kept by the image
        let reads_on = layers.last().is_some_and(|last| *last >= network.first_reader());
        let banks = if reads_on { None } else { layers.iter().map(bank).collect::<Result<Option<Vec<Arc<Bank>>>, TrainError>>()? };
        let mut inlet = |source| inlets.place(Inlet { draws: sight.draws.clone(), source });
        let way = match banks {
            Some(banks) => How::Kept(banks.into_iter().map(|bank| inlet(Source::Rows(bank))).collect()),
            None => {
                let starts = std::iter::once(0).chain(layers.iter().map(|layer| layer + 1));
                let part = |(from, layer): (usize, &usize)| Embedder::of_layers(&network, &model.state, from..layer + 1, threads());
                let parts = starts.zip(&layers).map(part).collect::<Result<_, _>>()?;
                How::Run(inlet(Source::Pixels(network.input.size())), parts)
            }
        };
        let reads = Reads::new(&network, draws, &sight)?;
        Ok(Teacher { node: *node, sight, network, reads, layers, way })
    }

    /// The wanted outputs of a batch.
    pub fn run(&self, batch: &Batch, device: Device) -> Result<Outputs, TrainError> {
        let numbers = &batch.numbers;
        let mut outputs = Outputs::new();
        match &self.way {
            How::Kept(inlets) => {
                for (layer, inlet) in self.layers.iter().zip(inlets) {
                    let Contents::Features(rows) = &numbers[*inlet] else { continue }; // not reached: the inlet gives rows
                    outputs.insert(*layer, features(&self.network, *layer, rows, device)?);
                }
            }
            How::Run(inlet, parts) => {
                let Contents::Pixels(bytes) = &numbers[*inlet] else { return Ok(outputs) }; // not reached: the inlet gives pixels
                let readings = self.reads.of(&batch.picks, device)?;
                let mut value = pixels(&self.network.input, bytes, device)?;
                for (layer, part) in self.layers.iter().zip(parts) {
                    value = innermost(&part.run_reading(&value, readings.as_ref())?)?;
                    outputs.insert(*layer, value.shallow_clone());
                }
            }
        }
        Ok(outputs)
    }
}

/// A map laid out as kept ones are: channels innermost.
fn innermost(x: &Tensor) -> Result<Tensor, TrainError> {
    Ok(if x.dim() == 4 { x.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])? } else { x.f_contiguous()? })
}
