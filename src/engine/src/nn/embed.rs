//! What a network says of images when it is judged: quickly, and the same bits for an image whatever lies in the batch beside it.
//!
//! Libraries choose their kernels by shape, so the shape never varies: images run in groups of one fixed size, the last one filled up
//! with zeros, each group on one thread. So neither the caller's batch nor the number of threads changes a bit.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use tch::{Device, Tensor};

use super::error::NnError;
use super::net::fold::{Folded, fold};
use super::net::{Network, Pass, Run as _};
use super::state::State;

/// Images in a group, on a CPU: few enough that a group's values stay in a core's cache.
const GROUP_CPU: i64 = 4;
/// Images in a group elsewhere.
const GROUP_DEVICE: i64 = 64;

/// Threads that compute: those that libtorch was given.
pub fn threads() -> usize {
    tch::get_num_threads().max(1) as usize
}

/// The threads on which networks are judged on a CPU: one pool of a run, which all its embedders share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workers(Arc<rayon::ThreadPool>);

impl Workers {
    /// So many threads, at least one.
    ///
    /// # Errors
    /// Threads that can't be started.
    pub fn new(threads: usize) -> Result<Self, NnError> {
        let before = tch::get_num_threads();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .thread_name(|at| format!("embed-{at}"))
            // libtorch's own threads would wait for each other inside a group; the setting holds for the worker that makes it
            .start_handler(|_| tch::set_num_threads(1))
            .build()
            .map_err(|e| NnError::Option { option: "threads", value: threads.to_string(), why: e.to_string() })?;
        pool.broadcast(|_| ());
        // ... and for threads that start later, so that it is taken back when all have it.
        tch::set_num_threads(before);
        Ok(Workers(Arc::new(pool)))
    }
}

/// Runs a network, or a range of its layers, as it is judged.
#[derive(Debug)]
pub struct Embedder {
    folded: Folded,
    layers: Range<usize>,
    device: Device,
    workers: Workers,
}

impl Embedder {
    /// The whole network.
    pub fn new(network: &Network, state: &State, workers: &Workers) -> Result<Self, NnError> {
        Self::of_layers(network, state, 0..network.layers.len(), workers)
    }

    /// These layers, where a cached prefix ends or starts. Batch norms are folded into the layers before them.
    pub fn of_layers(network: &Network, state: &State, layers: Range<usize>, workers: &Workers) -> Result<Self, NnError> {
        let folded = fold(network, state)?;
        let device = state.iter().next().map_or(Device::Cpu, |(_, entry)| entry.tensor.device());
        Ok(Embedder { folded, layers, device, workers: workers.clone() })
    }

    /// What comes out of the last layer, `[n, ...]`, for what goes into the first, `[n, ...]`; n may be anything from 1.
    pub fn run(&self, x: &Tensor) -> Result<Tensor, NnError> {
        self.run_reading(x, None)
    }

    /// The same with what the layers read of each sample, `[n, numbers]` in the order of [`Network::reads`].
    pub fn run_reading(&self, x: &Tensor, readings: Option<&Tensor>) -> Result<Tensor, NnError> {
        tch::no_grad(|| {
            let x = x.f_to_device(self.device)?;
            let count = x.size().first().copied().unwrap_or(0);
            if count == 0 {
                return Err(NnError::Input { what: "images".into(), expected: "at least 1".into(), found: "none".into() });
            }
            let size = if self.device == Device::Cpu { GROUP_CPU } else { GROUP_DEVICE };
            let groups: Vec<Group> = (0..count)
                .step_by(size as usize)
                .map(|start| {
                    let part = |of: &Tensor| of.f_narrow(0, start, size.min(count - start));
                    Ok(Group { images: part(&x)?, readings: readings.map(part).transpose()?, folded: self.folded.clone() })
                })
                .collect::<Result<_, NnError>>()?;
            let layers = &self.layers; // the network itself is not for several threads at once
            let run = |group: Group| group.run(size, layers.clone());
            let done: Vec<Result<Tensor, NnError>> = match self.device {
                Device::Cpu => self.workers.0.install(|| groups.into_par_iter().map(run).collect()),
                _ => groups.into_iter().map(run).collect(),
            };
            let done = done.into_iter().collect::<Result<Vec<_>, _>>()?;
            Ok(Tensor::f_cat(&done, 0)?)
        })
    }
}

