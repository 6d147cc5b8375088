//! What the frozen layers, or a teacher, make of every image that a stage can draw, computed once.
//!
//! An image stands in the bank under the digest of its bytes as they enter the network, so equal images share a row, whatever view, version or
//! mirror image they are. The bank is a result of the store whose key is made of the frozen layers' own tensors and of those digests:
//! all stages and seeds with the same frozen layers and images share it. Rows are read from the file; the system's cache bounds memory.

use super::draws::{Draw, Draws, Sight, loader};
use super::net::pixels;
use super::{Stage, TrainError};
use crate::nn::embed::{Embedder, threads};
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
use ddl::store::{Artifact, Found, StoreError};
use rayon::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

#[cfg(test)]
thread_local! {
    /// Tests train without banks to compare.
    pub(super) static FORBIDDEN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The digest of an image's bytes.
type Digest = [u8; 16];

/// What a process knows of banks: open ones, and digests of the images of tables. Shared by all stages of a run.
#[derive(Debug, Default)]
pub struct Banks {
    open: Mutex<HashMap<ContentKey, Arc<Rows>>>,
    digests: Mutex<HashMap<[u8; 32], Arc<[Digest]>>>,
}

/// The rows of a bank.
#[derive(Debug)]
struct Rows {
    key: ContentKey,
    file: File,
    numbers: usize,
    places: HashMap<Digest, u32>,
}

/// A bank as the draws of one stage see it.
#[derive(Debug)]
pub struct Bank {
    rows: Arc<Rows>,
    draws: HashMap<NodeId, Vec<TablePlaces>>,
}

/// Where the images of a table stand: by row, version, and mirror image.
#[derive(Debug)]
struct TablePlaces {
    versions: u64,
    mirrored: bool,
    places: Vec<u32>,
}

const FEATURES: &str = "features.f32";
const INDEX: &str = "index.bin";
/// Larger banks are not made: the disk is not ours alone.
const LARGEST: u64 = 24 << 30;
/// Images that go through the frozen layers at once.
const CHUNK: usize = 64;

impl Bank {
    /// The bank of some layers for the draws that a network sees, made if the store has none; `None` where the images change at each visit,
    /// or where it would cost more than it saves in so many batches. Which of both is a function of the plan and its data alone.
    pub fn of(stage: &Stage, layers: &Layers, draws: &Draws, sight: &Sight, batches: u64) -> Result<Option<Arc<Bank>>, TrainError> {
        if layers.count == 0 {
            return Ok(None);
        }
        #[cfg(test)]
        if FORBIDDEN.get() {
            return Ok(None);
        }
        let seen: Vec<&Draw> = sight.draws.iter().map(|place| &draws.all()[*place]).collect();
        let Some(fixed) = seen.iter().map(|draw| fixed(draw)).collect::<Option<Vec<_>>>() else { return Ok(None) };
        let images: u64 = fixed.iter().flatten().map(|(table, versions, mirrored)| images(table, *versions, *mirrored)).sum();
        let numbers = layers.network.shapes()?[layers.count - 1].numel() as usize;
        let drawn = sight.images() as u64 * batches;
        if images * numbers as u64 * 4 > LARGEST || images > 8 * drawn {
            return Ok(None);
        }
        let mut sources: BTreeMap<Digest, Source> = BTreeMap::new();
        let mut named = Vec::new();
        for (draw, tables) in seen.into_iter().zip(&fixed) {
            let mut of_draw = Vec::new();
            for (table, versions, mirrored) in tables {
                let plain =
                    loader(stage, std::slice::from_ref(table), &layers.network.input, None).map_err(TrainError::data(&draw.name))?;
                let digests = digests(stage, layers, draw, table, &plain, *versions, *mirrored)?;
                for (at, digest) in digests.iter().enumerate() {
                    sources.entry(*digest).or_insert_with(|| Source::at(at, *versions, *mirrored, &plain, &draw.name));
                }
                of_draw.push((*versions, *mirrored, digests));
            }
            named.push((draw.node, of_draw));
        }
        let key = key(layers, sources.keys())?;
        let rows = rows(stage, layers, key, numbers, &sources)?;
        let place = |digest: &Digest| rows.places.get(digest).copied().unwrap_or(0); // every digest has a row
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

    /// Its key.
    pub fn key(&self) -> ContentKey {
        self.rows.key
    }

    /// Appends the rows of these picks of a draw.
    pub fn read(&self, draw: &Draw, picks: &[Pick], to: &mut Vec<f32>) -> Result<(), TrainError> {
        let size = self.rows.numbers * 4;
        let mut bytes = vec![0; picks.len() * size];
        let tables = self.draws.get(&draw.node).map_or(&[][..], Vec::as_slice);
        for (pick, row) in picks.iter().zip(bytes.chunks_exact_mut(size)) {
            let of = &tables[usize::from(pick.table)]; // a bank has every table of its draws
            let version = pick.visit % of.versions;
            let mut at = u64::from(pick.row) * of.versions + version;
            if of.mirrored {
                at = 2 * at + u64::from(is_mirrored(draw, pick));
            }
            let offset = u64::from(of.places[at as usize]) * size as u64;
            self.rows.file.read_exact_at(row, offset).map_err(|error| StoreError::io(std::path::Path::new(FEATURES), "read", error))?;
        }
        let (numbers, _) = bytes.as_chunks::<4>();
        to.extend(numbers.iter().map(|number| f32::from_le_bytes(*number)));
        Ok(())
    }
}

/// Whether a pick shows the mirror image: the throw that the loader's own flip makes.
fn is_mirrored(draw: &Draw, pick: &Pick) -> bool {
    match &draw.augment {
        Some((Augment::Flip(flip), seed)) => Named::new(*seed, "flip").text(&draw.path(pick)).number(pick.visit).unit() < flip.p.0,
        Some(_) | None => false,
    }
}

/// The tables of a draw with their versions and whether mirror images are drawn; `None` when an image differs from visit to visit.
fn fixed(draw: &Draw) -> Option<Vec<(Table, u64, bool)>> {
    let mirrored = match &draw.augment {
        None => false,
        Some((Augment::Flip(_), _)) => true,
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

/// How to make an image again.
struct Source<'n> {
    loader: Loader,
    pick: Pick,
    mirrored: bool,
    node: &'n str,
}

impl<'n> Source<'n> {
    /// Image `at` of a table in the order of [`digests`].
    fn at(at: usize, versions: u64, mirrored: bool, loader: &Loader, node: &'n str) -> Self {
        let (at, flip) = if mirrored { (at / 2, at % 2 == 1) } else { (at, false) };
        let (row, version) = (at as u64 / versions, at as u64 % versions);
        Source { loader: loader.clone(), pick: Pick { table: 0, row: row as u32, visit: version }, mirrored: flip, node }
    }

    fn image(&self) -> Result<Image, TrainError> {
        let mut image = self.loader.image(&self.pick).map_err(TrainError::data(self.node))?;
        if self.mirrored {
            mirror(&mut image);
        }
        Ok(image)
    }
}

/// The digests of all images of a table: by row, version, and mirror image.
fn digests(
    stage: &Stage,
    layers: &Layers,
    draw: &Draw,
    table: &Table,
    loader: &Loader,
    versions: u64,
    mirrored: bool,
) -> Result<Arc<[Digest]>, TrainError> {
    let banks = stage.around.banks;
    let roots = table.rows().next().map(|row| row.source().to_string()).unwrap_or_default();
    let mut name = blake3::Hasher::new();
    name.update(table.digest().as_bytes()).update(roots.as_bytes()).update(&versions.to_le_bytes()).update(&[u8::from(mirrored)]);
    name.update(format!("{:?}", layers.network.input).as_bytes());
    let name: [u8; 32] = *name.finalize().as_bytes();
    if let Some(known) = banks.digests.lock().unwrap_or_else(PoisonError::into_inner).get(&name) {
        return Ok(Arc::clone(known));
    }
    let one = |at: usize| {
        let image = Source::at(at, versions, mirrored, loader, &draw.name).image()?;
        let mut digest = Digest::default();
        digest.copy_from_slice(&blake3::hash(image.pixels()).as_bytes()[..16]);
        Ok(digest)
    };
    let all: Vec<Digest> = (0..images(table, versions, mirrored) as usize).into_par_iter().map(one).collect::<Result<_, TrainError>>()?;
    let all: Arc<[Digest]> = all.into();
    banks.digests.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::clone(&all));
    Ok(all)
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

/// The rows of a key: open already, in the store, or made now.
fn rows(
    stage: &Stage,
    layers: &Layers,
    key: ContentKey,
    numbers: usize,
    sources: &BTreeMap<Digest, Source>,
) -> Result<Arc<Rows>, TrainError> {
    let banks = stage.around.banks;
    if let Some(open) = banks.open.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(Arc::clone(open));
    }
    let store = stage.around.store;
    let wait = || !stage.around.interrupted.load(Ordering::Relaxed);
    let lock = store.lock(key, wait)?.ok_or(TrainError::Interrupted { step: 0 })?;
    let artifact = match store.get(key)? {
        Found::Whole(artifact) => artifact,
        Found::Absent => make(stage, layers, &lock, sources)?,
        Found::Damaged(damage) => {
            let failure = Failure::new(Code::DamagedArtifact, damage.to_string());
            stage.around.events.emit(Event::Warning { node: None, failure });
            make(stage, layers, &lock, sources)?
        }
    };
    let index = artifact.read(INDEX)?;
    let (digests, _) = index.as_chunks::<16>();
    let path = artifact.path(FEATURES).unwrap_or_default();
    let file = ddl::regular::open(&path).map_err(|error| StoreError::io(&path, "read", error))?;
    let places = digests.iter().enumerate().map(|(place, digest)| (*digest, place as u32)).collect();
    let rows = Arc::new(Rows { key, file, numbers, places });
    banks.open.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&rows));
    Ok(rows)
}

