//! Readers of files that hold many images and say who they show, beside files that other programs wrote (`tests/oracles/NAME/oracle.py`),
//! and broken ones.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers of a test")]

mod lmdb;
mod parquet;
mod speed;
mod tfrecord;

use ddl::data::probe::{Digest, ProbeCache};
use ddl::data::readers::Read;
use ddl::data::{At, DataError};
use ddl::lang::decl::Operator;
use ddl::ops::readers::Reading;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads what lies at a path, with these arguments.
fn read<R: Reading + Operator>(path: &Path, more: Value) -> Result<Read, DataError> {
    cached::<R>(path, more, &ProbeCache::none())
}

fn cached<R: Reading + Operator>(path: &Path, more: Value, cache: &ProbeCache) -> Result<Read, DataError> {
    let mut args = more;
    args["path"] = Value::from("x");
    let reader: R = ddl::ops::parse(&args).unwrap();
    let below = R::READS.unwrap().below.map(|_| path.parent().unwrap());
    reader.read(At { path, below }, cache)
}

/// Whom each image shows, its digest, and its attributes, in the order of the table; each can be read.
fn samples(read: &Read) -> Vec<(String, Digest, BTreeMap<String, String>)> {
    let columns: Vec<String> = read.table.schema().added().map(|(name, _)| name.to_owned()).collect();
    let sample = |row: ddl::data::table::Row| {
        let digest = row.source().digest().unwrap();
        if let Err(error) = row.source().open(Some(digest)) {
            assert!(matches!(error, DataError::Corrupt { .. }), "{error}"); // the bytes are those, and no image
        }
        let attributes = columns.iter().map(|name| (name.clone(), row.cell(name).unwrap().to_string())).collect();
        (row.identity().to_owned(), digest, attributes)
    };
    read.table.rows().map(sample).collect()
}

/// What an oracle says that there is.
#[derive(Deserialize)]
struct Told {
    people: Vec<String>,
    digests: Vec<String>,
    attributes: BTreeMap<String, Vec<Value>>,
}

/// Reads the files of an oracle and compares; numbers of attributes are of the type that `schema` says.
fn as_the_oracle_says<R: Reading + Operator>(name: &str, files: &[(&str, Value)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(name);
    let golden: BTreeMap<String, Told> = serde_json::from_slice(&std::fs::read(folder.join("golden.json")).unwrap()).unwrap();
    assert!(files.iter().map(|(file, _)| *file).eq(golden.keys()), "{:?}", golden.keys());
    let memory = tempfile::tempdir().unwrap();
    for (file, more) in files {
        let told = &golden[*file];
        let cache = || ProbeCache::in_folder(memory.path());
        let first = cached::<R>(&folder.join(file), more.clone(), &cache()).unwrap_or_else(|error| panic!("{file}: {error}"));
        let again = cache();
        for read in [&first, &cached::<R>(&folder.join(file), more.clone(), &again).unwrap()] {
            let all = samples(read);
            assert_eq!(all.iter().map(|it| it.0.clone()).collect::<Vec<_>>(), told.people, "{file}");
            assert_eq!(all.iter().map(|it| it.1.to_string()).collect::<Vec<_>>(), told.digests, "{file}");
            for (name, values) in &told.attributes {
                let found: Vec<String> = all.iter().map(|it| it.2[name].clone()).collect();
                let number = |value: &Value| value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string());
                let wanted: Vec<String> =
                    values.iter().map(|value| if value.is_null() { "none".to_owned() } else { number(value) }).collect();
                assert_eq!(found, wanted, "{file}, {name}");
            }
            assert!(read.table.rows().all(|row| row.size() == Some((12, 12))), "{file}");
        }
        assert_eq!(
            (again.read(), first.probe.digest()),
            (0, cached::<R>(&folder.join(file), more.clone(), &cache()).unwrap().probe.digest()),
            "{file}"
        );
    }
}

/// What is said of files, without the folder that they lie in; of what is read, whom it shows.
fn said<R: Reading + Operator>(files: &[(&str, &[u8])], name: &str, more: Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let said = match read::<R>(&folder.path().join(name), more) {
        Ok(read) => format!(
            "reads {}",
            read.table.rows().zip(samples(&read)).map(|(row, it)| format!("{} as {}", row.path(), it.0)).collect::<Vec<_>>().join(", ")
        ),
        Err(error) => error.to_string(),
    };
    said.replace(&format!("{}/", folder.path().display()), "").replace(&folder.path().display().to_string(), ".")
}

fn picture(number: u8) -> Vec<u8> {
    [b"P6 4 4 255\n".to_vec(), (0..48).map(|at| at * 5 + number).collect()].concat()
}
