use super::*;
use crate::ops::evals::{AccuracyRule, Eer, Gap, Metric};
use serde_json::json;
use std::io::ErrorKind;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store")).unwrap();
    (folder, store)
}

fn key(text: &str) -> ContentKey {
    ContentKey::of(text.as_bytes())
}

fn put(store: &Store, key: ContentKey, bytes: &[u8]) -> Artifact {
    let lock = store.lock(key, || panic!("nobody holds it")).unwrap().unwrap();
    let mut draft = lock.draft().unwrap();
    draft.write("a.bin", bytes).unwrap();
    lock.commit(draft, "test", "thing", json!({"x": 0.1})).unwrap()
}

#[test]
fn what_is_put_is_found_whole() {
    let (_folder, store) = store();
    assert!(matches!(store.get(key("a")).unwrap(), Found::Absent) && store.peek(key("a")).is_none());
    put(&store, key("a"), b"hello");
    let Found::Whole(artifact) = store.get(key("a")).unwrap() else { panic!("it is there") };
    assert_eq!(artifact.read("a.bin").unwrap(), b"hello");
    assert_eq!((artifact.bytes(), artifact.manifest().name.as_str()), (5, "thing"));
    assert_eq!(artifact.meta::<serde_json::Value>().unwrap(), json!({"x": 0.1}));
    put(&store, key("a"), b"again");
    assert_eq!(store.peek(key("a")).unwrap().read("a.bin").unwrap(), b"again");
    Store::open(store.root()).unwrap();
}

#[test]
fn a_draft_that_is_dropped_leaves_nothing() {
    let (_folder, store) = store();
    let lock = store.lock(key("a"), || false).unwrap().unwrap();
    let mut draft = lock.draft().unwrap();
    draft.write("a.bin", b"half").unwrap();
    drop(draft);
    assert!(store.peek(key("a")).is_none());
    assert_eq!(fs::read_dir(store.root().join("tmp")).unwrap().count(), 0);
}

#[test]
fn every_kind_of_damage_is_seen_and_moved_aside() {
    let (_folder, store) = store();
    let spoil: [fn(&Path); 6] = [
        |folder| fs::write(folder.join("a.bin"), b"hellp").unwrap(),
        |folder| fs::write(folder.join("a.bin"), b"hell").unwrap(),
        |folder| fs::remove_file(folder.join("a.bin")).unwrap(),
        |folder| fs::remove_file(folder.join("manifest.json")).unwrap(),
        |folder| fs::write(folder.join("manifest.json"), b"{}").unwrap(),
        |folder| {
            let text = fs::read_to_string(folder.join("manifest.json")).unwrap();
            fs::write(folder.join("manifest.json"), text.replace("thing", "thong")).unwrap();
        },
    ];
    for (at, spoil) in spoil.iter().enumerate() {
        put(&store, key("a"), b"hello");
        spoil(&store.artifact_folder(key("a")));
        assert!(matches!(store.get(key("a")).unwrap(), Found::Damaged(_)), "damage {at}");
        assert!(matches!(store.get(key("a")).unwrap(), Found::Absent), "damage {at}");
    }
    assert_eq!(fs::read_dir(store.root().join("damaged")).unwrap().count(), spoil.len());
}

#[test]
fn a_result_is_replaced_although_a_kill_left_the_one_before_it() {
    let (_folder, store) = store();
    put(&store, key("a"), b"hello");
    let left = store.place("tmp", &format!("{}.old", key("a")));
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("a.bin"), b"older").unwrap();
    put(&store, key("a"), b"again");
    assert_eq!(store.peek(key("a")).unwrap().read("a.bin").unwrap(), b"again");
    assert_eq!(fs::read_dir(store.root().join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_lock_is_waited_for() {
    let (_folder, store) = store();
    let held = store.lock(key("a"), || false).unwrap().unwrap();
    let (said, heard) = std::sync::mpsc::channel();
    let other = store.clone();
    let waiter = std::thread::spawn(move || other.lock(key("a"), || said.send(()).is_ok()).map(|lock| lock.is_some()));
    heard.recv().unwrap();
    assert!(store.lock(key("a"), || false).unwrap().is_none(), "nobody waits for ever");
    drop(held);
    assert!(waiter.join().unwrap().unwrap());
}

#[test]
fn an_output_folder_has_one_run() {
    let (folder, _store) = store();
    let out = folder.path().join("out");
    let held = OutputLock::take(&out).unwrap();
    let busy = OutputLock::take(&out).unwrap_err();
    assert!(busy.to_string().starts_with(&format!("another run (process {}) writes to ", std::process::id())), "{busy}");
    drop(held);
    OutputLock::take(&out).unwrap();
}

#[test]
fn the_last_whole_checkpoint_counts_and_two_are_kept() {
    let (_folder, store) = store();
    let checkpoints = store.checkpoints(key("stage"));
    assert!(checkpoints.latest().unwrap().0.is_none());
    for step in [10, 20, 30] {
        checkpoints.write(step, "stage", json!({}), |draft| draft.write("state", &step.to_le_bytes())).unwrap();
    }
    assert_eq!(checkpoints.steps().unwrap(), [20, 30]);
    let failed = checkpoints.write(40, "stage", json!({}), |_| Err(StoreError::io(Path::new("x"), "write", ErrorKind::StorageFull.into())));
    assert_eq!(failed.unwrap_err().code().text(), "ddl::run::disk_full");
    assert_eq!(checkpoints.latest().unwrap().0.unwrap().step, 30);
    fs::write(checkpoints.folder_of(30).join("state"), b"spoiled!").unwrap();
    let (found, damages) = checkpoints.latest().unwrap();
    assert_eq!((found.unwrap().step, damages.len()), (20, 1));
    checkpoints.clear().unwrap();
    assert!(checkpoints.latest().unwrap().0.is_none());
    checkpoints.clear().unwrap();
}

#[test]
fn a_folder_of_other_things_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "x").unwrap();
    assert_eq!(Store::open(folder.path()).unwrap_err().code().text(), "ddl::run::store_format");
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("format"), "ddl store 99\n").unwrap();
    assert!(Store::open(other.path()).unwrap_err().to_string().ends_with("it holds `ddl store 99`"));
}

