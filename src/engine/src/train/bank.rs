//! What the frozen layers, or a teacher, make of every image that a stage can draw, computed once.
//!
//! An image stands in the bank under the digest of its bytes as they enter the network, so equal images share a row, whatever view, version
//! or mirror image they are. The bank is a result of the store whose key is made of the frozen layers' own tensors and of those digests:
//! all stages and seeds with the same frozen layers and images share it. Rows are read from the file; the system's cache bounds memory.

use super::banks::{Banks, Digest, FEATURES, INDEX, OpenBank};
use super::draws::{BatchLayout, Draw, Draws};
use super::error::TrainError;
use super::input::pixels;
use super::stage::Surroundings;
use crate::nn::embed::Embedder;
use crate::nn::front::{Layers, to_rows};
use ddl::data::Table;
use ddl::data::augment::{Augment, flip::mirror, lcm};
use ddl::data::image::Image;
use ddl::data::loader::Loader;
use ddl::data::sampler::Pick;
use ddl::diag::Code;
use ddl::events::{Event, Failure, Sink as _};
use ddl::graph::ContentKey;
use ddl::lang::value::NodeId;
use ddl::random::Draw as Named;
use ddl::store::{Artifact, Found, NodeLock, StoreError};
use rayon::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Instant;

#[cfg(test)]
thread_local! {
    /// Tests train without banks to compare.
    pub(super) static FORBIDDEN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// A bank as the draws of one stage see it.
#[derive(Debug)]
pub struct Bank {
    rows: Arc<OpenBank>,
    draws: HashMap<NodeId, Vec<TablePlaces>>,
}

/// Where the images of a table stand: by row, version, and mirror image.
#[derive(Debug)]
struct TablePlaces {
    versions: u64,
    mirrored: bool,
    places: Vec<u32>,
}

/// Larger banks are not made: the disk is not ours alone.
const LARGEST: u64 = 24 << 30;
/// Images that go through the frozen layers at once.
const CHUNK: usize = 64;

/// Makes the banks of a stage.
pub struct BankBuilder<'a> {
    /// The stage's name.
    pub stage: &'a str,
    /// What is around it.
    pub around: &'a Surroundings<'a>,
    /// Its draws.
    pub draws: &'a Draws,
    /// How many batches it draws.
    pub batches: u64,
}

