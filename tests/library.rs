//! The standard library: every `def` makes what it says in a small recipe, and means no more than the operators that it is made of.

use ddl::compile::{Options, STANDARD, compile};
use ddl::diag::{RenderOptions, render};
use ddl::ops::stages::Train;
use ddl::plan::Plan;
use ddl::source::{FileId, Memory, Source};
use ddl::syntax::tree::ItemKind;
use std::collections::BTreeSet;
use std::path::Path;

/// How each `def` is called, with nothing said that has a default.
const CALLS: &[(&str, &str)] = &[
    ("degrade.far_away", ""),
    ("degrade.ladder", ""),
    ("degrade.adaface_low_resolution", ""),
    ("degrade.adaface_photometric", ""),
    ("degrade.adaface_crop", ""),
    ("degrade.adaface", ""),
    ("degrade.insightface", ""),
    ("degrade.surveillance", ""),
    ("degrade.sent_around", ""),
    ("degrade.covered", ""),
    ("protocols.ten_folds", "faces, pairs = \"pairs.csv\""),
    ("protocols.lfw", "faces, pairs = \"pairs.txt\""),
    ("protocols.cfp_fp", "faces, pairs = \"pairs.csv\""),
    ("protocols.agedb_30", "faces, pairs = \"pairs.txt\""),
    ("protocols.cross_lfw", "faces, pairs = \"pairs_CPLFW.txt\""),
    ("protocols.sllfw", "faces, pairs = \"pairs_SLLFW.txt\""),
    ("protocols.rfw", "\"packs\""),
    ("protocols.ijbc", "faces, \"meta\""),
    ("protocols.ijbc_open", "faces, \"meta\""),
    ("protocols.ijbc_closed", "faces, \"meta\""),
    ("protocols.distractors", "easy, mid, hard"),
    ("protocols.facex_zoo", "faces, pairs = \"pairs.csv\""),
    ("protocols.cross_resolution", "faces, pairs = \"pairs.csv\", side = 12px"),
    ("protocols.degraded", "faces, pairs = \"pairs.csv\", probe = std.degrade.surveillance()"),
    ("protocols.between", "easy, hard"),
    ("protocols.all_against_all", "faces"),
    ("curves.insightface", ""),
    ("curves.arcface_20_epochs", ""),
    ("curves.adaface", ""),
    ("curves.sphereface", ""),
    ("curves.ddl_two_epochs", ""),
    ("curves.one_drop", "0.01"),
    ("recipes.train_arcface", "net, faces"),
    ("recipes.train_adaface", "net, faces"),
    ("recipes.train_sphereface", "net, faces"),
    ("recipes.arcface_and_ddl", "draw(easy), draw(hard), draw(easy, by = pairs()), draw(hard, by = pairs())"),
    ("recipes.fine_tune_ddl", "net, easy, hard"),
    ("recipes.fine_tune_arcface", "net, faces"),
    ("recipes.tune_last_layers", "net, classify(draw(faces, size = 8), arc), length = 10 steps, lr = 0.01"),
];

/// A small recipe that uses something of a module.
fn recipe(module: &str, what: &str) -> String {
    let rest = match module {
        "degrade" => format!(
            "stage s = train(net, classify(draw(faces, size = 8, augment = {what}), arc), for = 1 epoch, optimizer = sgd(lr = 0.1))"
        ),
        "protocols" => {
            let found = [("rfw", "mean.eer"), ("ijbc_open", "pooled.rank(1)"), ("ijbc_closed", "recall(1%)"), ("distractors", "rank(1)")];
            let number =
                found.iter().find(|(def, _)| what.starts_with(&format!("std.protocols.{def}("))).map_or("eer", |(_, number)| number);
            format!("eval e = {what}\nreport t = compare([net], columns = [e.{number}])")
        }
        "curves" => format!("stage s = train(net, classify(draw(faces, size = 8), arc), for = 30_000 steps, optimizer = sgd(lr = {what}))"),
        "recipes" if what.starts_with("std.recipes.arcface_and_ddl") || what.starts_with("classify") => {
            format!("stage s = train(net, {what}, batch = 8, for = 10 steps, optimizer = sgd(lr = 0.1))")
        }
        _ => format!("stage s = {what}"),
    };
    format!(
        "ddl 1\ndataset faces = synthetic_faces(identities = 40, images = 8)\ndataset easy = faces |> where(abs(.yaw) < 20deg)\n\
         dataset hard = faces |> where(abs(.yaw) > 50deg)\n\
         dataset mid = faces |> where(abs(.yaw) in 20deg..50deg)\nbackbone net = mobilefacenet()\nhead arc = arcface()\n{rest}\n"
    )
}

fn plan(text: &str) -> Plan {
    let compiled = compile(&Memory::new().with("r.ddl", text), Path::new("r.ddl"), &Options::default()).unwrap();
    let said: String = compiled
        .diagnostics
        .iter()
        .filter(|it| it.code != ddl::diag::Code::Unused)
        .map(|it| render(it, &compiled.sources, RenderOptions::default()))
        .collect();
    assert!(said.is_empty(), "{said}\n{text}");
    let plan = compiled.plan();
    for (id, node) in plan.iter().filter(|(_, node)| node.op == "train") {
        plan.get::<Train>(id).unwrap_or_else(|error| panic!("{}: {error}", node.name));
    }
    plan
}

fn keys(text: &str) -> BTreeSet<String> {
    plan(text).nodes.iter().map(|node| node.key.to_string()).collect()
}

