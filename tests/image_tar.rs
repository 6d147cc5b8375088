//! The reader `image_tar` beside archives that Python's tarfile wrote and read (`tests/oracles/tar/oracle.py`), and broken ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ddl::data::probe::{Digest, ProbeCache};
use ddl::data::readers::Read;
use ddl::data::{At, DataError};
use ddl::ops::parse;
use ddl::ops::readers::{ImageTar, Reading as _};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

fn read(archive: &Path, more: Value) -> Result<Read, DataError> {
    let mut args = more;
    args["path"] = Value::from("x");
    let reader: ImageTar = parse(&args).unwrap();
    reader.read(At { path: archive, below: None }, &ProbeCache::none())
}

fn samples(read: &Read) -> BTreeMap<String, Digest> {
    let sample = |row: ddl::data::table::Row| {
        let digest = row.source().digest().unwrap();
        if let Err(error) = row.source().open(Some(digest)) {
            assert!(matches!(error, DataError::Corrupt { .. }), "{error}"); // the bytes are those, and no image
        }
        (row.path().into_owned(), digest)
    };
    read.table.rows().map(sample).collect()
}

#[test]
fn what_tarfile_wrote_is_read_as_tarfile_reads_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/tar");
    let golden: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&std::fs::read(folder.join("golden.json")).unwrap()).unwrap();
    assert_eq!(golden.len(), 4);
    for (name, images) in golden {
        let wanted: BTreeMap<String, Digest> =
            images.iter().map(|(path, image)| (path.clone(), Digest::of(&STANDARD.decode(image).unwrap()))).collect();
        let read = read(&folder.join(format!("{name}.tar")), serde_json::json!({})).unwrap();
        assert_eq!(samples(&read), wanted, "{name}");
        assert!(read.table.rows().all(|row| row.size() == Some((4, 4)) && row.path().split('/').next() == Some(row.identity())), "{name}");
    }
}

#[test]
fn a_pattern_tells_person_and_attributes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/tar");
    let said = serde_json::json!({"identity": "(?P<identity>person_\\d)/image_(?P<number>\\d)", "schema": {"number": "int"}});
    let read = read(&folder.join("ustar.tar"), said).unwrap();
    let rows: Vec<_> = read.table.rows().map(|row| format!("{} {}", row.identity(), row.cell("number").unwrap())).collect();
    assert_eq!(rows, ["person_0 0", "person_0 1", "person_1 2", "person_1 3", "person_2 4", "person_2 5"]);
}

fn picture(number: u8) -> Vec<u8> {
    [b"P6 4 4 255\n".to_vec(), (0..48).map(|at| at * 5 + number).collect()].concat()
}

/// An archive of these members.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, path, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

fn good() -> Vec<u8> {
    archive(&[("ann/1.ppm", &picture(0)), ("ann/2.ppm", &picture(1)), ("bob/1.ppm", &picture(2))])
}