impl BankBuilder<'_> {
    /// The bank of some layers for the draws that a network sees, made if the store has none; `None` where the images change at each visit,
    /// or where it would cost more than it saves in so many batches. Which of both is a function of the plan and its data alone.
    pub fn build(&self, layers: &Layers, layout: &BatchLayout) -> Result<Option<Arc<Bank>>, TrainError> {
        if layers.count == 0 {
            return Ok(None);
        }
        #[cfg(test)]
        if FORBIDDEN.get() {
            return Ok(None);
        }
        let seen: Vec<&Draw> = layout.draws.iter().map(|place| &self.draws.all()[*place]).collect();
        let Some(fixed) = seen.iter().map(|draw| fixed(draw)).collect::<Option<Vec<_>>>() else { return Ok(None) };
        let images: u64 = fixed.iter().flatten().map(|(table, versions, mirrored)| images(table, *versions, *mirrored)).sum();
        let numbers = layers.network.shapes()?[layers.count - 1].numel() as usize;
        let drawn = layout.images() as u64 * self.batches;
        if images * numbers as u64 * 4 > LARGEST || images > 8 * drawn {
            return Ok(None);
        }
        let mut sources: BTreeMap<Digest, Source> = BTreeMap::new();
        let mut named = Vec::new();
        for (draw, tables) in seen.into_iter().zip(&fixed) {
            let mut of_draw = Vec::new();
            for (table, versions, mirrored) in tables {
                let plain = self.around.loading.loader(std::slice::from_ref(table), &layers.network.input, None);
                let images = TableImages {
                    table,
                    versions: *versions,
                    mirrored: *mirrored,
                    loader: plain.map_err(TrainError::data(&draw.name))?,
                    draw: &draw.name,
                };
                let digests = images.digests(layers, self.around.banks)?;
                for (at, digest) in digests.iter().enumerate() {
                    sources.entry(*digest).or_insert_with(|| images.source(at));
                }
                of_draw.push((*versions, *mirrored, digests));
            }
            named.push((draw.node, of_draw));
        }
        let key = key(layers, sources.keys())?;
        let rows = self.rows(layers, key, numbers, &sources)?;
        let place = |digest: &Digest| rows.place(digest).unwrap_or(0); // every digest has a row
        let draws = named.into_iter().map(|(node, tables)| {
            let tables = tables.into_iter().map(|(versions, mirrored, digests)| TablePlaces {
                versions,
                mirrored,
                places: digests.iter().map(place).collect(),
            });
            (node, tables.collect())
        });
        Ok(Some(Arc::new(Bank { draws: draws.collect(), rows })))
    }

    /// The rows of a key: open already, in the store, or made now.
    fn rows(
        &self,
        layers: &Layers,
        key: ContentKey,
        numbers: usize,
        sources: &BTreeMap<Digest, Source>,
    ) -> Result<Arc<OpenBank>, TrainError> {
        let around = self.around;
        if let Some(open) = around.banks.opened(key) {
            return Ok(open);
        }
        let lock = around.store.lock(key, || !around.is_interrupted())?.ok_or(TrainError::Interrupted { step: 0 })?;
        let artifact = match around.store.get(key)? {
            Found::Whole(artifact) => artifact,
            Found::Absent => self.make(layers, &lock, sources)?,
            Found::Damaged(damage) => {
                let failure = Failure::new(Code::DamagedArtifact, damage.to_string());
                around.events.emit(Event::Warning { node: None, failure });
                self.make(layers, &lock, sources)?
            }
        };
        around.banks.open(&artifact, key, numbers)
    }

    /// Runs every image through the frozen layers, in the order of the digests.
    fn make(&self, layers: &Layers, lock: &NodeLock, sources: &BTreeMap<Digest, Source>) -> Result<Artifact, TrainError> {
        let frozen = Embedder::of_layers(layers.network, layers.state, 0..layers.count, self.around.workers)?;
        let name = self.stage;
        let mut draft = lock.draft()?;
        let path = draft.path(FEATURES);
        let failed = |error| StoreError::io(&path, "write", error);
        let mut file = BufWriter::new(File::create(&path).map_err(failed)?);
        let (started, mut told) = (Instant::now(), Instant::now());
        let all: Vec<&Source> = sources.values().collect();
        for (at, chunk) in all.chunks(CHUNK).enumerate() {
            if self.around.is_interrupted() {
                return Err(TrainError::Interrupted { step: 0 });
            }
            let images = chunk.par_iter().copied().map(Source::image).collect::<Result<Vec<_>, _>>()?;
            let bytes: Vec<u8> = images.iter().flat_map(Image::pixels).copied().collect();
            let output = to_rows(&frozen.run(&pixels(&layers.network.input, &bytes, self.around.device)?)?)?;
            let mut bytes = vec![0u8; output.numel() * 4];
            output.f_copy_data_u8(&mut bytes, output.numel())?;
            file.write_all(&bytes).map_err(failed)?;
            if told.elapsed().as_secs_f64() > 1.0 || (at + 1) * CHUNK >= all.len() {
                told = Instant::now();
                let (done, of) = (((at + 1) * CHUNK).min(all.len()) as u64, all.len() as u64);
                self.around.events.emit(Event::progress(name, "images", done, of, started));
            }
        }
        file.into_inner().map_err(|error| failed(error.into_error()))?;
        draft.adopt(FEATURES)?;
        draft.write(INDEX, &sources.keys().flatten().copied().collect::<Vec<u8>>())?;
        let meta = json!({ "layers": layers.count, "images": sources.len() });
        Ok(lock.commit(draft, "prefix", &format!("the first {} layers, for {name}", layers.count), meta)?)
    }
}

impl Bank {
    /// Its key.
    pub fn key(&self) -> ContentKey {
        self.rows.key
    }

    /// Appends the rows of these picks of a draw.
    pub fn read(&self, draw: &Draw, picks: &[Pick], to: &mut Vec<f32>) -> Result<(), TrainError> {
        let tables = self.draws.get(&draw.node).map_or(&[][..], Vec::as_slice);
        let place = |pick: &Pick| {
            let of = &tables[usize::from(pick.table)]; // a bank has every table of its draws
            let mut at = u64::from(pick.row) * of.versions + pick.visit % of.versions;
            if of.mirrored {
                at = 2 * at + u64::from(is_mirrored(draw, pick));
            }
            of.places[at as usize]
        };
        self.rows.read(picks, place, to)
    }
}

