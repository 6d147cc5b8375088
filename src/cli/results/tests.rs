//! Differences over replicates, from judgements in a store to the lines of `metrics.json` and the notes of a table.

use super::*;
use crate::compile::{Options, compile};
use crate::eval::{FarRule, PairScores, Pairs};
use crate::ops::evals::AccuracyRule;
use crate::random::Draw;
use crate::report::{DifferenceRow, TableView};
use crate::source::Memory;
use crate::store::{Scores, Store, due};
use std::collections::BTreeSet;
use std::path::Path;

const BEFORE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 60, images = 10, size = 32px)
let people = faces |> split({a = 30%, t = 35%, u = 35%}, by = .identity)
let parts = faces |> split({a = 25%, b = 25%, c = 25%, d = 25%}, by = .identity)
backbone net = tiny(embedding = 16, side = 32px, width = 4)
head arc = arcface()
replicate seed in 1..5
replicate k in 1..4
replicate fold in [parts.a, parts.b, parts.c, parts.d]
eval v = verification(people.t, pairs = random_pairs(folds = 5, per_fold = 60))
eval w = verification(people.u, pairs = random_pairs(folds = 5, per_fold = 60))
eval again = verification(people.t, pairs = random_pairs(folds = 5, per_fold = 60, seed = k))
eval out = verification(fold, pairs = random_pairs(folds = 5, per_fold = 60))
def learn(rate: float, seed: int) -> model {
  return train(net, classify(people.a, arc), batch = 16, for = 5 steps, optimizer = sgd(lr = rate), seed = seed)
}
stage s = learn(0.1, seed)
stage t = learn(0.2, seed)
stage one = learn(0.1, 101)
stage two = learn(0.1, 102)
stage kept = train(net, classify(people.a, arc), batch = 16, for = 5 steps, optimizer = sgd(lr = 0.1), seed = seed, keep = best(v.eer, every = 1 steps))
stage lucky = select(s, by = v.eer, over = [seed])
";

/// Scores that hang on the judgement's place, of people whom all protocols of equal data share.
fn judged(plan: &Plan, id: NodeId, judge: &Judge) -> Judged {
    let (mut fold, mut same, mut score) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..600u32 {
        let kind = at % 2 == 0;
        let noise = Draw::new(7, "score").number(u64::from(id.0)).number(u64::from(at)).unit() - 0.5;
        fold.push(at / 120);
        same.push(kind);
        score.push(if kind { 0.3 } else { 0.1 } + 0.6 * noise);
    }
    let names: Vec<String> = (0..5).map(|fold| format!("{:?} {fold}", plan.node(judge.eval.node).inputs)).collect();
    let parted = Parted::of(names.iter().map(|name| BTreeSet::from([name.as_str()])), |name| name);
    let scores = Scores::Pairs(Pairs::new(fold, same, PairScores::Cosine(score)).unwrap());
    Judged { rule: AccuracyRule::Insightface, far: FarRule::Conservative, threshold: None, scores, listed: 600, dropped: 0, parted }
}

