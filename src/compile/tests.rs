use super::*;
use crate::diag::{RenderOptions, render};
use crate::source::Memory;

/// A recipe in memory.
struct Recipe {
    world: Memory,
    options: Options<'static>,
}

impl Recipe {
    fn new(text: &str) -> Self {
        Recipe { world: Memory::new().with("recipe.ddl", format!("ddl 1\n{text}\n")), options: Options::default() }
    }

    fn compile(&self) -> Compiled {
        compile(&self.world, Path::new("recipe.ddl"), &self.options).unwrap()
    }

    fn clean(&self) -> Compiled {
        let compiled = self.compile();
        let said: Vec<String> = compiled.diagnostics.iter().map(|it| render(it, &compiled.sources, RenderOptions::default())).collect();
        assert!(!compiled.has_errors(), "{}", said.join("\n"));
        compiled
    }
}

const POSE: &str = r#"
param length : span in 1 epoch..100 epochs = 4 epochs
dataset faces = synthetic_faces(identities = 40, images = 20, size = 64px)
let people = faces |> split({train = 75%, test = 25%}, by = .identity)
dataset easy = people.train |> where(abs(.yaw) < 10deg)
dataset hard = people.train |> where(abs(.yaw) > 45deg)
backbone net = tiny(embedding = 64)
head arc = arcface(scale = 64, margin = 0.5rad)
eval pose = verification(faces, pairs = random_pairs(), within = people.test)
stage warm = train(net, classify(people.train, arc), batch = 128, for = length, optimizer = sgd(lr = 0.01 |> drops(at = [50%], by = 0.1)))
batches e = draw(easy, by = balanced(), size = 32)
batches h = draw(hard, by = balanced(), size = 32)
stage distilled = train(warm, classify(e, arc) + classify(h, arc) + ddl(teacher = easy, students = [hard]),
                        batch = 32, for = length, optimizer = sgd(lr = 0.001), watch = every(25%, [pose]))
report table = compare({"pretrained" = net, "ArcFace-FT" = warm, "DDL" = distilled}, columns = [pose.accuracy, pose.tar(1e-2)])
expect gain = score(distilled, pose.accuracy) > score(warm, pose.accuracy)
"#;

#[test]
fn the_recipe_of_the_design_compiles() {
    let compiled = Recipe::new(POSE).clean();
    let plan = compiled.plan();
    let train: &crate::ops::stages::Train =
        plan.get(plan.iter().find(|(_, node)| node.name == "distilled").map(|(id, _)| id).unwrap()).unwrap();
    assert_eq!(train.terms().count(), 3);
    for (id, node) in plan.iter() {
        if node.op == "expect" {
            plan.get::<crate::ops::outputs::Expect>(id).unwrap();
        }
        if node.op == "table" {
            let table: &crate::ops::outputs::Table = plan.get(id).unwrap();
            assert_eq!(table.rows.len(), 3);
        }
        if node.op == "judge" {
            plan.get::<crate::ops::outputs::Judge>(id).unwrap();
        }
        if node.op == "draw" {
            plan.get::<crate::ops::data::Draw>(id).unwrap();
        }
    }
    assert_eq!(compiled.diagnostics.len(), 0, "{:?}", compiled.diagnostics);
}

#[test]
fn the_pipelines_compile() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    for name in ["quickstart", "verify", "cfp_pose", "cfp_lowres"] {
        let compiled = compile(&crate::source::Disk, &root.join(format!("{name}.ddl")), &Options::default()).unwrap();
        let said: Vec<String> = compiled.diagnostics.iter().map(|it| render(it, &compiled.sources, RenderOptions::default())).collect();
        assert!(said.is_empty(), "{}", said.join("\n"));
        assert!(!compiled.sinks.is_empty() || !compiled.open_params.is_empty(), "{name} has nothing to do");
    }
}