/// Images that run together, with handles of the network's tensors for the thread that runs them.
struct Group {
    images: Tensor,
    readings: Option<Tensor>,
    folded: Folded,
}

impl Group {
    fn run(self, size: i64, layers: Range<usize>) -> Result<Tensor, NnError> {
        tch::no_grad(|| {
            let count = self.images.size()[0];
            let images = channels_innermost(&filled(self.images, size)?)?;
            let pass = Pass::judging().reading(self.readings.map(|readings| filled(readings, size)).transpose()?);
            let out = self.folded.network.forward_range(&self.folded.state, &images, layers, &pass)?;
            Ok(out.f_narrow(0, 0, count)?)
        })
    }
}

/// `[n, ...]` with rows of zeros up to `size`.
fn filled(x: Tensor, size: i64) -> Result<Tensor, tch::TchError> {
    let mut missing = x.size();
    missing[0] = size - missing[0];
    if missing[0] <= 0 { Ok(x) } else { Tensor::f_cat(&[&x, &x.f_new_zeros(missing.as_slice(), (x.kind(), x.device()))?], 0) }
}

/// A map with its channels innermost in memory: kernels are chosen by layout too.
fn channels_innermost(x: &Tensor) -> Result<Tensor, tch::TchError> {
    if x.dim() == 4 { x.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2]) } else { x.f_contiguous() }
}

#[cfg(test)]
mod tests {
    use ddl::ops::nets::{IResNet, MobileFaceNet, Tiny};
    use ddl::quantity::Pixels;
    use tch::Kind;

    use super::*;
    use crate::nn::backbone::build::Model;
    use crate::nn::backbone::{Backbone, build};
    use crate::nn::net::tests::images;

    fn model(backbone: &impl Backbone) -> Model {
        build(backbone, None, Device::Cpu, Kind::Float).unwrap()
    }

    fn assert_invariant(model: &Model, count: i64) {
        let x = images(&model.network, count);
        let one = Embedder::new(&model.network, &model.state, &Workers::new(1).unwrap()).unwrap();
        let two = Embedder::new(&model.network, &model.state, &Workers::new(2).unwrap()).unwrap();
        let all = one.run(&x).unwrap();
        assert_eq!(all, two.run(&x).unwrap(), "the number of threads");
        for batch in [1, 2, 3, 5] {
            let parts: Vec<Tensor> = x.split(batch, 0).iter().map(|part| one.run(part).unwrap()).collect();
            assert_eq!(all, Tensor::cat(&parts, 0), "{}: batches of {batch}", model.network.name);
        }
        let backwards = one.run(&x.flip([0])).unwrap().flip([0]);
        assert_eq!(all, backwards, "the order");
    }

    #[test]
    fn an_embedding_does_not_depend_on_what_lies_beside_it() {
        assert_invariant(&model(&Tiny { embedding: 64, side: Pixels(48), width: 24, weights: None, seed: 0 }), 11);
        assert_invariant(&model(&MobileFaceNet { embedding: 128, weights: None, variant: None, seed: 0 }), 7);
        assert_invariant(&model(&IResNet { depth: 18, embedding: 512, weights: None, dropout: 0.0, seed: 0 }), 5);
    }

    #[test]
    fn a_prefix_and_the_rest_make_the_whole() {
        let model = model(&MobileFaceNet { embedding: 128, weights: None, variant: None, seed: 0 });
        let (x, end) = (images(&model.network, 3), model.network.layers.len());
        let workers = Workers::new(1).unwrap();
        let of = |layers| Embedder::of_layers(&model.network, &model.state, layers, &workers).unwrap();
        assert_eq!(of(0..17).run(&x).map(|features| of(17..end).run(&features).unwrap()).unwrap(), of(0..end).run(&x).unwrap());
    }
}
