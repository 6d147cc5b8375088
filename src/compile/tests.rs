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
    let train: crate::ops::stages::Train =
        plan.parse(plan.iter().find(|(_, node)| node.name == "distilled").map(|(id, _)| id).unwrap()).unwrap();
    assert_eq!(train.terms().count(), 3);
    for (id, node) in plan.iter() {
        if node.op == "expect" {
            plan.parse::<crate::ops::outputs::Expect>(id).unwrap();
        }
        if node.op == "table" {
            let table: crate::ops::outputs::Table = plan.parse(id).unwrap();
            assert_eq!(table.rows.len(), 3);
        }
        if node.op == "judge" {
            plan.parse::<crate::ops::outputs::Judge>(id).unwrap();
        }
        if node.op == "draw" {
            plan.parse::<crate::ops::data::Draw>(id).unwrap();
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
