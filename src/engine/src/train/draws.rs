//! The batches of a stage: each batches node is drawn once a step, whoever names it.

use super::error::TrainError;
use super::loading::{Loading, Size};
use crate::nn::net::Input;
use ddl::data::augment::Seen;
use ddl::data::loader::Loader;
use ddl::data::sampler::{Batches, Pick};
use ddl::graph::ContentKey;
use ddl::inputs::augments::Changes;
use ddl::inputs::tables::Tables;
use ddl::lang::value::NodeId;
use ddl::ops::curves::Moment;
use ddl::plan::schedule::places;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// One batches node.
#[derive(Debug, Clone)]
pub struct Draw {
    /// Its place in the plan.
    pub node: NodeId,
    /// What the plan calls it.
    pub name: String,
    /// What it means.
    pub key: ContentKey,
    /// What is drawn, batch by batch.
    pub batches: Arc<Batches>,
    /// Images at each size that a network wants; the first is the first network's.
    loaders: Vec<(Size, Loader)>,
    /// What each image goes through anew, as it is at the first step.
    pub seen: Seen,
    /// The same as the recipe says it: it may be another at each step.
    pub changes: Changes,
    /// Images of a batch.
    pub images: usize,
}

/// All draws of a stage, in the order in which terms first name them.
#[derive(Debug)]
pub struct Draws {
    all: Arc<[Draw]>,
}

impl Draws {
    /// The draws of these nodes, with images at the sizes that these networks want.
    pub fn new(tables: &Tables, loading: &Loading, nodes: &[NodeId], inputs: &[Input]) -> Result<Self, TrainError> {
        let places = places(tables.plan(), nodes);
        let draw = |(node, place): (&NodeId, u64)| draw(tables, loading, *node, place, inputs);
        let all: Vec<Draw> = nodes.iter().zip(places).map(draw).collect::<Result<_, _>>()?;
        Ok(Draws { all: all.into() })
    }

    /// The draws.
    pub fn all(&self) -> &Arc<[Draw]> {
        &self.all
    }

    /// Images of a batch of each.
    pub fn images(&self) -> usize {
        self.all.iter().map(|draw| draw.images).sum()
    }

    /// The place of a node among them.
    pub fn place(&self, node: NodeId) -> Option<usize> {
        self.all.iter().position(|draw| draw.node == node)
    }
}

/// How the batch of a network is laid out: the draws that it sees, one after the other.
#[derive(Debug, Clone, Default)]
pub struct BatchLayout {
    /// Their places among all draws.
    pub draws: Vec<usize>,
    rows: Vec<Range<usize>>,
}

impl BatchLayout {
    /// The draws whose nodes are wanted, in their order.
    pub fn new(draws: &Draws, wanted: impl Fn(NodeId) -> bool) -> Self {
        let mut layout = BatchLayout::default();
        for (place, draw) in draws.all.iter().enumerate().filter(|(_, draw)| wanted(draw.node)) {
            let from = layout.images();
            layout.draws.push(place);
            layout.rows.push(from..from + draw.images);
        }
        layout
    }

    /// Images of a batch.
    pub fn images(&self) -> usize {
        self.rows.last().map_or(0, |rows| rows.end)
    }

    /// The rows of a draw in the network's batch; none of one that it does not see.
    pub fn rows(&self, place: usize) -> Range<usize> {
        let at = self.draws.iter().position(|seen| *seen == place);
        at.map_or(0..0, |at| self.rows[at].clone())
    }
}

fn draw(tables: &Tables, loading: &Loading, node: NodeId, place: u64, inputs: &[Input]) -> Result<Draw, TrainError> {
    let of = tables.plan().node(node);
    let batches = tables.batches(node, place)?;
    let changes = tables.changes(node, place)?;
    let seen = changes.at(Moment::NONE).map_err(TrainError::data(&of.name))?;
    let images = batches.facts().images_per_batch;
    let mut loaders: Vec<(Size, Loader)> = Vec::new();
    for input in inputs {
        if !loaders.iter().any(|(size, _)| *size == input.size()) {
            let plain = loading.loader(batches.tables(), input, None);
            let loader = plain.and_then(|plain| plain.through(seen.clone())).map_err(TrainError::data(&of.name))?;
            loaders.push((input.size(), loader));
        }
    }
    Ok(Draw { node, name: of.name.clone(), key: of.key, batches: Arc::new(batches), loaders, seen, changes, images })
}

impl Draw {
    /// Images of a size that a network wants, as they are drawn at a step.
    ///
    /// # Errors
    /// An augment that is out of range there.
    pub fn loader(&self, size: Size, now: Moment) -> Result<Cow<'_, Loader>, TrainError> {
        let at = self.loaders.iter().position(|(known, _)| *known == size);
        self.at(&self.loaders[at.unwrap_or(0)].1, now) // all sizes have one
    }

    /// Images as the first network sees them at a step.
    ///
    /// # Errors
    /// As [`Draw::loader`].
    pub fn shown(&self, now: Moment) -> Result<Cow<'_, Loader>, TrainError> {
        self.at(&self.loaders[0].1, now) // a stage has a network
    }

    fn at<'l>(&self, loader: &'l Loader, now: Moment) -> Result<Cow<'l, Loader>, TrainError> {
        if !self.changes.vary() {
            return Ok(Cow::Borrowed(loader));
        }
        self.changes.at(now).and_then(|seen| loader.through(seen)).map(Cow::Owned).map_err(TrainError::data(&self.name))
    }

    /// The same images as they lie in the data: no augment.
    pub fn plain(&self, loader: Loader, size: Size) -> Draw {
        Draw { loaders: vec![(size, loader)], seen: Seen::default(), changes: Changes::default(), ..self.clone() }
    }

    /// What is drawn for a batch, counted from 0.
    pub fn picks(&self, batch: u64) -> Vec<Pick> {
        self.batches.at_step(batch)
    }

    /// The sample of a pick, as messages call it.
    pub fn path(&self, pick: &Pick) -> Cow<'_, str> {
        let row = self.batches.tables().get(usize::from(pick.table)).and_then(|table| table.row(pick.row as usize));
        row.map_or(Cow::Borrowed("?"), |row| row.path()) // not reached: picks are rows
    }

    /// Who a pick shows.
    pub fn identity(&self, pick: &Pick) -> &str {
        let row = self.batches.tables().get(usize::from(pick.table)).and_then(|table| table.row(pick.row as usize));
        row.map_or("?", |row| row.identity()) // not reached: picks are rows
    }

    /// The digest of what is drawn for a batch: where the sampler is.
    pub fn position(&self, batch: u64) -> String {
        let mut hasher = blake3::Hasher::new();
        for pick in self.picks(batch) {
            hasher.update(&[pick.table]).update(self.path(&pick).as_bytes()).update(&[0]).update(&pick.visit.to_le_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}
