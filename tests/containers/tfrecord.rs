//! The reader `tfrecord`.

use super::{as_the_oracle_says, picture, said};
use ddl::ops::readers::TfRecord;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn what_another_writer_wrote_is_read_as_its_reader_reads_it() {
    let attributes = json!({"schema": {"yaw": "float", "camera": "int"}, "identity": "image/class/label"});
    let files = [("drawn.txt", json!({})), ("drawn_pairs.txt", json!({})), ("imagenet.tfrecord", attributes), ("shards", json!({}))];
    as_the_oracle_says::<TfRecord>("tfrecord", &files);
}

/// A field of a message that holds bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let (mut all, mut length) = (vec![number << 3 | 2], bytes.len());
    while length > 127 {
        all.push(length as u8 | 128);
        length >>= 7;
    }
    all.push(length as u8);
    [all, bytes.to_vec()].concat()
}

/// A value of a feature.
enum Of<'a> {
    Bytes(&'a [u8]),
    Int(u8),
    Float(f32),
    Two(&'a [u8], &'a [u8]),
}

/// A message of features.
fn example(features: &[(&str, Of)]) -> Vec<u8> {
    let feature = |(name, of): &(&str, Of)| {
        let values = match of {
            Of::Bytes(bytes) => field(1, &field(1, bytes)),
            Of::Two(a, b) => field(1, &[field(1, a), field(1, b)].concat()),
            Of::Float(number) => field(2, &field(1, &number.to_le_bytes())),
            Of::Int(number) => field(3, &field(1, &[*number])),
        };
        field(1, &[field(1, name.as_bytes()), field(2, &values)].concat())
    };
    field(1, &features.iter().flat_map(feature).collect::<Vec<_>>())
}

fn masked(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), bytes, &masked(bytes)].concat()
}

fn face(person: u8, number: u8) -> Vec<u8> {
    record(&example(&[("image", Of::Bytes(&picture(number))), ("label", Of::Int(person))]))
}

fn good() -> Vec<u8> {
    [face(3, 0), face(3, 1), face(5, 2)].concat()
}

fn said_of(bytes: &[u8]) -> String {
    said::<TfRecord>(&[("a.tfrecord", bytes)], "a.tfrecord", json!({}))
}

#[test]
fn what_is_broken_is_said_in_a_sentence() {
    let spoilt = |at: usize, with: &[u8]| {
        let mut bytes = good();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    let lying = |length: u64| [&length.to_le_bytes()[..], &masked(&length.to_le_bytes()), &good()[12..]].concat();
    let (one, two, long) = (picture(0), picture(1), "x".repeat(300));
    let with = |features: &[(&str, Of)]| record(&example(features));
    let cases: [(&str, Vec<u8>); 27] = [
        ("whole", good()),
        ("empty", Vec::new()),
        ("something else", b"hello".repeat(9)),
        ("a text", b"one\ntwo\n".repeat(9)),
        ("compressed by gzip", b"\x1f\x8b\x08\x00 and so on".repeat(9)),
        ("compressed by zlib", b"\x78\x9c and so on".repeat(9)),
        ("cut in a length", good()[..good().len() / 3 + 7].to_vec()),
        ("cut in a record", good()[..good().len() - 9].to_vec()),
        ("cut in the last sum", good()[..good().len() - 1].to_vec()),
        ("a length beyond the file", lying(1000)),
        ("a length beyond all files", lying(u64::MAX)),
        ("a length that is too short", lying(20)),
        ("a wrong sum of a length", spoilt(8, b"xxxx")),
        ("a wrong byte of an image", spoilt(60, b"x")),
        ("no message", record(b"hello")),
        ("an empty message", record(b"")),
        ("a message without features", record(&field(1, b""))),
        ("no image", with(&[("label", Of::Int(3))])),
        ("two images of one feature", with(&[("label", Of::Int(3)), ("image", Of::Two(&one, &two))])),
        (
            "an image of a later record alone",
            [with(&[("label", Of::Int(3)), ("x", Of::Bytes(&one))]), with(&[("label", Of::Int(3))])].concat(),
        ),
        ("what is no image", with(&[("label", Of::Int(3)), ("image", Of::Bytes(b"hello"))])),
        ("no person", with(&[("image", Of::Bytes(&one)), ("size", Of::Int(3))])),
        ("a person of some", [face(3, 0), with(&[("image", Of::Bytes(&one))])].concat()),
        ("a person who is no text", with(&[("image", Of::Bytes(&one)), ("label", Of::Bytes(b"\xff\xfe"))])),
        ("a person of a long name", with(&[("image", Of::Bytes(&one)), ("label", Of::Bytes(long.as_bytes()))])),
        ("a number as a person", with(&[("image", Of::Bytes(&one)), ("label", Of::Float(4.0))])),
        ("two features with images", with(&[("left", Of::Bytes(&one)), ("right", Of::Bytes(&two)), ("label", Of::Int(3))])),
    ];
    let all = cases.map(|(how, bytes)| format!("{how}: {}", said_of(&bytes))).join("\n");
    insta::assert_snapshot!(all);
}

#[test]
fn what_a_recipe_says_fits_the_file() {
    let (one, two) = (picture(0), picture(1));
    let of = |yaw: Of<'_>, at: &[u8]| {
        record(&example(&[("left", Of::Bytes(at)), ("right", Of::Bytes(&two)), ("who", Of::Bytes(b"ann")), ("face/yaw", yaw)]))
    };
    let bytes = [of(Of::Float(7.5), &one), of(Of::Bytes(b""), &two)].concat();
    let cases = [
        json!({}),
        json!({"image": "left"}),
        json!({"image": "left", "identity": "who"}),
        json!({"image": "right", "identity": "who", "schema": {"yaw": "deg"}}),
        json!({"image": "who", "identity": "who"}),
        json!({"image": "left", "identity": "whom"}),
        json!({"image": "left", "identity": "who", "schema": {"pitch": "deg"}}),
        json!({"image": "left", "identity": "who", "schema": {"yaw": "int"}}),
    ];
    let said = |more: &serde_json::Value| format!("{more}: {}", said::<TfRecord>(&[("a.tfrecord", &bytes)], "a.tfrecord", more.clone()));
    insta::assert_snapshot!(cases.iter().map(said).collect::<Vec<_>>().join("\n"));
}