#[test]
fn one_mistake_of_many_arms_is_one_message() {
    let common = "dataset faces = synthetic_faces(identities = 60, images = 4, size = 32px)
let people = faces |> split({a = 20%, b = 20%, c = 20%, d = 20%, e = 20%}, by = .identity)
backbone net = tiny(embedding = 32, side = 32px, width = 8)
head arc = arcface(scale = 16, margin = 0.2rad)
eval all = verification(people.e, pairs = random_pairs(folds = 2, per_fold = 10))";
    let stage =
        |net: &str, term: &str, rest: &str| format!("stage z = train({net}, {term}, {rest})\nreport t = compare([z], columns = [all.eer])");
    let usual = "batch = 16, for = 1 epoch, optimizer = sgd(lr = 0.1)";
    let all = "classify(people.a, arc)";
    for (name, axis, rest, arms) in [
        ("a unit", "sweep m in [0.1, 0.2, 0.3]", stage("net", "classify(people.a, arcface(margin = m))", usual), 3),
        ("a limit", "sweep lr in [-0.1, -0.2, 0.1]", stage("net", all, "batch = 16, for = 1 epoch, optimizer = sgd(lr = lr)"), 2),
        ("a type", "sweep b in [\"a\", \"b\", \"c\"]", stage("net", all, "batch = b, for = 1 epoch, optimizer = sgd(lr = 0.1)"), 3),
        ("a side", "sweep s in [32px, 8px, 4px]", stage("tiny(side = s)", all, usual), 2),
        (
            "two axes",
            "sweep m in [0.1, 0.2]\nreplicate seed in 1..3",
            stage("net", "classify(people.a, arcface(margin = m))", &format!("{usual}, seed = seed")),
            6,
        ),
        ("an element", "", stage("net", all, usual) + "\nlet _h = [arcface(margin = m) for m in [0.1, 0.2, 0.3]]", 3),
        ("a batch", "sweep b in [16, 5000, 6000, 7000]", stage("net", all, "batch = b, for = 1 epoch, optimizer = sgd(lr = 0.1)"), 3),
        (
            "a place",
            "replicate seed in 1..4",
            stage("net", all, "batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1 |> drops(at = [2 epochs])), seed = seed"),
            1,
        ),
        (
            "prototypes",
            "replicate seed in 1..4",
            format!("stage y = train(net, {all}, {usual}, seed = seed)\n")
                + &stage("y", "classify(people.b, arc)", &format!("{usual}, seed = seed")),
            4,
        ),
        (
            "a rate",
            "replicate f in [people.a, people.b, people.c, people.d]\neval ho = verification(f, pairs = random_pairs(folds = 2, per_fold = 10))",
            stage("net", "classify(faces |> without(f) |> without(people.e), arc)", usual).replace("all.eer", "all.eer, ho.tar(1e-4)"),
            4,
        ),
        (
            "folds",
            "replicate f in [people.a, people.b, people.c, people.d]\neval ho = verification(f, pairs = random_pairs(folds = 50, per_fold = 10))",
            stage("net", "classify(faces |> without(f) |> without(people.e), arc)", usual).replace("all.eer", "all.eer, ho.eer"),
            4,
        ),
        (
            "a leak",
            "replicate f in [people.a, people.b, people.c, people.d]\neval ho = verification(f, pairs = random_pairs(folds = 2, per_fold = 200))",
            stage("net", "classify(faces, arc)", usual).replace("all.eer", "ho.eer"),
            4,
        ),
    ] {
        let compiled = Recipe::new(&format!("{common}\n{axis}\n{rest}")).compile();
        let facts = if compiled.has_errors() { Vec::new() } else { compiled.known_plan(ProbeCache::none()).1 };
        let said: Vec<_> =
            compiled.diagnostics.iter().chain(&facts).filter(|it| ![Code::Unused, Code::NoInterval].contains(&it.code)).collect();
        let told = said.first().and_then(|it| it.labels.first()).map_or("", |label| &label.text);
        let more = match arms - 1 {
            0 => true,
            1 => told.contains("and in 1 more arm"),
            more => told.contains(&format!("and in {more} more arms")),
        };
        assert!(said.len() == 1 && more, "{name}: {said:#?}");
    }
}

/// A parameter without a value is nothing wrong, wherever it stands.
#[test]
fn what_waits_for_a_parameter_is_no_mistake() {
    let common = "param f : fraction
param g : float
param n : int
param b : bool
dataset faces = synthetic_faces(identities = 60, images = 8, size = 32px)
backbone net = tiny(embedding = 16, side = 32px)
eval all = verification(faces, pairs = random_pairs(folds = 2, per_fold = 40))
let it = score(net, all.accuracy)";
    for said in [
        "expect e = it > f",
        "expect e = it < g",
        "expect e = f < it",
        "expect e = it + g > 0",
        "expect e = it * g > 0",
        "expect e = g - it > it",
        "expect e = it / n < 1",
        "expect e = -it < g",
        "expect e = it > 0 and b",
        "replicate s in 1..n\nbackbone other = tiny(seed = s)\nreport t = compare([other], columns = [all.eer])",
        "replicate s in [x for x in 1..n]\nbackbone other = tiny(seed = s)\nreport t = compare([other], columns = [all.eer])",
        "sweep s in n..5\nbackbone other = tiny(seed = s)\nreport t = compare([other], columns = [all.eer])",
        "let _x = [x * 2 for x in 1..n]",
        "let _p = faces |> split({a = f, b = 30%}, by = .identity)",
        "let _p = faces |> split({a = n, b = 30}, by = .identity)",
    ] {
        let compiled = Recipe::new(&format!("{common}\n{said}")).compile();
        assert!(!compiled.has_errors(), "{said}: {:?}", compiled.diagnostics);
    }
}

