//! The reader `recordio` beside files that MXNet itself wrote and read (`tests/oracles/recordio/oracle.py`), files written here, and broken
//! ones.

#![allow(clippy::cast_possible_truncation, reason = "small numbers of a test")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ddl::compile::{Compiled, Options, compile};
use ddl::data::check::{CorruptPolicy, check_all};
use ddl::data::loader::ImageCache;
use ddl::data::probe::{Digest, ProbeCache};
use ddl::data::readers::Read;
use ddl::data::{At, DataError};
use ddl::diag::{RenderOptions, render};
use ddl::inputs::probe::DiskProber;
use ddl::ops::parse;
use ddl::ops::readers::{Reading as _, RecordIo};
use ddl::quantity::Bytes;
use ddl::source::Disk;
use proptest::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const MAGIC: [u8; 4] = 0xced7_230a_u32.to_le_bytes();

fn read(rec: &Path) -> Result<Read, DataError> {
    read_by(rec, &ProbeCache::none())
}

fn read_by(rec: &Path, cache: &ProbeCache) -> Result<Read, DataError> {
    let reader: RecordIo = parse(&serde_json::json!({"path": "x"})).unwrap();
    reader.read(At { path: rec, below: None }, cache)
}

/// The samples: their paths and the digests of their images, which are opened.
fn samples(read: &Read) -> Vec<(String, Digest)> {
    let sample = |row: ddl::data::table::Row| {
        let (source, path) = (row.source(), row.path().into_owned());
        let digest = source.digest().unwrap();
        if let Err(error) = source.open(Some(digest)) {
            assert!(matches!(error, DataError::Corrupt { .. }), "{path}: {error}"); // the bytes are those, and no image
        }
        assert_eq!(path.split('/').next(), Some(row.identity()));
        (path, digest)
    };
    read.table.rows().map(sample).collect()
}

#[test]
fn what_mxnet_wrote_is_read_as_mxnet_reads_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/recordio");
    let golden: serde_json::Map<String, Value> = serde_json::from_slice(&std::fs::read(folder.join("golden.json")).unwrap()).unwrap();
    assert_eq!(golden.len(), 4);
    for (name, said) in golden {
        let mut wanted: Vec<(String, Digest)> = Vec::new();
        for it in said.as_array().unwrap() {
            let image = STANDARD.decode(it["image"].as_str().unwrap()).unwrap();
            wanted.push((format!("{:08}/{:08}", it["person"].as_u64().unwrap(), it["record"].as_u64().unwrap()), Digest::of(&image)));
        }
        wanted.sort();
        let rec = folder.join(format!("{name}.rec"));
        let read = read(&rec).unwrap();
        assert_eq!(samples(&read), wanted, "{name}");
        assert!(read.table.rows().all(|row| row.size() == row.source().open(None).ok().map(|image| image.size())), "{name}");
        // without an index: records are numbered as they lie there
        let alone = tempfile::tempdir().unwrap();
        std::fs::copy(&rec, alone.path().join("alone.rec")).unwrap();
        let images = |samples: Vec<(String, Digest)>| {
            let mut images: Vec<(String, Digest)> =
                samples.into_iter().map(|(path, image)| (path.split('/').next().unwrap().to_owned(), image)).collect();
            images.sort();
            images
        };
        assert_eq!(images(samples(&self::read(&alone.path().join("alone.rec")).unwrap())), images(wanted), "{name}");
    }
}

/// The header of a record with one label, or several.
fn header(labels: &[f32], is_vector: bool) -> Vec<u8> {
    let (flag, label) = if is_vector { (labels.len() as u32, 0.0) } else { (0, labels[0]) };
    let mut bytes = [flag.to_le_bytes(), label.to_le_bytes()].concat();
    bytes.extend([0; 16]);
    if is_vector {
        labels.iter().for_each(|label| bytes.extend(label.to_le_bytes()));
    }
    bytes
}

/// A part of a record.
fn part(which: u32, bytes: &[u8]) -> Vec<u8> {
    let mut all = [MAGIC, (which << 29 | bytes.len() as u32).to_le_bytes()].concat();
    all.extend(bytes);
    all.resize(all.len().next_multiple_of(4), 0);
    all
}

/// A record as MXNet writes it.
fn record(bytes: &[u8]) -> Vec<u8> {
    let cuts: Vec<usize> = (0..bytes.len().saturating_sub(3)).step_by(4).filter(|at| bytes[*at..*at + 4] == MAGIC).collect();
    let (mut all, mut from) = (Vec::new(), 0);
    for (at, cut) in cuts.iter().enumerate() {
        all.extend(part(if at == 0 { 1 } else { 2 }, &bytes[from..*cut]));
        from = cut + 4;
    }
    all.extend(part(if cuts.is_empty() { 0 } else { 3 }, &bytes[from..]));
    all
}

