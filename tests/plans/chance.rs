//! Of which differences it is said before a run that no replicate tells them from noise: what was trained once, what judged people chose,
//! and what judges the same people again.

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

/// Whether chance, choice and people let a difference be told, of tables of these rows and columns over these lines: the reason for which
/// they do not.
#[test]
fn what_no_replicate_tells_is_said_before_a_run() {
    let chosen = "people who are judged decided on a model (`select`, `keep`, `stop`)";
    let same = "the same models are judged by the same people again and again";
    let once = |what: &str| format!("`{what}` is one draw of chance, which no replicate draws anew");
    let seeded = |name: &str, from: &str| stage(name, from, ", seed = seed");
    let single = |name: &str, seed: u32| stage(name, "net", &format!(", seed = {seed}"));
    let clipped = |name: &str, from: &str| stage(name, from, ", clip = 5.0, seed = seed");
    let kept = |by: &str| stage("kept", "net", &format!(", keep = best({by}.eer, every = 1 steps), seed = seed"));
    let tiny = |name: &str, more: &str| format!("backbone {name} = tiny(embedding = 16, side = 32px, width = 4, {more})\n");
    let drawn_by =
        |seed: &str| format!("eval again = verification(people.t, pairs = random_pairs(folds = 5, per_fold = 60, seed = {seed}))\n");
    let redrawn = "replicate k in 1..6\n".to_owned() + &drawn_by("k");
    let select = |by: &str| format!("stage lucky = select(s, by = {by}.eer, over = [seed])\n");
    let panel = "eval p = panel({v = v, w = w})\n".to_owned();
    let folds = "let parts = faces |> split({a = 25%, b = 25%, c = 25%, d = 25%}, by = .identity)
replicate fold in [parts.a, parts.b, parts.c, parts.d]
eval out = verification(fold, pairs = random_pairs(folds = 2, per_fold = 20))\n"
        .to_owned();
    let of_folds = ["x", "y"].map(|name| {
        let rate = if name == "x" { 0.05 } else { 0.01 };
        let goal = "classify(faces |> without(fold), arc), batch = 16, for = 5 steps";
        format!("stage {name} = train(net, {goal}, optimizer = sgd(lr = {rate}))\n")
    });
    let none = String::new;

    let over_seeds = [
        ("two stages", none(), "[s, t]", None),
        ("one stage beside", none(), "[s, one]", Some(once("one"))),
        ("one stage first", none(), "[one, s]", Some(once("one"))),
        ("one of the seeds itself", single("first", 1).replace("0.02", "0.05"), "[s, first]", Some(once("first"))),
        ("untrained", none(), "[s, net]", Some(once("net"))),
        ("from a file", tiny("filed", "weights = \"w.safetensors\""), "[s, filed]", None),
        ("what it was made of", single("warm", 7) + &seeded("z", "warm"), "[z, warm]", Some(once("warm"))),
        ("both of one start", single("warm", 7) + &seeded("z", "warm") + &clipped("q", "warm"), "[z, q]", None),
        (
            "each of its own start",
            single("warm", 7) + &single("cold", 8) + &seeded("z", "warm") + &seeded("q", "cold"),
            "[z, q]",
            Some(once("warm")),
        ),
        ("other first weights", tiny("other", "seed = 5") + &seeded("z", "other"), "[s, z]", Some(once("net"))),
        (
            "first weights of each seed",
            tiny("a", "seed = seed") + &tiny("b", "seed = -seed") + &seeded("z", "a") + &seeded("q", "b"),
            "[z, q]",
            None,
        ),
        ("their mean", "stage mean = average(s, over = [seed])\n".to_owned(), "[s, mean]", Some(once("mean"))),
        ("the best by others", select("w"), "[s, lucky]", Some(once("lucky"))),
        ("the best by those", select("v"), "[s, lucky]", Some(chosen.to_owned())),
        ("kept", kept("v"), "[s, kept]", Some(chosen.to_owned())),
        ("beside what was kept", kept("v"), "[kept, s]", Some(chosen.to_owned())),
        ("made of what was kept", kept("v") + &seeded("z", "kept"), "[s, z]", Some(chosen.to_owned())),
        ("stopped", stage("z", "net", ", stop = plateau(v.eer, every = 1 steps), seed = seed"), "[s, z]", Some(chosen.to_owned())),
        ("kept by others", kept("w"), "[s, kept]", None),
        ("a sweep", "sweep lr in [0.1, 0.2]\n".to_owned() + &seeded("z", "net").replace("0.02", "lr"), "[z, s]", None),
        ("single runs", none(), "[one, two]", None),
        (
            "two sides, one of them trained once",
            none(),
            "{\"a\" = coupled(gallery = s, probe = s), \"b\" = coupled(gallery = one, probe = s)}",
            Some(once("b")),
        ),
        (
            "two sides, one of them the same for both",
            none(),
            "{\"a\" = coupled(gallery = one, probe = t), \"b\" = coupled(gallery = one, probe = s)}",
            None,
        ),
    ];
    let by_protocols = [
        ("kept by one of a panel", panel.clone() + &kept("w"), "[s, kept]", "p.mean.eer", Some(chosen.to_owned())),
        ("a panel over seeds", panel.clone(), "[s, t]", "p.mean.eer, p.worst.eer", None),
        ("a panel of one stage", panel, "[s, one]", "p.mean.eer", Some(once("one"))),
        ("pairs drawn again", redrawn.clone(), "[one, two]", "again.eer", Some(same.to_owned())),
        ("of untrained ones", redrawn.clone() + &tiny("other", "seed = 5"), "[net, other]", "again.eer", Some(same.to_owned())),
        ("seeds, and pairs drawn again", redrawn.clone(), "[s, t]", "again.eer", None),
        ("one beside seeds, and pairs drawn again", redrawn.clone(), "[s, one]", "again.eer", Some(once("one"))),
        ("pairs of the seed", drawn_by("seed"), "[s, t]", "again.eer", None),
        ("a panel drawn again", redrawn + "eval p = panel({again = again, w = w})\n", "[one, two]", "p.mean.eer", Some(same.to_owned())),
        ("others in each fold", folds.clone(), "[one, two]", "out.eer", None),
        ("others in each fold, never trained on", folds.clone() + &of_folds.concat(), "[x, y, net, one]", "out.eer", None),
        (
            "a panel of folds and of the same people",
            folds.clone() + "eval p = panel({out = out, w = w})\n",
            "[one, two]",
            "p.mean.eer",
            Some(same.to_owned()),
        ),
        ("seeds and folds", folds, "[s, one]", "out.eer", None),
    ];
    let over_seeds = over_seeds.into_iter().map(|(what, lines, rows, why)| (what, lines, rows, "v.eer", why));
    for (what, lines, rows, columns, why) in over_seeds.chain(by_protocols) {
        let found = said(&lines, &format!("{rows}, columns = [{columns}]"));
        let fits = match &why {
            None => found.is_empty(),
            Some(why) => matches!(&found[..], [one] if one.starts_with("no differences of ") && one.ends_with(why)),
        };
        assert!(fits, "{what}: {found:?}, and wanted is {why:?}");
    }
}
