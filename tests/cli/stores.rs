//! Stores in which something else lies than a store writes: nothing waits for it, and nothing is cleared away that it may need.

use super::shell::Shell;
use ddl::graph::ContentKey;
use ddl::store::Store;
use ddl::store::uses::Use;
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Nothing is to be computed for it.
const IDLE: &str = "ddl 1\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\nlet _x = net\n";

fn key() -> ContentKey {
    ContentKey::of(b"a result")
}

/// A recipe and a store with one result, which nothing needs.
fn shell() -> Shell {
    let shell = Shell::new().file("r.ddl", IDLE);
    let store = Store::open(shell.path().join(".ddl/store")).unwrap();
    let lock = store.lock(key(), || false).unwrap().unwrap();
    let mut draft = lock.draft().unwrap();
    draft.write("a.bin", b"hello").unwrap();
    lock.commit(draft, "train", "s", json!({})).unwrap();
    let what = Use {
        recipe: shell.path().join("r.ddl"),
        locks: vec![shell.path().join("elsewhere.lock")],
        plan: "a plan".to_owned(),
        at: "2026-01-01T00:00:00Z".to_owned(),
        turn: 0,
        keys: Vec::new(),
    };
    drop(store.note_use(&what).unwrap());
    shell
}

fn is_whole(shell: &Shell) -> bool {
    Store::open(shell.path().join(".ddl/store")).unwrap().peek(key()).is_some()
}

/// What is no lock that can be read.
const STRANGERS: [(&str, fn(&Path)); 6] = [
    ("noise", |place| fs::write(place, "\0\u{1}").unwrap()),
    ("a folder", |place| fs::create_dir(place).unwrap()),
    ("a link to nothing", |place| symlink("/nowhere/r.ddl.lock", place).unwrap()),
    ("a link to itself", |place| symlink(place, place).unwrap()),
    ("a link to a device", |place| symlink("/dev/zero", place).unwrap()),
    ("a pipe", |place| assert!(Command::new("mkfifo").arg(place).status().unwrap().success())),
];

#[test]
fn a_lock_that_cannot_be_read_stops_a_cleaning_wherever_locks_are_looked_for() {
    let plain = shell();
    assert_eq!(plain.ddl("store gc --delete").code(), 0);
    assert!(!is_whole(&plain), "nobody needs it");
    for file in ["r.ddl.lock", "elsewhere.lock", "below/other.ddl.lock", "named.lock"] {
        for (what, put) in STRANGERS {
            if what == "a folder" && file.starts_with("below") {
                continue; // a folder of any name may lie there
            }
            let shell = shell().file("below/other.ddl", IDLE);
            put(&shell.path().join(file));
            let named = if file == "named.lock" { " --lock named.lock" } else { "" };
            let ran = shell.ddl(&format!("store gc --delete{named}"));
            assert_eq!(ran.code(), 2, "{what} as {file}: {}", ran.transcript());
            assert!(is_whole(&shell), "{what} as {file}");
        }
    }
}

#[test]
fn a_lock_or_plan_that_cannot_be_read_is_a_warning_of_plan_why() {
    for file in ["r.ddl.lock", "runs/r/plan.yaml"] {
        for (what, put) in STRANGERS {
            let shell = shell().file("runs/r/x", "");
            put(&shell.path().join(file));
            let ran = shell.ddl("plan r.ddl --why --message-format json");
            assert_eq!(ran.code(), 0, "{what} as {file}: {}", ran.transcript());
            assert!(ran.stderr().contains("nothing is compared") && ran.stderr().contains(file), "{what} as {file}: {}", ran.transcript());
        }
    }
}

#[test]
fn nothing_waits_for_a_pipe_in_a_store() {
    for command in ["run r.ddl", "plan r.ddl --why", "lock r.ddl", "store ls", "store gc --delete", "store verify"] {
        let files: Vec<PathBuf> = {
            let shell = shell();
            let root = shell.path().to_owned();
            shell.files(".ddl").into_iter().map(|file| file.strip_prefix(&root).unwrap().to_owned()).collect()
        };
        assert!(files.len() >= 6, "{files:?}");
        for file in files {
            let shell = shell();
            let place = shell.path().join(&file);
            let place = if place.exists() { place } else { continue }; // of a note's name the folder is a part
            fs::remove_file(&place).unwrap();
            assert!(Command::new("mkfifo").arg(&place).status().unwrap().success());
            let ran = shell.ddl(command); // or the test would not end
            assert!(ran.code() < 3, "{} in {command}: {}", file.display(), ran.transcript());
        }
    }
}
