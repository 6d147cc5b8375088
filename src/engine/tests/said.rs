//! What a model says of images becomes attributes of them: filters, labels and judgements by it are those that a csv of the same numbers gives.

mod common;

use common::shell::Shell;
use common::{COMMON, Run};
use ddl::data::Table;
use ddl::data::probe::ProbeCache;
use ddl::eval::{Among, Faces, by_means};
use ddl::events::Event;
use ddl::inputs::tables::Tables;
use ddl::store::said::Attributes;

const SAYS: &str = "dataset seen = people.train |> annotate(by = predict(net, {
      length = norm(), near = nearest(among = \"others\"), own = to_mean(), group = kmeans(k = 3, seed = 5), dense = dbscan(distance = 0.01, least = 2)
    }, embed = flip_sum()))
    dataset some = seen |> where(.group == \"c0\" and .yaw > -50deg)
    stage s = train(net, classify(some, arc), batch = 4, for = 3 steps, optimizer = slow)
    report t = compare([s], columns = [ver.auc])";

/// The table of a data set as a run knows it that ended.
fn table(run: &Run, name: &str) -> Table {
    let tables = Tables::new(&run.job.plan, &run.job.paths, ProbeCache::none());
    tables.hear_what_is_stored(&run.store());
    tables.table(run.node(name)).unwrap()
}

/// The embeddings of an image and its flip, summed, as the store has them.
fn embeddings(run: &Run, name: &str) -> (Vec<f32>, usize) {
    let table = table(run, name);
    let of = |node: &str| {
        let id = run.node(node);
        let raw = run.artifact(id).read("features.f32").unwrap();
        raw.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect::<Vec<_>>()
    };
    let (plain, flipped) = (of("features(net, people.train)"), of("features(net, people.train, flip = true)"));
    let sum: Vec<f32> = plain.iter().zip(&flipped).map(|(a, b)| a + b).collect();
    let width = sum.len() / table.len();
    (sum, width)
}

#[test]
fn what_a_model_says_is_an_attribute_and_filters_what_is_trained_on() {
    let run = Run::new(SAYS);
    let first = run.run().done();
    let seen = table(&run, "seen");
    let (rows, width) = embeddings(&run, "people.train");
    let faces = Faces::new(&rows, width, seen.rows().map(|row| row.class()).collect());
    let said = |name: &str| seen.rows().map(|row| row.cell(name).unwrap().to_string()).collect::<Vec<_>>();
    let number = |it: Option<f64>| it.map_or(ddl::data::Cell::Missing, ddl::data::Cell::Number).to_string();
    assert_eq!(said("length"), Faces::norms(&rows, width).into_iter().map(|it| number(Some(it))).collect::<Vec<_>>());
    assert_eq!(said("near"), faces.nearest(Among::Others).into_iter().map(number).collect::<Vec<_>>());
    assert_eq!(said("own"), faces.to_mean().into_iter().map(number).collect::<Vec<_>>());
    let clusters = by_means(&faces, 3, 4, 300, 5).unwrap();
    let named = |it: &Option<usize>| it.map_or(ddl::data::Cell::Missing, |it| ddl::data::Cell::Text(format!("c{it}").into())).to_string();
    assert_eq!(said("group"), clusters.iter().map(named).collect::<Vec<_>>());
    // the stage saw those alone, and has the classes of all
    let some = table(&run, "some");
    let left = seen.rows().zip(&clusters).filter(|(row, cluster)| {
        let yaw = if let ddl::data::Cell::Number(yaw) = row.cell("yaw").unwrap() { yaw } else { f64::NAN };
        **cluster == Some(0) && yaw > -50f64.to_radians()
    });
    let left: Vec<String> = left.map(|(row, _)| row.path().into_owned()).collect();
    assert_eq!(some.rows().map(|row| row.path().into_owned()).collect::<Vec<_>>(), left);
    assert!(!left.is_empty() && left.len() < seen.len(), "{} of {}", left.len(), seen.len());
    assert_eq!(some.labels().id(), seen.labels().id());
    let samples = ddl::store::samples::Samples::read(&run.artifact(run.node("s"))).unwrap();
    let shown = samples.of_step(0, &run.artifact(run.node("s"))).unwrap();
    assert!(shown[0].batches.iter().flatten().all(|path| left.contains(path)), "{shown:?}");
    // once: the features, what is said of them, the stage
    let ran = |ended: &common::Ended, op: &str| {
        ended.events.iter().filter(|it| matches!(it, Event::NodeFinished { op: of, .. } if of == op)).count()
    };
    assert_eq!((ran(&first, "said"), ran(&first, "train"), ran(&first, "features")), (1, 1, 4));
    let second = run.run().done();
    assert!(matches!(second.events.last(), Some(Event::Done { computed: 0, .. })));
}

/// A result that is gone is said again, to the same bits, by whom needs it alone.
#[test]
fn what_was_said_is_said_again_where_it_is_gone() {
    let run = Run::new(SAYS);
    run.run().done();
    let said = run.job.plan.iter().find(|(_, node)| node.op == "said").unwrap().0;
    let before = Attributes::read(&run.artifact(said)).unwrap().unwrap();
    let folder = run.artifact(said).path("attributes.f64").unwrap().parent().unwrap().to_owned();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(run.run().done().events.last(), Some(Event::Done { computed: 0, .. })), "the stage has learned of it already");
    let stage = run.artifact(run.node("s")).path("model.safetensors").unwrap().parent().unwrap().to_owned();
    let weights = run.artifact(run.node("s")).read("model.safetensors").unwrap();
    std::fs::remove_dir_all(stage).unwrap();
    run.run().done();
    assert_eq!(Attributes::read(&run.artifact(said)).unwrap().unwrap(), before);
    assert_eq!(run.artifact(run.node("s")).read("model.safetensors").unwrap(), weights);
}

