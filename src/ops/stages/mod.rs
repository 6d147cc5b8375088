//! Stages: what yields a model.

use super::evals::Metric;
use super::nets::AnyPart;
use super::optimizers::Optimizer;
use super::refs::{AxisName, EvalRef, ModelRef, Models, NetName};
use super::terms::{Objective, Weighted};
use crate::lang::decl::{Call, above};
use crate::lang::types::Type;
use crate::lang::value::NodeId;
use crate::quantity::{Checks, Images, Span};

crate::choice! {
    /// What batch norm does in the parts that are trained.
    pub enum BatchNorm {
        /// Statistics of the batch, running statistics updated.
        Batch = "batch",
        /// Running statistics, not updated; scale and shift are trained.
        Frozen = "frozen",
    }
}

crate::choice! {
    /// The numbers that a stage computes with.
    pub enum Precision {
        /// 32-bit floats.
        Full = "full",
        /// bfloat16 in the convolutions and linear layers that are trained; weights, norms, terms and optimiser stay in 32 bits.
        Mixed = "mixed",
        /// float16 there, for cards that are slow at bfloat16. Its smallest numbers are large, so the objective is multiplied by a loss scale before gradients are computed, and they
        /// are divided by it: 65,536 at first; halved, and the step left out, where a gradient overflows; doubled after 2,000 steps in which none does (`torch.amp.GradScaler`).
        Fp16 = "fp16",
    }
}

crate::operator! {
    /// Judges models every so often; observes and changes nothing.
    pub struct Every("every", 1, |_| Type::Watch) {
        /// How often.
        span: Span, in above(0.0, 1e9);
        /// The protocols.
        evals: Vec<EvalRef>;
    }
}
crate::family! {
    /// When something is watched.
    pub enum Watch: Type::Watch => { Every }
}

crate::operator! {
    /// The checkpoint with the best value of a metric.
    pub struct Best("best", 1, |_| Type::Keep) {
        /// The metric.
        metric: Metric;
        /// How often it is measured.
        every: Span, in above(0.0, 1e9);
        /// The network that is judged, in a stage of several.
        of: Option<NetName> = None;
    }
}
crate::operator! {
    /// The last checkpoint.
    pub struct Last("last", 1, |_| Type::Keep) {}
}
crate::family! {
    /// Which checkpoint a stage gives.
    pub enum Keep: Type::Keep => { Best, Last }
}

crate::operator! {
    /// Ends a stage when a metric has not improved for some checks.
    pub struct Plateau("plateau", 1, |_| Type::Stop) {
        /// The metric.
        metric: Metric;
        /// So many checks without a new best value.
        patience: Checks = Checks(3), in 1.0..=1e6;
        /// How often it is measured.
        every: Span = Span::Epochs(1.0), in above(0.0, 1e9);
        /// The network that is judged, in a stage of several.
        of: Option<NetName> = None;
    }
}
crate::family! {
    /// When a stage ends early.
    pub enum Stop: Type::Stop => { Plateau }
}

crate::operator! {
    /// Trains a model on an objective.
    ///
    /// Of `train({a = x, b = y}, …)` the models are `.a` and `.b`; each term says which network it trains: `classify(data, arc, of = a)`.
    pub struct Train("train", 3, trained) {
        /// The model to start from, or several by name: `{a = x, b = y}`.
        model: Models;
        /// What is minimised; left out where there are `plays`.
        objective: Option<Objective> = None;
        /// How long.
        r#for: Span, in above(0.0, 1e9);
        /// The optimiser; its moments start anew with the stage. Left out where there are `plays`.
        optimizer: Option<Optimizer> = None;
        /// Alternating optimisation: each step of the stage is one turn of each play, in this order, over the same batches.
        plays: Vec<AnyPlay> = Vec::new();
        /// The size of draws that say none.
        batch: Option<u64> = None, in 1.0..=1e7;
        /// How many batches an optimiser step takes: it sums their gradients and divides by their number, and holds the activations of one batch at a time. For terms that are means over a batch of one size this is the gradient of a batch so many times as large; what compares images compares those of one batch. Batch norm sees one batch after the other, as `norm_over` of one batch does in the large one; so do running statistics and what heads and terms remember. A step is one of the optimiser, an epoch the fewest steps that draw one pass of the longest batches.
        accumulate: u32 = 1, in 1.0..=1e6;
        /// Parts that stay as they are, their batch-norm statistics too.
        freeze: Vec<AnyPart> = Vec::new();
        /// What batch norm does in the parts that are trained.
        batch_norm: BatchNorm = BatchNorm::Batch;
        /// Batch norm counts over so many images instead of the whole batch (of `accumulate`, of each).
        norm_over: Option<Images> = None, in 2.0..=1e7;
        /// The largest global norm of a gradient.
        clip: Option<f64> = None, in above(0.0, 1e9);
        /// The numbers that are computed with.
        precision: Precision = Precision::Full;
        /// What is judged on the way; is no part of what the stage means.
        watch: Option<Watch> = None;
        /// Which checkpoint the stage gives.
        keep: Option<Keep> = Some(Keep::Last(Last {}));
        /// When it ends early.
        stop: Option<Stop> = None;
        /// Seed of new prototypes, of draws that say none, and of noise.
        seed: i64 = 0, any "a seed is hashed";
    }
    observes = "watch";
    node = STAGE, source = |it| it.model.all().first().map(|(_, model)| model.node);
    changes = [(2, "what is left to chance is named by network, layer or term, turn and purpose: layers of one shape, networks and terms of a stage share it no more"),
        (3, "draws of a stage, and the two sides of pairs, share neither their order nor their augments any more where images have one name")];
}