/// Runs every image through the frozen layers, in the order of the digests.
fn make(stage: &Stage, layers: &Layers, lock: &ddl::store::NodeLock, sources: &BTreeMap<Digest, Source>) -> Result<Artifact, TrainError> {
    let frozen = Embedder::of_layers(layers.network, layers.state, 0..layers.count, threads())?;
    let name = &stage.tables.plan().node(stage.node).name;
    let mut draft = lock.draft()?;
    let path = draft.path(FEATURES);
    let failed = |error| StoreError::io(&path, "write", error);
    let mut file = BufWriter::new(File::create(&path).map_err(failed)?);
    let (started, mut told) = (Instant::now(), Instant::now());
    let all: Vec<&Source> = sources.values().collect();
    for (at, chunk) in all.chunks(CHUNK).enumerate() {
        if stage.around.interrupted.load(Ordering::Relaxed) {
            return Err(TrainError::Interrupted { step: 0 });
        }
        let images = chunk.par_iter().copied().map(Source::image).collect::<Result<Vec<_>, _>>()?;
        let bytes: Vec<u8> = images.iter().flat_map(Image::pixels).copied().collect();
        let output = to_rows(&frozen.run(&pixels(&layers.network.input, &bytes, stage.around.device)?)?)?;
        let mut bytes = vec![0u8; output.numel() * 4];
        output.f_copy_data_u8(&mut bytes, output.numel())?;
        file.write_all(&bytes).map_err(failed)?;
        if told.elapsed().as_secs_f64() > 1.0 || (at + 1) * CHUNK >= all.len() {
            told = Instant::now();
            let (done, of) = (((at + 1) * CHUNK).min(all.len()) as u64, all.len() as u64);
            stage.around.events.emit(Event::progress(name, "images", done, of, started));
        }
    }
    file.into_inner().map_err(|error| failed(error.into_error()))?;
    draft.adopt(FEATURES)?;
    draft.write(INDEX, &sources.keys().flatten().copied().collect::<Vec<u8>>())?;
    let meta = json!({ "layers": layers.count, "images": sources.len() });
    Ok(lock.commit(draft, "prefix", &format!("the first {} layers, for {name}", layers.count), meta)?)
}
