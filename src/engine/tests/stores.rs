//! `ddl store`: what lies in a store, who needs it, what can go.

mod common;

use common::shell::Shell;
use ddl::store::Store;
use ddl::store::tend::{Kind, Needs};
use std::fs;

const RECIPE: &str = "ddl 1
param length : span in 1 steps..1000 steps = 3 steps
dataset faces = synthetic_faces(identities = 16, images = 6, size = 32px, yaw = -60deg..60deg)
let people = faces |> split({train = 75%, test = 25%}, by = .identity)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
head arc = arcface(scale = 16, margin = 0.2rad)
eval ver = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 20))
stage s = train(net, classify(people.train, arc), batch = 24, for = length, optimizer = sgd(lr = 0.05))
report t = compare([s], columns = [ver.accuracy])
";

fn shell() -> Shell {
    Shell::new().file("r.ddl", RECIPE)
}

fn run(shell: &Shell, steps: u32) {
    let ran = shell.ddl(&format!("-q run r.ddl --set 'length={steps} steps' --threads 1"));
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
}

fn due(shell: &Shell, steps: u32) -> i32 {
    shell.ddl(&format!("-q plan r.ddl --check --set 'length={steps} steps'")).code()
}

#[test]
fn a_cleaning_keeps_what_locks_and_last_plans_name_and_takes_the_rest() {
    let shell = shell();
    run(&shell, 3);
    let locked = shell.ddl("lock r.ddl --set 'length=3 steps' -o kept.ddl.lock");
    assert_eq!(locked.code(), 0, "{}", locked.stderr());
    run(&shell, 4);
    run(&shell, 5);
    let listed = shell.ddl("store ls").stdout();
    let of = |what: &str| listed.lines().filter(|line| line.contains(what)).count();
    assert!(of("lock kept.ddl.lock") >= 3 && of("plan of r.ddl") >= 3 && of("–") >= 3, "{listed}");
    let before = shell.files(".ddl/store");
    let dry = shell.ddl("store gc");
    assert_eq!((dry.code(), shell.files(".ddl/store")), (0, before), "{}", dry.stderr());
    assert!(dry.stderr().contains("would be removed") && dry.stdout().lines().count() == of("–"), "{}{}", dry.stdout(), dry.stderr());
    assert_eq!(shell.ddl("store gc --delete").code(), 0);
    assert_eq!([3, 4, 5].map(|steps| due(&shell, steps)), [0, 2, 0], "what the lock and the last plan name is there");
    assert!(shell.ddl("store gc").stdout().is_empty());
    // a lock that lies elsewhere is named; one that can't be read stops the cleaning
    fs::write(shell.path().join("broken.ddl.lock"), "lock: [").unwrap();
    let refused = shell.ddl("store gc --delete");
    assert_eq!(refused.code(), 2, "{}", refused.stderr());
    assert_eq!([3, 5].map(|steps| due(&shell, steps)), [0, 0]);
    fs::remove_file(shell.path().join("broken.ddl.lock")).unwrap();
    fs::remove_file(shell.path().join("kept.ddl.lock")).unwrap();
    fs::remove_file(shell.path().join("r.ddl")).unwrap();
    assert_eq!(shell.ddl("store gc --delete").code(), 0);
    assert!(shell.ddl("store ls").stdout().is_empty(), "without a recipe and a lock nothing is needed");
}

#[test]
fn what_kills_and_damage_leave_is_cleared_and_what_works_is_left_alone() {
    let shell = shell();
    run(&shell, 3);
    let store = Store::open(shell.path().join(".ddl/store")).unwrap();
    let all = store.list(&Needs::new()).unwrap();
    assert!(all.iter().all(|it| it.kind == Kind::Result));
    let key = all.iter().find(|it| it.op == "train").unwrap().key.unwrap();
    // a checkpoint of a stage that is done, one of a stage that nobody needs, a draft, something moved aside
    let other: ddl::graph::ContentKey = ddl::graph::ContentKey::of(b"other");
    for folder in [
        format!("checkpoints/{key}/000000000002"),
        format!("checkpoints/{other}/000000000002"),
        format!("tmp/{other}"),
        format!("damaged/{key}-1"),
    ] {
        let folder = store.root().join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("x"), "x").unwrap();
    }
    // a process that works on the other key
    let lock = store.lock(other, || false).unwrap().unwrap();
    let ran = shell.ddl("store gc --delete");
    assert!(ran.stderr().contains("2 removed") && ran.stderr().contains("2 that nobody needs are being worked on"), "{}", ran.stderr());
    drop(lock);
    let ran = shell.ddl("store gc --delete");
    assert!(ran.stderr().contains("2 removed"), "{}", ran.stderr());
    assert_eq!(store.list(&Needs::new()).unwrap().len(), all.len());
    assert_eq!(due(&shell, 3), 0);
}

#[test]
fn what_a_run_that_goes_on_needs_stays_although_the_recipe_is_gone() {
    let shell = shell();
    run(&shell, 3);
    let store = Store::open(shell.path().join(".ddl/store")).unwrap();
    let found = store.uses().unwrap().remove(0).what;
    let held = store.note_use(&found).unwrap();
    fs::remove_file(shell.path().join("r.ddl")).unwrap();
    assert!(shell.ddl("store gc").stdout().is_empty());
    assert!(shell.ddl("store ls").stdout().contains("run of r.ddl"));
    drop(held);
    assert!(!shell.ddl("store gc").stdout().is_empty());
}

#[test]
fn a_check_of_all_digests_finds_every_damaged_file() {
    let shell = shell();
    run(&shell, 3);
    let whole = shell.ddl("store verify");
    assert_eq!(whole.code(), 0, "{}", whole.stderr());
    assert!(whole.stdout().contains(" results and checkpoints are whole"), "{}", whole.stdout());
    for file in shell.files(".ddl/store/artifacts") {
        let bytes = fs::read(&file).unwrap();
        let mut other = bytes.clone();
        let at = other.len() / 2;
        other[at] ^= 1;
        fs::write(&file, other).unwrap();
        let found = shell.ddl("store verify");
        assert_eq!(found.code(), 1, "{}: {}", file.display(), found.stdout());
        assert!(found.stderr().contains("1 of ") && found.stderr().contains("ddl::run::damaged_artifact"), "{}", found.stderr());
        fs::write(&file, bytes).unwrap();
    }
    assert_eq!(shell.ddl("store verify").code(), 0);
    assert_eq!(Shell::new().ddl("store ls").code(), 2, "there is no store");
}
