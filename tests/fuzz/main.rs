//! Files of others, changed at random: whatever becomes of one, it is read or refused by an error with its place. Nobody panics, and no
//! length that a file claims is believed. A reader that is new has no files here, and so does not pass.
//!
//! A small part runs with all tests; all of it by `make fuzz` (`DDL_FUZZ` says how many changed files of each).

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "small numbers of a test")]

mod changed;
#[path = "../memory/peak.rs"]
mod peak;

use changed::{changed, count};
use ddl::compile::{Options, compile};
use ddl::data::check::{CorruptPolicy, check_all};
use ddl::data::loader::ImageCache;
use ddl::data::probe::ProbeCache;
use ddl::inputs::probe::DiskProber;
use ddl::inputs::tables::Tables;
use ddl::lang::decl::Operator as _;
use ddl::ops::readers::{ImageFolder, Reader};
use ddl::quantity::Bytes;
use ddl::source::Disk;
use ddl::tensors::{TensorFile, npy};
use peak::peak;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most by which memory may grow while small files are read.
const MOST: u64 = 400 << 20;

/// Files that lie together, and how a recipe reads them.
struct Corpus {
    call: &'static str,
    files: Vec<(&'static str, Vec<u8>)>,
}

/// The bytes of an oracle's file.
fn oracle(path: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/oracles").join(path)).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A picture of 8 by 8 pixels.
fn picture() -> Vec<u8> {
    [b"P6 8 8 255\n".to_vec(), (0..192).collect()].concat()
}

fn corpora(reader: &str) -> Vec<Corpus> {
    let one = |call, name, path: &str| Corpus { call, files: vec![(name, oracle(path))] };
    let listed = |call, list: &str| Corpus {
        call,
        files: vec![("list", list.as_bytes().to_vec()), ("p/1.ppm", picture()), ("p/2.ppm", picture()), ("q/1.ppm", picture())],
    };
    let folder = |call| Corpus {
        call,
        files: vec![("data/p/1.ppm", picture()), ("data/p/2.jpg", oracle("jpeg/arithmetic.jpg")), ("data/q/1.ppm", picture())],
    };
    match reader {
        "image_folder" => vec![folder("image_folder(\"data\")")],
        "images" => vec![
            folder("images(\"data\")"),
            listed("images(\"list\")", "p/1.ppm 0\np/2.ppm 0\nq/1.ppm 1\n"),
            one("images(\"x\")", "x", "tar/pax.tar"),
            one("images(\"x\")", "x", "bin/python2.bin"),
            one("images(\"x\")", "x", "recordio/labels.rec"),
            one("images(\"x.tfrecord\")", "x.tfrecord", "tfrecord/imagenet.tfrecord"),
            one("images(\"x\")", "x", "parquet/hugging_face-zstd-1.parquet"),
            one("images(\"x\")", "x", "lmdb/paths/data.mdb"),
        ],
        "image_list" => vec![
            listed("image_list(\"list\")", "path,identity,yaw\np/1.ppm,p,3\np/2.ppm,p,4\nq/1.ppm,q,5\n"),
            listed("image_list(\"list\")", "1\tp/1.ppm\t0\t1\t2\t9\t8\n1\tp/2.ppm\t0\n0\tq/1.ppm\t1\n"),
            listed("image_list(\"list\", columns = \"im2rec\")", "0\t0\t0.5\tp/1.ppm\n1\t0\t0.25\tp/2.ppm\n2\t1.0\t0.5\tq/1.ppm\n"),
        ],
        "image_tar" => ["gnu", "pax", "shard", "ustar"]
            .map(|name| Corpus { call: "image_tar(\"x.tar\")", files: vec![("x.tar", oracle(&format!("tar/{name}.tar")))] })
            .into(),
        "bin" => ["arrays3", "arrays5", "bytes4", "flat", "listed", "python2"]
            .map(|name| Corpus { call: "bin(\"x.bin\")", files: vec![("x.bin", oracle(&format!("bin/{name}.bin")))] })
            .into(),
        "recordio" => {
            let folder = "recordio/insightface";
            let whole = ["train.rec", "train.idx", "property"].map(|name| (name, oracle(&format!("{folder}/{name}"))));
            let with =
                |rec: &str, idx: &str| Corpus { call: "recordio(\"x.rec\")", files: vec![("x.rec", oracle(rec)), ("x.idx", oracle(idx))] };
            vec![
                Corpus { call: "recordio(\"train.rec\")", files: whole.into() },
                with("recordio/labels.rec", "recordio/labels.idx"),
                with("recordio/parts.rec", "recordio/parts.idx"),
                one("recordio(\"x.rec\")", "x.rec", "recordio/im2rec.rec"),
            ]
        }
        "tfrecord" => {
            let drawn = ["drawn/drawn-00000.tfrecord", "drawn/drawn-00001.tfrecord", "drawn.txt", "drawn_pairs.txt"];
            vec![
                Corpus { call: "tfrecord(\"drawn.txt\")", files: drawn.map(|name| (name, oracle(&format!("tfrecord/{name}")))).into() },
                one("tfrecord(\"x.tfrecord\")", "x.tfrecord", "tfrecord/imagenet.tfrecord"),
            ]
        }
        "lmdb" => vec![
            one("lmdb(\"x\")", "x/data.mdb", "lmdb/paths/data.mdb"),
            one("lmdb(\"x\")", "x/data.mdb", "lmdb/numbered/data.mdb"),
            one("lmdb(\"x\")", "x/data.mdb", "lmdb/many/data.mdb"),
            Corpus {
                call: "lmdb(\"x.lmdb\")",
                files: vec![("x.lmdb", oracle("lmdb/listed/faces.lmdb")), ("labels.txt", oracle("lmdb/listed/labels.txt"))],
            },
        ],
        "parquet" => [
            "hugging_face-none-1",
            "hugging_face-gzip-2",
            "hugging_face-lz4-1",
            "hugging_face-snappy-2",
            "hugging_face-zstd-1",
            "attributes",
        ]
        .map(|name| Corpus { call: "parquet(\"x.parquet\")", files: vec![("x.parquet", oracle(&format!("parquet/{name}.parquet")))] })
        .into(),
        other => panic!("`{other}` has no files here"),
    }
}

/// What became of a changed file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// `check` refuses it, at its place.
    Refused,
    /// The table can't be made.
    NoTable,
    /// All images were decoded, but for damaged ones.
    Read,
    /// There are images, and none is left.
    NoneLeft,
}

/// Reads what lies in a folder through a recipe, as `ddl run` does.
fn through_a_recipe(folder: &Path, call: &str) -> End {
    let recipe = folder.join("r.ddl");
    let text = format!(
        "ddl 1\ndataset faces = {call}\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\n\
         eval v = verification(faces, pairs = all_pairs())\nreport t = compare([net], columns = [v.auc])\n"
    );
    std::fs::write(&recipe, text).unwrap();
    let prober = DiskProber::in_folder(folder.join("probes"));
    let compiled = compile(&Disk, &recipe, &Options { prober: Some(&prober), ..Options::default() }).unwrap();
    if compiled.has_errors() {
        assert!(compiled.diagnostics.iter().all(|said| said.span().is_some() && !said.message.is_empty()), "{:?}", compiled.diagnostics);
        return End::Refused;
    }
    let plan = compiled.plan();
    let (id, _) = plan.all::<Reader>().next().unwrap();
    let Ok(table) = Tables::new(&plan, &compiled.paths, ProbeCache::none()).table(id) else { return End::NoTable };
    let images = ImageCache::new(Bytes(0)).as_probed();
    match check_all(&table, CorruptPolicy::Skip, None, &images, &mut ProbeCache::none().sound()) {
        Ok(checked) if !checked.table.is_empty() => End::Read,
        _ => End::NoneLeft,
    }
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Asserts what reading may cost, and runs it for every changed file of `files`; `read` is told which one.
fn all_changes(what: &str, files: &[(&str, Vec<u8>)], small: u64, mut read: impl FnMut(&str, &[u8])) {
    let before = peak();
    for (name, bytes) in files {
        for number in 0..count(small) {
            let bytes = changed(bytes, &format!("{what} {name}"), number);
            let read = std::panic::AssertUnwindSafe(|| read(name, &bytes));
            if let Err(panic) = std::panic::catch_unwind(read) {
                eprintln!("{what}: change {number} of {name}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    if let Some((before, after)) = before.zip(peak()) {
        let grew = after.saturating_sub(before);
        assert!(grew < MOST, "{what}: memory grew by {} MiB", grew >> 20);
    }
}

#[test]
fn changed_containers_are_read_or_refused() {
    for reader in Reader::decls().iter().map(|decl| decl.name).filter(|name| Reader::reads(name).is_some()) {
        let mut ends = BTreeMap::new();
        for Corpus { call, files } in corpora(reader) {
            let folder = tempfile::tempdir().unwrap();
            files.iter().for_each(|(name, bytes)| put(folder.path(), name, bytes));
            assert_eq!(through_a_recipe(folder.path(), call), End::Read, "{call}");
            all_changes(call, &files, 60, |name, bytes| {
                put(folder.path(), name, bytes);
                *ends.entry(through_a_recipe(folder.path(), call)).or_insert(0) += 1;
                let whole = files.iter().find(|(file, _)| *file == name).unwrap();
                put(folder.path(), name, &whole.1);
            });
        }
        assert!(ends.contains_key(&End::Read), "{reader}: {ends:?}");
        // of pictures alone some are damaged, and the others are read
        assert!(ends.contains_key(&End::Refused) || reader == ImageFolder::NAME, "{reader}: {ends:?}");
    }
}

#[test]
fn changed_weights_are_read_or_refused() {
    let fixtures = root().join("src/base/tensors/fixtures");
    let mut files: Vec<PathBuf> = std::fs::read_dir(fixtures).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending != "py"));
    files.sort();
    let numbers: Vec<u8> = (0..24u8).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2, 3], &numbers).unwrap();
    let safe = safetensors::serialize([("a.weight", view)], None).unwrap();
    let mut files: Vec<(String, Vec<u8>)> =
        files.iter().map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap())).collect();
    files.push(("a.safetensors".to_owned(), safe));
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let (mut read, mut refused) = (0, 0);
    all_changes("weights", &files, 100, |_, bytes| match TensorFile::of(bytes) {
        Ok(mut file) => {
            for it in file.dictionaries().to_vec() {
                for (name, tensor) in &it.tensors {
                    match file.numbers(name, tensor) {
                        Ok(_) => read += 1,
                        Err(error) => refused += usize::from(!error.to_string().is_empty()),
                    }
                }
            }
        }
        Err(error) => refused += usize::from(!error.to_string().is_empty()),
    });
    assert!(read > 0 && refused > 0, "{read} {refused}");
}

#[test]
fn changed_arrays_are_read_or_refused() {
    let header = |text: &str| [b"\x93NUMPY\x01\0".to_vec(), (text.len() as u16).to_le_bytes().to_vec(), text.as_bytes().to_vec()].concat();
    let array = |dtype: &str, width: usize| {
        let text = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': (4, 3), }}\n");
        [header(&text), (0..12 * width).map(|it| it as u8).collect()].concat()
    };
    let files = [("f4", array("<f4", 4)), ("f8", array("<f8", 8)), ("i8", array("<i8", 8))];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let (mut read, mut refused) = (0, 0);
    all_changes("arrays", &files, 300, |_, bytes| {
        std::fs::write(&path, bytes).unwrap();
        match npy::read(&path) {
            Ok(_) => read += 1,
            Err(error) => refused += usize::from(!error.to_string().is_empty()),
        }
    });
    assert!(read > 0 && refused > 0, "{read} {refused}");
}