/// Whether a pick shows the mirror image: the throw that the loader's own flip makes.
fn is_mirrored(draw: &Draw, pick: &Pick) -> bool {
    match &draw.seen.augment {
        Some(Augment::Flip(flip)) => Named::new(draw.seen.seed, "flip").text(&draw.path(pick)).number(pick.visit).unit() < flip.p.0,
        Some(_) | None => false,
    }
}

/// The tables of a draw with their versions and whether mirror images are drawn; `None` when an image differs from visit to visit.
fn fixed(draw: &Draw) -> Option<Vec<(Table, u64, bool)>> {
    if draw.changes.vary() || draw.seen.second.is_some() {
        return None;
    }
    let mirrored = match &draw.seen.augment {
        None => false,
        Some(Augment::Flip(_)) => true,
        Some(_) => return None,
    };
    let each = draw.batches.tables().iter().map(|table| {
        let mut versions = 1;
        for treatment in table.rows().filter_map(|row| row.treatment()) {
            // a treatment that flips would count among the draw's own throws
            if mirrored && treatment.mirrors() {
                return None;
            }
            versions = lcm(versions, treatment.versions()?);
        }
        Some((table.clone(), versions, mirrored))
    });
    each.collect()
}

fn images(table: &Table, versions: u64, mirrored: bool) -> u64 {
    table.len() as u64 * versions * if mirrored { 2 } else { 1 }
}

/// The images of a table that a draw can show: each row in each version, and mirrored where the draw flips.
struct TableImages<'n> {
    table: &'n Table,
    versions: u64,
    mirrored: bool,
    loader: Loader,
    /// The draw, as messages call it.
    draw: &'n str,
}

impl<'n> TableImages<'n> {
    /// How to make image `at`, counted by row, version, and mirror image.
    fn source(&self, at: usize) -> Source<'n> {
        let (at, mirrored) = if self.mirrored { (at / 2, at % 2 == 1) } else { (at, false) };
        let (row, visit) = (at as u64 / self.versions, at as u64 % self.versions);
        Source { loader: self.loader.clone(), pick: Pick { table: 0, row: row as u32, visit }, mirrored, draw: self.draw }
    }

    /// The digests of all of them.
    fn digests(&self, layers: &Layers, known: &Banks) -> Result<Arc<[Digest]>, TrainError> {
        let roots = self.table.rows().next().map(|row| row.source().to_string()).unwrap_or_default();
        let mut name = blake3::Hasher::new();
        name.update(self.table.digest().as_bytes()).update(roots.as_bytes());
        name.update(&self.versions.to_le_bytes()).update(&[u8::from(self.mirrored)]);
        name.update(format!("{:?}", layers.network.input).as_bytes());
        let one = |at: usize| {
            let image = self.source(at).image()?;
            let mut digest = Digest::default();
            digest.copy_from_slice(&blake3::hash(image.pixels()).as_bytes()[..16]);
            Ok(digest)
        };
        let count = images(self.table, self.versions, self.mirrored) as usize;
        known.digests(*name.finalize().as_bytes(), || (0..count).into_par_iter().map(one).collect())
    }
}

/// How to make an image again.
struct Source<'n> {
    loader: Loader,
    pick: Pick,
    mirrored: bool,
    draw: &'n str,
}

impl Source<'_> {
    fn image(&self) -> Result<Image, TrainError> {
        let mut image = self.loader.image(&self.pick).map_err(TrainError::data(self.draw))?;
        if self.mirrored {
            mirror(&mut image);
        }
        Ok(image)
    }
}

/// The key of a bank: the frozen layers with their tensors, and the images.
fn key<'d>(of: &Layers, digests: impl Iterator<Item = &'d Digest>) -> Result<ContentKey, TrainError> {
    let (layers, tensors) = of.digests()?;
    let (layers, tensors) = (layers.to_hex(), tensors.to_hex());
    let mut images = blake3::Hasher::new();
    for digest in digests {
        images.update(digest);
    }
    let canonical = json!({ "op": "prefix", "version": 1, "layers": layers.as_str(), "tensors": tensors.as_str(), "images": images.finalize().to_hex().as_str() });
    Ok(ContentKey::of(canonical.to_string().as_bytes()))
}