/// Angles are a hopenet's three numbers, in degrees; clusters are people, where somebody says so; protocols are judged on what is left.
#[test]
fn angles_pseudo_labels_and_protocols_hang_on_what_is_said() {
    let run = Run::new(
        "backbone pose = hopenet(side = 32px)
         dataset turned = people.test |> annotate(by = predict(pose, {said_yaw = head_angle(\"yaw\"), said_roll = head_angle(\"roll\")}))
         dataset groups = people.train |> annotate(by = predict(net, {group = kmeans(k = 4)})) |> relabel(by = .group)
         stage s = train(net, classify(groups, arc), batch = 4, for = 2 steps, optimizer = slow)
         eval few = verification(turned |> where(.said_yaw < 90deg), pairs = random_pairs(folds = 2, per_fold = 4))
         report t = compare([s], columns = [few.auc])",
    );
    run.run().done();
    let turned = table(&run, "turned");
    let raw = run.artifact(run.node("features(pose, people.test)")).read("features.f32").unwrap();
    let numbers: Vec<f32> = raw.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    for (row, angles) in turned.rows().zip(numbers.chunks_exact(3)) {
        let of = |at: usize| ddl::data::Cell::Number(f64::from(angles[at]).to_radians());
        assert_eq!((row.cell("said_yaw").unwrap(), row.cell("said_roll").unwrap()), (of(0), of(2)));
    }
    let groups = table(&run, "groups");
    let names: Vec<&str> = groups.labels().names().iter().map(AsRef::as_ref).collect();
    assert_eq!(names, ["c0", "c1", "c2", "c3"]);
    assert!(groups.rows().all(|row| row.cell("group").unwrap() == ddl::data::Cell::Text(row.identity().into())));
    assert_eq!(groups.len(), table(&run, "people.train").len());
    assert_eq!(run.judged().len(), 1);
}

/// What is left by what is said may be nothing: the run ends at that node, and says what was asked.
#[test]
fn a_filter_that_leaves_nothing_ends_the_run_before_it_trains() {
    let run = Run::new(
        "dataset none_left = people.train |> annotate(by = predict(net, {length = norm()})) |> where(.length < 0)
         stage s = train(net, classify(none_left, arc), batch = 4, for = 3 steps, optimizer = slow)",
    );
    let said = run.run().failed("ddl::data::empty");
    assert!(said.contains("`.length < 0`"), "{said}");
}

/// What a model says is written, and judged again as if somebody else had computed it: the same digits, as they are and summed with their flips.
#[test]
fn embeddings_that_are_written_are_judged_as_the_model_is() {
    let protocols = "eval plain_one = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 20), embed = plain())";
    let first = format!(
        "{COMMON}{protocols}
         export e = embeddings(net, people.test, to = \"x.npy\")
         export u = embeddings(net, people.test, to = \"deep/y.parquet\", embed = flip_sum(), unit = true)
         report t = compare({{\"net\" = net}}, columns = [plain_one.auc, plain_one.gap])"
    );
    let second = format!(
        "{COMMON}{protocols}
         backbone theirs = embedded(\"runs/a/x.npy\", index = \"runs/a/x.csv\")
         dataset seen = people.test |> annotate(by = predict(theirs, {{length = norm()}}))
         eval of_seen = verification(seen |> where(.length > 0), pairs = random_pairs(folds = 2, per_fold = 20), embed = plain())
         report t = compare({{\"net\" = theirs}}, columns = {{one = plain_one.auc, two = plain_one.gap, seen = of_seen.auc}})
         expect same = score(theirs, of_seen.auc) == score(theirs, plain_one.auc)"
    );
    let shell = Shell::new().file("a.ddl", first).file("b.ddl", second);
    let ran = shell.ddl("run a.ddl");
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let index = shell.read("runs/a/x.csv");
    assert_eq!((index.lines().next(), index.lines().count()), (Some("image,identity"), 1 + 24));
    assert!(shell.bytes("runs/a/deep/y.parquet").starts_with(b"PAR1"));
    let ran = shell.ddl("run b.ddl");
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let number = |out: &str, metric: &str| {
        let rows: Vec<serde_json::Value> = serde_json::from_str(&shell.read(&format!("{out}/metrics.json"))).unwrap();
        let found = rows.iter().find(|row| row["eval"] == "plain_one" && row["metric"] == metric);
        found.and_then(|row| row["value"].as_f64()).unwrap_or_else(|| panic!("{metric}: {rows:?}")).to_bits()
    };
    for metric in ["auc", "gap"] {
        assert_eq!(number("runs/a", metric), number("runs/b", metric), "{metric}");
    }
    // samples of what is left are shown once it is known
    let shown = shell.ddl("data preview b.ddl seen -o seen.html");
    assert_eq!(shown.code(), 0, "{}", shown.stderr());
    let unknown = shell.ddl("data preview b.ddl seen -o other.html --store elsewhere");
    let said = unknown.stderr().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unknown.code() == 2 && said.contains("it is known when `said(people.test, by = theirs: length)` has run"), "{said}");
    assert!(said.contains("run the recipe first"), "{said}");
    // what a file can't say is said before the run, and nothing is computed
    for (lines, wanted) in [
        ("report t = compare([theirs], columns = [ver.auc])", "no embeddings of mirrored images"),
        ("eval low = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 4), embed = plain(), probe = low_resolution(side = 8px))
          report t = compare([theirs], columns = [low.auc])", "changed before they are seen"),
        ("eval others = verification(people.train, pairs = random_pairs(folds = 2, per_fold = 4), embed = plain())
          report t = compare([theirs], columns = [others.auc])", "has no row for 72 of 72 images"),
        ("stage s = train(theirs, classify(people.test, arc), batch = 4, for = 1 step, optimizer = slow)", "is embeddings of a file, and no network"),
        ("export s = safetensors(theirs, to = \"s.safetensors\")", "is embeddings of a file, and no network"),
        ("eval one = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 4), embed = plain())
          backbone short = embedded(\"runs/a/x.npy\", index = \"short.csv\")
          report t = compare([short], columns = [one.auc])", "it has 24 rows, and its index lists 23"),
    ] {
        let short = index.lines().take(24).collect::<Vec<_>>().join("\n") + "\n";
        std::fs::write(shell.path().join("short.csv"), short).unwrap();
        let text = format!("{COMMON}backbone theirs = embedded(\"runs/a/x.npy\", index = \"runs/a/x.csv\")\n{lines}\n");
        std::fs::write(shell.path().join("c.ddl"), text).unwrap();
        let ran = shell.ddl("check c.ddl");
        let said = ran.stderr().split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert!(ran.code() == 2 && said.contains(wanted), "{wanted}: {said}");
    }
}

/// What is measured on images: as they lie, or as they are after what they go through, at a size that is said.
#[test]
fn what_is_measured_is_measured_on_the_images_that_are_seen() {
    let run = Run::new(
        "dataset bare = people.train |> annotate(by = measure({sharp = sharpness(), light = luminance(), spread = luminance_deviation()}))
         dataset low = people.train |> apply(low_resolution(side = 8px)) |> annotate(by = measure({sharp = sharpness()}, side = 32px))
         stage s = train(net, classify(bare |> where(.light > 0%), arc) + classify(low |> where(.sharp >= 0), arc), batch = 4, for = 2 steps, optimizer = slow)",
    );
    run.run().done();
    let (bare, low) = (table(&run, "bare"), table(&run, "low"));
    let number = |cell: ddl::data::Cell| if let ddl::data::Cell::Number(number) = cell { number } else { f64::NAN };
    let mut sharper = 0;
    for (row, seen) in bare.rows().zip(low.rows()) {
        let image = row.source().open(row.source().digest()).unwrap();
        let grey = ddl::data::measure::grey(&image);
        let (mean, deviation) = ddl::data::measure::levels(&grey);
        let wanted = [ddl::data::measure::sharpness(&grey, image.width() as usize), mean / 255.0, deviation / 255.0];
        let found = ["sharp", "light", "spread"].map(|name| number(row.cell(name).unwrap()));
        assert_eq!(found.map(f64::to_bits), wanted.map(f64::to_bits));
        sharper += usize::from(number(row.cell("sharp").unwrap()) > number(seen.cell("sharp").unwrap()));
    }
    assert_eq!(sharper, bare.len(), "what went through 8 pixels is less sharp");
}
