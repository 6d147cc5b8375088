//! Of which differences it is said before a run that no replicate tells them from noise: what was trained once, what judged people chose, and what judges the
//! same people again.

use ddl::compile::{Options, compile};
use ddl::data::probe::ProbeCache;
use ddl::diag::{Code, Severity};
use ddl::source::Memory;
use std::path::Path;

/// Three parts of people; a stage over seeds, another one of another rate, one of a single seed, and protocols of two parts.
const BEFORE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 60, images = 10, size = 32px)
let people = faces |> split({a = 30%, t = 35%, u = 35%}, by = .identity)
backbone net = tiny(embedding = 16, side = 32px, width = 4)
head arc = arcface(scale = 16, margin = 0.2rad)
eval v = verification(people.t, pairs = random_pairs(folds = 5, per_fold = 60))
eval w = verification(people.u, pairs = random_pairs(folds = 5, per_fold = 60))
replicate seed in 1..4
stage s = train(net, classify(people.a, arc), batch = 16, for = 5 steps, optimizer = sgd(lr = 0.05), seed = seed)
stage t = train(net, classify(people.a, arc), batch = 16, for = 5 steps, optimizer = sgd(lr = 0.01), seed = seed)
stage one = train(net, classify(people.a, arc), batch = 16, for = 5 steps, optimizer = sgd(lr = 0.05), seed = 101)
stage two = train(net, classify(people.a, arc), batch = 16, for = 5 steps, optimizer = sgd(lr = 0.05), seed = 102)
";

/// A stage that begins with this, in the same words.
fn stage(name: &str, from: &str, more: &str) -> String {
    format!("stage {name} = train({from}, classify(people.a, arc), batch = 16, for = 5 steps, optimizer = sgd(lr = 0.02){more})\n")
}