#[test]
fn system_errors_have_codes() {
    let code = |kind: ErrorKind, doing| StoreError::io(Path::new("x"), doing, kind.into()).code().text();
    assert_eq!(code(ErrorKind::StorageFull, "write"), "ddl::run::disk_full");
    assert_eq!(code(ErrorKind::ReadOnlyFilesystem, "make"), "ddl::run::read_only");
    assert_eq!(code(ErrorKind::PermissionDenied, "read"), "ddl::run::io");
    let nowhere = Store::open("/dev/null/store").unwrap_err();
    assert_eq!(nowhere.code().text(), "ddl::run::io");
}

#[test]
fn a_judgement_reads_back_to_the_same_bits() {
    let (_folder, store) = store();
    let score: Vec<f64> = (0..40).map(|i| (f64::from(i) * 0.7).sin()).collect();
    let same: Vec<bool> = (0..40).map(|i| i % 3 == 0).collect();
    let pairs = eval_pairs(same, score);
    let mate = |rank| Some(crate::eval::Mate { score: crate::eval::Similarity(0.1 + 0.2), rank });
    let outcome = |person, mate| crate::eval::Outcome { person, mate, best_other: Some(crate::eval::Similarity(-1.0 / 3.0)) };
    let outcomes = vec![outcome(7, mate(1)), outcome(7, mate(2)), outcome(u32::MAX, None)];
    let search = Scores::Search(crate::eval::Searched { outcomes, impostors: vec![0.1 + 0.2, -1.0 / 3.0], people: 2 });
    let people = [["ann", "bob"], ["cid", "bob"]].map(|fold| fold.into_iter().collect());
    let parted = crate::eval::Parted::of(people, |name| name);
    for scores in [Scores::All(pairs.score_sets()), Scores::Pairs(pairs), search] {
        let judged = Judged {
            rule: AccuracyRule::Insightface,
            far: crate::eval::FarRule::Nearest,
            threshold: Some(crate::eval::Threshold::near(0.31)),
            scores,
            listed: 50,
            dropped: 10,
            parted: parted.clone(),
        };
        let lock = store.lock(key("j"), || false).unwrap().unwrap();
        let mut draft = lock.draft().unwrap();
        let meta = judged.write(&mut draft).unwrap();
        let artifact = lock.commit(draft, "judge", "j", meta).unwrap();
        let back = Judged::read(&artifact).unwrap();
        assert_eq!(back, judged);
        let eval = crate::ops::refs::EvalRef { node: crate::lang::value::NodeId(0) };
        for metric in [Metric::Eer(Eer { eval }), Metric::Gap(Gap { eval })] {
            assert_eq!(back.measure(&metric).unwrap(), judged.measure(&metric).unwrap());
        }
    }
}

fn eval_pairs(same: Vec<bool>, score: Vec<f64>) -> crate::eval::Pairs {
    let fold = (0..40).map(|i| i / 10).collect();
    crate::eval::Pairs::new(fold, same, crate::eval::PairScores::Cosine(score)).unwrap()
}

#[test]
fn the_last_plan_is_the_one_that_was_noted_last_whatever_the_clock_says() {
    let of = |recipe: &Path, plan: &str, at: &str| uses::Use {
        recipe: recipe.to_owned(),
        locks: Vec::new(),
        plan: plan.to_owned(),
        at: at.to_owned(),
        turn: 0,
        keys: vec![key(plan)],
    };
    let last = |store: &Store| {
        let uses = store.uses().unwrap();
        tend::last_plans(&uses).iter().map(|it| it.what.plan.clone()).collect::<Vec<_>>()
    };
    // in one second, with a clock that goes, and with one that was set back; whatever order the plans' digests have
    for times in [["12", "12", "12"], ["12", "13", "14"], ["14", "13", "12"]] {
        for plans in [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]] {
            let (folder, store) = store();
            let recipe = folder.path().join("r.ddl");
            fs::write(&recipe, "ddl 1").unwrap();
            for (plan, at) in plans.iter().zip(times) {
                drop(store.note_use(&of(&recipe, plan, at)).unwrap());
                assert_eq!(last(&store), [*plan], "{times:?} {plans:?}");
            }
            // the first one once more
            drop(store.note_use(&of(&recipe, plans[0], times[0])).unwrap());
            assert_eq!(last(&store), [plans[0]]);
        }
    }
    // of two of which neither is known to be the later one, both stay
    let (folder, store) = store();
    let recipe = folder.path().join("r.ddl");
    fs::write(&recipe, "ddl 1").unwrap();
    for plan in ["a", "b"] {
        drop(store.note_use(&of(&recipe, plan, "12")).unwrap());
    }
    for found in store.uses().unwrap() {
        let old = uses::Use { turn: 0, ..found.what };
        fs::write(&found.file, serde_json::to_vec(&old).unwrap()).unwrap();
    }
    assert_eq!(last(&store).len(), 2);
}
