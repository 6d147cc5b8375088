//! A network that is trained, and the part of each step that it sees.

use super::bank::{Bank, BankBuilder};
use super::draws::BatchLayout;
use super::error::TrainError;
use super::feed::{Batch, Inlet, Inlets, Source};
use super::input::{InputData, features, pixels};
use super::outputs::Outputs;
use super::reads::Reads;
use super::requests::Requested;
use crate::nn::front::Layers;
use crate::nn::net::{Frozen, Network, Pass, Run as _};
use crate::nn::state::State;
use std::sync::Arc;
use tch::{Device, Tensor};

/// A network of the stage.
pub struct Net {
    /// Its name in the stage; empty where there is but one.
    pub name: String,
    /// The network.
    pub network: Network,
    /// What of it stays.
    pub frozen: Frozen,
    /// How many leading layers stay, up to the first whose output a term wants.
    pub prefix: usize,
    /// The draws that it sees.
    pub layout: BatchLayout,
    /// Their outputs, if they are kept.
    pub bank: Option<Arc<Bank>>,
    /// Where its images, or the kept outputs, come in.
    inlet: usize,
    /// What it reads of the samples.
    reads: Reads,
    /// The layers whose outputs terms want.
    layers: Vec<usize>,
}

impl Net {
    /// A network of a stage of which these parts are frozen, with its cached prefix where there is one.
    pub fn new(name: &str, frozen: &[&str], requested: &Requested, banks: &BankBuilder, inlets: &mut Inlets) -> Result<Self, TrainError> {
        let network = requested.model.network.clone();
        let frozen = network.freeze(frozen)?;
        let layers: Vec<usize> = requested.layers.iter().copied().collect();
        let prefix = frozen.prefix().min(layers.first().map_or(0, |first| first + 1));
        let layout = requested.layout(banks.draws);
        let bank = banks.build(&Layers { network: &network, state: &requested.model.state, count: prefix }, &layout)?;
        let source = bank.as_ref().map_or_else(|| Source::Pixels(network.input.size()), |bank| Source::Rows(Arc::clone(bank)));
        let inlet = inlets.place(Inlet { draws: layout.draws.clone(), source });
        let reads = Reads::new(&network, banks.draws, &layout)?;
        Ok(Net { name: name.to_owned(), network, frozen, prefix, layout, bank, inlet, reads, layers })
    }

    /// The wanted outputs of a batch as it is trained, with gradients to what learns; the frozen prefix leaves nothing for them.
    pub fn run(&self, state: &State, batch: &Batch, pass: Pass, device: Device) -> Result<Outputs, TrainError> {
        let numbers = &batch.numbers[self.inlet];
        let pass = pass.fixing(&self.frozen.layers).reading(self.reads.of(&batch.picks, device)?);
        let input = self.input(numbers, device)?;
        let after = match numbers {
            InputData::Pixels(_) => tch::no_grad(|| self.network.forward_range(state, &input, 0..self.prefix, &pass))?,
            InputData::Features(_) => input,
        };
        let rest = self.prefix..self.network.layers.len();
        let (fixed, learned): (Vec<usize>, Vec<usize>) = self.layers.iter().partition(|layer| !rest.contains(layer));
        let mut outputs = Outputs::new(&self.layout);
        fixed.into_iter().for_each(|layer| outputs.insert(layer, after.shallow_clone()));
        let (_, tapped) = self.network.forward_taps(state, &after, rest, &pass, &learned)?;
        learned.into_iter().zip(tapped).for_each(|(layer, output)| outputs.insert(layer, output));
        Ok(outputs)
    }

    /// What goes into the network, or into its first layer that learns.
    pub fn input(&self, numbers: &InputData, device: Device) -> Result<Tensor, TrainError> {
        match numbers {
            InputData::Pixels(bytes) => pixels(&self.network.input, bytes, device),
            InputData::Features(numbers) => features(&self.network, self.prefix - 1, numbers, device),
        }
    }
}
