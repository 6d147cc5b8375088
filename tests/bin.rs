//! The reader `bin` and its pairs beside packs that Python wrote and read (`tests/oracles/bin/oracle.py`), and broken ones.

#![allow(clippy::cast_possible_truncation, reason = "small numbers of a test")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ddl::compile::{Options, compile};
use ddl::data::probe::{Digest, ProbeCache};
use ddl::data::readers::{PairLine, Read, pair_file};
use ddl::data::{At, DataError};
use ddl::diag::{Code, Severity};
use ddl::inputs::probe::DiskProber;
use ddl::ops::parse;
use ddl::ops::readers::{Bin, Reading as _};
use ddl::source::Disk;
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn oracles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/bin")
}

fn read(pack: &Path) -> Result<Read, DataError> {
    let reader: Bin = parse(&serde_json::json!({"path": "x"})).unwrap();
    reader.read(At { path: pack, below: None }, &ProbeCache::none())
}

fn pairs(pack: &Path) -> Result<Vec<PairLine>, DataError> {
    pair_file(pack, &read(pack)?.table, &ProbeCache::none())
}

#[derive(Deserialize)]
struct Golden {
    images: Vec<String>,
    same: Vec<bool>,
}

#[test]
fn what_python_wrote_is_read_as_python_reads_it() {
    let golden: BTreeMap<String, Golden> = serde_json::from_slice(&std::fs::read(oracles().join("golden.json")).unwrap()).unwrap();
    assert_eq!(golden.len(), 9);
    for (name, golden) in golden {
        let file = oracles().join(format!("{name}.bin"));
        let table = read(&file).unwrap_or_else(|error| panic!("{name}: {error}")).table;
        let number = |path: &str| path.rsplit('/').next().unwrap().parse::<usize>().unwrap();
        let images: BTreeMap<usize, Digest> = table.rows().map(|row| (number(&row.path()), row.source().digest().unwrap())).collect();
        let wanted: Vec<Digest> = golden.images.iter().map(|image| Digest::of(&STANDARD.decode(image).unwrap())).collect();
        assert_eq!(images.into_values().collect::<Vec<_>>(), wanted, "{name}");
        for row in table.rows() {
            assert_eq!(row.source().open(row.source().digest()).unwrap().size(), (4, 4), "{name}");
        }
        let listed = pairs(&file).unwrap();
        assert_eq!(listed.iter().map(|pair| pair.same).collect::<Vec<_>>(), golden.same, "{name}");
        for (at, pair) in listed.iter().enumerate() {
            assert_eq!([pair.a, pair.b].map(|place| number(&table.path_at(place))), [2 * at, 2 * at + 1], "{name}");
        }
        // 0 and 1 are one person, and so are 6 and 7; 6 has the bytes of 1
        let people: BTreeMap<usize, String> = table.rows().map(|row| (number(&row.path()), row.identity().to_owned())).collect();
        let person = |image: usize| people[&image].parse::<usize>().unwrap();
        assert_eq!((0..8).map(person).collect::<Vec<_>>(), [0, 0, 2, 3, 4, 5, 0, 0], "{name}");
    }
}

/// A pack of one pair whose second image is this.
fn pack(second: &[u8]) -> Vec<u8> {
    let image = |bytes: &[u8]| [b"B".to_vec(), (bytes.len() as u32).to_le_bytes().to_vec(), bytes.to_vec()].concat();
    [b"\x80\x03](".to_vec(), image(b"P6 1 1 255\n123"), image(second), b"e](\x88e\x86.".to_vec()].concat()
}

/// What is said of a file.
fn said(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    std::fs::write(&path, bytes).unwrap();
    let said = match read(&path).and_then(|read| Ok((read.table.len(), pairs(&path)?.len()))) {
        Ok((images, pairs)) => format!("reads {images} images, {pairs} pairs"),
        Err(error) => error.to_string(),
    };
    said.replace(&format!("{}/", folder.path().display()), "")
}

/// A pack that Python wrote and that is none.
fn oracle(name: &str) -> Vec<u8> {
    std::fs::read(oracles().join(format!("{name}.bin"))).unwrap()
}

