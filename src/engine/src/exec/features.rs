//! Features: the embeddings of a data set's images.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes of tensors, which libtorch counts in i64")]

use super::common::Common;
use super::{Exec, Halt};
use crate::model::Model;
use crate::nn::embed::Embedder;
use crate::nn::front::to_rows;
use crate::nn::net::Images as _;
use crate::readings::Readings;
use ddl::data::Table;
use ddl::data::augment::Augment;
use ddl::data::loader::Numbers;
use ddl::data::sampler::Pick;
use ddl::diag::Code;
use ddl::events::{Event, Failure, Sink as _};
use ddl::inputs::augments::augment;
use ddl::inputs::data_codes;
use ddl::lang::value::NodeId;
use ddl::ops::nets::Embedded;
use ddl::ops::outputs::Features;
use ddl::store::{Artifact, Draft, FEATURES};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::time::Instant;
use tch::{Kind, Tensor};

/// Images that are loaded at once, unless the run says otherwise; what an image's embedding is does not depend on it.
const BATCH: usize = 64;
/// Batches that are loaded ahead.
const AHEAD: usize = 3;
/// What the artifact says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    /// Embeddings.
    images: usize,
    /// Numbers in a row.
    width: usize,
}

/// Embeddings of images, row by row.
#[derive(Debug, Clone)]
pub struct Embeddings {
    /// `[images, width]`
    pub numbers: Vec<f32>,
    /// Numbers in a row.
    pub width: usize,
}

/// Which images are embedded, and how they are seen.
pub struct ImageView<'t> {
    /// The images.
    pub table: &'t Table,
    /// What each goes through before, with the seed of the draw that each sample gets.
    pub augment: Option<(Augment, i64)>,
    /// Whether each is mirrored at last.
    pub flip: bool,
}

impl Exec<'_> {
    pub(super) fn features(&self, id: NodeId, it: &Features) -> Result<Artifact, Halt> {
        let table = self.tables.table(it.data.node)?;
        if let Ok(file) = self.job.plan.get::<Embedded>(it.model.node) {
            return self.make(id, |draft| {
                let (numbers, width) = self.tables.read_rows(it.model.node, &self.tables.in_file(it, it.model.node, file)?)?;
                let rows = Embeddings { numbers, width };
                finite(&rows, &table)?;
                write(draft, &rows, table.len())
            });
        }
        let named = |error| Halt::from(data_codes::failure(Some(self.name(id)), &error));
        let augment = it.augment.as_ref().map(augment).transpose().map_err(named)?.map(|augment| (augment, it.seed));
        self.make(id, |draft| {
            let model = self.model(it.model.node)?;
            let shared = self.shared_layers(it.model.node)?;
            let rows = self.embed(self.name(id), &model, &ImageView { table: &table, augment, flip: it.flip }, shared)?;
            finite(&rows, &table)?;
            write(draft, &rows, table.len())
        })
    }

    /// The embeddings of a table's images under a model as it is judged. `shared` of its first layers may be those of other models too.
    pub(super) fn embed(&self, node: &str, model: &Model, view: &ImageView, shared: usize) -> Result<Embeddings, Halt> {
        let (width, end) = (model.width()? as usize, model.network.layers.len());
        let Some(front) = self.front(node, model, view, shared)? else {
            return Ok(Embeddings { numbers: self.through(node, model, view, 0..end)?, width });
        };
        let embedder = Embedder::of_layers(&model.network, &model.state, shared..end, &self.workers)?;
        let readings = readings(node, model, view)?;
        let mut numbers = Vec::new();
        for from in (0..view.table.len()).step_by(self.batch()) {
            self.halt_if_asked()?;
            let rows = front.rows(from, (from + self.batch()).min(view.table.len()), self.device)?;
            let readings = readings.tensor(from..(from + self.batch()).min(view.table.len()), self.device)?;
            numbers.extend(numbers_of(&embedder.run_reading(&rows, readings.as_ref())?)?);
        }
        Ok(Embeddings { numbers, width })
    }

    /// Images that go through a network at once.
    fn batch(&self) -> usize {
        self.job.eval_batch.unwrap_or(BATCH).max(1)
    }

    /// What these layers of a model make of a table's images, the first of them given the images themselves.
    pub(super) fn through(&self, node: &str, model: &Model, view: &ImageView, layers: Range<usize>) -> Result<Vec<f32>, Halt> {
        let named = |error| Halt::from(data_codes::failure(Some(node), &error));
        let input = model.network.input;
        let loader = self.loading().loader(std::slice::from_ref(view.table), &input, view.augment.clone());
        let embedder = Embedder::of_layers(&model.network, &model.state, layers, &self.workers)?;
        let picks: Vec<Pick> = (0..view.table.len()).map(|row| Pick { table: 0, row: row as u32, visit: 0 }).collect();
        let batches: Vec<Vec<Pick>> = picks.chunks(self.batch()).map(<[Pick]>::to_vec).collect();
        let readings = readings(node, model, view)?;
        let mut numbers = Vec::new();
        let (begun, mut told, mut done) = (Instant::now(), Instant::now(), 0);
        for block in loader.map_err(named)?.prefetch(batches, AHEAD) {
            self.halt_if_asked()?;
            let (picks, block) = block.map_err(named)?;
            let Numbers::U8(pixels) = block.numbers else { continue }; // not reached: bytes were asked for
            let mut images = input.tensor(&pixels, self.device, Kind::Float)?;
            if view.flip {
                images = images.f_flip([3])?;
            }
            let readings = readings.tensor(done..done + picks.len(), self.device)?;
            numbers.extend(numbers_of(&embedder.run_reading(&images, readings.as_ref())?)?);
            done += picks.len();
            if told.elapsed().as_secs_f64() > 1.0 {
                told = Instant::now();
                self.events.emit(Event::progress(node, "images", done as u64, view.table.len() as u64, begun));
            }
        }
        Ok(numbers)
    }
}

