//! Of which numbers it is said before a run that they will have no interval, since their folds or protocols share people, and which
//! accuracies are refused, since the folds beside one are of one kind: lists, folds that are dealt, and panels.

use ddl::compile::{Options, compile};
use ddl::data::probe::ProbeCache;
use ddl::diag::{Code, Severity};
use ddl::source::Disk;
use std::fmt::Write as _; // a String takes all that is written to it

/// Forty people with eight images each, and thirty others, who are named as the first of them.
const FACES: &str = "dataset faces = synthetic_faces(identities = 40, images = 8, size = 16px)
dataset others = synthetic_faces(identities = 30, images = 8, size = 16px, seed = 1)
let half = faces |> split({a = 50%, b = 50%}, by = .identity)
backbone net = tiny(embedding = 8, side = 16px, width = 4)";

fn image(person: usize, image: usize) -> String {
    format!("id_{:04}/{:04}.png", person + 1, image + 1)
}

/// A list of pairs in folds of each kind that is wanted there, of eight people a fold; each fold begins with the people of `first(fold)`.
fn list(folds: usize, first: impl Fn(usize) -> usize, kinds: impl Fn(usize) -> [bool; 2]) -> String {
    let mut lines = "fold,same,a,b\n".to_owned();
    for fold in 0..folds {
        for at in 0..8 {
            let (person, other) = (first(fold) + at, first(fold) + (at + 1) % 8);
            let [genuine, impostor] = kinds(fold);
            for turn in 0..4 {
                if genuine {
                    writeln!(lines, "{fold},1,{},{}", image(person, turn), image(person, turn + 4)).unwrap();
                }
                if impostor {
                    writeln!(lines, "{fold},0,{},{}", image(person, turn), image(other, turn + 4)).unwrap();
                }
            }
        }
    }
    lines
}

