//! The reader `parquet`.

use super::{as_the_oracle_says, picture, said};
use ddl::ops::readers::Parquet;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn what_arrow_wrote_is_read_as_arrow_reads_it() {
    let mut files = vec![(
        "attributes.parquet",
        json!({"schema": {"yaw": "float", "pitch": "int", "camera": "int", "frame": "int", "glasses": "int"}}),
    )];
    let packed = [
        "hugging_face-gzip-1.parquet",
        "hugging_face-gzip-2.parquet",
        "hugging_face-lz4-1.parquet",
        "hugging_face-lz4-2.parquet",
        "hugging_face-none-1.parquet",
        "hugging_face-none-2.parquet",
        "hugging_face-snappy-1.parquet",
        "hugging_face-snappy-2.parquet",
        "hugging_face-zstd-1.parquet",
        "hugging_face-zstd-2.parquet",
        "shards",
    ];
    files.extend(packed.map(|name| (name, json!({}))));
    as_the_oracle_says::<Parquet>("parquet", &files);
}

/// A column of a file.
enum Of<'a> {
    Bytes(&'a [Option<&'a [u8]>]),
    Ints(&'a [Option<i64>]),
}

/// A file of one group of rows, whose columns are of this message.
fn written(message: &str, columns: &[Of], packed: Compression) -> Vec<u8> {
    noted(message, columns, packed, None)
}