crate::operator! {
    /// A turn of alternating optimisation, in `plays` of `train`: it updates some networks and critics, and all others are constants in it (their batch statistics are those of the batch, their running ones stay).
    pub struct Play("play", 1, |_| Type::Play) {
        /// What is minimised.
        objective: Objective;
        /// What is updated: networks of the stage by their names, critics by their slots.
        updates: Vec<NetName>;
        /// The optimiser of this play; its moments start anew with the stage.
        optimizer: Optimizer;
        /// How many steps it takes in each turn.
        times: u32 = 1, in 1.0..=1000.0;
    }
}
crate::family! {
    /// Any play.
    pub enum AnyPlay: Type::Play => { Play }
}

/// What a stage does in a step: its one objective, or a play.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'t> {
    /// What is minimised.
    pub objective: &'t Objective,
    /// The optimiser.
    pub optimizer: &'t Optimizer,
    /// What is updated, by name; everything where the stage has one objective.
    pub updates: Option<&'t [NetName]>,
    /// How many steps it takes.
    pub times: u32,
}

impl Train {
    /// What it does in a step, in order.
    pub fn turns(&self) -> Vec<Turn<'_>> {
        let one = self.objective.as_ref().zip(self.optimizer.as_ref());
        let one = one.map(|(objective, optimizer)| Turn { objective, optimizer, updates: None, times: 1 });
        let plays = self.plays.iter().map(|AnyPlay::Play(it)| Turn {
            objective: &it.objective,
            optimizer: &it.optimizer,
            updates: Some(&it.updates),
            times: it.times,
        });
        one.into_iter().chain(plays).collect()
    }

    /// The draws that one of its networks sees.
    pub(crate) fn draws_of<'t>(&'t self, net: &'t str) -> impl Iterator<Item = NodeId> + 't {
        self.terms().filter(move |weighted| weighted.term.trains(net)).flat_map(|weighted| weighted.term.it().draws())
    }

    /// All terms, in order.
    pub fn terms(&self) -> impl Iterator<Item = &Weighted> {
        self.turns().into_iter().flat_map(|turn| &turn.objective.terms)
    }
}

/// A model, or one for each name.
fn trained(call: &Call) -> Type {
    match call.types.get("model") {
        Some(Type::Record(models)) => Type::Record(models.keys().map(|name| (name.clone(), Type::Model)).collect()),
        _ => Type::Model,
    }
}

crate::operator! {
    /// One of the networks of a stage that trains several: `both.a`.
    pub struct Net("net", 1, |_| Type::Model) {
        /// The stage.
        stage: ModelRef;
        /// The network's name there.
        name: String;
    }
    hidden = true;
    node = ONE_OF_STAGE, source = |it| Some(it.stage.node);
}

crate::operator! {
    /// The arm of a sweep whose metric is best.
    ///
    /// Each arm is judged by the metric of its own arm where the protocol depends on the same axis; over an axis of `over` on which only the protocol depends
    /// a model's mean counts. All of them are of one network, with the same arguments but for weights and seed: what is built on the chosen one must know
    /// it before any is trained. What only training reads (`dropout`, `drop_path`) may differ where no stage trains the chosen one on.
    pub struct Select("select", 1, |_| Type::Model) {
        /// The models, in all arms of `over`.
        model: ModelRef;
        /// The metric.
        by: Metric;
        /// The axes that are chosen from, by their names: `over = [lr, seed]`.
        over: Vec<AxisName>;
    }
}

crate::operator! {
    /// The mean of the weights of several models of one network, with the same arguments but for weights and seed. It keeps the prototypes that all of
    /// them have.
    pub struct Average("average", 1, |_| Type::Model) {
        /// The models, in all arms of `over`.
        model: ModelRef;
        /// The axes that are averaged over, by their names: `over = [lr, seed]`.
        over: Vec<AxisName>;
    }
}

crate::operator! {
    /// The model whose judgement is best by a metric; the first of equals. What `select` means.
    pub struct Chosen("chosen", 1, |_| Type::Model) {
        /// The models.
        models: Vec<ModelRef>;
        /// Their judgements, in the same order, as many of each; a model's number is the mean of its own.
        judged: Vec<super::outputs::JudgedRef>;
        /// The metric.
        metric: Metric;
    }
    hidden = true;
    node = OF_SEVERAL, source = |it| it.models.first().map(|model| model.node);
}

crate::operator! {
    /// The mean of the weights of models of one shape. What `average` means.
    pub struct Averaged("averaged", 1, |_| Type::Model) {
        /// The models.
        models: Vec<ModelRef>;
    }
    hidden = true;
    node = OF_SEVERAL, source = |it| it.models.first().map(|model| model.node);
}
