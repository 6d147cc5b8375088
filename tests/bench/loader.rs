//! ddl's side of `make bench ARGS='--only loader'`: batches of images of files, when it is told how often. It talks as
//! `.tools/bench/loading.py` does.

#![allow(clippy::cast_precision_loss, reason = "small numbers of a test")]

#[path = "../../src/engine/src/bench/asked.rs"]
mod asked;

use asked::{option, serve};
use ddl::compile::{Given, Options, compile};
use ddl::data::decode::decode;
use ddl::data::loader::{Element, ImageCache, Layout, Loader, Normalisation, PixelFormat, Threads, Wanted};
use ddl::data::probe::ProbeCache;
use ddl::data::stream::Colour;
use ddl::inputs::probe::DiskProber;
use ddl::inputs::tables::Tables;
use ddl::ops::curves::Moment;
use ddl::ops::data::Draw;
use ddl::quantity::Bytes;
use ddl::source::Memory;
use rayon::prelude::*;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Batches that wait at most, as in training.
const AHEAD: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    match option("--what")?.as_str() {
        "batches" => batches(),
        alone => bound(alone),
    }
}

/// What batches can't be faster than: images/s of reading the files of a folder (`read`), or of decoding what was read (`decode`).
fn bound(what: &str) -> Result<(), Box<dyn Error>> {
    let (root, threads): (PathBuf, usize) = (option("--data")?.into(), option("--threads")?.parse()?);
    let mut files = Vec::new();
    for person in std::fs::read_dir(root)? {
        for file in std::fs::read_dir(person?.path())? {
            files.push(file?.path());
        }
    }
    let held: Vec<Vec<u8>> = files.iter().map(std::fs::read).collect::<Result<_, _>>()?;
    let begun = Instant::now();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let mut rounds = 0;
    while begun.elapsed().as_secs_f64() < 3.0 {
        let done: usize = pool.install(|| {
            (0..files.len())
                .into_par_iter()
                .filter(|at| match what {
                    "read" => std::fs::read(&files[*at]).is_ok(),
                    _ => decode(&held[*at], "jpeg").is_ok(),
                })
                .count()
        });
        rounds += done;
    }
    println!("{}", rounds as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}

fn batches() -> Result<(), Box<dyn Error>> {
    let (data, batch, threads) = (option("--data")?, option("--batch")?, option("--threads")?);
    let augment = option("--augment")?;
    let text = format!(
        "ddl 1
         param root : path
         batches b = draw(images(root), size = {batch}{augment})
         stage s = train(tiny(side = 112px), classify(b, cosface()), for = 1 epoch, optimizer = sgd(lr = 0.1))"
    );
    let cache = ProbeCache::none();
    let prober = DiskProber::sharing(cache.clone(), Path::new("/nonexistent"));
    let root = Given { text: data, origin: "--data".to_owned(), base: PathBuf::new() };
    let options = Options { params: [("root".to_owned(), root)].into_iter().collect(), prober: Some(&prober), ..Options::default() };
    let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &options)?;
    if compiled.has_errors() {
        return Err(format!("{:?}", compiled.diagnostics).into());
    }
    let (plan, paths) = (compiled.plan(), compiled.paths.clone());
    let tables = Tables::new(&plan, &paths, cache);
    let (draw, _) = plan.all::<Draw>().next().ok_or("a draw")?;
    let batches = tables.batches(draw, 0)?;
    let format =
        PixelFormat { layout: Layout::Nchw, colour: Colour::Rgb, element: Element::F32(Normalisation { mean: 127.5, divisor: 127.5 }) };
    let wanted = Wanted { width: 112, height: 112, format };
    let images = Arc::new(ImageCache::new(Bytes(0)).as_probed());
    let loader = Loader::new(batches.tables(), wanted, None, images, Threads::new(threads.parse()?)?)?;
    let loader = loader.through(tables.changes(draw, 0)?.at(Moment::NONE)?)?;
    let mut blocks = loader.prefetch((0u64..).map(move |step| batches.at_step(step)), AHEAD);
    let mut next = || -> Result<(), Box<dyn Error>> { Ok(blocks.next().ok_or("no more batches")?.map(drop)?) };
    serve(&serde_json::json!({}), &mut next)
}
