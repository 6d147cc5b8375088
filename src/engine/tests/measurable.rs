//! What a protocol can't measure is known before anything runs: every protocol with every metric, asked of the plan and of the judgement.

mod common;

use common::{Run, programs};
use ddl::compile::{Compiled, Options, compile};
use ddl::data::probe::ProbeCache;
use ddl::diag::{Code, Severity};
use ddl::eval::Threshold;
use ddl::ops::evals::Metric;
use ddl::ops::outputs::Judge;
use ddl::plan::Plan;
use ddl::source::Disk;
use ddl::store::Judged;
use std::fmt::Write as _; // a String takes all that is written to it
use std::path::Path;

const BEFORE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 6, images = 4, size = 16px)
let people = faces |> split({some = 50%, others = 50%}, by = .identity, order = \"sorted\")
dataset still = faces |> where(.yaw < 0deg)
dataset moving = faces |> where(.yaw >= 0deg)
backbone net = tiny(embedding = 8, side = 16px, width = 4)
";

/// Protocols that judge both kinds of pairs; each has its quirk.
const PROTOCOLS: [(&str, &str); 14] = [
    ("drawn", "verification(faces, pairs = random_pairs(folds = 2, per_fold = 3))"),
    ("all", "verification(faces, pairs = all_pairs())"),
    ("across", "verification(still, pairs = all_pairs(with = moving))"),
    ("blurred", "verification(faces, pairs = all_pairs(), probe = low_resolution(side = 8px))"),
    ("one", "verification(faces, pairs = \"one.csv\")"),
    ("dealt", "verification(faces, pairs = \"one.csv\", folds = 2)"),
    ("dealt_thin", "verification(faces, pairs = \"one.csv\", folds = 4)"),
    ("uneven", "verification(faces, pairs = \"uneven.csv\")"),
    ("uneven_zoo", "verification(faces, pairs = \"uneven.csv\", rule = \"facex_zoo\")"),
    ("closed", "identification(still, moving, strangers = \"drop\")"),
    ("open", "identification(still |> identities(0..2), moving, strangers = \"keep\")"),
    ("templates", "template_verification(faces, templates = \"faces.txt\", pairs = \"pairs.txt\")"),
    ("search", "template_identification(faces, templates = \"faces.txt\", gallery = \"g.csv\", probe = \"p.csv\", strangers = \"drop\")"),
    (
        "open_search",
        "template_identification(faces, templates = \"faces.txt\", gallery = \"g.csv\", probe = \"p.csv\", strangers = \"keep\")",
    ),
];

/// Every metric, at points that can be had and at points that can't.
const METRICS: [&str; 17] = [
    "accuracy",
    "tar(50%)",
    "tar(1e-6)",
    "eer",
    "auc",
    "gap",
    "d_prime",
    "fmr(0.2)",
    "fnmr(0.2)",
    "val(50%)",
    "val(1e-6)",
    "rank(1)",
    "rank(1000)",
    "tpir(50%)",
    "tpir(1e-6)",
    "recall(50%)",
    "recall(1e-6)",
];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let image = |person: usize, image: usize| format!("id_{person:04}/{image:04}.png");
    let (mut one, mut uneven) = ("fold,same,a,b\n".to_owned(), "fold,same,a,b\n".to_owned());
    let (mut faces, mut pairs) = (String::new(), String::new());
    for person in 1..=6 {
        let other = person % 6 + 1;
        writeln!(one, "0,1,{},{}\n0,0,{},{}", image(person, 1), image(person, 2), image(person, 1), image(other, 2)).unwrap();
        // the first fold has no pairs of two people, the second none of one
        writeln!(uneven, "0,1,{},{}\n1,0,{},{}", image(person, 1), image(person, 2), image(person, 1), image(other, 2)).unwrap();
        for at in 1..=4 {
            writeln!(faces, "{} {} {at}", image(person, at), 10 * person + (at - 1) / 2).unwrap();
        }
        writeln!(pairs, "{} {} 1\n{} {} 0", 10 * person, 10 * person + 1, 10 * person, 10 * other).unwrap();
    }
    let list = |people: std::ops::RangeInclusive<usize>, which: usize| {
        people.fold("TEMPLATE_ID,SUBJECT_ID\n".to_owned(), |text, person| text + &format!("{},{person}\n", 10 * person + which))
    };
    for (name, text) in [
        ("one.csv", one),
        ("uneven.csv", uneven),
        ("faces.txt", faces),
        ("pairs.txt", pairs),
        ("g.csv", list(1..=3, 0)),
        ("p.csv", list(1..=6, 1)),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::write(
        folder.path().join("kind.csv"),
        "fold,same,a,b\n0,1,id_0001/0001.png,id_0001/0002.png\n1,1,id_0002/0001.png,id_0002/0002.png\n",
    )
    .unwrap();
    folder
}

fn compiled(folder: &Path, lines: &str) -> Compiled {
    std::fs::write(folder.join("r.ddl"), format!("{BEFORE}{lines}\n")).unwrap();
    compile(&Disk, &folder.join("r.ddl"), &Options::default()).unwrap()
}

/// Whether the plan says that a number can't be had; nothing where the protocol has no such metric.
fn refused(folder: &Path, lines: &str) -> Option<bool> {
    let compiled = compiled(folder, lines);
    if compiled.has_errors() {
        return None;
    }
    let (_, said) = compiled.known_plan(ProbeCache::none());
    let errors: Vec<_> = said.iter().filter(|it| it.severity == Severity::Error).collect();
    assert!(errors.iter().all(|it| it.code == Code::Unmeasurable), "{lines}: {errors:?}");
    assert!(errors.iter().all(|it| !it.message.contains("::")), "{errors:?}");
    Some(!errors.is_empty())
}

fn metric(plan: &Plan) -> Metric {
    let table: &ddl::ops::outputs::Table = plan.get(plan.iter().find(|(_, node)| node.op == "table").unwrap().0).unwrap();
    table.columns[0].metric.clone()
}

#[test]
fn the_plan_and_the_judgement_agree_on_every_number() {
    let _ = programs();
    let folder = folder();
    let evals: Vec<String> = PROTOCOLS.iter().map(|(name, protocol)| format!("eval {name} = {protocol}")).collect();
    let evals = evals.join("\n");
    let columns =
        PROTOCOLS.map(|(name, protocol)| format!("{name}.{}", if protocol.contains("identification") { "rank(1)" } else { "eer" }));
    let whole = compiled(folder.path(), &format!("{evals}\nreport r = compare([net], columns = [{}])", columns.join(", ")));
    assert!(!whole.has_errors(), "{:?}", whole.diagnostics);
    let run = Run::of(whole.plan(), whole.paths.clone());
    run.run().done();
    let judged: Vec<(String, Judged)> = run
        .judged()
        .into_iter()
        .map(|(id, judged)| (run.job.plan.node(run.job.plan.get::<Judge>(id).unwrap().eval.node).name.clone(), judged))
        .collect();
    assert_eq!(judged.len(), PROTOCOLS.len());
    let (mut fine, mut wrong) = (0, 0);
    for (name, protocol) in PROTOCOLS {
        let scores = &judged.iter().find(|(of, _)| of == name).unwrap().1;
        for asked in METRICS {
            let lines = format!("eval {name} = {protocol}\nreport r = compare([net], columns = [{name}.{asked}])");
            let Some(refused) = refused(folder.path(), &lines) else { continue };
            let plan = compiled(folder.path(), &lines).plan();
            let found = Judged { threshold: Some(Threshold::near(0.2)), ..scores.clone() }.measure(&metric(&plan));
            assert_eq!(found.is_err(), refused, "{name}.{asked}: the run says {found:?}");
            *(if refused { &mut wrong } else { &mut fine }) += 1;
        }
    }
    assert!(fine > 40 && wrong > 15, "{fine} {wrong}");
}

#[test]
fn wherever_a_number_is_asked_for_it_is_refused() {
    let folder = folder();
    let one = "eval one = verification(faces, pairs = \"one.csv\")\nstage s = train(net, classify(faces, arcface()), batch = 4, for = 2 steps, optimizer = sgd(lr = 0.1))\n";
    for look in [
        "report r = compare([s], columns = [one.accuracy])",
        "expect e = score(s, one.tar(1e-6)) > 50%",
        "stage k = train(s, classify(faces, arcface()), batch = 4, for = 2 steps, optimizer = sgd(lr = 0.1), keep = best(one.accuracy, every = 1 steps))",
        "stage k = train(s, classify(faces, arcface()), batch = 4, for = 2 steps, optimizer = sgd(lr = 0.1), stop = plateau(one.accuracy, every = 1 steps))",
        "sweep order in [1, 2]\nstage k = train(s, order * classify(faces, arcface()), batch = 4, for = 2 steps, optimizer = sgd(lr = 0.1))\nstage b = select(k, by = one.accuracy, over = [order])",
        "eval p = panel({one = one, two = verification(faces, pairs = all_pairs())})\nreport r = compare([s], columns = [p.worst.tar(1e-6)])",
        "sweep of in [\"one.csv\", \"uneven.csv\"]\neval e = verification(faces, pairs = of)\nreport r = compare([s], columns = [e.val(50%)])",
    ] {
        assert_eq!(refused(folder.path(), &format!("{one}{look}")), Some(true), "{look}");
    }
}

#[test]
fn pairs_of_one_kind_are_refused_before_a_stage() {
    let folder = folder();
    for protocol in ["verification(faces, pairs = \"kind.csv\")", "verification(faces |> identities(0..0), pairs = all_pairs())"] {
        let lines = format!("eval kind = {protocol}\nreport r = compare([net], columns = [kind.eer])");
        assert_eq!(refused(folder.path(), &lines), Some(true), "{protocol}");
        let compiled = compiled(folder.path(), &lines);
        let run = Run::of(compiled.plan(), compiled.paths.clone());
        assert_eq!(run.run().code, Some(1), "{protocol}: the run finds it too");
    }
}