/// The table of these rows and columns, of judgements that lie in a store.
fn table(rows: &str, columns: &str) -> Table {
    let text = format!("{BEFORE}report r = compare({rows}, columns = {columns})\n");
    let compiled = compile(&Memory::new().with("r.ddl", text), Path::new("r.ddl"), &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{rows} {columns}: {:?}", compiled.diagnostics);
    let plan = compiled.plan();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store")).unwrap();
    for (id, judge) in plan.all::<Judge>() {
        let lock = store.lock(plan.node(id).key, || true).unwrap().unwrap();
        let mut draft = lock.draft().unwrap();
        let meta = judged(&plan, id, judge).write(&mut draft).unwrap();
        lock.commit(draft, "judge", &plan.node(id).name, meta).unwrap();
    }
    let Ok(results) = Results::read(&plan, &Reading::new(&plan, &store, &[], &due::Due::default())) else { panic!("{rows}: no results") };
    results.tables.into_iter().next().unwrap()
}

/// Of each kind of comparison: how many numbers are paired, and the degrees of freedom of its test, where it has one.
#[test]
fn what_no_replicate_tells_has_no_mark_and_no_interval() {
    for (rows, column, n, df) in [
        ("[s, t]", "v.eer", 5, Some(4)),
        ("[s, one]", "v.eer", 5, None),
        ("[one, s]", "v.eer", 5, None),
        ("[s, net]", "v.eer", 5, None),
        ("[s, kept]", "v.eer", 5, None),
        ("[s, kept]", "w.eer", 5, Some(4)),
        ("[s, lucky]", "v.eer", 5, None),
        ("[s, lucky]", "w.eer", 5, None),
        ("[one, two]", "again.eer", 4, None),
        ("[one, two]", "out.eer", 4, Some(3)),
        ("[s, t]", "again.eer", 20, Some(4)),
        ("[s, one]", "again.eer", 20, None),
        ("[s, one]", "out.eer", 20, Some(3)),
    ] {
        let table = table(rows, &format!("[{column}]"));
        let all = DifferenceRow::of(&table);
        let [one] = all.as_slice() else { panic!("{rows} by {column}: {all:?}") };
        assert_eq!((one.n, one.df), (n, df), "{rows} by {column}: {one:?}");
        assert_eq!([one.ci.is_some(), one.p.is_some()], [df.is_some(); 2], "{rows} by {column}");
        assert!(df.is_some() || !one.beyond_noise);
        let notes = TableView::of(&table).notes.join("\n");
        assert_eq!(notes.contains("can have no mark"), df.is_none(), "{rows} by {column}: {notes}");
        let silent = table.rows.iter().flat_map(|row| row.cells.iter().flatten()).any(|cell| !cell.silent.is_empty());
        assert_eq!(notes.contains("No noise is told over"), silent, "{rows} by {column}: {notes}");
    }
}

#[test]
fn what_is_compared_twice_counts_once() {
    let said = |rows: &str, columns: &str| TableView::of(&table(rows, columns)).notes.join("\n");
    for (rows, columns, count) in [
        ("[s, t]", "{\"A\" = v.eer, \"B\" = v.auc}", Some(2)),
        ("[s, t]", "{\"A\" = v.eer, \"B\" = v.eer}", None),
        ("[s, t]", "{\"A\" = v.tar(2%), \"B\" = v.tar(0.02), \"C\" = v.eer}", Some(2)),
        ("{\"a\" = s, \"b\" = t, \"c\" = t}", "[v.eer]", None),
        ("{\"a\" = s, \"b\" = t, \"c\" = t}", "[v.eer, w.eer]", Some(2)),
    ] {
        let notes = said(rows, columns);
        let all = count.map(|count| format!(", for all {count} differences at once"));
        assert_eq!(notes.contains(", for all"), all.is_some(), "{rows} {columns}: {notes}");
        assert!(all.is_none_or(|all| notes.contains(&all)), "{rows} {columns}: {notes}");
    }
}

/// Of every result of a plan: computed again with other bits, whatever was made of it is due, and nothing else. Results are as the engine
/// writes them.
#[test]
fn what_is_made_of_what_came_out_otherwise_is_due() {
    let text = format!("{BEFORE}report r = compare([lucky], columns = [w.eer])\n");
    let plan = compile(&Memory::new().with("r.ddl", text), Path::new("r.ddl"), &Options::default()).unwrap().plan();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store")).unwrap();
    let put = |id: NodeId, bytes: &str, notes: bool| {
        let lock = store.lock(plan.node(id).key, || true).unwrap().unwrap();
        let mut draft = lock.draft().unwrap();
        if notes {
            draft.made_of(due::origins(&plan, &store, id));
        }
        draft.write("a.bin", bytes.as_bytes()).unwrap();
        draft.write(crate::events::record::RECORD, format!("{:?}", std::time::Instant::now()).as_bytes()).unwrap();
        lock.commit(draft, "any", &plan.node(id).name, serde_json::Value::Null).unwrap();
    };
    let now = || due::due(&plan, &store, &[], &[]).unwrap();
    let all = now().compute;
    assert!(all.len() > 10 && plan.iter().any(|(id, node)| node.name == "lucky" && all.contains(&id)));
    let fill = |notes: bool| all.iter().for_each(|id| put(*id, "first", notes));
    let above = |of: NodeId| {
        let mut above = BTreeSet::from([of]);
        for id in &all {
            if due::artifact_inputs(&plan, *id).iter().any(|input| above.contains(input)) {
                above.insert(*id);
            }
        }
        above.remove(&of);
        above
    };
    // results from before this was noted: nothing is known of them
    fill(false);
    assert_eq!((now().compute, now().otherwise), (Vec::new(), BTreeSet::new()));
    put(all[0], "first", true);
    assert_eq!(now().stale, above(all[0]), "what notes it was computed after what does not");
    fill(true);
    let mut kinds = BTreeSet::new();
    for changed in all.iter().filter(|id| kinds.insert(plan.node(**id).op.to_string())) {
        now().compute.iter().for_each(|id| put(*id, "first", true));
        put(*changed, "first", true);
        assert_eq!(now().compute, Vec::new(), "the same bits, computed at another time");
        put(*changed, "second", true);
        let above = above(*changed);
        let due = now();
        assert_eq!(due.stale, above, "{}", plan.node(*changed).name);
        assert_eq!(due.compute.iter().copied().collect::<BTreeSet<_>>(), above);
        assert!(above.is_empty() && due.otherwise.is_empty() || due.otherwise == BTreeSet::from([*changed]));
        due.compute.iter().for_each(|id| put(*id, "second", true));
        assert_eq!(now().compute, Vec::new());
        // also where what lies between is gone, as models are that are not kept
        put(*changed, "third", true);
        let between: Vec<NodeId> = due.compute.iter().filter(|id| !plan.sinks.contains(id)).copied().collect();
        if let Some((last, between)) = between.split_last() {
            between.iter().for_each(|id| store.set_aside(plan.node(*id).key).unwrap());
            assert!(now().stale.contains(last), "{}", plan.node(*changed).name);
        }
    }
    // what is gone, and of which others tell different things, is computed first
    fill(true);
    let several = |id: &&NodeId| all.iter().filter(|it| due::artifact_inputs(&plan, **it).contains(*id)).count() > 1;
    let shared = *all.iter().find(several).unwrap();
    let made_of: Vec<NodeId> = all.iter().copied().filter(|it| due::artifact_inputs(&plan, *it).contains(&shared)).collect();
    put(shared, "second", true);
    put(made_of[0], "second", true);
    store.set_aside(plan.node(shared).key).unwrap();
    let due = now();
    assert!(due.compute.contains(&shared) && due.doubtful.contains(&made_of[0]), "{due:?}");
    assert!(made_of.iter().all(|id| due.doubtful.contains(id) || due.stale.contains(id)), "{due:?}");
    assert!(
        Reading::new(&plan, &store, &[], &due).meta::<serde_json::Value>(made_of[0]).ok().flatten().is_none(),
        "its numbers are told by nobody"
    );
    put(shared, "second", true);
    assert!(now().doubtful.is_empty() && now().stale.contains(&made_of[1]) && !now().stale.contains(&made_of[0]));
}
