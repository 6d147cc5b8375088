//! The reader `lmdb`.

use super::{as_the_oracle_says, picture, said};
use ddl::ops::readers::Lmdb;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn what_lmdb_wrote_is_read_as_lmdb_reads_it() {
    let none = || json!({});
    let files = [("caffe", none()), ("listed/faces.lmdb", none()), ("many", none()), ("numbered", none()), ("paths", none())];
    as_the_oracle_says::<Lmdb>("lmdb", &files);
}

const PAGE: usize = 512;

/// A database of one leaf, in which long values have pages of their own.
fn database(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let head = |number: usize, flags: u16| [&(number as u64).to_le_bytes()[..], &[0; 2], &flags.to_le_bytes(), &[0; 4]].concat();
    let (mut leaf, mut long, mut end) = (head(2, 2), Vec::new(), PAGE);
    leaf.resize(PAGE, 0);
    for (at, (key, value)) in entries.iter().enumerate() {
        let is_long = value.len() > 40;
        let begins = 3 + long.len() / PAGE;
        let held = if is_long { (begins as u64).to_le_bytes().to_vec() } else { value.to_vec() };
        let lengths =
            [&(value.len() as u32).to_le_bytes()[..], &u16::from(is_long).to_le_bytes(), &(key.len() as u16).to_le_bytes()].concat();
        let mut node = [lengths, key.as_bytes().to_vec(), held].concat();
        node.resize(node.len().next_multiple_of(2), 0);
        end -= node.len();
        leaf[end..end + node.len()].copy_from_slice(&node);
        leaf[16 + 2 * at..18 + 2 * at].copy_from_slice(&(end as u16).to_le_bytes());
        if is_long {
            let pages = (16 + value.len()).div_ceil(PAGE);
            let mut own = head(begins, 4);
            own[12..16].copy_from_slice(&(pages as u32).to_le_bytes());
            own.extend(*value);
            own.resize(pages * PAGE, 0);
            long.extend(own);
        }
    }
    leaf[12..14].copy_from_slice(&(16 + 2 * entries.len() as u16).to_le_bytes());
    leaf[14..16].copy_from_slice(&(end as u16).to_le_bytes());
    let meta = |number: usize, change: u64| {
        let mut page = head(number, 8);
        page.resize(PAGE, 0);
        page[16..24].copy_from_slice(&[0xde, 0xc0, 0xef, 0xbe, 1, 0, 0, 0]);
        page[40..44].copy_from_slice(&(PAGE as u32).to_le_bytes());
        page[94..96].copy_from_slice(&1_u16.to_le_bytes());
        page[120..128].copy_from_slice(&(entries.len() as u64).to_le_bytes());
        page[128..136].copy_from_slice(&2_u64.to_le_bytes());
        page[144..152].copy_from_slice(&change.to_le_bytes());
        page
    };
    [meta(0, 0), meta(1, 1), leaf, long].concat()
}

fn good() -> Vec<u8> {
    database(&[("__len__", b"3"), ("ann/0.ppm", &picture(0)), ("ann/1.ppm", &picture(1)), ("bob/0.ppm", &picture(2))])
}

fn said_of(bytes: &[u8]) -> String {
    said::<Lmdb>(&[("d/data.mdb", bytes)], "d", json!({}))
}

