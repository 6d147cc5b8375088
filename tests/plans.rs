//! The plan of every recipe in `pipelines/`, on made-up folders where it reads any: the same bytes on every machine.

#[path = "plans/chance.rs"]
mod chance;
#[path = "plans/faces.rs"]
mod faces;
#[path = "plans/intervals.rs"]
mod intervals;
#[path = "plans/lists.rs"]
mod lists;

use ddl::compile::{Compiled, Given, Options, compile};
use ddl::data::probe::ProbeCache;
use ddl::diag::{Code, RenderOptions, Severity, render};
use ddl::inputs::probe::DiskProber;
use ddl::ops::nets::Backbone;
use ddl::plan::Plan;
use ddl::source::{Disk, Memory};
use faces::Faces;
use indexmap::IndexMap;
use std::path::{Path, PathBuf};

fn pipelines() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let below = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = below(folder.clone()).chain(below(folder.join("paper"))).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "ddl"));
    paths.sort();
    assert!(paths.len() >= 4);
    paths
}

/// What a recipe is called here: its place in `pipelines/`.
fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
    if path.parent().unwrap().ends_with("paper") { format!("paper.{stem}") } else { stem }
}

fn options(faces: &Faces, names: &[String]) -> IndexMap<String, Given> {
    let given = |name: &String| Some((name.clone(), faces.given(name)?));
    names
        .iter()
        .filter_map(given)
        .map(|(name, text)| (name.clone(), Given { text, origin: format!("--set {name}"), base: PathBuf::new() }))
        .collect()
}

fn compiled(path: &Path, faces: &Faces) -> Compiled {
    let prober = DiskProber::forgetful();
    let with = |params| compile(&Disk, path, &Options { params, prober: Some(&prober), ..Options::default() }).unwrap();
    let mut open = with(IndexMap::new()).open_params;
    if std::fs::read_to_string(path).unwrap().contains("param complete ") {
        open.push("complete".to_owned());
    }
    let compiled = with(options(faces, &open));
    assert!(compiled.diagnostics.is_empty(), "{}", said(&compiled, &compiled.diagnostics));
    compiled
}

fn said(compiled: &Compiled, diagnostics: &[ddl::diag::Diagnostic]) -> String {
    diagnostics.iter().map(|it| render(it, &compiled.sources, RenderOptions::default())).collect()
}

/// The plan of a recipe, of which nothing is wrong; of a checkpoint it may be said that nobody knows whom it was trained on, and of made-up
/// data that it has too few pairs for the rates of a benchmark, or for an interval, or too few images of each person, or stands for several
/// sets.
fn plan_of(path: &Path, faces: &Faces) -> Plan {
    let compiled = compiled(path, faces);
    // keys are of made-up bytes, so that they stay when a network changes; what is looked at fits
    let plan = compiled.plan();
    let nets = plan.iter().filter_map(|(id, node)| if Backbone::is(&node.op) { plan.backbone(id).ok() } else { None });
    let files = nets.filter_map(|net| Some((compiled.paths[&net.weights()?.checkpoint().path.0].clone(), net)));
    let files: IndexMap<PathBuf, &Backbone> = files.collect();
    files.iter().for_each(|(file, net)| faces::write_weights(file, net));
    let (plan, diagnostics) = compiled.known_plan(ProbeCache::none());
    files.keys().for_each(|file| std::fs::write(file, faces::MADE_UP).unwrap());
    let of_made_up = [Code::Unmeasurable, Code::WithItself, Code::SameNumbers];
    let expected = |it: &&ddl::diag::Diagnostic| {
        (it.severity == Severity::Advice && [Code::Leak, Code::NoInterval].contains(&it.code)) || of_made_up.contains(&it.code)
    };
    let worse: Vec<_> = diagnostics.iter().filter(|it| !expected(it)).cloned().collect();
    assert!(worse.is_empty(), "{}", said(&compiled, &worse));
    plan
}