#[test]
fn an_index_names_records_that_are_there() {
    let third = face(3, 0).len() * 2;
    let cases = [
        ("whole", format!("d\t0\t0\t4\nd\t0\t{third}\t9\n")),
        ("of pairs", format!("d\t0\t0\t4\td\t0\t{third}\t9\n")),
        ("in another order, with ends of Windows", format!("d\t0\t{third}\t9\r\n\r\nd\t0\t0\t4\r\n")),
        ("five fields", "d\t0\t0\t4\t5\n".to_owned()),
        ("no number", "d\t0\tx\t4\n".to_owned()),
        ("a number below zero", "d\t0\t0\t-4\n".to_owned()),
        ("a place between records", "d\t0\t5\t4\n".to_owned()),
        ("a place beyond the file", "d\t0\t0\t4\nd\t0\t99999\t4\n".to_owned()),
        ("two labels", "d\t0\t0\t4\nd\t0\t0\t5\n".to_owned()),
        ("a file that is not there", "d\t1\t0\t4\n".to_owned()),
        ("a name that leads out", "../d\t0\t0\t4\n".to_owned()),
        ("a number of a file that is none", "d\t99999999999\t0\t4\n".to_owned()),
    ];
    let said = |(how, index): (&str, String)| {
        format!("{how}: {}", said::<TfRecord>(&[("index.txt", index.as_bytes()), ("d/d-00000.tfrecord", &good())], "index.txt", json!({})))
    };
    insta::assert_snapshot!(cases.map(said).join("\n"));
}

#[test]
fn several_files_are_one_data_set() {
    let files: [(&str, &[u8]); 4] =
        [("t-0.tfrecord", &face(3, 0)), ("t-1.tfrecord", &face(4, 1)), ("t-1.tfrecord.idx", b"0 99"), ("other", b"x")];
    let twice: [(&str, &[u8]); 2] = [("t-0.tfrecord", &face(3, 0)), ("t-1.tfrecord", &face(3, 0))];
    let said_twice = said::<TfRecord>(&twice, "t-{0..1}.tfrecord", json!({}));
    assert_eq!(said_twice, "t-1.tfrecord: it holds the same images as t-0.tfrecord: leave one of them out");
    let names = ["t-{0..1}.tfrecord", ".", "t-1.tfrecord", "t-{0..2}.tfrecord", "t-{1..0}.tfrecord", "u.tfrecord", "other"];
    insta::assert_snapshot!(names.map(|name| format!("{name}: {}", said::<TfRecord>(&files, name, json!({})))).join("\n"));
}

proptest! {
    #[test]
    fn random_changes_are_an_error_or_a_value(at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..12), cut in 0..200usize, summed: bool) {
        let mut bytes = if summed { good()[12..].to_vec() } else { good() };
        let from = at.index(bytes.len() + 1);
        let to = (from + cut).min(bytes.len());
        bytes.splice(from..to, put);
        // with sums that fit, what is inside is read
        let bytes = if summed { record(&bytes) } else { bytes };
        prop_assert!(!said_of(&bytes).is_empty());
    }
}