/// The same with Hugging Face's note of its features.
fn noted(message: &str, columns: &[Of], packed: Compression, features: Option<Value>) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(&format!("message m {{ {message} }}")).unwrap());
    let note = |features: Value| vec![KeyValue::new("huggingface".to_owned(), json!({"info": {"features": features}}).to_string())];
    let how = WriterProperties::builder().set_compression(packed).set_dictionary_enabled(false);
    let how = how.set_key_value_metadata(features.map(note)).build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(how)).unwrap();
    let mut group = file.next_row_group().unwrap();
    for of in columns {
        let mut column = group.next_column().unwrap().unwrap();
        let levels = |there: Vec<bool>| there.into_iter().map(i16::from).collect::<Vec<_>>();
        match of {
            Of::Bytes(values) => {
                let levels = levels(values.iter().map(Option::is_some).collect());
                let values: Vec<ByteArray> = values.iter().flatten().map(|value| ByteArray::from(value.to_vec())).collect();
                column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
            }
            Of::Ints(values) => {
                let levels = levels(values.iter().map(Option::is_some).collect());
                let values: Vec<i64> = values.iter().flatten().copied().collect();
                column.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
            }
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    file.into_inner().unwrap()
}

const FACES: &str = "optional binary image; optional int64 label;";

fn good(packed: Compression) -> Vec<u8> {
    let images = [0, 1, 2].map(picture);
    let images: Vec<Option<&[u8]>> = images.iter().map(|image| Some(&image[..])).collect();
    written(FACES, &[Of::Bytes(&images), Of::Ints(&[Some(3), Some(3), Some(5)])], packed)
}

fn said_of(bytes: &[u8], more: Value) -> String {
    said::<Parquet>(&[("a.parquet", bytes)], "a.parquet", more)
}

/// What a label names is told by its file alone: one that has no name there, or two of one name, are people nobody knows.
#[test]
fn labels_are_of_the_names_that_the_file_has() {
    let images = [0, 1].map(picture);
    let images: Vec<Option<&[u8]>> = images.iter().map(|image| Some(&image[..])).collect();
    let labelled = |labels: [i64; 2], names: Value| {
        let features = json!({"label": {"_type": "ClassLabel", "names": names}});
        noted(FACES, &[Of::Bytes(&images), Of::Ints(&labels.map(Some))], Compression::SNAPPY, Some(features))
    };
    let names = || json!(["ann", "bob"]);
    for (labels, names, wrong) in [
        ([0, 1], names(), None),
        ([1, 1], json!([]), None),
        ([0, 2], names(), Some("row 1 has the label 2 in its column `label`, which has names of 2")),
        ([0, -1], names(), Some("`-1` is no person's number: people are numbered by whole numbers from 0 (column `label`)")),
        ([0, 1], json!(["ann", "ann"]), Some("the labels of its column `label` have the name `ann` twice")),
        ([0, 1], json!([1, 2]), Some("the labels of its column `label` have names that are no texts")),
    ] {
        let said = said_of(&labelled(labels, names), json!({}));
        match wrong {
            Some(wrong) => assert!(said.contains(wrong), "{said}"),
            None => assert!(!said.contains("label"), "{said}"),
        }
    }
    let files = [labelled([0, 1], names()), labelled([0, 1], json!(["bob", "ann"]))];
    let both = said::<Parquet>(&[("d/a.parquet", &files[0]), ("d/b.parquet", &files[1])], "d", json!({}));
    assert!(both.contains("its labels have other names than those of the first file"), "{both}");
}

#[test]
fn what_is_broken_is_said_in_a_sentence() {
    let plain = || good(Compression::UNCOMPRESSED);
    let spoilt = |at: usize, with: &[u8]| {
        let mut bytes = plain();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    let (one, two) = (picture(0), picture(1));
    let end = plain().len();
    let of = |message: &str, columns: &[Of]| written(message, columns, Compression::SNAPPY);
    let one_of = [Some(&one[..])];
    let cases: [(&str, Vec<u8>); 21] = [
        ("whole", plain()),
        ("empty", Vec::new()),
        ("something else", b"hello".repeat(99)),
        ("its beginning alone", b"PAR1".to_vec()),
        ("nothing between beginning and end", b"PAR1PAR1PAR1".to_vec()),
        ("cut off", plain()[..end - 20].to_vec()),
        ("encrypted", [&plain()[..end - 4], b"PARE"].concat()),
        ("an end that is longer than the file", spoilt(end - 8, &[0xff, 0xff, 0xff, 0x7f])),
        ("an end that is shorter than it is", spoilt(end - 8, &[9, 0, 0, 0])),
        ("no page", spoilt(4, b"xxxx")),
        ("a page that says to be long", spoilt(6, &[0xff, 0xff, 0xff, 0xff, 0x0f])),
        ("a value that says to be long", spoilt(picture_at(&plain()) - 4, &[0xff, 0xff, 0xff, 0x7f])),
        ("no columns that are read", of("optional int64 day (TIMESTAMP(MILLIS,true));", &[Of::Ints(&[Some(3)])])),
        ("no image", of("optional int64 label; optional binary name (UTF8);", &[Of::Ints(&[Some(3)]), Of::Bytes(&[Some(b"ann")])])),
        ("an image that is null", of(FACES, &[Of::Bytes(&[Some(&one), None]), Of::Ints(&[Some(3), Some(3)])])),
        ("images that are null", of(FACES, &[Of::Bytes(&[None]), Of::Ints(&[Some(3)])])),
        ("what is no image", of(FACES, &[Of::Bytes(&[Some(b"hello")]), Of::Ints(&[Some(3)])])),
        ("no rows", of(FACES, &[Of::Bytes(&[]), Of::Ints(&[])])),
        ("a person who is null", of(FACES, &[Of::Bytes(&[Some(&one), Some(&two)]), Of::Ints(&[Some(3), None])])),
        ("no person", of("optional binary image; optional int64 size;", &[Of::Bytes(&one_of), Of::Ints(&[Some(3)])])),
        (
            "two columns with images",
            of(
                "optional binary left; optional binary right; optional int64 label;",
                &[Of::Bytes(&one_of), Of::Bytes(&one_of), Of::Ints(&[Some(3)])],
            ),
        ),
    ];
    let all = cases.map(|(how, bytes)| format!("{how}: {}", said_of(&bytes, json!({})))).join("\n");
    insta::assert_snapshot!(all);
}

/// Where the first picture begins.
fn picture_at(file: &[u8]) -> usize {
    file.windows(picture(0).len()).position(|window| window == picture(0)).unwrap()
}

#[test]
fn what_a_recipe_says_fits_the_file() {
    let (one, two) = (picture(0), picture(1));
    let faces = [Some(&one[..]), Some(&two[..])];
    let message = "optional binary left; optional binary right; optional int64 age; optional binary who (UTF8);";
    let columns = [Of::Bytes(&faces), Of::Bytes(&faces), Of::Ints(&[Some(40), None]), Of::Bytes(&[Some(b"ann"), Some(b"bob")])];
    let bytes = written(message, &columns, Compression::SNAPPY);
    let cases = [
        json!({}),
        json!({"image": "left", "identity": "who"}),
        json!({"image": "right", "identity": "who", "schema": {"age": "int"}}),
        json!({"image": "who", "identity": "who"}),
        json!({"image": "left", "identity": "right"}),
        json!({"image": "left", "identity": "age"}),
        json!({"image": "left", "identity": "who", "schema": {"pose": "deg"}}),
        json!({"image": "left", "identity": "age", "schema": {"who": "int"}}),
    ];
    insta::assert_snapshot!(cases.map(|more| format!("{more}: {}", said_of(&bytes, more.clone()))).join("\n"));
}

#[test]
fn several_files_are_one_data_set_of_one_kind() {
    let more = [6, 7].map(picture);
    let more: Vec<Option<&[u8]>> = more.iter().map(|image| Some(&image[..])).collect();
    let (a, twin) = (good(Compression::SNAPPY), good(Compression::UNCOMPRESSED));
    let b = written(FACES, &[Of::Bytes(&more), Of::Ints(&[Some(3), Some(8)])], Compression::UNCOMPRESSED);
    let one = picture(0);
    let other =
        written("optional binary face; optional int64 label;", &[Of::Bytes(&[Some(&one)]), Of::Ints(&[Some(3)])], Compression::SNAPPY);
    let files: [(&str, &[u8]); 4] = [("d/t-0.parquet", &a), ("d/t-1.parquet", &b), ("d/readme.md", b"x"), ("t-2.parquet", &other)];
    let of = |name: &str| format!("{name}: {}", said::<Parquet>(&files, name, json!({})));
    let apart: [(&str, &[u8]); 2] = [("t-1.parquet", &b), ("t-2.parquet", &other)];
    // the same rows, packed otherwise
    let twice: [(&str, &[u8]); 3] = [("d/t-0.parquet", &a), ("d/t-1.parquet", &b), ("d/t-2.parquet", &twin)];
    insta::assert_snapshot!(
        [
            of("d"),
            of("d/t-{0..1}.parquet"),
            of("t-2.parquet"),
            said::<Parquet>(&apart, "t-{1..2}.parquet", json!({})),
            said::<Parquet>(&twice, "d", json!({}))
        ]
        .join("\n")
    );
}

/// What is whole and written in a way that is not read is no damage, and is said in our own words.
#[test]
fn what_is_not_read_is_not_called_damage() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/parquet");
    let said = ["brotli", "delta_byte_array"].map(|how| {
        let bytes = std::fs::read(folder.join(format!("not_read-{how}.parquet"))).unwrap();
        said_of(&bytes, json!({}))
    });
    insta::assert_snapshot!(said.join("\n"));
    assert!(!said.join("").contains("damaged"), "{said:?}");
}

proptest! {
    #[test]
    fn random_changes_are_an_error_or_a_value(at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 1..9), is_end: bool, cut in 0..9usize, packed: bool) {
        let mut bytes = good(if packed { Compression::SNAPPY } else { Compression::UNCOMPRESSED });
        // what says the rest is behind the images
        let from = if is_end { bytes.len() - 1 - at.index(600) } else { at.index(bytes.len()) };
        let to = if cut == 0 { from } else { (from + put.len()).min(bytes.len()) };
        bytes.splice(from..to, put);
        let said = said_of(&bytes, json!({}));
        prop_assert!(!said.is_empty());
    }
}
