//! `ddl run` on protocols with galleries and templates, from files to the report.

mod common;

use common::shell::Shell;
use serde_json::Value;
use std::fmt::Write as _; // a String takes all that is written to it

const RECIPE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 6, images = 4, size = 32px)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
eval found = identification(gallery = faces |> where(.yaw < 0deg), probe = faces |> where(.yaw >= 0deg), strangers = \"drop\")
eval kept = template_verification(faces, templates = \"faces.txt\", pairs = \"pairs.txt\", scores = \"scores.txt\")
eval unit = template_verification(faces, templates = \"faces.txt\", pairs = \"pairs.txt\", norm = \"unit\", embed = plain(), threshold = \"conservative\", counts = {faces = 24, templates = 12, pairs = 66})
eval g1 = template_identification(faces, templates = \"faces.txt\", gallery = \"g1.csv\", probe = \"probe.csv\", strangers = \"keep\", scores = \"scores.txt\", counts = {gallery = 3, probe = 6})
eval g2 = template_identification(faces, templates = \"faces.txt\", gallery = \"g2.csv\", probe = \"probe.csv\", strangers = \"drop\", norm = \"unit\")
eval group = panel({near = identification(faces |> where(.yaw < 0deg), faces |> where(.yaw in 0deg..30deg), strangers = \"drop\"), far = identification(faces |> where(.yaw < 0deg), faces |> where(.yaw > 30deg), strangers = \"drop\")})
report groups = compare([net], columns = {near = group.near.rank(1), far = group.far.rank(1), mean = group.mean.rank(1), spread = group.spread.rank(1), worst = group.worst.rank(1)})
report t = compare({\"net\" = net, \"paper\" = published({top = 90%})},
  columns = {top = found.rank(1), five = found.rank(5), tar = kept.tar(10%), conservative = unit.tar(10%), eer = kept.eer, open = g1.tpir(50%), second = g2.rank(1)})
";

/// Two templates of each of six people, of two faces each; all pairs of templates.
fn shell() -> Shell {
    let (mut faces, mut scores, mut pairs) = (String::new(), String::new(), String::new());
    for person in 1..=6 {
        for image in 1..=4 {
            let name = format!("id_{person:04}/{image:04}.png");
            writeln!(faces, "{name} {} {}", 10 * person + (image - 1) / 2, image).unwrap();
            writeln!(scores, "{name} 1 2 3 4 5 6 7 8 9 10 0.{}", 5 + image).unwrap();
        }
    }
    let templates: Vec<(usize, usize)> = (1..=6).flat_map(|person| [(person, 10 * person), (person, 10 * person + 1)]).collect();
    for (at, (person, template)) in templates.iter().enumerate() {
        for (other, with) in &templates[at + 1..] {
            writeln!(pairs, "{template} {with} {}", u8::from(person == other)).unwrap();
        }
    }
    // the first template of each person is searched, of three people each; the second ones are looked for
    let list = |templates: &[(usize, usize)]| {
        let lines = templates.iter().map(|(person, template)| format!("{template},{person}\n"));
        format!("TEMPLATE_ID,SUBJECT_ID\n{}", lines.collect::<String>())
    };
    let every = |from: usize| templates[from..].iter().copied().step_by(2).collect::<Vec<_>>();
    let (first, second) = (every(0), every(1));
    let shell = Shell::new().file("g1.csv", list(&first[..3])).file("g2.csv", list(&first[3..])).file("probe.csv", list(&second));
    shell.file("r.ddl", RECIPE).file("faces.txt", faces).file("scores.txt", scores).file("pairs.txt", pairs)
}

#[test]
fn galleries_and_templates_are_judged_and_reported() {
    let shell = shell();
    let ran = shell.ddl("run r.ddl --threads 1");
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let rows: Vec<Value> = serde_json::from_str(&shell.read("runs/r/metrics.json")).unwrap();
    let told: Vec<String> =
        rows.iter().map(|row| format!("{} {}", row["eval"].as_str().unwrap(), row["metric"].as_str().unwrap())).collect();
    let (panel, told) = told.split_at(5);
    assert_eq!(panel, ["group.near rank@1", "group.far rank@1", "group.mean rank@1", "group.spread rank@1", "group.worst rank@1"]);
    let of_panel: Vec<f64> = rows[..5].iter().map(|row| row["value"].as_f64().unwrap()).collect();
    let (mean, half) = (f64::midpoint(of_panel[0], of_panel[1]), (of_panel[0] - of_panel[1]).abs() / 2.0);
    assert!((of_panel[2] - mean).abs() < 1e-12 && (of_panel[3] - half * 2f64.sqrt()).abs() < 1e-12, "{of_panel:?}");
    assert!((of_panel[4] - of_panel[0].min(of_panel[1])).abs() < 1e-12);
    let rows = &rows[5..];
    assert_eq!(told, ["found rank@1", "found rank@5", "kept tar@1e-1", "unit tar@1e-1", "kept eer", "g1 tpir@5e-1", "g2 rank@1"]);
    assert_eq!((rows[2]["n_genuine"].as_u64(), rows[2]["n_impostor"].as_u64()), (Some(6), Some(60)));
    let probes = |at: usize| (rows[at]["n_genuine"].as_u64(), rows[at]["n_impostor"].as_u64());
    assert_eq!((probes(5), probes(6)), ((Some(3), Some(3)), (Some(3), Some(0))));
    assert!(
        // of six people nothing tells an interval
        rows.iter().all(|row| row["value"].as_f64().is_some_and(|value| (0.0..=1.0).contains(&value)) && row["ci"].is_null()),
        "{rows:?}"
    );
    let value = |at: usize| rows[at]["value"].as_f64().unwrap();
    assert!(value(0) <= value(1) && value(0) > 0.0);
    let page = shell.read("runs/r/report.html");
    assert!(
        page.contains("<section id=\"cmc\">")
            && page.contains("Cumulative match characteristics: found")
            && page.contains("ROC curves: kept")
    );
    // other threads, another batch: the same numbers
    let other = shell.ddl("run r.ddl --threads 2 --eval-batch 5 --store other --out out");
    assert_eq!((other.code(), shell.read("out/metrics.json")), (0, shell.read("runs/r/metrics.json")), "{}", other.stderr());
}

/// Thresholds of one protocol decide others, and counts of several are summed up.
#[test]
fn thresholds_are_used_elsewhere_and_counts_are_pooled() {
    let recipe = "ddl 1
dataset faces = synthetic_faces(identities = 6, images = 4, size = 32px)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
eval all = verification(faces, pairs = all_pairs())
eval sides = panel({near = verification(faces |> where(.yaw < 5deg), pairs = all_pairs()), far = verification(faces |> where(.yaw > -5deg), pairs = all_pairs())})
eval kept = template_verification(faces, templates = \"faces.txt\", pairs = \"pairs.txt\")
def search(gallery: path) -> eval {
  return template_identification(faces, templates = \"faces.txt\", gallery = gallery, probe = \"probe.csv\", strangers = \"drop\")
}
eval both = panel({g1 = search(\"g1.csv\"), g2 = search(\"g2.csv\")})
eval closed = template_identification(faces, templates = \"faces.txt\", gallery = \"g1.csv\", with = \"g2.csv\", probe = \"probe.csv\")
let common = all.threshold(far = 10%)
report t = compare([net], columns = {
  own = all.fmr(at = common), near = sides.near.fmr(at = common), far = sides.far.fmr(at = common), pooled = sides.pooled.fmr(at = common),
  ratio = sides.ratio.fnmr(at = common), kept = kept.fnmr(at = common), fixed = kept.fnmr(at = 0.9), apart = all.d_prime,
  g1 = both.g1.rank(1), g2 = both.g2.rank(1), ranks = both.pooled.rank(1), recall = closed.recall(50%), every = closed.recall(1)
})
expect few = score(net, all.fmr(at = common)) <= 10%
";
    let shell = shell().file("r.ddl", recipe);
    let ran = shell.ddl("run r.ddl --threads 1");
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let rows: Vec<Value> = serde_json::from_str(&shell.read("runs/r/metrics.json")).unwrap();
    let value = |at: usize| rows[at]["value"].as_f64().unwrap();
    let count = |at: usize, kind: &str| rows[at][kind].as_f64().unwrap();
    let told: Vec<&str> = rows.iter().filter_map(|row| row["metric"].as_str()).collect();
    assert_eq!(told[..8], ["fmr@1e-1", "fmr@1e-1", "fmr@1e-1", "fmr@1e-1", "fnmr@1e-1", "fnmr@1e-1", "fnmr@0.9", "d_prime"], "{told:?}");
    assert!(rows[0]["eval"] == "all at all@1e-1" && rows[1]["eval"] == "sides.near at all@1e-1", "{rows:?}");
    assert!(value(0) > 0.05 && value(0) <= 0.1, "as many as the rate allows: {}", value(0));
    let of_all =
        |a: usize, b: usize, kind: &str| (value(a) * count(a, kind) + value(b) * count(b, kind)) / (count(a, kind) + count(b, kind));
    assert!((value(3) - of_all(1, 2, "n_impostor")).abs() < 1e-12, "{rows:?}");
    assert!(value(4) >= 1.0 && (0.0..=1.0).contains(&value(5)), "{rows:?}");
    assert!((value(10) - of_all(8, 9, "n_genuine")).abs() < 1e-12 && (count(8, "n_genuine"), count(9, "n_genuine")) == (3.0, 3.0));
    assert!(value(11) <= value(12) && rows[11]["n_impostor"] == 30, "{rows:?}");
    // what is decided is made of scores that lie there, and of nothing else
    let before = shell.read("runs/r/metrics.json");
    let again = shell.ddl("run r.ddl --threads 1 --again all");
    assert_eq!((again.code(), shell.read("runs/r/metrics.json")), (0, before), "{}", again.stderr());
}

/// The buckets of an attribute part the pairs of a list among them.
#[test]
fn pairs_are_judged_by_buckets_of_an_attribute() {
    let recipe = "ddl 1
dataset faces = synthetic_faces(identities = 12, images = 6, size = 32px, yaw = -60deg..60deg)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
eval whole = verification(faces, pairs = random_pairs(folds = 3, per_fold = 40))
eval pose = verification(faces, pairs = random_pairs(folds = 3, per_fold = 40), by = bucket(abs(.yaw), [30deg, 45deg]))
report t = compare([net], columns = {
  all = whole.gap, front = pose.below_30deg.gap, half = pose.from_30deg_to_45deg.gap, side = pose.from_45deg.gap, mean = pose.mean.gap
})
";
    let shell = Shell::new().file("r.ddl", recipe);
    let ran = shell.ddl("run r.ddl --threads 1");
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let rows: Vec<Value> = serde_json::from_str(&shell.read("runs/r/metrics.json")).unwrap();
    let number = |at: usize, what: &str| rows[at][what].as_f64().unwrap();
    assert_eq!(rows[2]["eval"], "pose.from_30deg_to_45deg");
    for kind in ["n_genuine", "n_impostor"] {
        assert_eq!((1..=3).filter_map(|at| rows[at][kind].as_u64()).sum::<u64>(), 120, "each pair is in one bucket");
    }
    assert!((number(4, "value") - (1..=3).map(|at| number(at, "value")).sum::<f64>() / 3.0).abs() < 1e-12);
}

#[test]
fn files_that_are_not_whole_are_found_before_anything_is_computed() {
    let refused = |file: &str, from: &str, to: &str| {
        let shell = shell();
        let text = shell.read(file);
        assert!(text.contains(from), "{file}");
        let shell = shell.file(file, text.replacen(from, to, 1));
        let ran = shell.ddl("-q run r.ddl");
        assert!(!shell.path().join(".ddl/store/artifacts").exists(), "{file}");
        (ran.code(), ran.stderr().replace(['\n', '│'], " ").split_whitespace().collect::<Vec<_>>().join(" "))
    };
    for (file, from, to, wanted) in [
        ("pairs.txt", "10 11 1\n", "10 11 yes\n", "pairs.txt:1: the label is 1 or 0, not `yes`"),
        ("pairs.txt", "10 20 0\n", "10 99 0\n", "pairs.txt:2: template 99 has no face in the list of faces"),
        ("pairs.txt", "10 20 0\n", "", "it comes to 65 pairs, and 66 are expected; is it whole?"),
        ("g1.csv", "20,2\n", "20,2\n20,3\n", "g1.csv:4: template 20 shows `3` here and `2` before"),
        ("probe.csv", "11,1\n", "", "it comes to 5 probe, and 6 are expected; is it whole?"),
        ("faces.txt", "id_0001/0002.png 10 2\n", "id_0001/0002.png 10\n", "faces.txt:2: 2 fields, where a line is `name template medium`"),
        ("faces.txt", "id_0006/0004.png ", "id_0006/0009.png ", "first `id_0006/0009.png` (line 24)"),
        ("scores.txt", "id_0001/0001.png 1", "id_0007/0001.png 1", "it has no score for 1 of 24 faces, first `id_0001/0001.png`"),
    ] {
        let (code, said) = refused(file, from, to);
        assert!(code == 2 && said.contains(wanted), "{code}: {said}");
    }
}

/// A number has an interval where folds have nobody in common, unless the model, or the protocol, was chosen by it.
#[test]
fn numbers_that_were_chosen_have_no_interval() {
    let recipe = "ddl 1
dataset faces = synthetic_faces(identities = 60, images = 6, size = 16px)
let people = faces |> split({train = 20, choose = 20, test = 20}, by = .identity)
eval test = verification(people.test, pairs = random_pairs(folds = 5, per_fold = 40))
eval again = verification(people.test, pairs = random_pairs(folds = 5, per_fold = 40, seed = 1))
eval choose = verification(people.choose, pairs = random_pairs(folds = 5, per_fold = 40))
eval dealt = verification(people.test, pairs = random_pairs(folds = 5, per_fold = 40), folds = 6)
eval both = panel({test = test, choose = choose})
eval same = panel({test = test, again = again})
backbone net = tiny(embedding = 8, side = 16px, width = 4)
sweep order in [0.5, 1.0]
stage s = train(net, order * classify(people.train, arcface()), batch = 8, for = 2 steps, optimizer = sgd(lr = 0.1))
stage well = select(s, by = choose.eer, over = [order])
stage ill = select(s, by = test.eer, over = [order])
stage kept = train(net, classify(people.train, arcface()), batch = 8, for = 4 steps, optimizer = sgd(lr = 0.1), keep = best(test.eer, every = 2 steps))
report t = compare([net, well, ill, kept], columns = [test.eer, choose.eer, dealt.eer, both.mean.eer, both.worst.eer, same.mean.eer])
";
    let shell = Shell::new().file("r.ddl", recipe);
    let ran = shell.ddl("run r.ddl --threads 1");
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let rows: Vec<Value> = serde_json::from_str(&shell.read("runs/r/metrics.json")).unwrap();
    let word = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let told: Vec<String> = rows
        .iter()
        .filter(|row| row["value"].is_number() && row["ci"].is_object() && row["against"].is_null())
        .map(|row| format!("{} {}", word(row, "model"), word(row, "eval")))
        .filter(|name| !name.starts_with("s[")) // the numbers that choices are made by
        .collect();
    assert_eq!(told, ["net test", "net choose", "net both.mean", "well test", "ill choose", "kept choose"], "{rows:#?}");
}
