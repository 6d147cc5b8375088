//! Axes that models and protocols share: whatever looks at numbers looks at each model under the protocol of its own arm.

use ddl::compile::{Compiled, Options, compile};
use ddl::data::probe::ProbeCache;
use ddl::diag::Severity;
use ddl::ops::evals::Protocol;
use ddl::ops::outputs::{Expect, Judge, Table};
use ddl::ops::stages::{Chosen, Train};
use ddl::plan::Plan;
use ddl::plan::rows::Laid;
use ddl::source::Memory;
use std::collections::BTreeSet;
use std::path::Path;

/// Three folds of people, and models that are trained without each.
const BEFORE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 12, images = 6, size = 16px)
let people = faces |> split({a = 4, b = 4, c = 4}, by = .identity)
replicate fold in [people.a, people.b, people.c]
replicate seed in 1..2
sweep order in [0.5, 1.0]
dataset seen = faces |> without(fold)
backbone net = tiny(embedding = 8, side = 16px, width = 8)
head arc = arcface()
eval out = verification(fold, pairs = random_pairs(folds = 2, per_fold = 6))
stage s = train(net, order * classify(seen, arc), batch = 8, for = 2 steps, seed = seed, optimizer = sgd(lr = 0.1))
stage t = train(net, classify(seen, arc), batch = 8, for = 2 steps, optimizer = sgd(lr = 0.1))
";

fn compiled(lines: &str) -> Compiled {
    let world = Memory::new().with("r.ddl", format!("{BEFORE}{lines}\n").into_bytes());
    compile(&world, Path::new("r.ddl"), &Options::default()).unwrap()
}

fn plan(lines: &str) -> (Compiled, Plan) {
    let compiled = compiled(lines);
    let errors: Vec<String> = compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error).map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{lines}: {errors:?}");
    let plan = compiled.plan();
    // what has several values at once has none in a plan
    let text = plan.json();
    assert!(!["\"$fold\"", "\"$seed\"", "\"$order\"", "<error>"].iter().any(|hole| text.contains(hole)), "{lines}: {text}");
    (compiled, plan)
}

/// The judgements of a plan: the arm of the model and the arm of its protocol.
fn judged(plan: &Plan) -> BTreeSet<(String, String)> {
    let judges = plan.iter().filter(|(_, node)| node.op == "judge");
    judges
        .map(|(id, _)| {
            let judge: &Judge = plan.get(id).unwrap();
            (plan.node(judge.model.node).name.clone(), plan.node(judge.eval.node).name.clone())
        })
        .collect()
}

/// The value of an axis in a node's name.
fn arm<'n>(name: &'n str, axis: &str) -> Option<&'n str> {
    let (_, arms) = name.split_once('[')?;
    arms.trim_end_matches(']').split(", ").find_map(|arm| arm.strip_prefix(&format!("{axis} = ")))
}

/// Every way by which a recipe looks at a number of `s` or `t`.
const LOOKS: [&str; 12] = [
    "report r = compare([net, s, t], columns = [out.accuracy, out.eer])",
    "let both = [s, t]\nlet numbers = {a = out.accuracy, b = out.gap}\nreport r = compare(both, columns = numbers)",
    "report r = [s, t] |> compare(columns = [out.eer])",
    "expect e = score(t, out.eer) < score(net, out.eer)",
    "expect e = (t |> score(out.eer)) < 0.5",
    "stage b = select(s, by = out.eer, over = [order])",
    "stage b = select(t, by = out.eer, over = [fold])",
    "stage b = s |> select(by = out.eer, over = [order, fold])\nreport r = compare([b], columns = [out.eer])",
    "stage b = select(s, by = out.eer, over = [order])\nexpect e = score(b, out.eer) < 0.5",
    "stage b = average(s, over = [seed])\nreport r = compare([b, t], columns = [out.eer])",
    "eval more = verification(fold, pairs = all_pairs())\neval p = panel({one = out, two = more})\nreport r = compare([s, t], columns = [p.mean.eer, p.one.eer])",
    "def judged(m: model) -> claim { return score(m, out.eer) < 0.5 }\nexpect e = judged(t)",
];

