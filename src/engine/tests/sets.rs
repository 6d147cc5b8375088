//! Templates that a learned pooling weighs, from the recipe to the scores.

mod common;

use common::{Ended, Run};
use ddl::compile::{Options, compile};
use ddl::eval::cmc;
use ddl::source::Disk;
use ddl::store::Scores;
use std::fmt::Write as _; // a String takes all that is written to it
use std::path::Path;

/// Faces of which a third are all but hidden; a network that learns people from them, and what it then learns of sets of both kinds.
const RECIPE: &str = "ddl 1
dataset drawn = synthetic_faces(identities = 60, images = 8, size = 32px, yaw = -40deg..40deg)
let kinds = drawn |> split({clear = 65%, hidden = 35%}, by = .path)
dataset faces = merge([kinds.clear, kinds.hidden |> apply(occlude(area = 90%..95%))], labels = \"by_name\")
let people = faces |> split({train = 48, test = 12}, by = .identity, order = \"sorted\")
backbone net = tiny(embedding = 16, side = 32px, width = 8)
head cos = cosface(scale = 16, margin = 0.1)
batches b = draw(people.train, by = pk(identities = 16, images = 4))
let slow = sgd(lr = 0.05, momentum = 0.9, weight_decay = 5e-4)
stage base = train(net, classify(b, cos), for = 300 steps, optimizer = slow)
stage s = train(base, classify(b, cos, pool = multicolumn(), set_size = 4, prototypes = \"class_means\", slot = \"sets\"), for = 300 steps, freeze = [net.trunk, net.neck], batch_norm = \"frozen\", optimizer = sgd(lr = 0.5, momentum = 0.9), watch = every(100%, [learned]))
let list = \"faces.txt\"
eval learned = template_verification(faces, templates = list, pairs = \"pairs.txt\", norm = \"unit\", pool = multicolumn())
eval visual = template_verification(faces, templates = list, pairs = \"pairs.txt\", norm = \"unit\", pool = multicolumn(content = false))
eval mean = template_verification(faces, templates = list, pairs = \"pairs.txt\", norm = \"unit\")
report t = compare([s], columns = [learned.auc, visual.auc, mean.auc])
";

/// Two templates of each of the people whom nobody learned from, of four faces each, and all pairs of templates.
fn write(folder: &Path) {
    let (mut faces, mut pairs) = (String::new(), String::new());
    let people = 49..=60;
    for (person, image) in people.clone().flat_map(|person| (1..=8).map(move |image| (person, image))) {
        writeln!(faces, "id_{person:04}/{image:04}.png {} {image}", 2 * person + (image - 1) / 4).unwrap();
    }
    let templates: Vec<usize> = people.flat_map(|person| [2 * person, 2 * person + 1]).collect();
    for (at, a) in templates.iter().enumerate() {
        templates[at + 1..].iter().for_each(|b| writeln!(pairs, "{a} {b} {}", u8::from(a / 2 == b / 2)).unwrap());
    }
    std::fs::write(folder.join("faces.txt"), faces).unwrap();
    std::fs::write(folder.join("pairs.txt"), pairs).unwrap();
    std::fs::write(folder.join("r.ddl"), RECIPE).unwrap();
}

fn run(folder: &Path) -> Run {
    write(folder);
    let compiled = compile(&Disk, &folder.join("r.ddl"), &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    Run::of(compiled.plan(), compiled.paths)
}

/// The area under the curve of each protocol.
fn areas(run: &Run) -> Vec<(String, f64)> {
    let mut areas: Vec<(String, f64)> = Vec::new();
    for (id, judged) in run.judged() {
        let Scores::All(sets) = &judged.scores else { panic!("{judged:?}") };
        let name = run.job.plan.node(id).name.clone();
        areas.push((name, sets.auc().value));
    }
    areas
}

#[test]
fn learned_qualities_see_past_hidden_faces() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path());
    let Ended { events, .. } = run.run().done();
    let found = areas(&run);
    let of = |eval: &str| found.iter().find(|(name, _)| *name == format!("judge(s, {eval})")).unwrap_or_else(|| panic!("{found:?}")).1;
    assert!(of("learned") > of("mean") + 0.02 && of("visual") > of("mean") + 0.02, "{found:?}");
    // on the way the same was seen, by the pooling that the model had then
    let watched = events.iter().find_map(|event| match event {
        ddl::events::Event::Watched { metric, value, .. } if metric == "auc" => Some(*value),
        _ => None,
    });
    assert_eq!(watched.map(f64::to_bits), Some(of("learned").to_bits()), "{watched:?} {found:?}");
    // the same bits in another store
    let again = self::run(folder.path());
    again.run().done();
    assert_eq!(
        areas(&again).iter().map(|(_, area)| area.to_bits()).collect::<Vec<_>>(),
        found.iter().map(|(_, area)| area.to_bits()).collect::<Vec<_>>()
    );
    assert_eq!(run.model("s"), again.model("s"));
}

#[test]
fn a_judgement_means_its_pooling() {
    let folder = tempfile::tempdir().unwrap();
    let keys = |text: &str| {
        write(folder.path());
        std::fs::write(folder.path().join("r.ddl"), text).unwrap();
        let plan = compile(&Disk, &folder.path().join("r.ddl"), &Options::default()).unwrap().plan();
        let key = |name: &str| plan.nodes.iter().find(|node| node.name == name).unwrap_or_else(|| panic!("no {name}")).key;
        ["s", "judge(s, learned)", "judge(s, mean)"].map(key)
    };
    let plain = keys(RECIPE);
    assert_eq!(keys(&RECIPE.replace("multicolumn()", "multicolumn(slot = \"set\", content = true)")), plain);
    let slot = keys(&RECIPE.replace("multicolumn(", "multicolumn(slot = \"other\", ").replace(", )", ")"));
    assert!(slot.iter().zip(&plain).all(|(a, b)| a != b), "the stage keeps it elsewhere, so everything after it is another thing");
    let visual = keys(&RECIPE.replace("norm = \"unit\", pool = multicolumn())", "norm = \"unit\", pool = multicolumn(content = false))"));
    assert_eq!((visual[0], visual[2]), (plain[0], plain[2]));
    assert_ne!(visual[1], plain[1]);
}

/// The same faces, compared landmark by landmark: what is learned of sets tells new people apart, and takes part in both protocols of
/// templates.
const COMPARED: &str = "
backbone local = landmarks(base, at = tap(\"stage3\"), count = 4, width = 16)
batches p = draw(people.train, by = pk(identities = 24, images = 4))
let by = comparator(landmarks = 4, hidden = 64)
stage dcn = train(local, compare_sets(p, by) + 0.1 * diversity(p, landmarks = 4), for = 400 steps, optimizer = adam(lr = 0.002))
eval pairs = template_verification(faces, templates = \"faces.txt\", pairs = \"pairs.txt\", pool = by)
eval search = template_identification(faces, templates = \"faces.txt\", gallery = \"gallery.csv\", probe = \"probe.csv\", pool = by)
report d = compare([dcn], columns = [pairs.auc, search.rank(1)])
";

#[test]
fn comparisons_of_sets_tell_new_people_apart() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let csv = |name: &str, half: usize| {
        let mut lines = "template,subject\n".to_owned();
        (49..=60).for_each(|person| writeln!(lines, "{},{person}", 2 * person + half).unwrap());
        std::fs::write(folder.path().join(name), lines).unwrap();
    };
    csv("gallery.csv", 0);
    csv("probe.csv", 1);
    std::fs::write(folder.path().join("r.ddl"), format!("{}{COMPARED}", RECIPE.split_once("stage s").unwrap().0)).unwrap();
    let compiled = compile(&Disk, &folder.path().join("r.ddl"), &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let run = Run::of(compiled.plan(), compiled.paths);
    run.run().done();
    let judged: Vec<_> = run.judged().into_iter().map(|(_, judged)| judged.scores).collect();
    let area = judged.iter().find_map(|scores| if let Scores::All(sets) = scores { Some(sets.auc().value) } else { None }).unwrap();
    let first = judged.iter().find_map(|scores| {
        if let Scores::Search(searched) = scores { Some(cmc(&searched.outcomes, &[1]).unwrap()[0].value) } else { None }
    });
    // chance is 0.5, and one in 12
    assert!(area > 0.7 && first.unwrap() > 0.2, "{area} {first:?}");
}

/// A plan that was not checked: the engine says what is missing itself.
#[test]
fn a_model_without_the_pooling_is_refused_by_the_engine_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = run(folder.path());
    for node in &mut run.job.plan.nodes {
        if node.op == "train" {
            node.edit(|args| drop(args.as_object_mut().unwrap().remove("watch")));
        }
        if node.op == "pooling" {
            node.edit(|args| args["pool"] = serde_json::json!({"op": "multicolumn", "slot": "other"}));
        }
    }
    let said = run.run().failed("ddl::run::no_pooling");
    assert!(said.contains("`s` has not learned `multicolumn` (slot \"other\")"), "{said}");
}
