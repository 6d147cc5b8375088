//! What changes no key.

use crate::edits::{edits, renamed, sums, unsaid};
use crate::made::recipes;
use crate::support::{EXPERIMENT, Recipe, experiment, formatted, pipelines};
use crate::walk::bindings;
use ddl::compile::{Options, compile};
use ddl::source::Memory;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// Every recipe here that people wrote.
fn written() -> Vec<Recipe> {
    let mut all = pipelines();
    all.push(experiment());
    all
}

#[test]
fn every_default_of_every_recipe_may_be_spelled_out() {
    let mut seen = 0;
    for recipe in written() {
        let keys = recipe.keys();
        let places = unsaid(&recipe.text);
        seen += places.len();
        // all at once; only where that changes a key, one after the other, to tell which
        if recipe.saying(all_said(&recipe.text, &places)).keys() == keys {
            continue;
        }
        for (place, said) in places {
            let text = format!("{}{said}{}", &recipe.text[..place], &recipe.text[place..]);
            assert_eq!(recipe.saying(text).keys(), keys, "{}: {said} at {place}", recipe.name);
        }
        panic!("{}: all defaults together change a key, and none does alone", recipe.name);
    }
    assert!(seen > 300, "{seen} defaults");
}

/// The text with all defaults spelled out; those of one call stand at one place.
fn all_said(text: &str, places: &[(usize, String)]) -> String {
    let mut by_place: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (place, said) in places {
        by_place.entry(*place).or_default().push(said);
    }
    let mut out = text.to_owned();
    for (place, said) in by_place.into_iter().rev() {
        let first = said[0].to_owned();
        let rest = said[1..].iter().map(|said| format!(", {}", said.trim_start_matches(", ")));
        out.insert_str(place, &std::iter::once(first).chain(rest).collect::<String>());
    }
    out
}

#[test]
fn every_binding_of_every_recipe_may_be_renamed() {
    let mut seen = 0;
    for recipe in written() {
        let keys = recipe.keys();
        let names = bindings(&recipe.tree());
        seen += names.len();
        let all = names.iter().fold(recipe.clone(), |recipe, name| renamed(&recipe, name));
        if all.keys() == keys {
            assert!(names.iter().all(|name| all.text.contains(&format!("{name}_too"))));
            continue;
        }
        for name in names {
            assert_eq!(renamed(&recipe, &name).keys(), keys, "{}: {name}", recipe.name);
        }
        panic!("{}: all names together change a key, and none does alone", recipe.name);
    }
    assert!(seen > 100, "{seen} names");
}