#[test]
fn whatever_looks_at_numbers_aligns_equal_axes() {
    for lines in LOOKS {
        let (_, plan) = plan(lines);
        let judged = judged(&plan);
        assert!(!judged.is_empty(), "{lines}");
        for (model, eval) in &judged {
            let folds = (arm(model, "fold"), arm(eval, "fold"));
            assert!(folds.1.is_some(), "{lines}: {eval}");
            // a model that is chosen over the folds is one for all of them
            let of_all = folds.0.is_none() && (model == "net" || model.starts_with('b'));
            assert!(folds.0 == folds.1 || of_all, "{lines}: {model} is judged under {eval}");
        }
    }
}

#[test]
fn every_protocol_aligns() {
    for (kind, protocol, metric) in [
        ("verification", "verification(fold, pairs = random_pairs(folds = 2, per_fold = 6))", "accuracy"),
        ("verification", "verification(fold, pairs = all_pairs())", "tar(50%)"),
        ("verification", r#"verification(faces, within = fold, pairs = "pairs.csv")"#, "val(50%)"),
        ("identification", "identification(fold |> where(.yaw < 0deg), fold |> where(.yaw >= 0deg))", "rank(1)"),
        ("template_verification", r#"template_verification(fold, templates = "t.txt", pairs = "p.txt")"#, "tar(50%)"),
        ("template_identification", r#"template_identification(fold, templates = "t.txt", gallery = "g.csv", probe = "p.csv")"#, "rank(1)"),
    ] {
        assert!(Protocol::is(kind));
        let (_, plan) = plan(&format!(
            "eval e = {protocol}\nreport r = compare([t, net], columns = [e.{metric}])\nexpect x = score(t, e.{metric}) > 0"
        ));
        let judged = judged(&plan);
        assert_eq!(judged.len(), 6, "{protocol}: {judged:?}");
        assert!(judged.iter().all(|(model, eval)| model == "net" || arm(model, "fold") == arm(eval, "fold")), "{judged:?}");
    }
}

#[test]
fn a_column_of_a_shared_axis_is_one_column_and_other_axes_cross() {
    let table = |lines: &str| -> Table {
        let (_, plan) = plan(lines);
        let id = plan.iter().find(|(_, node)| node.op == "table").unwrap().0;
        plan.get::<Table>(id).unwrap().clone()
    };
    let labels = |table: &Table| table.columns.iter().map(|it| it.label.clone()).collect::<BTreeSet<_>>();
    let it = table("report r = compare([t, net], columns = [out.eer])");
    assert_eq!((labels(&it).len(), it.columns.len(), it.rows.len()), (1, 3, 4));
    assert_eq!(it.rows[0].judged.len(), 1, "a model is judged on what it did not see");
    assert_eq!(it.rows[3].judged.len(), 3, "what depends on no fold is judged in all");
    // a sweep of protocols alone: a column each, of each fold
    let it = table(
        "sweep side in [8px, 12px]\neval small = verification(fold, pairs = random_pairs(folds = 2, per_fold = 6), probe = low_resolution(side = side))\nreport r = compare([t], columns = [small.eer])",
    );
    assert_eq!(labels(&it).into_iter().collect::<Vec<_>>(), ["small.eer[side = 12px]", "small.eer[side = 8px]"]);
    assert_eq!((it.columns.len(), it.rows.len()), (6, 3));
    // a sweep that both depend on goes down the rows, of models that do not depend on it too
    let swept = "sweep view in [10deg, 20deg]\nstage v = train(net, classify(faces |> where(.yaw < view), arc), batch = 8, for = 2 steps, optimizer = sgd(lr = 0.1))\n\
                 eval far = verification(faces |> where(.yaw >= view), pairs = random_pairs(folds = 2, per_fold = 2))\n";
    let it = table(&format!("{swept}report r = compare([net, v], columns = [far.eer])"));
    let rows: Vec<String> = it.rows.iter().map(|row| ddl::plan::in_arm(&row.label, &row.arm)).collect();
    assert_eq!(rows, ["net[view = 10deg]", "net[view = 20deg]", "v[view = 10deg]", "v[view = 20deg]"]);
    assert!(it.rows.iter().all(|row| row.judged.len() == 1) && labels(&it).len() == 1);
}

/// Numbers of a table stand in arms of replicates alone: arms of one sweep are compared with each other, seed by seed and fold by fold.
#[test]
fn arms_of_a_sweep_meet_in_the_arms_of_replicates() {
    let (_, plan) = plan("report r = compare([s], columns = [out.eer])");
    let table: &Table = plan.all::<Table>().next().unwrap().1;
    let laid = Laid::of(table).unwrap();
    let names: Vec<String> = laid.rows.iter().map(|(shown, _)| shown.name()).collect();
    assert_eq!(
        (names.as_slice(), laid.against.as_slice()),
        (["s[order = 0.5]".to_owned(), "s[order = 1.0]".to_owned()].as_slice(), [None, Some(0)].as_slice())
    );
    let arms = |row: usize| laid.seen(&plan, row, 0).unwrap().into_iter().map(|it| it.arm).collect::<Vec<_>>();
    assert_eq!((arms(0).len(), arms(0)), (6, arms(1)));
    assert!(arms(0).iter().all(|arm| arm.keys().eq(["fold", "seed"])), "{:?}", arms(0));
    assert_ne!(laid.measures(&plan, 0, 0).unwrap(), laid.measures(&plan, 1, 0).unwrap());
}

/// By whatever names rows and columns go, equal numbers measure the same.
#[test]
fn what_is_measured_twice_is_known_by_what_it_is() {
    let (_, plan) = plan(
        "eval same = verification(fold, pairs = random_pairs(folds = 2, per_fold = 6))\nlet both = {x = s, y = s, z = t}\n\
         report r = compare(both, columns = {\"A\" = out.eer, \"B\" = same.eer, \"C\" = out.tar(0.5), \"D\" = same.tar(50%), \"E\" = out.gap})",
    );
    let table: &Table = plan.all::<Table>().next().unwrap().1;
    let laid = Laid::of(table).unwrap();
    let at = |name: &str| laid.rows.iter().position(|(shown, _)| shown.name() == name).unwrap();
    let measures = |row: &str, column: usize| laid.measures(&plan, at(row), column).unwrap();
    let (x, y, z) = ("x[order = 0.5]", "y[order = 0.5]", "z");
    assert_eq!((measures(x, 0), measures(x, 2)), (measures(x, 1), measures(x, 3)), "protocols and rates by other names");
    assert_eq!(measures(x, 0), measures(y, 0), "models by other names");
    let all = [measures(x, 0), measures(x, 2), measures(x, 4), measures(z, 0), measures("x[order = 1.0]", 0)];
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
}

#[test]
fn claims_are_over_the_replicates_of_both() {
    let (_, plan) = plan(
        "eval drawn = verification(faces, pairs = random_pairs(folds = 2, per_fold = 6, seed = seed))\nexpect e = score(t, drawn.eer) < 0.5\nexpect f = score(net, drawn.eer) < 0.5",
    );
    let claims = plan.iter().filter(|(_, node)| node.op == "expect");
    let counts: Vec<usize> = claims
        .map(|(id, _)| {
            plan.get::<Expect>(id).unwrap();
            plan.node(id).inputs.iter().filter(|input| plan.node(**input).op == "judge").count()
        })
        .collect();
    assert_eq!(counts, [6, 2], "three folds by two draws; two draws");
}

#[test]
fn a_choice_is_by_the_protocol_of_each_arm() {
    let (_, plan) = plan("stage b = select(t, by = out.eer, over = [fold])");
    let chosen: &Chosen = plan.get(plan.iter().find(|(_, node)| node.op == "chosen").unwrap().0).unwrap();
    assert_eq!((chosen.models.len(), chosen.judged.len()), (3, 3));
    // over an axis that the protocol alone depends on: the mean
    let (_, plan) = self::plan(
        "eval drawn = verification(faces, pairs = random_pairs(folds = 2, per_fold = 6, seed = seed))\nstage b = select(t, by = drawn.eer, over = [fold, seed])",
    );
    let chosen: &Chosen = plan.get(plan.iter().find(|(_, node)| node.op == "chosen").unwrap().0).unwrap();
    assert_eq!((chosen.models.len(), chosen.judged.len()), (3, 6));
}

#[test]
fn what_decides_on_the_way_is_of_the_same_arm() {
    let (_, plan) = plan(
        "stage k = train(net, classify(seen, arc), batch = 8, for = 2 steps, optimizer = sgd(lr = 0.1), watch = every(1 steps, [out]), keep = best(out.eer, every = 1 steps), stop = plateau(out.eer, every = 1 steps))",
    );
    let stages = plan.iter().filter(|(_, node)| node.name.starts_with("k["));
    let mut seen = 0;
    for (id, node) in stages {
        plan.get::<Train>(id).unwrap();
        let evals: Vec<&str> = node.inputs.iter().map(|it| plan.node(*it).name.as_str()).filter(|name| name.starts_with("out")).collect();
        assert_eq!(evals.len(), 1, "{evals:?}");
        assert_eq!(arm(evals[0], "fold"), arm(&node.name, "fold"));
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn nobody_who_is_judged_was_trained_on() {
    let leaks = |lines: &str| {
        let (compiled, _) = plan(lines);
        let (_, said) = compiled.known_plan(ProbeCache::none());
        said.iter().filter(|it| it.code.to_string() == "ddl::eval::leak").count()
    };
    assert_eq!(leaks("report r = compare([net, t, s], columns = [out.eer])"), 0);
    assert_eq!(leaks("expect e = score(t, out.eer) < 0.5"), 0);
    // of a mean of all folds' models every fold's people are known, which is said once
    let (compiled, _) = plan("stage m = average(t, over = [fold])\nreport r = compare([m], columns = [out.eer])");
    let (_, said) = compiled.known_plan(ProbeCache::none());
    let leaks: Vec<_> = said.iter().filter(|it| it.code.to_string() == "ddl::eval::leak").collect();
    assert!(matches!(leaks.as_slice(), [one] if one.labels.iter().any(|label| label.text.contains("2 more arms"))), "{leaks:?}");
}

#[test]
fn a_module_may_be_used_in_every_arm() {
    let part = "ddl 1\nparam of : int\nparam pairs : int = 6\ndataset d = synthetic_faces(identities = 8, images = 6, size = 16px, seed = of)\neval e = verification(d, pairs = random_pairs(folds = 2, per_fold = pairs))\n";
    let text = format!("{BEFORE}use \"part.ddl\" with (of = seed) as part\nreport r = compare([t], columns = [part.e.eer])\n");
    let world = Memory::new().with("r.ddl", text.into_bytes()).with("part.ddl", part.as_bytes().to_vec());
    let compiled = compile(&world, Path::new("r.ddl"), &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let plan = compiled.plan();
    assert_eq!((judged(&plan).len(), plan.json().contains("$seed")), (6, false));
}

#[test]
fn axes_of_a_module_that_is_used_are_axes() {
    let part = "ddl 1\nreplicate draw in 1..2\ndataset d = synthetic_faces(identities = 8, images = 6, size = 16px)\neval e = verification(d, pairs = random_pairs(folds = 2, per_fold = 6, seed = draw))\n";
    let text = format!(
        "{BEFORE}use \"part.ddl\" as part\nreport r = compare([t], columns = [part.e.eer, part.e.tar(50%)])\nexpect x = score(t, part.e.tar(50%)) > 0\n"
    );
    let world = Memory::new().with("r.ddl", text.into_bytes()).with("part.ddl", part.as_bytes().to_vec());
    let compiled = compile(&world, Path::new("r.ddl"), &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let plan = compiled.plan();
    assert_eq!((judged(&plan).len(), plan.json().contains("$draw")), (6, false));
}