/// A parameter without a value leaves nothing out: the stage, the table, the claim and the export stand in the plan, whatever in the stage
/// waits.
#[test]
fn a_plan_has_all_that_waits_for_a_parameter() {
    let kinds = [
        (
            "a head",
            "angle",
            "0.3rad",
            "train(net, classify(faces, arcface(margin = p)), batch = 8, for = 4 steps, optimizer = sgd(lr = 0.1))",
        ),
        ("a weight", "float", "2", "train(net, p * classify(faces, arc), batch = 8, for = 4 steps, optimizer = sgd(lr = 0.1))"),
        ("a divisor", "float", "2", "train(net, classify(faces, arc) / p, batch = 8, for = 4 steps, optimizer = sgd(lr = 0.1))"),
        ("two weights", "float", "2", "train(net, p * (3 * classify(faces, arc)), batch = 8, for = 4 steps, optimizer = sgd(lr = 0.1))"),
        (
            "a weight in a sum",
            "float",
            "2",
            "train(net, triplet(d) + p * classify(faces, arc), batch = 8, for = 4 steps, optimizer = sgd(lr = 0.1))",
        ),
        ("a term", "float", "0.2", "train(net, triplet(d, margin = p), for = 4 steps, optimizer = sgd(lr = 0.1))"),
        ("a rate", "float", "0.1", "train(net, classify(faces, arc), batch = 8, for = 4 steps, optimizer = sgd(lr = p))"),
        ("a length", "span", "4 steps", "train(net, classify(faces, arc), batch = 8, for = p, optimizer = sgd(lr = 0.1))"),
        ("a batch", "int", "8", "train(net, classify(faces, arc), batch = p, for = 4 steps, optimizer = sgd(lr = 0.1))"),
        (
            "a draw",
            "int",
            "8",
            "train(net, classify(draw(faces, by = balanced(), size = p), arc), for = 4 steps, optimizer = sgd(lr = 0.1))",
        ),
        ("data", "fraction", "50%", "train(net, classify(faces |> sample(p), arc), batch = 8, for = 4 steps, optimizer = sgd(lr = 0.1))"),
        ("a network", "int", "8", "train(tiny(width = p), classify(faces, arc), batch = 8, for = 4 steps, optimizer = sgd(lr = 0.1))"),
        (
            "a teacher",
            "float",
            "0.9",
            "train(net, classify(faces, arc) + kd(d, net, temperature = p), batch = 8, for = 4 steps, optimizer = sgd(lr = 0.1))",
        ),
        (
            "a play",
            "float",
            "2",
            "train({a = net}, plays = [play(p * classify(faces, arc), updates = [a], optimizer = sgd(lr = 0.1))], batch = 8, for = 4 steps).a",
        ),
    ];
    for (what, ty, value, stage) in kinds {
        let text = |param: &str| {
            format!(
                "{param}
dataset faces = synthetic_faces(identities = 60, images = 8, size = 32px)
batches d = draw(faces, by = pk(identities = 4, images = 2))
backbone net = tiny(embedding = 16, side = 32px)
head arc = arcface()
eval all = verification(faces, pairs = random_pairs(folds = 2, per_fold = 40))
stage s = {stage}
report t = compare([s, net], columns = [all.eer])
export x = safetensors(s, to = \"s.safetensors\")
expect e = score(s, all.eer) < 50%"
            )
        };
        let ops = |param: &str| {
            let compiled = Recipe::new(&text(param)).compile();
            assert!(!compiled.has_errors(), "{what}: {:?}", compiled.diagnostics);
            let mut ops: Vec<String> = compiled.plan().nodes.iter().map(|node| node.op.to_string()).collect();
            ops.sort();
            ops
        };
        assert_eq!(ops(&format!("param p : {ty}")), ops(&format!("param p : {ty} = {value}")), "{what}");
    }
}