/// What is said of the differences of a table.
fn said(lines: &str, table: &str) -> Vec<String> {
    let text = format!("{BEFORE}{lines}\nreport r = compare({table})\n");
    let compiled = compile(&Memory::new().with("r.ddl", text), Path::new("r.ddl"), &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{lines} {table}: {:?}", compiled.diagnostics);
    let (plan, found) = compiled.known_plan(ProbeCache::none());
    let of_table: Vec<_> = found.into_iter().filter(|it| it.code == Code::NoInterval && it.message.starts_with("`r`: ")).collect();
    assert!(of_table.iter().all(|it| it.severity == Severity::Advice && !it.labels.is_empty() && it.help.is_some()), "{of_table:?}");
    let notes = &plan.nodes.iter().find(|node| node.op == "table").unwrap().facts.notes;
    let messages: Vec<String> = of_table.into_iter().map(|it| it.message.trim_start_matches("`r`: ").to_owned()).collect();
    assert_eq!(*notes, messages, "said beside the table too");
    messages
}

/// Whether chance, choice and people let a difference be told, row by row of a table of these lines: the reason for which they do not.
#[test]
fn what_no_replicate_tells_is_said_before_a_run() {
    let (chosen, same) = (
        "people who are judged decided on a model (`select`, `keep`, `stop`)",
        "the same models are judged by the same people again and again",
    );
    let once = |what: &str| format!("`{what}` is one draw of chance, which no replicate draws anew");
    let seeded = ", seed = seed";
    let warm = |name: &str, seed: &str| stage(name, "net", &format!(", seed = {seed}"));
    let redrawn = "replicate k in 1..6\neval again = verification(people.t, pairs = random_pairs(folds = 5, per_fold = 60, seed = k))\n";
    let folds = "let parts = faces |> split({a = 25%, b = 25%, c = 25%, d = 25%}, by = .identity)\nreplicate fold in [parts.a, parts.b, parts.c, parts.d]\n\
                 eval out = verification(fold, pairs = random_pairs(folds = 2, per_fold = 20))\n";
    let of_folds = "stage x = train(net, classify(faces |> without(fold), arc), batch = 16, for = 5 steps, optimizer = sgd(lr = 0.05))\n\
                    stage y = train(net, classify(faces |> without(fold), arc), batch = 16, for = 5 steps, optimizer = sgd(lr = 0.01))\n";
    let panel = "eval p = panel({v = v, w = w})\n";
    let cases: Vec<(&str, String, &str, Option<String>)> = vec![
        ("two stages over seeds", String::new(), "[s, t], columns = [v.eer]", None),
        ("one stage beside seeds", String::new(), "[s, one], columns = [v.eer]", Some(once("one"))),
        ("seeds beside one stage", String::new(), "[one, s], columns = [v.eer]", Some(once("one"))),
        ("one of the seeds itself", stage("first", "net", ", seed = 1").replace("0.02", "0.05"), "[s, first], columns = [v.eer]", Some(once("first"))),
        ("untrained", String::new(), "[s, net], columns = [v.eer]", Some(once("net"))),
        ("from a file", "backbone filed = tiny(embedding = 16, side = 32px, width = 4, weights = \"w.safetensors\")\n".to_owned(), "[s, filed], columns = [v.eer]", None),
        ("what it was made of", warm("warm", "7") + &stage("z", "warm", seeded), "[z, warm], columns = [v.eer]", Some(once("warm"))),
        ("both of one start", warm("warm", "7") + &stage("z", "warm", seeded) + &stage("q", "warm", ", clip = 5.0, seed = seed"), "[z, q], columns = [v.eer]", None),
        ("each of its own start", warm("warm", "7") + &warm("cold", "8") + &stage("z", "warm", seeded) + &stage("q", "cold", seeded), "[z, q], columns = [v.eer]", Some(once("warm"))),
        ("other first weights", "backbone other = tiny(embedding = 16, side = 32px, width = 4, seed = 5)\n".to_owned() + &stage("z", "other", seeded), "[s, z], columns = [v.eer]", Some(once("net"))),
        ("first weights of each seed", "backbone other = tiny(embedding = 16, side = 32px, width = 8, seed = seed)\nbackbone own = tiny(embedding = 16, side = 32px, width = 4, seed = seed)\n".to_owned() + &stage("z", "other", seeded) + &stage("q", "own", seeded), "[z, q], columns = [v.eer]", None),
        ("the mean of the seeds", "stage mean = average(s, over = [seed])\n".to_owned(), "[s, mean], columns = [v.eer]", Some(once("mean"))),
        ("the best of the seeds by others", "stage lucky = select(s, by = w.eer, over = [seed])\n".to_owned(), "[s, lucky], columns = [v.eer]", Some(once("lucky"))),
        ("the best of the seeds", "stage lucky = select(s, by = v.eer, over = [seed])\n".to_owned(), "[s, lucky], columns = [v.eer]", Some(chosen.to_owned())),
        ("kept", stage("kept", "net", ", keep = best(v.eer, every = 1 steps), seed = seed"), "[s, kept], columns = [v.eer]", Some(chosen.to_owned())),
        ("beside what was kept", stage("kept", "net", ", keep = best(v.eer, every = 1 steps), seed = seed"), "[kept, s], columns = [v.eer]", Some(chosen.to_owned())),
        ("made of what was kept", stage("kept", "net", ", keep = best(v.eer, every = 1 steps), seed = seed") + &stage("z", "kept", seeded), "[s, z], columns = [v.eer]", Some(chosen.to_owned())),
        ("stopped", stage("ended", "net", ", stop = plateau(v.eer, every = 1 steps), seed = seed"), "[s, ended], columns = [v.eer]", Some(chosen.to_owned())),
        ("kept by others", stage("kept", "net", ", keep = best(w.eer, every = 1 steps), seed = seed"), "[s, kept], columns = [v.eer]", None),
        ("kept by one of a panel", panel.to_owned() + &stage("kept", "net", ", keep = best(w.eer, every = 1 steps), seed = seed"), "[s, kept], columns = [p.mean.eer]", Some(chosen.to_owned())),
        ("a panel over seeds", panel.to_owned(), "[s, t], columns = [p.mean.eer, p.worst.eer]", None),
        ("a panel of one stage", panel.to_owned(), "[s, one], columns = [p.mean.eer]", Some(once("one"))),
        ("pairs drawn again", redrawn.to_owned(), "[one, two], columns = [again.eer]", Some(same.to_owned())),
        ("pairs drawn again, of untrained ones", redrawn.to_owned() + "backbone other = tiny(embedding = 16, side = 32px, width = 4, seed = 5)\n", "[net, other], columns = [again.eer]", Some(same.to_owned())),
        ("seeds, and pairs drawn again", redrawn.to_owned(), "[s, t], columns = [again.eer]", None),
        ("one stage beside seeds, and pairs drawn again", redrawn.to_owned(), "[s, one], columns = [again.eer]", Some(once("one"))),
        ("pairs of the seed", "eval again = verification(people.t, pairs = random_pairs(folds = 5, per_fold = 60, seed = seed))\n".to_owned(), "[s, t], columns = [again.eer]", None),
        ("a panel drawn again", redrawn.to_owned() + "eval p = panel({again = again, w = w})\n", "[one, two], columns = [p.mean.eer]", Some(same.to_owned())),
        ("others in each fold", folds.to_owned(), "[one, two], columns = [out.eer]", None),
        ("others in each fold, never trained on", folds.to_owned() + of_folds, "[x, y, net, one], columns = [out.eer]", None),
        ("a panel of folds and of the same people", folds.to_owned() + "eval p = panel({out = out, w = w})\n", "[one, two], columns = [p.mean.eer]", Some(same.to_owned())),
        ("seeds and folds", folds.to_owned(), "[s, one], columns = [out.eer]", None),
        ("single runs", String::new(), "[one, two], columns = [v.eer]", None),
        ("a sweep over seeds", "sweep lr in [0.1, 0.2]\n".to_owned() + &stage("z", "net", seeded).replace("0.02", "lr"), "[z, s], columns = [v.eer]", None),
        ("two sides, one of them trained once", String::new(), "{\"a\" = coupled(gallery = s, probe = s), \"b\" = coupled(gallery = one, probe = s)}, columns = [v.eer]", Some(once("b"))),
        ("two sides, one of them the same for both", String::new(), "{\"a\" = coupled(gallery = one, probe = t), \"b\" = coupled(gallery = one, probe = s)}, columns = [v.eer]", None),
    ];
    for (what, lines, table, why) in cases {
        let found = said(&lines, table);
        match why {
            None => assert!(found.is_empty(), "{what}: {found:?}"),
            Some(why) => {
                assert!(matches!(&found[..], [one] if one.starts_with("no differences of ") && one.ends_with(&why)), "{what}: {found:?}")
            }
        }
    }
}
