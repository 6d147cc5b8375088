//! A network that is trained, and the part of each step that it sees.

use super::bank::Bank;
use super::cast::{Outputs, Share};
use super::draws::{Draws, Sight};
use super::feed::{Batch, Contents, Inlet, Inlets, Source};
use super::reads::Reads;
use super::setup::Way;
use super::{Stage, TrainError, Trainee};
use crate::nn::front::{Layers, from_rows};
use crate::nn::net::{Frozen, Images as _, Input, Network, Run as _};
use crate::nn::state::State;
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

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
    pub sight: Sight,
    /// Their outputs, if they are kept.
    pub bank: Option<Arc<Bank>>,
    /// Where its images, or the kept outputs, come in.
    pub inlet: usize,
    /// What it reads of the samples.
    pub reads: Reads,
    /// The layers whose outputs terms want.
    layers: Vec<usize>,
}

impl Net {
    /// The network of a stage, with its cached prefix where there is one.
    pub fn new(
        stage: &Stage,
        trainee: &Trainee,
        share: &Share,
        draws: &Draws,
        batches: u64,
        inlets: &mut Inlets,
    ) -> Result<Self, TrainError> {
        let network = trainee.source.network.clone();
        let frozen = network.freeze(&stage.tables.plan().frozen(stage.train, trainee.node))?;
        let layers: Vec<usize> = share.layers.iter().copied().collect();
        let prefix = frozen.prefix().min(layers.first().map_or(0, |first| first + 1));
        let sight = share.sight(draws);
        let of = Layers { network: &network, state: &trainee.source.state, count: prefix };
        let bank = Bank::of(stage, &of, draws, &sight, batches)?;
        let source = bank.as_ref().map_or_else(|| Source::Pixels(network.input.size()), |bank| Source::Rows(Arc::clone(bank)));
        let inlet = inlets.place(Inlet { draws: sight.draws.clone(), source });
        let reads = Reads::new(&network, draws, &sight)?;
        Ok(Net { name: trainee.name.clone(), network, frozen, prefix, sight, bank, inlet, reads, layers })
    }

    /// The wanted outputs of a batch as it is trained, with gradients to what learns; the frozen prefix leaves nothing for them.
    pub fn run(&self, state: &State, batch: &Batch, way: &Way) -> Result<Outputs, TrainError> {
        let numbers = &batch.numbers[self.inlet];
        let pass = way.pass.clone().fixing(&self.frozen.layers).reading(self.reads.of(&batch.picks, way.device)?);
        let input = self.input(numbers, way.device)?;
        let after = match numbers {
            Contents::Pixels(_) => tch::no_grad(|| self.network.forward_range(state, &input, 0..self.prefix, &pass))?,
            Contents::Features(_) => input,
        };
        let rest = self.prefix..self.network.layers.len();
        let (fixed, learned): (Vec<usize>, Vec<usize>) = self.layers.iter().partition(|layer| !rest.contains(layer));
        let mut outputs: Outputs = fixed.into_iter().map(|layer| (layer, after.shallow_clone())).collect();
        let (_, tapped) = self.network.forward_taps(state, &after, rest, &pass, &learned)?;
        outputs.extend(learned.into_iter().zip(tapped));
        Ok(outputs)
    }

    /// What goes into the network, or into its first layer that learns.
    pub fn input(&self, numbers: &Contents, device: Device) -> Result<Tensor, TrainError> {
        match numbers {
            Contents::Pixels(bytes) => pixels(&self.network.input, bytes, device),
            Contents::Features(numbers) => features(&self.network, self.prefix - 1, numbers, device),
        }
    }
}

/// Images as a network sees them.
pub fn pixels(input: &Input, bytes: &[u8], device: Device) -> Result<Tensor, TrainError> {
    Ok(input.tensor(bytes, device, Kind::Float)?)
}

/// Kept outputs of a layer as a tensor laid out as the layer itself leaves it.
pub fn features(network: &Network, layer: usize, numbers: &[f32], device: Device) -> Result<Tensor, TrainError> {
    Ok(from_rows(numbers, network.shapes()?[layer], device)?)
}