#[test]
fn what_is_broken_is_said_in_a_sentence() {
    let good = pack(b"P6 1 1 255\n456");
    let spoilt = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).position(|window| window == from).unwrap();
        [&good[..at], to, &good[at + from.len()..]].concat()
    };
    let answers = |count: u32| {
        let (from, to) = (b"](\x88e".as_slice(), [b"B".to_vec(), count.to_le_bytes().to_vec(), vec![1; count as usize]].concat());
        let at = good.windows(4).position(|window| window == from).unwrap();
        [&good[..at], &to, &good[at + 4..]].concat()
    };
    let cases: [(&str, Vec<u8>); 20] = [
        ("answers that are bytes", answers(1)),
        ("too many of them", answers(100_000)),
        ("an array of wider numbers", oracle("wide")),
        ("answers that are wider numbers", oracle("wide_answers")),
        ("whole", good.clone()),
        ("empty", Vec::new()),
        ("something else", b"hello".repeat(30)),
        ("a page", b"<!DOCTYPE html><html>quota exceeded</html>".to_vec()),
        ("cut behind the images", good[..good.len() - 7].to_vec()),
        ("cut in an image", good[..30].to_vec()),
        ("an image beyond the file", spoilt(b"B\x0e\0\0\0", b"B\xff\xff\xff\x7f")),
        ("one image of a pair", [b"\x80\x03](".to_vec(), b"B\x01\0\0\0xe](\x88e\x86.".to_vec()].concat()),
        ("no pair", b"\x80\x03](e](e\x86.".to_vec()),
        ("an image that is a number", spoilt(b"B\x0e\0\0\0P6 1 1 255\n456", b"K\x07")),
        ("a truth that is a number", spoilt(b"(\x88e", b"(K\x07e")),
        ("one list", b"\x80\x03](e.".to_vec()),
        ("three lists", b"\x80\x03](e](e](e\x87.".to_vec()),
        ("code that would run", b"\x80\x03cos\nsystem\n(X\x02\0\0\0lstR.".to_vec()),
        ("a loop of values", b"\x80\x03]q\0h\0\x86.".to_vec()),
        ("texts of Python 3", oracle("texts")),
    ];
    let said: Vec<String> = cases.iter().map(|(name, bytes)| format!("{name}: {}", said(bytes))).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_is_no_image_stops_or_is_left_out_and_the_pair_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = |bytes: &[u8], more: &str| {
        std::fs::write(folder.path().join("a.bin"), bytes).unwrap();
        let text = format!(
            "ddl 1\ndataset faces = bin(\"a.bin\"{more})\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\n\
             eval v = verification(faces, pairs = \"a.bin\")\nreport t = compare([net], columns = [v.gap])\n"
        );
        std::fs::write(folder.path().join("r.ddl"), text).unwrap();
        let prober = DiskProber::in_folder(folder.path().join("probes"));
        let compiled = compile(&Disk, &folder.path().join("r.ddl"), &Options { prober: Some(&prober), ..Options::default() }).unwrap();
        if compiled.has_errors() {
            return (compiled.diagnostics.iter().map(|it| (it.code, it.span().is_some())).collect(), None);
        }
        let (plan, said) = compiled.known_plan(ProbeCache::none());
        let pairs = plan.nodes.iter().find(|node| node.name == "v").and_then(|node| node.facts.pairs);
        let all = compiled.diagnostics.iter().chain(&said).filter(|it| it.severity != Severity::Advice);
        (all.map(|it| (it.code, it.span().is_some())).collect::<Vec<_>>(), pairs)
    };
    let golden = std::fs::read(oracles().join("arrays4.bin")).unwrap();
    assert_eq!(recipe(&golden, ""), (Vec::new(), Some(4)));
    // which pairs are of one person is part of what the protocol means
    let key = |bytes: &[u8], pairs: &str| {
        std::fs::write(folder.path().join("a.bin"), bytes).unwrap();
        let text = format!(
            "ddl 1\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\neval v = verification(bin(\"a.bin\"){pairs})\n\
             report t = compare([net], columns = [v.gap])\n"
        );
        std::fs::write(folder.path().join("r.ddl"), text).unwrap();
        let prober = DiskProber::in_folder(folder.path().join("probes"));
        let compiled = compile(&Disk, &folder.path().join("r.ddl"), &Options { prober: Some(&prober), ..Options::default() }).unwrap();
        assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
        compiled.plan().nodes.iter().find(|node| node.name == "v").unwrap().key
    };
    let other = |a: u8, b: u8| {
        let mut bytes = std::fs::read(oracles().join("bytes3.bin")).unwrap();
        let at = bytes.len() - 5;
        (bytes[at - 3], bytes[at - 2]) = (a, b);
        bytes
    };
    assert_eq!(key(&other(0x89, 0x89), ""), key(&other(0x89, 0x89), ", pairs = \"a.bin\""));
    let keys: std::collections::BTreeSet<_> = [(0x88, 0x88), (0x88, 0x89), (0x89, 0x88)].map(|(a, b)| key(&other(a, b), "")).into();
    assert_eq!(keys.len(), 3);
    // pairs of one kind can't be judged: the pack is read before anything runs
    let one_kind = recipe(&pack(b"P6 1 1 255\n456"), "").0;
    assert_eq!(one_kind.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [Code::Unmeasurable], "{one_kind:?}");
    for broken in [&golden[..golden.len() / 2], b"\x80\x03cos\nsystem\n(X\x02\0\0\0lstR."] {
        let (said, _) = recipe(broken, "");
        assert!(said.len() == 1 && said[0].1, "{said:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever bytes stand in place of others, the reader ends, and says something or reads.
    #[test]
    fn damage_is_told_or_read(name in 0usize..4, at in 0usize..1000, with in proptest::collection::vec(any::<u8>(), 1..9), cut in 0usize..1000) {
        let name = ["python2", "arrays3", "arrays5", "listed"][name];
        let mut bytes = std::fs::read(oracles().join(format!("{name}.bin"))).unwrap();
        let at = at % bytes.len();
        let end = (at + with.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&with[..end - at]);
        if cut % 3 == 0 {
            bytes.truncate(cut % bytes.len());
        }
        prop_assert!(!said(&bytes).is_empty());
    }
}