/// A picture that tells a number.
fn picture(number: u8) -> Vec<u8> {
    [b"P6  4 4 255\n".to_vec(), (0..48).map(|at| at * 3 + number).collect()].concat()
}

/// A `.rec` with an `.idx`, in a folder of their own.
struct Pack {
    folder: TempDir,
    bytes: Vec<u8>,
    idx: String,
}

impl Pack {
    fn new(records: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut pack = Pack { folder: tempfile::tempdir().unwrap(), bytes: Vec::new(), idx: String::new() };
        for (number, bytes) in records.into_iter().enumerate() {
            pack.idx.push_str(&format!("{number}\t{}\n", pack.bytes.len()));
            pack.bytes.extend(record(&bytes));
        }
        pack
    }

    /// Insightface's: two images of each of two people, numbered from 1.
    fn of_insightface() -> Self {
        let image = |number: u8| [header(&[f32::from(number / 2), 1.0], true), picture(number)].concat();
        let person = |from: f32| header(&[from, from + 2.0], true);
        Pack::new([header(&[5.0, 7.0], true), image(0), image(1), image(2), image(3), person(1.0), person(3.0)])
    }

    /// Of records that are images, with a label each.
    fn plain() -> Self {
        Pack::new((0..4).map(|number| [header(&[f32::from(number / 2)], false), picture(number)].concat()))
    }

    fn rec(&self) -> PathBuf {
        self.folder.path().join("train.rec")
    }

    fn write(&self, rec: &[u8], idx: Option<&str>) {
        std::fs::write(self.rec(), rec).unwrap();
        if let Some(idx) = idx {
            std::fs::write(self.rec().with_extension("idx"), idx).unwrap();
        }
    }

    fn written(self) -> Self {
        self.write(&self.bytes, Some(&self.idx));
        self
    }

    /// What is said of it, without the folder's own name.
    fn said(&self) -> String {
        let said = match read(&self.rec()) {
            Ok(read) => format!("reads {:?}", samples(&read).into_iter().map(|it| it.0).collect::<Vec<_>>()),
            Err(error) => error.to_string(),
        };
        said.replace(&format!("{}/", self.folder.path().display()), "")
    }

    fn compiled(&self, more: &str) -> Compiled {
        let recipe = self.folder.path().join("r.ddl");
        let text = format!(
            "ddl 1\ndataset faces = recordio(\"train.rec\"{more})\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\neval v = verification(faces, pairs = all_pairs())\nreport t = compare([net], columns = [v.auc])\n"
        );
        std::fs::write(&recipe, text).unwrap();
        let prober = DiskProber::forgetful();
        compile(&Disk, &recipe, &Options { prober: Some(&prober), ..Options::default() }).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_record_comes_back(images in prop::collection::vec((prop::collection::vec(prop_oneof![Just(MAGIC), any::<[u8; 4]>()], 0..20), 0..4usize, 0..5u16, any::<bool>()), 1..9)) {
        let whole = |(words, odd, _, _): &(Vec<[u8; 4]>, usize, u16, bool)| [words.concat(), vec![7; *odd]].concat();
        // the first is no header: it holds something
        let images: Vec<_> = images.into_iter().enumerate().map(|(at, mut it)| { if at == 0 { it.1 = 1; } it }).collect();
        let records = images.iter().map(|it| [header(&[f32::from(it.2), 0.5][..=usize::from(it.3)], it.3), whole(it)].concat());
        let pack = Pack::new(records).written();
        let mut wanted: Vec<_> = images.iter().enumerate().map(|(at, it)| (format!("{:08}/{at:08}", it.2), Digest::of(&whole(it)))).collect();
        wanted.sort();
        let found = read(&pack.rec()).unwrap();
        prop_assert_eq!(samples(&found), wanted.clone());
        std::fs::remove_file(pack.rec().with_extension("idx")).unwrap();
        prop_assert_eq!(samples(&read(&pack.rec()).unwrap()), wanted);
    }

    #[test]
    fn random_changes_are_an_error_or_a_value(at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..6), cut in 0..6usize, in_idx in any::<bool>(), insightface in any::<bool>()) {
        let pack = if insightface { Pack::of_insightface() } else { Pack::plain() };
        let (mut rec, mut idx) = (pack.bytes.clone(), pack.idx.clone().into_bytes());
        let bytes = if in_idx { &mut idx } else { &mut rec };
        let from = at.index(bytes.len() + 1);
        let to = (from + cut).min(bytes.len());
        bytes.splice(from..to, put);
        std::fs::write(pack.rec(), rec).unwrap();
        std::fs::write(pack.rec().with_extension("idx"), idx).unwrap();
        if let Ok(found) = read(&pack.rec()) {
            samples(&found);
        }
    }
}