#[test]
fn what_is_broken_is_said_in_a_sentence() {
    let spoilt = |at: usize, with: &[u8]| {
        let mut bytes = good();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    let (leaf, value) = (2 * PAGE, 3 * PAGE);
    // where the second node of the leaf lies
    let node = leaf + usize::from(u16::from_le_bytes([good()[leaf + 18], good()[leaf + 19]]));
    let meta = PAGE;
    let (one, long) = (picture(0), vec![b'x'; 300]);
    let datum = |fields: &[(u8, &[u8])]| {
        fields.iter().flat_map(|(tag, bytes)| [&[*tag, bytes.len() as u8][..], bytes].concat()).collect::<Vec<u8>>()
    };
    let raw = [datum(&[(0x22, &[7; 40])]), vec![0x28, 3]].concat();
    let cases: [(&str, Vec<u8>); 31] = [
        ("whole", good()),
        ("empty", Vec::new()),
        ("something else", b"hello".repeat(999)),
        ("an older change", spoilt(meta + 144, &[0])),
        ("another version", spoilt(20, &[2])),
        ("an odd length of pages", spoilt(40, &[1])),
        ("two lengths of pages", spoilt(meta + 41, &[4])),
        ("no second page", good()[..PAGE].to_vec()),
        ("no leaf", good()[..2 * PAGE].to_vec()),
        ("cut in a value", good()[..3 * PAGE + 100].to_vec()),
        ("a root beyond the file", spoilt(meta + 128, &[99])),
        ("a root that is no number of a page", spoilt(meta + 128, &[254; 8])),
        ("no root", spoilt(meta + 128, &[255; 8])),
        ("a root that is a value", spoilt(meta + 128, &[3])),
        ("a tree that is too deep", spoilt(meta + 94, &[200])),
        ("a branch that is a leaf", spoilt(meta + 94, &[2])),
        ("a branch that leads to itself", [spoilt(meta + 94, &[9])[..leaf + 10].to_vec(), vec![1], good()[leaf + 11..].to_vec()].concat()),
        ("more entries than there are", spoilt(meta + 120, &[5])),
        ("more nodes than a page has", spoilt(leaf + 12, &[0xff, 0xff])),
        ("nodes before the page's own", spoilt(leaf + 12, &[3, 0])),
        ("a node that leads out", spoilt(leaf + 18, &[0xfe, 0x01])),
        ("a long key", spoilt(node + 6, &[0xff, 0x7f])),
        ("a long value", spoilt(node, &[0xff, 0xff, 0xff, 0x7f])),
        ("a value elsewhere", spoilt(value, &[4])),
        ("a database within", spoilt(node + 4, &[3])),
        ("a key that is no text", spoilt(node + 8, &[0xff])),
        ("no image", database(&[("__len__", b"3"), ("label-1", b"3")])),
        ("a pickle", database(&[("ann/1", b"\x80\x04K\x01.")])),
        ("raw pixels", database(&[("ann/1", &raw)])),
        ("what is no image", database(&[("ann/1", b"hello")])),
        ("no person", database(&[("1", &one)])),
    ];
    let more: [(&str, Vec<u8>); 10] = [
        ("a key that leads out", database(&[("ann/../../1", &one)])),
        ("a key that begins at the root", database(&[("/ann/1", &one)])),
        ("a number of images", database(&[("ann/1", &one), ("num-samples", b"1")])),
        ("another number of images", database(&[("ann/1", &one), ("num-samples", b"2")])),
        ("a number of images in words", database(&[("ann/1", &one), ("length", b"two")])),
        ("a pickle of how many there are", database(&[("__len__", b"\x80\x04K\x02."), ("ann/1", &one)])),
        ("a label", database(&[("image-1", &one), ("label-1", b"7\n")])),
        ("an empty label", database(&[("image-1", &one), ("label-1", b"")])),
        ("a long label", database(&[("image-1", &one), ("label-1", &long)])),
        ("a Datum without label", database(&[("ann/1", &datum(&[(0x22, &one), (0x3a, b"")])[..61])])),
    ];
    let all = cases.into_iter().chain(more).map(|(how, bytes)| format!("{how}: {}", said_of(&bytes))).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(all);
}

#[test]
fn a_text_names_people_and_a_pattern_finds_them() {
    let bytes = database(&[("1", &picture(0)), ("2", &picture(1))]);
    let said = |labels: &str, more| said::<Lmdb>(&[("d/data.mdb", &bytes), ("d/labels.txt", labels.as_bytes())], "d", more);
    let cases = [
        said("1 7\n2 8\n", json!({})),
        said("1\tann of here\n\n2 bob\n3 none", json!({})),
        said("1 7\n", json!({})),
        said("1 7\n1 8\n", json!({})),
        said("1\n", json!({})),
        said("1 a/b\n", json!({})),
        said("", json!({"identity": "(?P<identity>\\d)"})),
        said("1 7\n2 8\n", json!({"identity": "(?P<identity>\\d+)/(?P<number>\\d)", "schema": {"number": "int"}})),
    ];
    insta::assert_snapshot!(cases.join("\n"));
}

proptest! {
    #[test]
    fn random_changes_are_an_error_or_a_value(at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 1..9), same: bool, from in 0..3 * PAGE, cut in 0..9usize) {
        let mut bytes = good();
        // most of what leads elsewhere is in the first pages
        let from = if same { at.index(bytes.len()) } else { from };
        let to = if cut == 0 { from } else { (from + put.len()).min(bytes.len()) };
        bytes.splice(from..to, put);
        prop_assert!(!said_of(&bytes).is_empty());
    }
}