/// What is said of a file.
fn said(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar");
    std::fs::write(&path, bytes).unwrap();
    let said = match read(&path, serde_json::json!({})) {
        Ok(read) => format!("reads {:?}", samples(&read).into_keys().collect::<Vec<_>>()),
        Err(error) => error.to_string(),
    };
    said.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn what_is_broken_is_said_in_a_sentence() {
    // the sum of a header, so that what is wrong is what was changed
    let summed = |mut bytes: Vec<u8>| {
        let sum = |at: usize, byte: &u8| if (148..156).contains(&at) { 32 } else { u32::from(*byte) };
        let sum: u32 = bytes[..512].iter().enumerate().map(|(at, byte)| sum(at, byte)).sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        bytes
    };
    let spoilt = |at: usize, with: &[u8]| {
        let mut bytes = good();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    let twice = archive(&[("ann/1.ppm", &picture(0)), ("./ann/1.ppm", &picture(1))]);
    let class = |text: &[u8]| archive(&[("1.ppm", &picture(0)), ("1.cls", text)]);
    // a member of another kind, or under a name that no tool gives without being asked
    let odd = |kind: tar::EntryType, name: &str, bytes: &[u8]| {
        let mut all = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        if kind != tar::EntryType::Regular && kind != tar::EntryType::Continuous {
            header.set_link_name("ann/1.ppm").unwrap();
        }
        header.set_cksum();
        all.append(&header, bytes).unwrap();
        let more = archive(&[("ann/1.ppm", &picture(0))]);
        let mut one = all.into_inner().unwrap();
        one.truncate(one.len() - 1024); // the mark of the end
        [one, more].concat()
    };
    let regular = tar::EntryType::Regular;
    let long_name = |bytes: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(bytes);
        header.set_cksum();
        [header.as_bytes().to_vec(), vec![b'x'; 2 << 20], good()].concat()
    };
    let cases: [(&str, Vec<u8>); 31] = [
        ("archives that were joined", [good(), archive(&[("cem/1.ppm", &picture(3))])].concat()),
        ("zeros behind its end", [good(), vec![0; 3 << 20]].concat()),
        ("something behind its end", [good(), vec![0; 99], b"x".to_vec()].concat()),
        ("a name of two mebibytes", long_name(2 << 20)),
        ("a hard link", odd(tar::EntryType::Link, "bob/1.ppm", b"")),
        ("a symbolic link", odd(tar::EntryType::Symlink, "bob/1.ppm", b"")),
        ("a link that is no picture", odd(tar::EntryType::Symlink, "bob/latest", b"")),
        ("a member with holes", odd(tar::EntryType::GNUSparse, "bob/1.ppm", &picture(1))),
        ("an absolute name", odd(regular, "/bob/1.ppm", &picture(1))),
        ("a name that leads out", odd(regular, "../bob/1.ppm", &picture(1))),
        ("what a Mac leaves behind", odd(regular, "__MACOSX/1.ppm", &picture(1))),
        ("an old kind of regular", odd(tar::EntryType::Continuous, "bob/1.ppm", &picture(1))),
        ("whole", good()),
        ("empty", Vec::new()),
        ("two empty blocks", vec![0; 1024]),
        ("something else", b"hello".repeat(300)),
        ("compressed", b"\x1f\x8b\x08\x00 and so on".repeat(99)),
        ("cut behind an image", good()[..1024].to_vec()),
        ("cut in a header", good()[..1050].to_vec()),
        ("cut in an image", good()[..2600].to_vec()),
        ("a length beyond the file", summed(spoilt(124, b"77777777777\0"))),
        ("a length that is no number", summed(spoilt(124, b"hello hello "))),
        ("a wrong sum", spoilt(0, b"x")),
        ("a name that is not UTF-8", summed(spoilt(0, b"\xff"))),
        ("no image", archive(&[("ann/1.txt", b"hello")])),
        ("no folder", archive(&[("1.ppm", &picture(0))])),
        ("a path twice", twice),
        ("what is no image", archive(&[("ann/1.ppm", b"hello")])),
        ("a class", class(b"people \n")),
        ("an empty class", class(b"")),
        ("a class that is a path", class(b"../x")),
    ];
    let all = cases.map(|(how, bytes)| format!("{how}: {}", said(&bytes))).join("\n");
    insta::assert_snapshot!(all);
}

#[test]
fn several_archives_are_one_data_set_where_their_images_differ_in_name() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, members: &[(&str, &[u8])]| std::fs::write(folder.path().join(name), archive(members)).unwrap();
    put("t-0.tar", &[("ann/1.ppm", &picture(0))]);
    put("t-1.tar", &[("ann/2.ppm", &picture(1)), ("bob/1.ppm", &picture(2))]);
    let wanted: Vec<Digest> = [0, 1, 2].map(|number| Digest::of(&picture(number))).to_vec();
    for name in ["t-{0..1}.tar", ""] {
        let read = read(&folder.path().join(name), serde_json::json!({})).unwrap();
        assert_eq!(samples(&read).into_values().collect::<Vec<_>>(), wanted, "{name}");
        assert!(read.table.rows().all(|row| row.source().to_string().contains("t-0.tar") == (row.path() == "ann/1.ppm")), "{name}");
    }
    put("t-2.tar", &[("ann/1.ppm", &picture(3))]);
    assert_eq!(
        read(&folder.path().join("t-{0..2}.tar"), serde_json::json!({})).unwrap_err().to_string(),
        "two samples are named `ann/1.ppm`"
    );
    std::fs::copy(folder.path().join("t-1.tar"), folder.path().join("t-2.tar")).unwrap();
    let twice = read(&folder.path().join("t-{0..2}.tar"), serde_json::json!({})).unwrap_err().to_string();
    assert!(twice.contains("t-2.tar: it holds the same images as ") && twice.contains("t-1.tar"), "{twice}");
}

#[test]
fn what_lies_beside_shards_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("t-0.tar", &good());
    let left_out = || read(folder.path(), serde_json::json!({})).unwrap().probe.left_out.clone();
    assert_eq!((left_out().files(), left_out().pictures()), (0, 0));
    for (name, bytes) in [("t-1.tar.gz", &b"x"[..]), ("readme.md", b"x"), (".hidden", b"x"), ("t-2.TAR.zst", b"x")] {
        put(name, bytes);
    }
    std::fs::create_dir(folder.path().join("more")).unwrap();
    assert_eq!(left_out().to_string(), "4 other files or folders, 3 of them such as may hold images (folders 1, .tar.gz 1, .tar.zst 1)");
    assert_eq!(read(&folder.path().join("t-0.tar"), serde_json::json!({})).unwrap().probe.left_out.files(), 0);
}

proptest! {
    #[test]
    fn random_changes_are_an_error_or_a_value(at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..12), cut in 0..600usize) {
        let mut bytes = good();
        let from = at.index(bytes.len() + 1);
        let to = (from + cut).min(bytes.len());
        bytes.splice(from..to, put);
        prop_assert!(!said(&bytes).is_empty());
    }
}

/// The name of a member stands in a header before its own where it is long, or not of letters alone; its own head has a short one.
#[test]
fn a_damaged_header_is_never_passed_over() {
    let mut all = tar::Builder::new(Vec::new());
    all.append_pax_extensions([("path", &b"bob/1.ppm"[..])]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_path("ann/1.ppm").unwrap();
    header.set_size(picture(0).len() as u64);
    header.set_cksum();
    all.append(&header, &picture(0)[..]).unwrap();
    let whole = all.into_inner().unwrap();
    assert!(whole[512..].starts_with(b"18 path=bob/1.ppm\n"), "{:?}", String::from_utf8_lossy(&whole[512..540]));
    assert!(!said(&whole).contains("damaged"), "{}", said(&whole));
    for (at, with) in [(512, b'9'), (513, b'x'), (514, b'\t'), (519, b' ')] {
        let mut bytes = whole.clone();
        bytes[at] = with;
        assert!(said(&bytes).contains("the extended header of the member at byte 1536 is damaged"), "{at}: {}", said(&bytes));
    }
}
