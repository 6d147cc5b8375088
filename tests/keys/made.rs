//! Recipes that are made: right ones, each of another experiment.

use crate::support::Recipe;
use proptest::prelude::*;

fn one_of(choices: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(choices)
}

/// A data set of the people `people.train`.
fn data() -> impl Strategy<Value = String> {
    let filter = one_of(&[
        "",
        " |> where(abs(.yaw) < 10deg)",
        " |> where(.yaw > 45deg or .yaw < -45deg)",
        " |> where(.yaw in -20deg..20deg and not .pitch > 5deg)",
        " |> where(.yaw + .pitch < 90deg)",
    ]);
    let view = one_of(&["", " |> sample(50%)", " |> apply(low_resolution(side = 8px..20px))", " |> relabel()", " |> min_images(3)"]);
    (filter, view).prop_map(|(filter, view)| format!("people.train{filter}{view}"))
}

/// A term over the data sets `d0` … and draws `b0` ….
fn term(sets: usize) -> impl Strategy<Value = String> {
    let weight = one_of(&["", "0.5 * ", "2 * ", "ramp(0, to = 1, over = 50%) * "]);
    let plain = (0..sets, one_of(&["d", "b"]), one_of(&["", ", reduce = focal()", ", reduce = ohem(keep = 80%)", ", slot = \"other\""]))
        .prop_map(|(at, of, rest)| format!("classify({of}{at}, arc{rest})"));
    let pair = (0..sets, 0..sets, one_of(&["", ", divergence = \"js\"", ", nodes = 500"]))
        .prop_map(|(a, b, rest)| format!("ddl(teacher = d{a}, students = [d{b}]{rest})"));
    let triplet = (0..sets).prop_map(|at| format!("triplet(draw(d{at}, by = pk(4, 2)))"));
    (weight, prop_oneof![3 => plain, 1 => pair, 1 => triplet]).prop_map(|(weight, term)| format!("{weight}{term}"))
}

fn objective(sets: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(term(sets), 1..4).prop_map(|terms| terms.join(" + "))
}

fn stage(sets: usize) -> impl Strategy<Value = (String, &'static str)> {
    let options = one_of(&["", ", seed = seed", ", freeze = [net.stem]", ", clip = 5", ", keep = best(pose.eer, every = 1 epoch)"]);
    let lr = one_of(&["0.1", "0.1 |> cosine()", "rate", "0.1 |> poly(warmup = 10 steps)"]);
    (objective(sets), options, lr)
        .prop_map(|(objective, options, lr)| (format!("{objective}, batch = 8, for = 2 epochs, optimizer = sgd(lr = {lr}){options}"), lr))
}

prop_compose! {
    /// A recipe of some data sets, draws, stages that follow each other, and a table.
    pub fn recipes()(sets in 1_usize..4)(
        data in prop::collection::vec(data(), sets),
        draws in prop::collection::vec(one_of(&["", ", by = balanced()", ", augment = [flip()]", ", seed = 3"]), sets),
        stages in prop::collection::vec(stage(sets), 1..4),
        head in one_of(&["arcface()", "cosface(scale = 30)", "softmax()", "adaface(margin = 0.5)"]),
        pairs in one_of(&["random_pairs()", "random_pairs(per_fold = 10, with = hard)", "all_pairs()"]),
        rows in any::<bool>(),
    ) -> Recipe {
        let mut text = "ddl 1\nsweep rate in [0.1, 0.01]\nreplicate seed in 1..2\n".to_owned();
        text += "dataset faces = synthetic_faces(identities = 30, images = 12, size = 48px)\n";
        text += "let people = faces |> split({train = 60%, test = 40%}, by = .identity)\n";
        text += "let hard = people.test |> where(abs(.yaw) > 30deg)\n";
        text += &format!("backbone net = tiny(side = 48px)\nhead arc = {head}\neval pose = verification(people.test, pairs = {pairs})\n");
        for (at, (data, draw)) in data.iter().zip(&draws).enumerate() {
            text += &format!("dataset d{at} = {data}\nbatches b{at} = draw(d{at}, size = 8{draw})\n");
        }
        let mut before = "net".to_owned();
        let mut names = vec!["net".to_owned()];
        for (at, (stage, _)) in stages.iter().enumerate() {
            text += &format!("stage s{at} = train({before}, {stage})\n");
            before = format!("s{at}");
            names.push(before.clone());
        }
        let listed = if rows { format!("[{}]", names.join(", ")) } else { format!("{{\"first\" = net, \"last\" = {before}}}") };
        text += &format!("report table = compare({listed}, columns = [pose.eer, pose.auc])\n");
        text += &format!("expect better = score({before}, pose.auc) > score(net, pose.auc) or score({before}, pose.eer) < 10%\n");
        Recipe::new("made", text)
    }
}