impl Common<'_> {
    /// The features of a node, one row for each of so many images. Features of another number of images are as if they were not there.
    pub fn read_features(&self, id: NodeId, images: usize) -> Result<Embeddings, Halt> {
        let artifact = self.artifact(id)?;
        let facts: Facts = artifact.meta()?;
        let raw = artifact.read(FEATURES)?;
        let (numbers, rest) = raw.as_chunks::<4>();
        if facts.images != images || !rest.is_empty() || Some(numbers.len()) != facts.images.checked_mul(facts.width) {
            let message = format!("`{}` holds features of {} images, and its data set has {images}", self.name(id), facts.images);
            return Err(self.unfit(id, message)?);
        }
        Ok(Embeddings { numbers: numbers.iter().map(|four| f32::from_le_bytes(*four)).collect(), width: facts.width })
    }
}

fn write(draft: &mut Draft, rows: &Embeddings, images: usize) -> Result<serde_json::Value, Halt> {
    let raw: Vec<u8> = rows.numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    draft.write(FEATURES, &raw)?;
    Ok(serde_json::json!(Facts { images, width: rows.width }))
}

/// That all features are numbers.
fn finite(rows: &Embeddings, table: &Table) -> Result<(), Halt> {
    let Some(at) = rows.numbers.iter().position(|number| !number.is_finite()) else { return Ok(()) };
    let row = at / rows.width.max(1);
    let path = table.row(row).map_or_else(String::new, |row| row.path().into_owned());
    let message = format!("the embedding of `{path}` (image {} of {}) holds NaN or infinite numbers", row + 1, table.len());
    Err(Failure::new(Code::WeightsNotFinite, message)
        .help("the network's weights are too large for 32-bit numbers: train it at a smaller learning rate")
        .into())
}

/// What a model reads of each of the images.
fn readings(node: &str, model: &Model, view: &ImageView) -> Result<Readings, Halt> {
    Readings::of(&model.network, view.table).map_err(|error| data_codes::failure(Some(node), &error).into())
}

/// The numbers of a layer's output, image by image.
fn numbers_of(output: &Tensor) -> Result<Vec<f32>, tch::TchError> {
    Vec::try_from(&to_rows(output)?.f_reshape([-1])?)
}
