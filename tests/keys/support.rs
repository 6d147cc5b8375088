//! What the tests of keys share: recipes, and their plans on a machine where something lies at every path.

use ddl::compile::{Compiled, Given, Options, compile};
use ddl::data::DataError;
use ddl::data::{Lies, Prober};
use ddl::diag::{RenderOptions, render};
use ddl::plan::Plan;
use ddl::source::{FileId, Memory, Source};
use ddl::syntax::tree::File;
use ddl::syntax::{format, parse};
use indexmap::IndexMap;
use std::path::{Path, PathBuf};

/// Says of each path that its content is named after it.
struct Named;

impl Prober for Named {
    fn digest(&self, path: &Path, _: Lies) -> Result<String, DataError> {
        Ok(format!("what lies at {}", path.display()))
    }
}

/// A recipe and the values of its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    pub name: String,
    pub text: String,
    pub params: Vec<(String, String)>,
}

impl Recipe {
    pub fn new(name: &str, text: impl Into<String>) -> Self {
        Recipe { name: name.to_owned(), text: text.into(), params: Vec::new() }
    }

    pub fn with(mut self, params: &[(&str, &str)]) -> Self {
        self.params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self
    }

    /// The same recipe in other words.
    pub fn saying(&self, text: String) -> Self {
        Recipe { text, ..self.clone() }
    }

    pub fn compiled(&self) -> Compiled {
        let given = |name: &str, text: &str| Given { text: text.to_owned(), origin: format!("--set {name}"), base: PathBuf::new() };
        let params: IndexMap<_, _> = self.params.iter().map(|(name, text)| (name.clone(), given(name, text))).collect();
        let world = Memory::new().with("recipe.ddl", self.text.as_bytes());
        compile(&world, Path::new("recipe.ddl"), &Options { params, prober: Some(&Named), ..Options::default() }).unwrap()
    }

    /// The plan, where nothing is wrong.
    pub fn try_plan(&self) -> Result<Plan, String> {
        let compiled = self.compiled();
        if compiled.has_errors() {
            let said = compiled.diagnostics.iter().map(|it| render(it, &compiled.sources, RenderOptions::default()));
            return Err(said.collect());
        }
        Ok(compiled.plan())
    }

    pub fn plan(&self) -> Plan {
        self.try_plan().unwrap_or_else(|said| panic!("{}\n{said}\n{}", self.name, self.text))
    }

    /// The keys of all nodes that the run needs, sorted.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.plan().nodes.iter().map(|node| format!("{} {}", node.op, node.key)).collect();
        keys.sort();
        keys
    }

    pub fn tree(&self) -> File {
        tree(&self.text)
    }
}

/// The tree of a text without errors of syntax.
pub fn tree(text: &str) -> File {
    let parsed = parse(&Source::new(FileId(0), "recipe.ddl", text));
    assert!(parsed.errors.is_empty(), "{:?}\n{text}", parsed.errors);
    parsed.file
}

pub fn formatted(text: &str) -> String {
    let source = Source::new(FileId(0), "recipe.ddl", text);
    format(&parse(&source).file, &source)
}

/// Every recipe in `pipelines/`, with a value for each parameter that has none.
pub fn pipelines() -> Vec<Recipe> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "ddl"));
    paths.sort();
    assert!(paths.len() >= 4);
    paths.iter().map(|path| closed(&path.file_name().unwrap().to_string_lossy(), &std::fs::read_to_string(path).unwrap())).collect()
}

/// A recipe whose paths are given.
pub fn closed(name: &str, text: &str) -> Recipe {
    let mut recipe = Recipe::new(name, text);
    recipe.params = recipe.compiled().open_params.iter().map(|param| (param.clone(), format!("some/{param}"))).collect();
    recipe
}

/// An experiment that says a little of everything.
pub const EXPERIMENT: &str = r#"ddl 1
param length : span in 1 epoch..100 epochs = 2 epochs
param more : path

sweep order in [0.1, 0.5]
sweep {rate, decay} in [{rate = 0.1, decay = 5e-4}, {rate = 0.01, decay = 0.0}]
replicate seed in 1..2

dataset faces = synthetic_faces(identities = 40, images = 20, size = 64px)
let people = faces |> split({train = 75%, test = 25%}, by = .identity)
dataset easy = people.train |> where(abs(.yaw) < 10deg and .pitch < 20deg)
dataset hard = people.train |> where(.yaw in 45deg..90deg or .yaw < -45deg)
dataset others = image_folder(more / "images") |> annotate(more / "a.csv", schema = {age: int, race: category}, missing = "drop")
dataset kept = merge([others, faces |> sample(50%)], labels = "disjoint") |> min_images(2)

backbone net = tiny(embedding = 64)
head arc = arcface(scale = 32, margin = 0.5rad)
augment worse = [low_resolution(side = 8px..20px), sometimes(jpeg(quality = 20..60), p = 50%)]

eval pose = verification(faces, pairs = random_pairs(per_fold = 20), within = people.test)
eval small = verification(faces, pairs = random_pairs(), within = people.test, probe = worse)

batches e = draw(easy, size = 32, augment = [flip()])
batches h = draw(hard, by = balanced(), size = 32)
batches k = draw(kept, by = pk(8, 4))

def tune(goal: objective, rate: float, seed: int = 0) -> model {
  let fast = sgd(lr = rate |> drops(at = [50%]), weight_decay = decay)
  return train(warm, goal, for = length, batch = 16, optimizer = fast, seed = seed, freeze = [net.stem])
}
stage warm = train(net, classify(people.train, arc) + 0.1 * triplet(k), batch = 128, for = length, optimizer = adam(lr = 0.001))
stage distilled = tune(classify(e, arc) + classify(h, arc) + ddl(teacher = easy, students = [hard], order = order), rate, seed = seed)
stage chosen = select(distilled, by = small.eer, over = [order, rate])
stage mean = average(distilled, over = [seed])

report table = compare([net, warm, distilled], columns = [pose.accuracy, small.tar(1e-2)])
report labelled = compare({"before" = net, "after" = chosen, "mean" = mean, "theirs" = published({acc = 90%})},
                          columns = {acc = pose.accuracy, gap = pose.gap}, baseline = "after")
expect gain = score(chosen, pose.accuracy) + 1% > score(warm, pose.accuracy) and score(distilled, pose.gap) > 0.1
export model = safetensors(chosen, to = "model-{seed}.safetensors")
"#;

pub fn experiment() -> Recipe {
    Recipe::new("experiment", EXPERIMENT).with(&[("more", "some/more")])
}
