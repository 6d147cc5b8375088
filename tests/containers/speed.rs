//! How fast images are found and read. `CONTAINERS=folder cargo test --test containers speed -- --ignored --nocapture`; the folder holds
//! any of the files below, as `tests/oracles/containers.py` draws them.

use super::read;
use ddl::ops::readers::{ImageTar, Lmdb, Parquet, TfRecord};
use serde_json::json;
use std::path::Path;
use std::time::Instant;

#[test]
#[ignore = "prints images a second"]
fn speed() {
    let folder = std::env::var("CONTAINERS").unwrap();
    for name in ["faces.tar", "faces.tfrecord", "faces.lmdb", "faces.parquet"] {
        let path = Path::new(&folder).join(name);
        if !path.exists() {
            continue;
        }
        let begun = Instant::now();
        let found = match name {
            "faces.tar" => read::<ImageTar>(&path, json!({})),
            "faces.tfrecord" => read::<TfRecord>(&path, json!({})),
            "faces.lmdb" => read::<Lmdb>(&path, json!({})),
            _ => read::<Parquet>(&path, json!({})),
        };
        let table = found.unwrap().table;
        let of = |begun: Instant, count: usize| count as f64 / begun.elapsed().as_secs_f64();
        println!("{name}: {:.0} images a second found", of(begun, table.len()));
        let rows: Vec<_> = table.rows().collect();
        let mixed = (0..rows.len()).map(|at| at * 7919 % rows.len()).take(5000);
        for (how, order) in [("in their order", (0..rows.len().min(5000)).collect::<Vec<_>>()), ("in any order", mixed.collect())] {
            let begun = Instant::now();
            order.iter().for_each(|at| drop(rows[*at].source().open(rows[*at].source().digest()).unwrap()));
            println!("{name}: {:.0} images a second read {how}, on one thread", of(begun, order.len()));
        }
    }
}