#[test]
fn every_sum_and_condition_may_stand_the_other_way_round() {
    let mut seen = 0;
    for recipe in written() {
        let keys = recipe.keys();
        for (span, swapped) in sums(&recipe.text) {
            let text = format!("{}{swapped}{}", &recipe.text[..span.range().start], &recipe.text[span.range().end..]);
            assert_eq!(recipe.saying(text).keys(), keys, "{}: {swapped}", recipe.name);
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} sums");
}

#[test]
fn formatting_keeps_the_keys_of_every_recipe() {
    for recipe in written() {
        let once = formatted(&recipe.text);
        assert_eq!(formatted(&once), once, "{}", recipe.name);
        assert_eq!(recipe.saying(once).keys(), recipe.keys(), "{}", recipe.name);
    }
}

#[test]
fn the_same_in_other_words_is_the_same() {
    let recipe = experiment();
    let keys = recipe.keys();
    for (from, to) in [
        ("0.5rad", "(0.25rad + 0.25rad)"),
        ("75%", "(3 * 25%)"),
        ("1e-2", "0.01"),
        ("people.train |> where(abs(.yaw) < 10deg and .pitch < 20deg)", "where(people.train, abs(.yaw) < 10deg and .pitch < 20deg)"),
        ("side = 8px..20px)", "side = (8px)..(10px * 2))"),
        ("arcface(scale = 32, margin = 0.5rad)", "arcface(32, 0.5rad)"),
        ("0.1 * triplet(k)", "triplet(k) * 0.1"),
        ("classify(people.train, arc) + 0.1", "1.0 * classify(people.train, arc) + 0.1"),
        ("augment = [flip()]", "augment = flip(p = 50%)"),
        // a branch said in full, by draws that say the stage's batch
        (
            "ddl(teacher = easy, students = [hard]",
            "ddl(teacher = branch(pairs = draw(easy, by = pairs(), size = 16), negatives = draw(easy, by = balanced())), students = [hard]",
        ),
        // documentation
        ("backbone net", "/// The network.\nbackbone net"),
    ] {
        assert!(EXPERIMENT.contains(from), "{from}");
        assert_eq!(recipe.saying(EXPERIMENT.replacen(from, to, 1)).keys(), keys, "{from} became {to}");
    }
    let with = |weights: &str| {
        Recipe::new("weights", format!("ddl 1\nbackbone net = tiny(weights = {weights})\nexport m = safetensors(net, to = \"m\")\n"))
    };
    assert_eq!(with("\"w.safetensors\"").keys(), with("checkpoint(\"w.safetensors\")").keys());
}

#[test]
fn what_only_observes_is_no_meaning() {
    let text = EXPERIMENT.replace("length, optimizer = adam", "length, watch = every(25%, [pose]), optimizer = adam");
    let other = EXPERIMENT.replace("length, optimizer = adam", "length, watch = every(10 steps, [pose, small]), optimizer = adam");
    assert!(text != EXPERIMENT && text != other);
    let keys = experiment().keys();
    assert_eq!(experiment().saying(text).keys(), keys);
    assert_eq!(experiment().saying(other).keys(), keys);
}

#[test]
fn two_files_that_say_one_path_mean_two_folders() {
    let world = Memory::new()
        .with(
            "recipe.ddl",
            "ddl 1\nuse \"lib/more.ddl\" as more\ndataset a = image_folder(\"images\")\nbackbone net = tiny()\nhead arc = arcface()\n\
               stage s = train(net, classify(a, arc) + classify(more.b, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))\n",
        )
        .with("lib/more.ddl", "ddl 1\ndataset b = image_folder(\"images\")\n");
    let compiled = compile(&world, Path::new("recipe.ddl"), &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let paths: Vec<_> = compiled.paths.iter().map(|(shown, real)| (shown.as_str(), real.to_str().unwrap())).collect();
    assert_eq!(paths, [("images", "images"), ("lib/images", "lib/images")]);
    assert_eq!(compiled.plan().nodes.iter().filter(|node| node.op == "image_folder").count(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn edits_of_written_recipes_keep_every_key(which in any::<prop::sample::Index>(), edits in edits()) {
        let recipes = written();
        unchanged(&recipes[which.index(recipes.len())], &edits)?;
    }

    #[test]
    fn edits_of_made_recipes_keep_every_key(recipe in recipes(), edits in edits()) {
        unchanged(&recipe, &edits)?;
    }

    #[test]
    fn graphs_have_no_circle_and_every_node_a_key_of_its_own(recipe in recipes()) {
        let compiled = recipe.compiled();
        prop_assert!(!compiled.has_errors(), "{}\n{:?}", recipe.text, compiled.diagnostics);
        prop_assert!(!petgraph::algo::is_cyclic_directed(compiled.graph.dag()));
        let keys: std::collections::BTreeSet<_> = compiled.graph.nodes().map(|(_, node)| node.key).collect();
        prop_assert_eq!(keys.len(), compiled.graph.len());
        for (id, _) in compiled.graph.nodes() {
            prop_assert!(compiled.graph.inputs(id).iter().all(|input| *input < id));
        }
    }
}

fn unchanged(recipe: &Recipe, edits: &[crate::edits::Edit]) -> Result<(), TestCaseError> {
    let edited = edits.iter().fold(recipe.clone(), |recipe, edit| edit.of(&recipe));
    prop_assert_eq!(edited.keys(), recipe.keys(), "{}\n{}", &recipe.name, &edited.text);
    Ok(())
}
