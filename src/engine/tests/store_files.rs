//! Every file that a store, a run and its output folder keep, and that a later command reads: cut short, empty, lying about its lengths and
//! its numbers, nested without end. Each is as if it were not there, or one clear error; nobody believes a length, and nothing panics.

mod common;

use common::shell::{Ran, Shell};
use serde_json::Value as Json;
use std::fs;
use std::path::{Path, PathBuf};

const RECIPE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 8, images = 4, size = 32px, yaw = -60deg..60deg)
backbone net = tiny(embedding = 8, side = 32px, width = 4)
head arc = arcface(scale = 16, margin = 0.2rad)
eval ver = verification(faces, pairs = random_pairs(folds = 2, per_fold = 10))
eval all = verification(faces, pairs = all_pairs())
eval found = identification(gallery = faces |> where(.yaw < 0deg), probe = faces |> where(.yaw >= 0deg), strangers = \"drop\")
stage s = train(net, classify(faces, arc), batch = 8, for = 6 steps, optimizer = adam(lr = 0.001), keep = best(ver.gap, every = 2 steps))
report t = compare([s], columns = [ver.gap, all.auc, found.rank(1)])
";
/// Address space that a command may take (KiB): a length of 2^40 that is believed ends it.
const MEMORY: &str = "ulimit -v 12000000";
const LINE: &str = "-q run r.ddl --threads 1";

/// What is done to a file.
const DAMAGES: [(&str, fn(&[u8]) -> Option<Vec<u8>>); 9] = [
    ("empty", |_| Some(Vec::new())),
    ("cut short", |bytes| Some(bytes[..bytes.len() / 2].to_vec())),
    ("without its last byte", |bytes| Some(bytes[..bytes.len() - 1].to_vec())),
    ("noise", |_| Some((0..4096u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect())),
    ("a length of 2^40", |bytes| headed(bytes, 1 << 40)),
    ("a length of 2^64 - 1", |bytes| headed(bytes, u64::MAX)),
    ("numbers of another kind", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        // of one width and of another, in a header of the same length
        ["\"F32\"", "\"I64\""].iter().find(|kind| text.contains(**kind)).map(|kind| replaced(bytes, kind, "\"U16\""))
    }),
    ("numbers in place of texts", |bytes| {
        let json: Json = serde_json::from_slice(bytes).ok()?;
        Some(serde_json::to_vec(&swapped(&json)).unwrap())
    }),
    ("nested 100,000,000 deep", |bytes| {
        let deep = vec![b'['; 100_000_000];
        Some(if is_safetensors(bytes) { [&(deep.len() as u64).to_le_bytes()[..], &deep].concat() } else { deep })
    }),
];

fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

/// The same with another length of its header, where it has one.
fn headed(bytes: &[u8], length: u64) -> Option<Vec<u8>> {
    is_safetensors(bytes).then(|| [&length.to_le_bytes()[..], &bytes[8..]].concat())
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut out = bytes.to_vec();
    while let Some(at) = out.windows(from.len()).position(|window| window == from.as_bytes()) {
        out.splice(at..at + from.len(), to.bytes());
    }
    out
}

/// Texts as numbers, numbers as texts, the largest numbers in place of others.
fn swapped(json: &Json) -> Json {
    match json {
        Json::String(_) => Json::from(u64::MAX),
        Json::Number(_) => Json::from("18446744073709551615"),
        Json::Array(items) => items.iter().map(swapped).collect(),
        Json::Object(fields) => Json::Object(fields.iter().map(|(name, value)| (name.clone(), swapped(value))).collect()),
        other @ (Json::Null | Json::Bool(_)) => other.clone(),
    }
}

/// Files below a folder, by name, and what they hold.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                todo.push(entry.path());
            } else {
                found.push((entry.path(), fs::read(entry.path()).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn restore(folder: &Path, all: &[(PathBuf, Vec<u8>)]) {
    fs::remove_dir_all(folder).unwrap();
    for (path, bytes) in all {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Makes a result vouch for a file as it is now.
fn sealed(file: &Path) {
    let manifest = file.with_file_name("manifest.json");
    let mut whole: Json = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    let bytes = fs::read(file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    whole["body"]["files"][name] = serde_json::json!({ "bytes": bytes.len(), "blake3": blake3::hash(&bytes).to_hex().as_str() });
    whole["seal"] = Json::from(blake3::hash(whole["body"].to_string().as_bytes()).to_hex().as_str());
    fs::write(manifest, serde_json::to_vec(&whole).unwrap()).unwrap();
}

/// A run that ended well, or with one clear error.
#[track_caller]
fn is_clear(ran: &Ran, what: &str) {
    let said = ran.stderr();
    for wrong in ["panicked", "ddl::bug", "signal", "memory allocation", "out of memory", "ddl::run::engine_failed", "ddl::run::libtorch"] {
        assert!(!said.contains(wrong), "{what}: {said}");
    }
    assert!(ran.code() == 0 || (ran.code() <= 2 && said.matches("ddl::").count() >= 1), "{what}: {} {said}", ran.code());
    assert!(said.len() < 4000, "{what}: {} bytes are said", said.len());
}

/// A store with all results; what each command says of it.
fn done() -> Shell {
    let shell = Shell::new().file("r.ddl", RECIPE);
    let ran = shell.after(MEMORY, LINE);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    shell
}

#[test]
fn a_file_that_a_result_vouches_for_is_read_without_belief() {
    let shell = done();
    let store = shell.path().join(".ddl/store");
    let whole = files(&store);
    let metrics = shell.read("runs/r/metrics.json");
    let (mut tried, mut wrong) = (0, 0);
    for (path, bytes) in whole.iter().filter(|(path, _)| path.starts_with(store.join("artifacts"))) {
        let name = path.file_name().unwrap().to_str().unwrap();
        for (how, damage) in DAMAGES {
            let Some(damaged) = damage(bytes) else { continue };
            fs::write(path, damaged).unwrap();
            if name == "manifest.json" {
                // nobody vouches for it: the result is as if it were not there
                let ran = shell.after(MEMORY, LINE);
                assert_eq!((ran.code(), shell.read("runs/r/metrics.json")), (0, metrics.clone()), "{name}, {how}: {}", ran.stderr());
            } else {
                sealed(path);
                // judged anew, so that the models and the features are read
                for (other, _) in &whole {
                    let is_read = ["model.safetensors", "heads.json", "features.f32"].contains(&name);
                    if is_read && other.ends_with("scores.json") || (name != "features.f32" && is_read && other.ends_with("features.f32")) {
                        let _ = fs::remove_dir_all(other.parent().unwrap());
                    }
                }
                let ran = shell.after(MEMORY, LINE);
                is_clear(&ran, &format!("{name}, {how}"));
                wrong += i32::from(ran.code() != 0);
            }
            tried += 1;
            restore(&store, &whole);
        }
    }
    println!("{tried} damages, {wrong} of them errors");
    assert!(tried > 60 && wrong > 20, "{tried}, {wrong}");
}

#[test]
fn a_checkpoint_that_lies_is_read_without_belief() {
    let shell = Shell::new().file("r.ddl", RECIPE);
    // killed while it trains: checkpoints of its steps are there
    let store = shell.path().join(".ddl/store");
    let started = shell.start(&format!("{LINE} --checkpoint 0"));
    common::until("a checkpoint", || {
        files(&store.join("checkpoints")).iter().any(|(path, _)| path.ends_with("000000000002/manifest.json"))
    });
    common::signal("-KILL", &started.pid());
    started.end();
    let checkpoints: Vec<_> =
        files(&store.join("checkpoints")).into_iter().filter(|(path, _)| !path.starts_with(store.join("new"))).collect();
    let whole = files(&store);
    let ended = done();
    for (path, bytes) in checkpoints {
        let name = path.file_name().unwrap().to_str().unwrap();
        for (how, damage) in DAMAGES {
            let Some(damaged) = damage(&bytes) else { continue };
            fs::write(&path, damaged).unwrap();
            if name != "manifest.json" {
                sealed(&path);
            }
            let ran = shell.after(MEMORY, LINE);
            is_clear(&ran, &format!("{name}, {how}"));
            if ran.code() == 0 {
                assert_eq!(shell.read("runs/r/metrics.json"), ended.read("runs/r/metrics.json"), "{name}, {how}");
            }
            restore(&store, &whole);
        }
    }
}

/// What helps alone: where it is damaged, all is done as if it were not there.
#[test]
fn what_only_helps_is_as_if_it_were_not_there() {
    let shell = done();
    let folder = shell.path().to_owned();
    let metrics = shell.read("runs/r/metrics.json");
    let store = folder.join(".ddl/store");
    let helps = |path: &Path| {
        let below = path.strip_prefix(&store).map(|below| below.components().next().unwrap().as_os_str().to_owned());
        below.is_ok_and(|area| ["probes", "uses", "locks"].iter().any(|known| area == *known)) || path.ends_with("runs/r/plan.yaml")
    };
    let all: Vec<_> = files(&store).into_iter().chain(files(&folder.join("runs"))).filter(|(path, _)| helps(path)).collect();
    assert!(all.iter().any(|(path, _)| path.ends_with("plan.yaml")) && all.len() > 5, "{all:?}");
    for (how, damage) in DAMAGES {
        for (path, bytes) in &all {
            // a lock is empty: whatever it holds is nothing
            let damaged = if bytes.is_empty() { Some(b"[".repeat(1000)) } else { damage(bytes) };
            damaged.into_iter().for_each(|damaged| fs::write(path, damaged).unwrap());
        }
        let why = shell.after(MEMORY, "plan r.ddl --why");
        assert_eq!(why.code(), 0, "{how}: {}", why.stderr());
        let ran = shell.after(MEMORY, LINE);
        assert_eq!((ran.code(), shell.read("runs/r/metrics.json")), (0, metrics.clone()), "{how}: {}", ran.stderr());
        let listed = shell.after(MEMORY, "store ls");
        assert_eq!(listed.code(), 0, "{how}: {}", listed.stderr());
    }
}

#[test]
fn a_job_that_is_none_is_one_error() {
    let shell = Shell::new();
    let job = br#"{"plan": {}, "store": "s"}"#;
    for (how, damage) in DAMAGES {
        let Some(damaged) = damage(job) else { continue };
        fs::write(shell.path().join("job.json"), damaged).unwrap();
        let engine =
            std::process::Command::new(env!("CARGO_BIN_EXE_ddl-engine")).arg("run").arg(shell.path().join("job.json")).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&engine.stdout), String::from_utf8_lossy(&engine.stderr));
        assert!(engine.status.code().is_some_and(|code| code != 0), "{how}: {said}");
        assert!(said.contains("ddl::run::bad_job") && !said.contains("panicked") && said.len() < 2000, "{how}: {said}");
    }
}