/// Each way to be broken, with a word for it.
fn broken() -> Vec<(&'static str, Pack)> {
    let all: Vec<(&str, fn() -> Pack)> = vec![
        ("whole", || Pack::of_insightface().written()),
        ("whole, of im2rec", || Pack::plain().written()),
        ("empty", || with(Pack::plain(), |rec, _| rec.clear())),
        ("empty, without an index", || alone(Pack::plain(), Vec::clear)),
        ("something else", || alone(Pack::plain(), |rec| rec.splice(0..4, *b"PK\x03\x04").for_each(drop))),
        ("the magic number of early versions", || alone(Pack::plain(), |rec| rec[3] = 0x3e)),
        ("cut in a record", || alone(Pack::plain(), |rec| rec.truncate(200))),
        ("cut in a header", || alone(Pack::plain(), |rec| rec.truncate(96))),
        ("cut between records", || with(Pack::plain(), |rec, _| rec.truncate(184))),
        ("cut between records of insightface, without an index", || alone(Pack::of_insightface(), |rec| rec.truncate(40 + 2 * 100))),
        ("a length beyond the file", || alone(Pack::plain(), |rec| rec[4..8].copy_from_slice(&0x1fff_ffff_u32.to_le_bytes()))),
        ("a length that leads into the next record", || alone(Pack::plain(), |rec| rec[4..8].copy_from_slice(&100_u32.to_le_bytes()))),
        ("a part that follows nothing", || alone(Pack::plain(), |rec| rec[7] = 0x60)),
        ("a first part without another", || alone(Pack::plain(), |rec| rec[7] = 0x20)),
        ("an unknown part", || alone(Pack::plain(), |rec| rec[7] = 0xa0)),
        ("zeros in the middle", || alone(Pack::plain(), |rec| rec[92..184].fill(0))),
        ("a record without a header", || Pack::new([b"hello".to_vec()]).written()),
        ("more labels than bytes", || alone(Pack::plain(), |rec| rec[8..12].copy_from_slice(&u32::MAX.to_le_bytes()))),
        ("a label that is no number", || Pack::new([[header(&[f32::NAN], false), picture(0)].concat()]).written()),
        ("a label between two numbers", || Pack::new([[header(&[0.5], false), picture(0)].concat()]).written()),
        ("a label below zero", || Pack::new([[header(&[-1.0], false), picture(0)].concat()]).written()),
        ("a record beyond the file", || with(Pack::plain(), |_, idx| idx.push_str("4\t4000\n"))),
        ("a record in the middle of another", || with(Pack::plain(), |_, idx| *idx = idx.replace("\t92\n", "\t96\n"))),
        ("words in the index", || with(Pack::plain(), |_, idx| idx.push_str("four 8\n"))),
        ("a number too many in the index", || with(Pack::plain(), |_, idx| idx.push_str("4 8 0\n"))),
        ("a long line in the index", || with(Pack::plain(), |_, idx| idx.push_str(&"1".repeat(1 << 20)))),
        ("a place twice in the index", || with(Pack::plain(), |_, idx| idx.push_str("4\t92\n"))),
        ("a number twice in the index", || with(Pack::plain(), |_, idx| *idx = idx.replace("3\t", "1\t"))),
        ("an index of nothing", || with(Pack::plain(), |_, idx| idx.clear())),
        ("an index of fewer records", || with(Pack::plain(), |_, idx| "2\t184\n".clone_into(idx))),
        ("a header of more records", || Pack::new([header(&[50.0, 70.0], true), header(&[0.0], false)]).written()),
        ("a header of nobody", || Pack::new([header(&[1.0, 1.0], true)]).written()),
        ("a header that ends before it begins", || Pack::new([header(&[7.0, 5.0], true)]).written()),
        ("a header of one number", || Pack::new([header(&[1.0], true)]).written()),
        ("a header that is no number", || Pack::new([header(&[f32::INFINITY, 2.0], true)]).written()),
        ("a person of records that are not there", || {
            Pack::new([header(&[2.0, 3.0], true), [header(&[0.0], false), picture(0)].concat(), header(&[1.0, 9.0], true)]).written()
        }),
        ("an image in the place of a person", || {
            let image = || [header(&[0.0], false), picture(0)].concat();
            Pack::new([header(&[2.0, 3.0], true), image(), image()]).written()
        }),
        ("a property of fewer people", || {
            let pack = Pack::of_insightface().written();
            std::fs::write(pack.folder.path().join("property"), "1,112,112\n").unwrap();
            pack
        }),
        ("a property of something else", || {
            let pack = Pack::of_insightface().written();
            std::fs::write(pack.folder.path().join("property"), "for sale").unwrap();
            pack
        }),
        ("not there", || {
            let pack = Pack::plain().written();
            std::fs::remove_file(pack.rec()).unwrap();
            pack
        }),
        ("a folder", || {
            let pack = Pack::plain();
            std::fs::create_dir(pack.rec()).unwrap();
            pack
        }),
        ("an index that is a folder", || {
            let pack = Pack::plain();
            pack.write(&pack.bytes, None);
            std::fs::create_dir(pack.rec().with_extension("idx")).unwrap();
            pack
        }),
    ];
    all.into_iter().map(|(how, pack)| (how, pack())).collect()
}

