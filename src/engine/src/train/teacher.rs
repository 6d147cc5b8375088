//! A teacher: a model that stays as it is. It runs as it is judged, without gradients, and what it says of images that are the same at
//! every visit is computed once and kept; both ways give the same bits.

use super::bank::{Bank, BankBuilder};
use super::draws::BatchLayout;
use super::error::TrainError;
use super::feed::{Batch, Inlet, Inlets, Source};
use super::input::{InputData, features, pixels};
use super::outputs::{Outputs, TeacherOutputs};
use super::reads::Reads;
use super::requests::Requested;
use crate::model::Model;
use crate::nn::embed::Embedder;
use crate::nn::front::Layers;
use ddl::lang::value::NodeId;
use std::rc::Rc;
use std::sync::Arc;
use tch::{Device, Tensor};

/// A teacher of the stage.
pub struct Teacher {
    /// Its place in the plan.
    pub node: NodeId,
    model: Rc<Model>,
    /// The draws that it sees.
    layout: BatchLayout,
    reads: Reads,
    /// The layers whose outputs terms want, and where kept ones come in.
    layers: Vec<usize>,
    how: How,
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
    pub fn new(requested: &Requested, banks: &BankBuilder, inlets: &mut Inlets) -> Result<Self, TrainError> {
        let model = Rc::clone(&requested.model);
        let network = &model.network;
        let layout = requested.layout(banks.draws);
        let layers: Vec<usize> = requested.layers.iter().copied().collect();
        let bank = |layer: &usize| banks.build(&Layers { network, state: &model.state, count: layer + 1 }, &layout);
        // what depends on more than the image is not kept by the image
        let reads_on = layers.last().is_some_and(|last| *last >= network.first_reader());
        let kept = if reads_on { None } else { layers.iter().map(bank).collect::<Result<Option<Vec<Arc<Bank>>>, TrainError>>()? };
        let mut inlet = |source| inlets.place(Inlet { draws: layout.draws.clone(), source });
        let how = match kept {
            Some(kept) => How::Kept(kept.into_iter().map(|bank| inlet(Source::Rows(bank))).collect()),
            None => {
                let starts = std::iter::once(0).chain(layers.iter().map(|layer| layer + 1));
                let part =
                    |(from, layer): (usize, &usize)| Embedder::of_layers(network, &model.state, from..layer + 1, banks.around.workers);
                let parts = starts.zip(&layers).map(part).collect::<Result<_, _>>()?;
                How::Run(inlet(Source::Pixels(network.input.size())), parts)
            }
        };
        let reads = Reads::new(network, banks.draws, &layout)?;
        Ok(Teacher { node: requested.node, layout, reads, layers, how, model })
    }

    /// The wanted outputs of a batch.
    pub fn run(&self, batch: &Batch, device: Device) -> Result<TeacherOutputs, TrainError> {
        let (network, numbers) = (&self.model.network, &batch.numbers);
        let mut outputs = Outputs::new(&self.layout);
        match &self.how {
            How::Kept(inlets) => {
                for (layer, inlet) in self.layers.iter().zip(inlets) {
                    let InputData::Features(rows) = &numbers[*inlet] else { continue }; // not reached: the inlet gives rows
                    outputs.insert(*layer, features(network, *layer, rows, device)?);
                }
            }
            How::Run(inlet, parts) => {
                if let InputData::Pixels(bytes) = &numbers[*inlet] {
                    let readings = self.reads.of(&batch.picks, device)?;
                    let mut value = pixels(&network.input, bytes, device)?;
                    for (layer, part) in self.layers.iter().zip(parts) {
                        value = innermost(&part.run_reading(&value, readings.as_ref())?)?;
                        outputs.insert(*layer, value.shallow_clone());
                    }
                }
            }
        }
        Ok(TeacherOutputs { model: Rc::clone(&self.model), outputs })
    }
}

/// A map laid out as kept ones are: channels innermost.
fn innermost(x: &Tensor) -> Result<Tensor, TrainError> {
    Ok(if x.dim() == 4 { x.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])? } else { x.f_contiguous()? })
}