#[test]
fn every_def_makes_what_it_says() {
    let mut defs = BTreeSet::new();
    for (module, text) in STANDARD {
        let file = ddl::syntax::parse(&Source::new(FileId(0), *module, *text)).file;
        assert!(!file.inner_docs.is_empty(), "std.{module} does not say what it is");
        for item in &file.items {
            if let ItemKind::Def(def) = &item.kind {
                assert!(
                    !item.docs.is_empty() && def.formals.iter().all(|formal| !formal.docs.is_empty()),
                    "{} is not documented",
                    def.name.text
                );
                defs.insert(format!("{module}.{}", def.name.text));
            }
        }
    }
    assert_eq!(defs, CALLS.iter().map(|(path, _)| (*path).to_owned()).collect());
    for (path, args) in CALLS {
        let module = path.split('.').next().unwrap();
        assert!(plan(&recipe(module, &format!("std.{path}({args})"))).nodes.len() > 1);
    }
}

#[test]
fn a_def_means_the_operators_that_it_is_made_of() {
    for (module, short, long) in [
        ("degrade", "std.degrade.far_away()", "low_resolution(side = 8px..20px)"),
        ("protocols", "std.protocols.ten_folds(faces, pairs = \"a/pairs.csv\")", "verification(faces, pairs = \"a/pairs.csv\")"),
        (
            "protocols",
            "std.protocols.cross_resolution(faces, \"a.csv\", 12px, folds = 5)",
            "verification(faces, \"a.csv\", folds = 5, probe = low_resolution(side = 12px))",
        ),
        ("curves", "std.curves.insightface(warmup = 10 steps)", "poly(0.1, warmup = 10 steps, rise = \"insightface\")"),
        ("curves", "std.curves.one_drop(0.01)", "0.01 |> drops(at = [66.7%], warmup = 20 steps)"),
        (
            "recipes",
            "std.recipes.arcface_and_ddl(draw(easy, by = balanced()), draw(hard, by = balanced()), draw(easy, by = pairs()), draw(hard, by = pairs()), arc)",
            "classify(draw(easy, by = balanced()), arc) + classify(draw(hard, by = balanced()), arc) + ddl(teacher = easy, students = [hard])",
        ),
        (
            "recipes",
            "std.recipes.fine_tune_ddl(net, easy, hard)",
            "train(net, classify(draw(easy, by = balanced()), arc) + classify(draw(hard, by = balanced()), arc) + ddl(teacher = easy, students = [hard]), \
             batch = 32, for = 2 epochs, optimizer = sgd(lr = 0.001 |> drops(at = [50%]), weight_decay = 5e-4))",
        ),
    ] {
        assert_eq!(keys(&recipe(module, short)), keys(&recipe(module, long)), "{short}");
    }
}

/// Spans inside of a recipe of the library are its own: whoever calls it can't move them.
#[test]
fn a_recipe_fits_a_stage_of_any_length() {
    let mut told = 0;
    for (path, args) in CALLS.iter().filter(|(path, _)| path.starts_with("recipes.") && *path != "recipes.arcface_and_ddl") {
        let (_, text) = STANDARD.iter().find(|(module, _)| *module == "recipes").unwrap();
        let def = &text[text.find(&format!("def {}(", &path["recipes.".len()..])).unwrap()..];
        let has_length = def[..def.find("-> model").unwrap()].contains("  length: ");
        let rises = if path.ends_with("tune_last_layers") { ", warmup = 10%" } else { "" };
        let lengths: &[&str] = if has_length { &["", "20 steps", "3 steps", "1 epoch", "0.5 epochs", "50 epochs"] } else { &[""] };
        for length in lengths {
            let args = args.split(", length").next().unwrap();
            let args = args.to_owned() + if path.ends_with("tune_last_layers") { ", lr = 0.01" } else { "" };
            let length = match (*length, path.ends_with("tune_last_layers")) {
                ("", true) => ", length = 30 epochs".to_owned(),
                ("", false) => String::new(),
                (length, _) => format!(", length = {length}"),
            };
            let size = if path.contains("train_") || path.contains("fine_tune") { ", size = 8" } else { "" };
            let text = recipe("recipes", &format!("std.{path}({args}{length}{size}{rises})"));
            let compiled = compile(&Memory::new().with("r.ddl", text.as_str()), Path::new("r.ddl"), &Options::default()).unwrap();
            assert!(!compiled.has_errors(), "{text}");
            let (_, said) = compiled.known_plan(ddl::data::probe::ProbeCache::none());
            let beyond: Vec<_> =
                said.iter().filter(|it| it.code == ddl::diag::Code::BeyondStage || it.severity == ddl::diag::Severity::Error).collect();
            assert!(beyond.is_empty(), "{path}, {length:?}: {beyond:?}");
            told += 1;
        }
    }
    assert!(told > 20, "{told}");
}

#[test]
fn a_module_and_what_is_in_it_may_be_used_by_name() {
    let whole = recipe("degrade", "std.degrade.far_away()");
    let by_module = recipe("degrade", "degrade.far_away()").replace("ddl 1\n", "ddl 1\nuse std.degrade\n");
    let by_name = recipe("degrade", "small()").replace("ddl 1\n", "ddl 1\nuse std.degrade.far_away as small\n");
    assert_eq!(keys(&whole), keys(&by_module));
    assert_eq!(keys(&whole), keys(&by_name));
}