fn with(mut pack: Pack, spoil: fn(&mut Vec<u8>, &mut String)) -> Pack {
    spoil(&mut pack.bytes, &mut pack.idx);
    pack.written()
}

fn alone(mut pack: Pack, spoil: fn(&mut Vec<u8>)) -> Pack {
    spoil(&mut pack.bytes);
    pack.write(&pack.bytes, None);
    pack
}

#[test]
fn what_is_broken_is_said_in_a_sentence() {
    let said = broken().iter().map(|(how, pack)| format!("{how}: {}", pack.said())).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(said);
}

#[test]
fn a_recipe_says_it_once_at_its_place() {
    for (how, pack) in broken() {
        let (said, compiled) = (pack.said(), pack.compiled(""));
        if said.starts_with("reads ") {
            assert!(!compiled.has_errors(), "{how}");
            continue;
        }
        let [diagnostic] = &compiled.diagnostics[..] else { panic!("{how}: {:?}", compiled.diagnostics) };
        let text = render(diagnostic, &compiled.sources, RenderOptions::default());
        assert!(text.contains("recordio(\"train.rec\")") && text.contains("needed here") && text.contains("help:"), "{how}: {text}");
    }
    let pack = alone(Pack::plain(), |rec| rec.truncate(200));
    let compiled = pack.compiled("");
    let text = render(&compiled.diagnostics[0], &compiled.sources, RenderOptions::default());
    insta::assert_snapshot!(text.replace(&format!("{}/", pack.folder.path().display()), ""));
}

#[test]
fn a_record_that_is_no_image_stops_or_is_left_out_by_name() {
    let image = |number: u8| [header(&[f32::from(number / 2)], false), picture(number)].concat();
    let pack =
        Pack::new([image(0), [header(&[0.0], false), b"hello".to_vec()].concat(), image(2), header(&[1.0], false), image(4)]).written();
    let table = read(&pack.rec()).unwrap().table;
    let check = |policy| {
        let mut sound = ProbeCache::none().sound();
        check_all(&table, policy, None, &ImageCache::new(Bytes(0)).as_probed(), &mut sound)
    };
    let error = check(CorruptPolicy::Stop).unwrap_err().to_string().replace(&format!("{}/", pack.folder.path().display()), "");
    assert!(error.starts_with("2 of 5 images can't be decoded:\n  train.rec, record 1: not an image that ddl knows"), "{error}");
    let checked = check(CorruptPolicy::Skip).unwrap();
    let left: Vec<_> = checked.table.rows().map(|row| row.path().into_owned()).collect();
    assert_eq!(
        (left, checked.corrupt.len()),
        (["00000000/00000000", "00000001/00000002", "00000002/00000004"].map(str::to_owned).to_vec(), 2)
    );
}

#[test]
fn other_lines_of_the_index_are_other_data() {
    let (pack, memory) = (Pack::of_insightface().written(), tempfile::tempdir().unwrap());
    let read = || read_by(&pack.rec(), &ProbeCache::in_folder(memory.path())).unwrap();
    let (one, again) = (read(), read());
    assert_eq!((one.probe.digest(), samples(&one)), (again.probe.digest(), samples(&again)));
    std::fs::write(pack.rec().with_extension("idx"), "1\t40\n").unwrap();
    let other = read();
    assert_ne!(other.probe.digest(), one.probe.digest());
    assert_eq!(samples(&other), samples(&one)[..1]);
    // how its lines are written is not
    std::fs::write(pack.rec().with_extension("idx"), pack.idx.replace('\t', " ").replace('\n', "\r\n")).unwrap();
    assert_eq!(read().probe.digest(), one.probe.digest());
}
