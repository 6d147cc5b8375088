//! `--events FILE`: it is always there, and every line of it fits the schema in the docs.

mod common;
#[path = "common/schema.rs"]
mod schema;

use common::shell::Shell;
use common::{signal, until};
use serde_json::Value;
use std::collections::BTreeSet;

const RECIPE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 16, images = 6, size = 32px, yaw = -60deg..60deg)
dataset few = image_folder(\"few\", on_corrupt = \"skip\")
let people = faces |> split({train = 75%, test = 25%}, by = .identity)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
head arc = arcface(scale = 16, margin = 0.2rad)
eval ver = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 20))
eval small = verification(few, pairs = all_pairs())
stage s = train(net, classify(people.train, arc), batch = 24, for = 400 steps, optimizer = sgd(lr = 0.05), freeze = [net.stem],
                watch = every(100 steps, [ver]), keep = best(ver.gap, every = 100 steps))
report t = compare([s], columns = [ver.accuracy, small.gap])
";

fn png() -> Vec<u8> {
    let image = ddl::data::image::Image::new(32, 32, vec![128; 32 * 32 * 3]).unwrap();
    ddl::events::from_base64(&ddl::events::Picture::new(&image, "", "").png).unwrap()
}

/// The kinds of events in a file, each of which must fit.
fn kinds(shell: &Shell, schema: &Value) -> BTreeSet<String> {
    let kind = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(schema::misfit(schema, schema, &event), None, "{line}");
        event["kind"].as_str().unwrap().to_owned()
    };
    shell.read("e.jsonl").lines().map(kind).collect()
}

#[test]
fn every_kind_of_event_comes_in_real_streams_and_fits_the_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/events.schema.json")).unwrap();
    let known: BTreeSet<String> =
        schema["oneOf"].as_array().unwrap().iter().map(|of| of["properties"]["kind"]["const"].as_str().unwrap().to_owned()).collect();
    let mut shell = Shell::new().file("r.ddl", RECIPE).file("few/a/broken.png", "no image");
    for name in ["a/1.png", "a/2.png", "b/1.png", "b/2.png"] {
        shell = shell.file(&format!("few/{name}"), png());
    }
    let going = shell.start("run r.ddl --threads 1 --checkpoint 0 --events e.jsonl");
    until("a checkpoint", || std::fs::read_to_string(shell.path().join("e.jsonl")).is_ok_and(|text| text.contains("\"checkpoint\"")));
    signal("-INT", &going.pid());
    assert_eq!(going.end().code(), 130);
    let mut seen = kinds(&shell, &schema);
    assert!(seen.contains("interrupted"), "{seen:?}");
    assert!(!shell.read("e.jsonl").contains("base64") && !shell.read("e.jsonl").contains("\"png\""), "pictures lie in files");
    assert!(shell.files("runs/r/first_batch").iter().all(|file| file.extension().is_some_and(|ending| ending == "png")));
    let again = shell.ddl("run r.ddl --threads 2 --events e.jsonl");
    assert_eq!(again.code(), 0, "{}", again.stderr());
    seen.extend(kinds(&shell, &schema));
    let nothing = shell.ddl("run r.ddl --events e.jsonl");
    assert_eq!(nothing.code(), 0);
    assert_eq!(kinds(&shell, &schema), ["done", "node_skipped", "run_started", "warning"].map(str::to_owned).into());
    seen.extend(kinds(&shell, &schema));
    let wrong = shell.file("wrong.ddl", "ddl 1\nreport t = compare([nobody], columns = [])\n");
    let refused = wrong.ddl("run wrong.ddl --events e.jsonl");
    assert_eq!(refused.code(), 2);
    assert_eq!(kinds(&wrong, &schema), ["failed"].map(str::to_owned).into());
    seen.extend(kinds(&wrong, &schema));
    assert_eq!(seen, known, "a kind of event that no stream here has is not held by this test");
}

#[test]
fn a_claim_that_fails_is_the_last_word_and_stands_in_report_and_metrics() {
    let recipe = "ddl 1\ndataset faces = synthetic_faces(identities = 4, images = 4, size = 16px)\nbackbone net = tiny(embedding = 4, side = 16px)\n\
                  eval v = verification(faces, pairs = random_pairs(folds = 2, per_fold = 4))\n\
                  expect holds = score(net, v.gap) < 1.9\nexpect fails = score(net, v.gap) > 1.9\n";
    let shell = Shell::new().file("r.ddl", recipe);
    let ran = shell.ddl("run r.ddl --threads 1 --events e.jsonl");
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    let last: Value = serde_json::from_str(shell.read("e.jsonl").lines().last().unwrap()).unwrap();
    assert_eq!((last["kind"].as_str(), last["failure"]["code"].as_str()), (Some("failed"), Some("ddl::run::expect_failed")), "{last}");
    let metrics: Value = serde_json::from_str(&shell.read("runs/r/metrics.json")).unwrap();
    let claims: Vec<(&str, bool)> =
        metrics.as_array().unwrap().iter().filter_map(|line| Some((line["expect"].as_str()?, line["holds"].as_bool()?))).collect();
    assert_eq!(claims, [("holds", true), ("fails", false)]);
    assert!(shell.read("runs/r/report.html").contains("does not hold"));
}