macro_rules! snapshot {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ snapshot_path => "plans/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}

#[test]
fn every_recipe_has_its_plan() {
    let (here, there) = (Faces::new(), Faces::new());
    for path in pipelines() {
        let name = name(&path);
        let plan = plan_of(&path, &here);
        snapshot!(format!("{name}.table"), plan.table(false));
        let yaml = plan.yaml().replace(env!("CARGO_PKG_VERSION"), "[version]");
        // of a plan that nobody reads, the digest is held
        let held = if plan.nodes.len() > 300 { format!("{}\n", blake3::hash(yaml.as_bytes())) } else { yaml };
        snapshot!(format!("{name}.yaml"), held);
        assert_eq!(plan_of(&path, &there).yaml(), plan.yaml(), "{name} differs in another folder");
    }
}

/// What `--verbose` adds: shapes, parameters, multiply-adds and activations of each network, and what a step keeps of them.
#[test]
fn networks_are_shown_stage_by_stage() {
    let text = "ddl 1
dataset faces = synthetic_faces(identities = 8, images = 4)
backbone deep = iresnet(depth = 50)
backbone light = lightcnn(form = \"29v2\")
backbone wide = vgg16()
backbone small = mobilefacenet()
replicate seed in 1..5
stage whole = train(deep, classify(faces, arcface()), batch = 16, for = 1 epoch, optimizer = sgd(lr = 0.1))
stage rest = train(deep, classify(faces, arcface()), batch = 16, for = 1 epoch, optimizer = sgd(lr = 0.1), freeze = [deep.stage1, deep.stem])
stage many = train(tiny(seed = seed), classify(faces, arcface()), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))
eval e = verification(faces, pairs = random_pairs(folds = 2, per_fold = 4))
report t = compare([light, wide, small], columns = [e.accuracy])
";
    let world = ddl::source::Memory::new().with("recipe.ddl", text.to_owned());
    let compiled = compile(&world, Path::new("recipe.ddl"), &Options::default()).unwrap();
    assert!(compiled.diagnostics.is_empty(), "{}", said(&compiled, &compiled.diagnostics));
    let (plan, _) = compiled.known_plan(ProbeCache::none());
    let table = plan.table(true);
    let from = table.find("\ndeep: ").unwrap();
    snapshot!("networks.verbose", &table[from..table.find("\nNotes").unwrap_or(table.len())]);
}

#[test]
fn a_plan_is_drawn() {
    let quickstart = pipelines().into_iter().find(|path| path.ends_with("quickstart.ddl")).unwrap();
    let plan = plan_of(&quickstart, &Faces::new());
    snapshot!("quickstart.dot", plan.drawing(false).dot(&plan.recipe));
    snapshot!("quickstart.mermaid", plan.drawing(false).mermaid());
}

#[test]
fn every_recipe_here_has_the_one_style() {
    let stdlib = Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib");
    let library = std::fs::read_dir(stdlib).unwrap().map(|entry| entry.unwrap().path());
    for path in pipelines().into_iter().chain(library) {
        let text = std::fs::read_to_string(&path).unwrap();
        let source = ddl::source::Source::new(ddl::source::FileId(0), path.to_string_lossy(), text.clone());
        let formatted = ddl::syntax::format(&ddl::syntax::parse(&source).file, &source);
        assert!(formatted == text, "{} is not as `ddl fmt` writes it", path.display());
    }
}

#[test]
fn names_in_a_file_are_whom_a_checkpoint_was_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let net = ddl::ops::nets::Tiny { embedding: 64, side: ddl::quantity::Pixels(16), width: 24, weights: None, seed: 0 };
    faces::write_weights(&folder.path().join("net.safetensors"), &Backbone::Tiny(net));
    write("people.txt", "id_0001\n\n  id_0003 \nsomebody\n");
    write(
        "r.ddl",
        "ddl 1\ndataset faces = synthetic_faces(identities = 4, images = 8, size = 16px)\n\
         backbone net = tiny(side = 16px, weights = checkpoint(\"net.safetensors\", trained_on = \"people.txt\"))\n\
         eval e = verification(faces, pairs = random_pairs(folds = 2, per_fold = 4))\nreport t = compare([net], columns = [e.accuracy])\n",
    );
    let prober = DiskProber::forgetful();
    let compile = || compile(&Disk, &folder.path().join("r.ddl"), &Options { prober: Some(&prober), ..Options::default() }).unwrap();
    let compiled = compile();
    let (plan, diagnostics) = compiled.known_plan(ProbeCache::none());
    let of_people = diagnostics.iter().filter(|it| it.code == Code::Leak);
    let messages: Vec<&str> = of_people.map(|it| it.message.as_str()).collect();
    assert_eq!(messages, ["2 of the 4 people that `e` judges were trained on by `net`: id_0001, id_0003"]);
    // whom it was trained on is no part of what the network is
    write("people.txt", "nobody\n");
    let compiled = compile();
    let (other, diagnostics) = compiled.known_plan(ProbeCache::none());
    assert!(diagnostics.iter().all(|it| it.code != Code::Leak), "{diagnostics:?}");
    let keys = |plan: &Plan| plan.nodes.iter().map(|node| node.key).collect::<Vec<_>>();
    assert_eq!(keys(&plan), keys(&other));
    // what is no list of names does not say that nobody is judged who was trained on
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain("ann\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for bytes in [&b""[..], b"\n\n", b"\xff\x00\x80\x1b", &utf16] {
        std::fs::write(folder.path().join("people.txt"), bytes).unwrap();
        let (_, diagnostics) = compile().known_plan(ProbeCache::none());
        let errors: Vec<_> = diagnostics.iter().filter(|it| it.severity == ddl::diag::Severity::Error).collect();
        assert!(errors.len() == 1 && errors[0].message.contains("people.txt"), "{bytes:?}: {diagnostics:?}");
    }
    std::fs::remove_file(folder.path().join("people.txt")).unwrap();
    std::fs::create_dir(folder.path().join("people.txt")).unwrap();
    let compiled = compile();
    let (_, diagnostics) = compiled.known_plan(ProbeCache::none());
    assert!(compiled.has_errors() || diagnostics.iter().any(|it| it.severity == ddl::diag::Severity::Error), "{diagnostics:?}");
}

/// One of several networks learned from all that its stage drew: from its own data, and by what the others told it.
#[test]
fn whom_a_network_among_several_was_trained_on_is_known() {
    let text = "ddl 1
dataset faces = synthetic_faces(identities = 8, images = 8, size = 16px)
let people = faces |> split({train = 50%, test = 50%}, by = .identity)
backbone net = tiny(side = 16px)
backbone other = tiny(side = 16px, seed = 1)
head arc = arcface()
stage both = train({a = net, b = other}, classify(people.train, arc, of = a) + classify(faces, arc, of = b), batch = 8, for = 1 epoch,
                   optimizer = sgd(lr = 0.1), keep = best(ver.accuracy, every = 1 epoch, of = b))
eval ver = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 4))
report t = compare({\"a\" = both.a}, columns = [ver.accuracy])
";
    let compiled = compile(&Memory::new().with("r.ddl", text), Path::new("r.ddl"), &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let (_, diagnostics) = compiled.known_plan(ProbeCache::none());
    let messages: Vec<&str> = diagnostics.iter().map(|it| it.message.as_str()).collect();
    assert!(messages.iter().any(|it| it.starts_with("4 of the 4 people that `ver` judges were trained on by `both`: ")), "{messages:?}");
    assert!(messages.contains(&"`both` is chosen by `ver`, and `ver` is what is reported of it"), "{messages:?}");
}
