//! Differences over replicates, from judgements in a store to the lines of `metrics.json` and the notes of a table.

use super::*;
use crate::compile::{Options, compile};
use crate::eval::{FarRule, PairScores, Pairs};
use crate::ops::evals::AccuracyRule;
use crate::random::Draw;
use crate::report::{DifferenceRow, TableView};
use crate::source::Memory;
use crate::store::{Scores, Store};
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
    Judged { rule: AccuracyRule::Insightface, far: FarRule::Conservative, scores, listed: 600, dropped: 0, parted }
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
    let Ok(results) = Results::read(&plan, &Reading::new(&plan, &store, &[])) else { panic!("{rows}: no results") };
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

#[test]
fn what_is_made_of_what_is_gone_is_gone_too() {
    let text = format!("{BEFORE}report r = compare([lucky], columns = [w.eer])\n");
    let plan = compile(&Memory::new().with("r.ddl", text), Path::new("r.ddl"), &Options::default()).unwrap().plan();
    let named = |name: &str| plan.iter().find(|(_, node)| node.name == name).map(|(id, _)| id).unwrap();
    let (changed, chosen) = (BTreeSet::from([named("s[seed = 1]")]), named("lucky"));
    let stale = |computed: &[NodeId]| crate::store::due::stale(&plan, &changed, computed);
    let all = stale(&[]);
    assert!(all.contains(&chosen) && all.iter().all(|id| plan.node(*id).keeps().is_stored()), "{all:?}");
    assert!(!all.contains(&named("s[seed = 2]")) && !all.iter().any(|id| changed.contains(id)), "{all:?}");
    // what was computed at the same time, of a judgement that is gone
    assert_eq!(stale(&[chosen]), all);
    assert_eq!(stale(&all), Vec::new(), "all of it is new");
}
