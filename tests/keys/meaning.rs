//! What changes keys: a change of meaning changes exactly those of what depends on it.

use crate::made::recipes;
use crate::same::Same;
use crate::support::{Recipe, experiment, pipelines};
use crate::walk::exprs;
use ddl::plan::Plan;
use ddl::source::Span;
use ddl::syntax::tree::{CompareOp, ExprKind, File, FixedWord, ItemKind};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Small changes of what a recipe says, which may or may not be right: where, and what stands there then.
fn changes(file: &File) -> Vec<(Span, String)> {
    let mut kinds: BTreeMap<&str, FixedWord> = BTreeMap::new();
    for item in &file.items {
        if let ItemKind::Fixed(fixed) = &item.kind {
            kinds.extend(fixed.target.names().iter().map(|name| (name.text.as_str(), fixed.word)));
        }
    }
    let mut found = Vec::new();
    exprs(file, &mut |expr, locals| match &expr.kind {
        ExprKind::Number(number) => {
            let unit = number.unit.as_ref().map_or("", |unit| unit.text.as_str());
            let blank = if unit.is_empty() || unit == "%" { "" } else { " " };
            let counted = number.value.fract() == 0.0;
            let text = if counted { format!("{:.0}", number.value + 1.0) } else { format!("{}", number.value * 0.75) };
            found.push((expr.span, format!("{text}{blank}{unit}")));
        }
        ExprKind::Bool(truth) => found.push((expr.span, (!truth).to_string())),
        ExprKind::Compare { op: CompareOp::Lt, op_span, .. } => found.push((*op_span, "<=".to_owned())),
        ExprKind::Compare { op: CompareOp::Gt, op_span, .. } => found.push((*op_span, ">=".to_owned())),
        ExprKind::Name(name) if !locals.contains(name) => {
            if let Some(kind) = kinds.get(name.as_str()) {
                found.extend(
                    kinds.iter().filter(|(other, it)| *other != name && *it == kind).map(|(other, _)| (expr.span, (*other).to_owned())),
                );
            }
        }
        _ => {} // not changed by itself
    });
    found
}

/// How many nodes a change left as they were, and how many it changed; none where the changed recipe is wrong.
fn compared(recipe: &Recipe, before: &Plan, span: Span, by: &str) -> Option<(usize, usize)> {
    let text = format!("{}{by}{}", &recipe.text[..span.range().start], &recipe.text[span.range().end..]);
    let after = recipe.saying(text).try_plan().ok()?;
    let same = Same::of(before, &after);
    let (mut kept, mut changed) = (0, 0);
    for ((a, b), same) in &same.found {
        let (was, is) = (before.node(*a), after.node(*b));
        let at = span.start;
        assert_eq!(was.key == is.key, *same, "{}: {} after {by:?} at {at}\n{:#}\n{:#}", recipe.name, was.name, was.args(), is.args());
        if *same { kept += 1 } else { changed += 1 }
    }
    Some((kept, changed))
}

#[test]
fn every_small_change_of_every_recipe_changes_what_depends_on_it_and_nothing_else() {
    let mut all = pipelines();
    all.retain(|recipe| recipe.plan().nodes.len() < 500); // each change is a compilation: the large ones say nothing new
    all.push(experiment());
    let (mut right, mut meant) = (0, 0);
    for recipe in &all {
        let before = recipe.plan();
        for (span, by) in changes(&recipe.tree()) {
            if let Some((kept, changed)) = compared(recipe, &before, span, &by) {
                assert!(kept + changed > 0);
                right += 1;
                meant += usize::from(changed > 0);
            }
        }
    }
    println!("{right} changed recipes are right, {meant} mean something else");
    assert!(right > 150 && meant > 100, "{right} changed recipes are right, {meant} mean something else");
}

/// The keys of what the experiment names, in all arms.
fn named(recipe: &Recipe) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in &recipe.plan().nodes {
        let name = node.name.split(['[', ' ']).next().unwrap();
        if ALL.split(' ').any(|known| known == name) {
            keys.entry(name.to_owned()).or_default().insert(node.key.to_string());
        }
    }
    keys
}

const ALL: &str =
    "faces people.train people.test easy hard others kept net pose small e h k warm distilled chosen mean table labelled gain model";

#[test]
fn the_nodes_that_a_change_reaches() {
    let recipe = experiment();
    let before = named(&recipe);
    assert_eq!(before.len(), ALL.split(' ').count());
    for (from, to, changed) in [
        (
            "= 64px",
            "= 48px",
            "faces people.train people.test easy hard kept pose small e h k warm distilled chosen mean table labelled gain model",
        ),
        ("75%", "70%", "people.train people.test easy hard pose small e h warm distilled chosen mean table labelled gain model"),
        ("embedding = 64", "embedding = 32", "net warm distilled chosen mean table labelled gain model"),
        ("per_fold = 20", "per_fold = 30", "pose table labelled gain"),
        ("abs(.yaw) < 10deg", "abs(.yaw) <= 10deg", "easy e distilled chosen mean table labelled gain model"),
        ("quality = 20..60", "quality = 30..60", "small chosen table labelled gain model"),
        ("min_images(2)", "min_images(3)", "kept k warm distilled chosen mean table labelled gain model"),
        ("order in [0.1", "order in [0.2", "distilled chosen mean table labelled gain model"),
        ("by = small.eer", "by = small.auc", "chosen labelled gain model"),
        ("to = \"model", "to = \"m", "model"),
        ("\"theirs\"", "\"others\"", "labelled"),
        ("pose.gap) > 0.1", "pose.gap) > 0.2", "gain"),
        (
            "length, optimizer = adam",
            "length, keep = best(pose.eer, every = 1 epoch), optimizer = adam",
            "warm distilled chosen mean table labelled gain model",
        ),
    ] {
        assert!(recipe.text.contains(from), "{from}");
        let after = named(&recipe.saying(recipe.text.replacen(from, to, 1)));
        let differs: BTreeSet<&str> = ALL.split(' ').filter(|name| before.get(*name) != after.get(*name)).collect();
        assert_eq!(differs, changed.split(' ').collect(), "{from} became {to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn changes_of_made_recipes_reach_what_depends_on_them(recipe in recipes(), which in prop::collection::vec(any::<prop::sample::Index>(), 3)) {
        let changes = changes(&recipe.tree());
        let before = recipe.plan();
        for at in which {
            let (span, by) = &changes[at.index(changes.len())];
            compared(&recipe, &before, *span, by);
        }
    }
}
