//! What judged models have in common: stages that train the last layers of one network see the same images through the same first layers,
//! so what those make of the images is computed once and kept while the run goes on.
//!
//! Nothing of it changes a bit: a front and the rest of a network make the whole (see [`crate::nn::embed`]), and fronts are told apart by
//! their tensors and by their images, not by what the plan says of them.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes of tensors, which libtorch counts in i64")]

use super::features::ImageView;
use super::{Exec, Halt};
use crate::model::Model;
use crate::nn::backbone::Backbone as _;
use crate::nn::front::{Layers, from_rows};
use crate::nn::net::Shape;
use ddl::lang::value::NodeId;
use ddl::ops::node::Node;
use ddl::ops::stages::Train;
use std::collections::VecDeque;
use std::rc::Rc;
use tch::Tensor;

/// Numbers of all fronts together that are kept, as bytes; the oldest goes first, and a larger one is not made.
const KEPT: usize = 2 << 30;

/// What a front is a front of: its layers with their tensors, and the images.
type Name = [u8; 32];

/// Outputs of a network's first layers.
#[derive(Debug)]
pub struct Front {
    name: Name,
    /// Embeddings of numbers; maps have their channels innermost.
    numbers: Vec<f32>,
    /// What a row is of.
    shape: Shape,
}

impl Front {
    /// Embeddings `from..to` as the layer itself leaves them.
    pub fn rows(&self, from: usize, to: usize, device: tch::Device) -> Result<Tensor, tch::TchError> {
        let width = self.shape.numel().max(1) as usize;
        from_rows(&self.numbers[from * width..to * width], self.shape, device)
    }
}

/// The fronts of a run, the newest last.
pub type Fronts = VecDeque<Rc<Front>>;

impl Exec<'_> {
    /// How many first layers of a model others in the plan may share: those that its stage left as they were.
    pub(super) fn shared_layers(&self, id: NodeId) -> Result<usize, Halt> {
        let plan = &self.job.plan;
        if plan.node(id).is_network() {
            let of = self.stages_from(id).map(|stage| self.fixed_layers(stage, id)).collect::<Result<Vec<_>, _>>()?;
            return Ok(of.into_iter().filter(|layers| *layers > 0).min().unwrap_or(0));
        }
        let models = match plan.work(id)? {
            Node::Train(stage) => return self.fixed_layers(stage, plan.source(id)?),
            Node::Net(net) => return self.fixed_layers(plan.get(net.stage.node)?, plan.source(id)?),
            _ => plan.one_of_several(id)?,
        };
        let of = models.iter().map(|model| self.shared_layers(model.node)).collect::<Result<Vec<_>, _>>()?;
        Ok(of.into_iter().min().unwrap_or(0))
    }

    fn stages_from(&self, source: NodeId) -> impl Iterator<Item = &Train> {
        let stages = self.job.plan.all::<Train>().map(|(_, stage)| stage);
        stages.filter(move |stage| stage.model.all().iter().any(|(_, model)| model.node == source))
    }

    /// How many first layers of the network that starts from `source` a stage leaves as they were.
    fn fixed_layers(&self, stage: &Train, source: NodeId) -> Result<usize, Halt> {
        let parts = self.job.plan.frozen(stage, source);
        if parts.is_empty() {
            return Ok(0);
        }
        Ok(self.made(source)?.network()?.freeze(&parts)?.prefix())
    }

    /// What the first `layers` of a model make of these images; `None` where that would take too much memory.
    pub(super) fn front(&self, node: &str, model: &Model, view: &ImageView, layers: usize) -> Result<Option<Rc<Front>>, Halt> {
        let Some(shape) = layers.checked_sub(1).map(|last| model.network.shapes().map(|shapes| shapes[last])).transpose()? else {
            return Ok(None);
        };
        let bytes = shape.numel().max(1) as usize * view.table.len() * size_of::<f32>();
        if bytes > KEPT {
            return Ok(None);
        }
        let name = name(model, view, layers)?;
        if let Some(front) = self.fronts.borrow().iter().find(|front| front.name == name) {
            return Ok(Some(Rc::clone(front)));
        }
        let numbers = self.through(node, model, view, 0..layers)?;
        let front = Rc::new(Front { name, numbers, shape });
        let mut kept = self.fronts.borrow_mut();
        let size = |front: &Rc<Front>| front.numbers.len() * size_of::<f32>();
        while !kept.is_empty() && kept.iter().map(size).sum::<usize>() + bytes > KEPT {
            kept.pop_front();
        }
        kept.push_back(Rc::clone(&front));
        Ok(Some(front))
    }
}

