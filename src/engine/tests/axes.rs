//! Protocols that depend on an axis, from the recipe to the table: each model is judged on what was kept from it, and on nothing else.

mod common;

use common::shell::{Ran, Shell};
use serde_json::Value;

const CROSS: &str = include_str!("../../../pipelines/cross_validation.ddl");

fn rows(shell: &Shell, out: &str) -> Vec<Value> {
    serde_json::from_str(&shell.read(&format!("{out}/metrics.json"))).unwrap()
}

/// The measured numbers of a model under a protocol and a metric.
fn value(rows: &[Value], model: &str, eval: &str, metric: &str) -> f64 {
    let found: Vec<&Value> = rows.iter().filter(|row| row["model"] == model && row["eval"] == eval && row["metric"] == metric).collect();
    assert_eq!(found.len(), 1, "{model} {eval} {metric}: {rows:?}");
    found[0]["value"].as_f64().unwrap()
}

#[track_caller]
fn done(ran: &Ran) {
    assert_eq!(ran.code(), 0, "{}{}", ran.stdout(), ran.stderr());
    assert!(!ran.stderr().contains("leak") && !ran.stderr().contains("warning"), "{}", ran.stderr());
}

#[test]
fn every_fold_is_judged_by_models_that_never_saw_it() {
    let shell = Shell::new().file("r.ddl", CROSS);
    let ran = shell.ddl("run r.ddl --threads 1 --set 'length=1 epoch'");
    done(&ran);
    let all = rows(&shell, "runs/r");
    let measured: Vec<&Value> = all.iter().filter(|row| row.get("value").is_some()).collect();
    assert_eq!(measured.len(), 3 * 5 * 4, "three models, five folds, four numbers");
    for row in &measured {
        let (model, eval) = (row["model"].as_str().unwrap(), row["eval"].as_str().unwrap());
        let fold = |name: &str| name.split_once("[fold = ").map(|(_, fold)| fold.trim_end_matches(']').to_owned());
        assert!(fold(eval).is_some() && (model == "untrained" || fold(model) == fold(eval)), "{model} under {eval}");
    }
    assert!(ran.stdout().contains(" ± ") && ran.stdout().contains("mean ± standard deviation over 5 replicates"), "{}", ran.stdout());
    // differences are paired by fold, and corrected for their number
    let compared: Vec<&Value> = all.iter().filter(|row| row.get("difference").is_some()).collect();
    let claims = all.iter().filter(|row| row.get("expect").is_some()).count();
    assert_eq!((compared.len(), all.len()), (2 * 4, measured.len() + 2 * 4 + claims));
    assert!(compared.iter().all(|row| row["against"] == "without a margin" && row["n"] == 5), "{compared:?}");
    // one fold by hand: the same split, the same stage, no axis
    let by_hand = CROSS
        .replace("replicate fold in [people.a, people.b, people.c, people.d, people.e]\n", "")
        .replace("without(fold)", "without(people.c)")
        .replace("verification(fold,", "verification(people.c,");
    let shell = shell.file("c.ddl", by_hand);
    done(&shell.ddl("run c.ddl --threads 1 --set 'length=1 epoch' --store apart"));
    let one = rows(&shell, "runs/c");
    for metric in ["accuracy", "eer", "tar@1e-2", "gap"] {
        let here = value(&all, "ArcFace[fold = people.c]", "held_out[fold = people.c]", metric);
        let there = value(&one, "ArcFace", "held_out", metric);
        assert!(here.to_bits() == there.to_bits(), "{metric}: {here} {there}");
    }
}

#[test]
fn a_camera_is_judged_by_models_that_never_saw_it() {
    let text = "ddl 1
dataset faces = synthetic_faces(identities = 16, images = 12, size = 32px, yaw = -60deg..60deg)
let people = faces |> split({train = 50%, test = 50%}, by = .identity)
sweep {camera, low, high} in [{camera = \"left\", low = -60deg, high = -20deg}, {camera = \"right\", low = 20deg, high = 60deg}]
dataset others = people.train |> where(not (.yaw in low..high))
dataset views = people.test |> where(.yaw in low..high)
eval left_out = verification(views, pairs = random_pairs(folds = 2, per_fold = 4))
backbone net = tiny(embedding = 16, side = 32px, width = 8)
stage s = train(net, classify(others, arcface(scale = 16)), batch = 16, for = 4 steps, optimizer = sgd(lr = 0.1))
report t = compare([net, s], columns = [left_out.eer, left_out.gap])
expect sane = score(s, left_out.eer) <= 100%
stage best = select(s, by = left_out.eer, over = [camera])
export m = safetensors(best, to = \"best.safetensors\")
";
    let shell = Shell::new().file("r.ddl", text);
    let ran = shell.ddl("run r.ddl --threads 1");
    assert_eq!(ran.code(), 0, "{}{}", ran.stdout(), ran.stderr());
    let measured = rows(&shell, "runs/r");
    let of = |model: &str| {
        measured.iter().filter(|row| row.get("value").is_some() && row["model"].as_str().is_some_and(|it| it.starts_with(model))).count()
    };
    assert_eq!((of("s[camera = left"), of("s[camera = right"), of("net[")), (2, 2, 4), "{measured:?}");
    for row in measured.iter().filter(|row| row.get("value").is_some()) {
        let arm = |key: &str| row[key].as_str().and_then(|name| name.split_once('[')).map(|(_, arm)| arm.to_owned());
        assert_eq!(arm("model"), arm("eval"), "{row}");
    }
    assert!(shell.path().join("runs/r/best.safetensors").exists());
}