/// What is said of the numbers of some protocols: the code, and the message.
fn said(protocols: &str, columns: &str) -> Vec<(Code, String)> {
    let folder = tempfile::tempdir().unwrap();
    let both = |_| [true, true];
    for (name, lines) in [
        ("apart.csv", list(5, |fold| 8 * fold, both)),
        ("shared.csv", list(5, |fold| 4 * fold, both)),
        ("one.csv", list(5, |fold| if fold == 4 { 31 } else { 8 * fold }, both)),
        ("halves.csv", list(2, |fold| 8 * fold, |fold| [fold == 0, fold == 1])),
        ("last.csv", list(5, |fold| 8 * fold, |fold| [fold < 4, fold == 4])),
        ("rare.csv", list(5, |fold| 8 * fold, |fold| [fold < 2, true])),
    ] {
        std::fs::write(folder.path().join(name), lines).unwrap();
    }
    let path = folder.path().join("r.ddl");
    std::fs::write(&path, format!("ddl 1\n{FACES}\n{protocols}\nreport t = compare([net], columns = [{columns}])\n")).unwrap();
    let compiled = compile(&Disk, &path, &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let (_, found) = compiled.known_plan(ProbeCache::none());
    let relevant = |it: &ddl::diag::Diagnostic| it.severity == Severity::Error || it.code == Code::NoInterval;
    found.iter().filter(|it| relevant(it)).map(|it| (it.code, it.message.clone())).collect()
}

/// What is said of intervals.
fn lacks(protocols: &str, columns: &str) -> Vec<String> {
    let found = said(protocols, columns);
    assert!(found.iter().all(|(code, _)| *code == Code::NoInterval), "{found:?}");
    found.into_iter().map(|(_, message)| message).collect()
}

#[test]
fn people_who_stand_in_several_folds_are_said_before_a_run() {
    for (pairs, shares) in [
        ("pairs = \"apart.csv\"", None),
        ("pairs = random_pairs(folds = 5, per_fold = 20)", None),
        ("pairs = random_pairs(folds = 5, per_fold = 20, with = others)", None),
        ("pairs = \"shared.csv\"", Some("16 people stand in several folds")),
        ("pairs = \"one.csv\"", Some("a person stands in several folds")),
        ("pairs = \"apart.csv\", folds = 7", Some("people stand in several folds")),
        ("pairs = random_pairs(folds = 5, per_fold = 20), folds = 10", Some("people stand in several folds")),
        ("pairs = \"apart.csv\", folds = 5", None),
    ] {
        for metric in ["accuracy", "tar(50%)", "eer", "auc", "gap"] {
            let found = lacks(&format!("eval v = verification(faces, {pairs})"), &format!("v.{metric}"));
            match shares {
                None => assert!(found.is_empty(), "{pairs}, {metric}: {found:?}"),
                Some(shares) => {
                    let label = if metric == "tar(50%)" { "tar@5e-1" } else { metric };
                    let begins = format!("`v` has too little to tell an interval of `{label}` (");
                    assert!(matches!(&found[..], [one] if one.starts_with(&begins) && one.contains(shares)), "{pairs}: {found:?}");
                }
            }
        }
        assert!(lacks(&format!("eval v = verification(faces, {pairs})"), "v.val(50%)").is_empty(), "{pairs}: `val` never has one");
    }
}

#[test]
fn panels_of_people_at_several_places_are_said_before_a_run() {
    let drawn =
        |of: &str, folds: u32, seed: u32| format!("verification({of}, pairs = random_pairs(folds = {folds}, per_fold = 8, seed = {seed}))");
    let list = |name: &str| format!("verification(faces, pairs = \"{name}\")");
    for (a, b, tangled) in [
        (list("apart.csv"), list("apart.csv"), None),
        (drawn("faces", 5, 0), drawn("faces |> where(.yaw < 20deg)", 5, 0), None),
        (drawn("half.a", 5, 0), drawn("half.b", 5, 1), None),
        (drawn("half.a", 5, 0), drawn("half.b", 6, 1), None),
        (drawn("faces", 5, 0), drawn("faces", 5, 1), Some("people of `a` stand in another fold, or group, of `b`")),
        (drawn("faces", 5, 0), drawn("faces", 6, 0), Some("people of `a` stand in another fold, or group, of `b`")),
        (drawn("faces", 5, 0), list("apart.csv"), Some("people of `a` stand in another fold, or group, of `b`")),
        (drawn("faces", 5, 0), drawn("half.b", 5, 0), Some("people of `a` stand in another fold, or group, of `b`")),
        (drawn("faces", 5, 0), drawn("others", 6, 0), Some("people of `a` stand in another fold, or group, of `b`")),
    ] {
        let protocols = format!("eval a = {a}\neval b = {b}\neval pan = panel({{a = a, b = b}})");
        for metric in ["accuracy", "gap"] {
            let found = lacks(&protocols, &format!("pan.mean.{metric}"));
            match tangled {
                None => assert!(found.is_empty(), "{a} and {b}: {found:?}"),
                Some(tangled) => {
                    let begins = format!("`pan.mean` has too little to tell an interval of `{metric}` (");
                    assert!(matches!(&found[..], [one] if one.starts_with(&begins) && one.contains(tangled)), "{a} and {b}: {found:?}");
                }
            }
            for never in ["spread", "worst"] {
                assert!(lacks(&protocols, &format!("pan.{never}.{metric}")).is_empty(), "{never} never has one");
            }
        }
    }
    let half = "eval a = identification(half.a |> where(.yaw < 0deg), half.a |> where(.yaw >= 0deg), strangers = \"drop\")\n";
    let searches = |b: &str| lacks(&format!("{half}eval b = {b}\neval pan = panel({{a = a, b = b}})"), "pan.mean.rank(1)");
    for of in ["half.a", "half.b"] {
        let b = format!("identification({of} |> where(.yaw >= 0deg), {of} |> where(.yaw < 0deg), strangers = \"drop\")");
        assert!(searches(&b).is_empty(), "{of}: {:?}", searches(&b));
    }
    let all = searches("identification(faces |> where(.yaw < 0deg), faces |> where(.yaw >= 0deg), strangers = \"drop\")");
    assert!(all.len() == 1 && all[0].contains("people of `a` stand in another fold, or group, of `b`"), "{all:?}");
}

#[test]
fn folds_of_one_kind_beside_one_are_refused_by_every_rule() {
    for rule in ["insightface", "facex_zoo"] {
        for (pairs, beside) in [("halves.csv", "fold 0"), ("last.csv", "fold 4")] {
            let v = format!("eval v = verification(faces, pairs = \"{pairs}\", rule = \"{rule}\")");
            for metric in ["accuracy", "val(50%)"] {
                let found = said(&v, &format!("v.{metric}"));
                assert!(found.len() == 1 && found[0].0 == Code::Unmeasurable, "{v}, {metric}: {found:?}");
                assert!(metric != "accuracy" || found[0].1.contains(&format!("the folds beside {beside}")), "{found:?}");
            }
            assert!(said(&v, "v.eer").iter().all(|(code, _)| *code == Code::NoInterval), "all pairs are of both kinds");
        }
        // without the first fold, the second has none of one person beside it
        let rare = format!("eval v = verification(faces, pairs = \"rare.csv\", rule = \"{rule}\")");
        assert_eq!(
            lacks(&rare, "v.accuracy"),
            ["`v` has too little to tell an interval of `accuracy` (it can't be had without each fold)"]
        );
        assert!(lacks(&rare, "v.eer").is_empty());
    }
}