/// The digest of some first layers with their tensors, and of the images as they are seen.
fn name(model: &Model, view: &ImageView, layers: usize) -> Result<Name, Halt> {
    let (layers, tensors) = Layers { network: &model.network, state: &model.state, count: layers }.digests()?;
    let roots = view.table.rows().next().map(|row| row.source().to_string()).unwrap_or_default();
    let view = format!("{} {roots} {:?} {}", view.table.digest(), view.augment, view.flip);
    let mut hasher = blake3::Hasher::new();
    hasher.update(layers.as_bytes()).update(tensors.as_bytes()).update(view.as_bytes());
    Ok(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddl::compile::{Options, compile};
    use ddl::data::augment::{Augment, Flip};
    use ddl::events::Collected;
    use ddl::job::{CheckpointEvery, Device, Job};
    use ddl::source::Memory;
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    const RECIPE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 8, images = 4, size = 32px, yaw = -60deg..60deg)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
head arc = arcface(scale = 16, margin = 0.2rad)
def tune(seed: int) -> model {
  return train(net, classify(faces, arc), batch = 8, for = 3 steps, seed = seed, freeze = [net.trunk], optimizer = sgd(lr = 0.1))
}
sweep seed in [1, 2]
eval ver = verification(faces, pairs = random_pairs(folds = 2, per_fold = 20))
stage best = select(tune(seed), by = ver.accuracy, over = [seed])
report table = compare([net, best], columns = [ver.accuracy])
";

    fn job(folder: &Path) -> Job {
        job_of(RECIPE, folder)
    }

    fn job_of(recipe: &str, folder: &Path) -> Job {
        let compiled = compile(&Memory::new().with("recipe.ddl", recipe.to_owned()), Path::new("recipe.ddl"), &Options::default()).unwrap();
        let (plan, paths) = (compiled.plan(), compiled.paths);
        Job {
            plan,
            paths,
            contents: Vec::new(),
            device: Device::Cpu,
            threads: None,
            loaders: None,
            eval_batch: None,
            store: folder.join("store"),
            out: folder.join("out"),
            only: Vec::new(),
            again: Vec::new(),
            checkpoint: CheckpointEvery { seconds: 1e9, steps: None },
        }
    }

    #[test]
    fn models_of_one_trunk_share_what_it_makes_of_the_images_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let (job, events, stop) = (job(folder.path()), Collected::default(), AtomicBool::new(false));
        let exec = Exec::start(&job, &events, &stop).unwrap();
        let of = |op: &str| job.plan.iter().filter(|(_, node)| node.op == op).map(|(id, _)| id).collect::<Vec<_>>();
        let models = [of("tiny"), of("train"), of("chosen")].concat();
        assert_eq!(models.len(), 4);
        let table = exec.tables.table(of("synthetic_faces")[0]).unwrap();
        for (augment, flip) in [(None, false), (None, true), (Some((Augment::Flip(Flip { p: ddl::quantity::Fraction(0.5) }), 3)), false)] {
            let view = ImageView { table: &table, augment, flip };
            for id in &models {
                let (model, shared) = (exec.model(*id).unwrap(), exec.shared_layers(*id).unwrap());
                assert!(shared > 0, "{}", exec.name(*id));
                let whole = exec.embed("whole", &model, &view, 0).unwrap();
                assert_eq!(exec.embed("shared", &model, &view, shared).unwrap().numbers, whole.numbers, "{}", exec.name(*id));
            }
        }
        assert_eq!(exec.fronts.borrow().len(), 3, "one for each way to see the images");
    }

    #[test]
    fn a_network_whose_first_layers_learn_shares_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut job = job(folder.path());
        for node in &mut job.plan.nodes {
            node.edit(|args| drop(args.as_object_mut().and_then(|args| args.remove("freeze"))));
        }
        let (events, stop) = (Collected::default(), AtomicBool::new(false));
        let exec = Exec::start(&job, &events, &stop).unwrap();
        for (id, _) in job.plan.iter().filter(|(_, node)| ["tiny", "train", "chosen"].iter().any(|op| node.op == *op)) {
            assert_eq!(exec.shared_layers(id).unwrap(), 0);
        }
    }

    #[test]
    fn each_network_of_a_stage_shares_what_it_leaves_itself() {
        let text = "ddl 1
dataset faces = synthetic_faces(identities = 8, images = 4, size = 32px, yaw = -60deg..60deg)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
backbone other = tiny(embedding = 16, side = 32px, width = 8, seed = 1)
batches d = draw(faces, size = 8)
head arc = arcface(scale = 16, margin = 0.2rad)
stage both = train({a = net, b = other}, classify(d, arc, of = a) + classify(d, arc, of = b), for = 3 steps, freeze = [net.trunk, other.stem],
                   optimizer = sgd(lr = 0.1))
eval ver = verification(faces, pairs = random_pairs(folds = 2, per_fold = 20))
report table = compare([net, other, both.a, both.b], columns = [ver.accuracy])
";
        let folder = tempfile::tempdir().unwrap();
        let (job, events, stop) = (job_of(text, folder.path()), Collected::default(), AtomicBool::new(false));
        let exec = Exec::start(&job, &events, &stop).unwrap();
        let table = exec.tables.table(job.plan.iter().find(|(_, node)| node.op == "synthetic_faces").unwrap().0).unwrap();
        let view = ImageView { table: &table, augment: None, flip: false };
        let shared = ["net", "both.a", "other", "both.b"].map(|name| {
            let id = job.plan.iter().find(|(_, node)| node.name == name).unwrap().0;
            let (model, shared) = (exec.model(id).unwrap(), exec.shared_layers(id).unwrap());
            let whole = exec.embed("whole", &model, &view, 0).unwrap();
            assert_eq!(exec.embed("shared", &model, &view, shared).unwrap().numbers, whole.numbers, "{name}");
            shared
        });
        assert!(shared[0] == shared[1] && shared[2] == shared[3] && shared[1] > shared[3] && shared[3] > 0, "{shared:?}");
        assert_eq!(exec.fronts.borrow().len(), 2, "one for each network");
    }
}
