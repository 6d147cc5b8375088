//! The batches of a stage: each batches node is drawn once a step, whoever names it.

use super::{Stage, TrainError};
use crate::nn::net::Input;
use ddl::data::Table;
use ddl::data::augment::Augment;
use ddl::data::loader::{Element, Layout, Loader, PixelFormat, Wanted};
use ddl::data::sampler::{Batches, Pick};
use ddl::data::stream::Colour;
use ddl::graph::ContentKey;
use ddl::lang::value::NodeId;
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
    /// What is drawn at each step.
    pub batches: Arc<Batches>,
    /// Images at the network's size.
    pub loader: Loader,
    /// What each image goes through anew, with its seed.
    pub augment: Option<(Augment, i64)>,
    /// Its rows in the whole batch of a step.
    pub rows: Range<usize>,
}

/// All draws of a stage, in the order in which terms first name them.
#[derive(Debug)]
pub struct Draws {
    all: Arc<[Draw]>,
}

impl Draws {
    /// The draws that these nodes name.
    pub fn new(stage: &Stage, nodes: impl IntoIterator<Item = NodeId>, input: &Input) -> Result<Self, TrainError> {
        let mut all: Vec<Draw> = Vec::new();
        for node in nodes {
            if all.iter().any(|draw| draw.node == node) {
                continue;
            }
            let from = all.last().map_or(0, |draw| draw.rows.end);
            all.push(draw(stage, node, input, from)?);
        }
        Ok(Draws { all: all.into() })
    }

    /// The draws.
    pub fn all(&self) -> &Arc<[Draw]> {
        &self.all
    }

    /// Images of a step.
    pub fn images(&self) -> usize {
        self.all.last().map_or(0, |draw| draw.rows.end)
    }

    /// The place of a node among them.
    pub fn place(&self, node: NodeId) -> Option<usize> {
        self.all.iter().position(|draw| draw.node == node)
    }
}

fn draw(stage: &Stage, node: NodeId, input: &Input, from: usize) -> Result<Draw, TrainError> {
    let of = stage.tables.plan().node(node);
    let batches = stage.tables.batches(node)?;
    let augment = stage.tables.draw_augment(node)?;
    let images = batches.facts().images_per_batch;
    let loader = loader(stage, batches.tables(), input, augment.clone()).map_err(TrainError::data(&of.name))?;
    Ok(Draw { node, name: of.name.clone(), key: of.key, batches: Arc::new(batches), loader, augment, rows: from..from + images })
}

/// A loader of bytes at the network's size.
pub fn loader(stage: &Stage, tables: &[Table], input: &Input, augment: Option<(Augment, i64)>) -> Result<Loader, ddl::data::DataError> {
    let format = PixelFormat { layout: Layout::Nhwc, colour: Colour::Rgb, element: Element::U8 };
    let wanted = Wanted { width: input.width as u32, height: input.height as u32, format };
    Loader::new(tables, wanted, augment, Arc::clone(&stage.around.images), stage.around.loaders)
}

impl Draw {
    /// What is drawn at a step.
    pub fn picks(&self, step: u64) -> Vec<Pick> {
        self.batches.at_step(step)
    }

    /// The sample of a pick, as messages call it.
    pub fn path(&self, pick: &Pick) -> &str {
        let row = self.batches.tables().get(usize::from(pick.table)).and_then(|table| table.row(pick.row as usize));
        row.map_or("?", |row| row.path()) // not reached: picks are rows
    }

    /// Who a pick shows.
    pub fn identity(&self, pick: &Pick) -> &str {
        let row = self.batches.tables().get(usize::from(pick.table)).and_then(|table| table.row(pick.row as usize));
        row.map_or("?", |row| row.identity()) // not reached: picks are rows
    }

    /// The digest of what is drawn at a step: where the sampler is.
    pub fn position(&self, step: u64) -> String {
        let mut hasher = blake3::Hasher::new();
        for pick in self.picks(step) {
            hasher.update(&[pick.table]).update(self.path(&pick).as_bytes()).update(&[0]).update(&pick.visit.to_le_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}
