//! Recipes that are small and mean much: what doubles with each line, what is done for each of very many, what is very long. Each compiles
//! or is refused with one clear message, at a cost that is counted and never timed.

use crate::compiled;
use crate::shapes::{SHAPES, constructs};
use ddl::compile::{Compiled, Options, compile};
use ddl::diag::{RenderOptions, Severity, render};
use ddl::source::{FileId, Memory, Source};
use std::collections::BTreeSet;
use std::path::Path;

/// No recipe may cost more: the compiler's own limit, and what one more step may overrun it by.
const MOST_WORK: u64 = 6_000_000;

/// What a recipe that is too much may be told.
const BOUNDS: [&str; 6] = [
    "ddl::graph::too_much",
    "ddl::graph::too_large",
    "ddl::types::too_many",
    "ddl::syntax::too_deep",
    "ddl::files::too_long",
    "ddl::names::too_deep",
];

/// The codes of all errors, each once.
fn errors(compiled: &Compiled) -> BTreeSet<&'static str> {
    compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error).map(|it| it.code.text()).collect()
}

/// The recipe is refused, once, for being too much, and the message names `what`.
fn refused(recipe: &str, what: &str) {
    let compiled = compiled(&[("recipe.ddl", recipe)]);
    let said: Vec<String> = compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error).map(ToString::to_string).collect();
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(errors(&compiled).iter().all(|code| BOUNDS.contains(code)), "{said:#?}");
    assert!(said[0].contains(what), "{said:#?} does not name {what}");
    assert!(compiled.work < MOST_WORK, "{} steps", compiled.work);
}

/// The recipe compiles for little.
fn cheap(recipe: &str, most: u64) {
    let compiled = compiled(&[("recipe.ddl", recipe)]);
    assert!(errors(&compiled).is_empty(), "{:#?}", compiled.diagnostics);
    assert!(compiled.work < most, "{} steps", compiled.work);
}

/// `first`, and then `count` lines made by `next` of the place of the one before and the place of each.
fn chain(first: &str, count: usize, next: impl Fn(usize, usize) -> String) -> String {
    (1..=count).fold(format!("{first}\n"), |text, at| text + &next(at - 1, at) + "\n")
}

#[test]
fn very_many_axes_that_meet_cost_what_they_are() {
    let axes: String = chain("", 4_000, |_, at| format!("sweep s{at} in [1]"));
    let all: Vec<String> = (1..=4_000).map(|at| format!("s{at}")).collect();
    cheap(&format!("{axes}let _x = [{}]", all.join(", ")), 100_000);
    // each of them is looked at for each that depends on them
    let users: String = chain("", 500, |_, at| format!("let _y{at} = _x"));
    refused(&format!("{axes}let _x = [{}]\n{users}", all.join(", ")), "too much to compile");
}

#[test]
fn a_def_that_is_called_twice_with_one_value_is_one_value() {
    let twice = chain("def f0(x: int) -> int { return 0 * x + 1 }", 40, |before, at| {
        format!("def f{at}(x: int) -> int {{ return min(f{before}(x), f{before}(x)) }}")
    });
    cheap(&format!("{twice}let _z = f40(1)"), 5_000);
    // wrong, open and unknown values too
    let unknown = compiled(&[("recipe.ddl", &format!("{twice}let _z = f40(nothing)"))]);
    assert_eq!(errors(&unknown).into_iter().collect::<Vec<_>>(), ["ddl::names::unknown"]);
    assert!(unknown.work < 5_000);
    cheap(&format!("{twice}param x : int\nlet _z = f40(x)"), 5_000);
    cheap(&twice, 5_000);
}

#[test]
fn what_is_called_with_ever_new_values_ends() {
    let defs = chain("def f0(x: int) -> int { return x }", 40, |before, at| {
        format!("def f{at}(x: int) -> int {{ return max(f{before}(2 * x), f{before}(2 * x + 1)) }}")
    });
    refused(&format!("{defs}let _z = f40(1)"), "`f");
}

#[test]
fn values_that_double_are_refused_where_they_are_too_long() {
    refused(&(chain("let a0 = [1, 2]", 39, |before, at| format!("let a{at} = [a{before}, a{before}]")) + "let _z = a39"), "too many parts");
    refused(
        &(chain("let a0 = {x = 1}", 39, |before, at| format!("let a{at} = {{x = a{before}, y = a{before}}}")) + "let _z = a39"),
        "too many parts",
    );
    refused(
        &(chain("let a0 = \"ab\"", 39, |before, at| format!("let a{at} = \"{{a{before}}}{{a{before}}}\"")) + "let _z = a39"),
        "too long",
    );
    refused(
        &(chain("let a0 = flip()", 39, |before, at| format!("let a{at} = one_of([a{before}, a{before}])")) + "let _z = a39"),
        "too many parts",
    );
    refused(&(chain("let a0 = [1]", 3_000, |before, at| format!("let a{at} = [a{before}]")) + "let _z = a3000"), "too deep");
    refused(&(chain("let a0 = {x = 1}", 3_000, |before, at| format!("let a{at} = {{x = a{before}}}")) + "let _z = a3000"), "too deep");
}

#[test]
fn two_that_are_long_are_compared_joined_and_shown_for_what_they_cost() {
    let doubled = |name: &str, count| {
        chain(&format!("let {name}0 = {{x = 1}}"), count, |before, at| {
            format!("let {name}{at} = {{x = {name}{before}, y = {name}{before}}}")
        })
    };
    let both = doubled("a", 15) + &doubled("b", 15);
    cheap(&format!("{both}let _z = if a15 == b15 then 1 else 2\nlet _l = [a15, b15]"), 2_000_000);
    let many: String = (0..2_000).fold(both.clone(), |text, at| text + &format!("let _z{at} = if a15 == b15 then 1 else 2\n"));
    refused(&many, "too much");
    let shown = compiled(&[("recipe.ddl", &format!("{both}let _z = 1px + a15\nlet _y = 1px in [a15]\nlet _l = 2 in 1..a15"))]);
    for diagnostic in &shown.diagnostics {
        assert!(render(diagnostic, &shown.sources, RenderOptions::default()).len() < 20_000);
    }
}

#[test]
fn what_is_done_for_each_of_very_many_ends() {
    refused("let _x = [[a + b for a in 0..9999] for b in 0..9999]", "`_x`");
    refused("sweep a in 0..9999\nsweep b in 0..9999\nlet _x = a + b", "arms");
    refused("sweep a in 0..1_000_000\nlet _x = a", "100000 values");
    refused("let _x = [a for a in 0..10_000]", "10000 values");
    let nodes = "let _d = [[synthetic_faces(identities = 2 + a, images = 2 + b) for a in 0..999] for b in 0..999]";
    refused(nodes, "`_d`");
    let sweep = "sweep a in 1..100\nsweep b in 1..100\nsweep c in 1..100\ndataset d = synthetic_faces(identities = 2 + a, images = 2 + b)\nlet _x = c + a + b";
    refused(sweep, "arms");
}

#[test]
fn patterns_of_paths_are_compiled_once_and_counted() {
    let folders = |pattern: &str, count: usize| {
        let of = |at: usize| {
            format!("dataset f{at} = image_folder(\"img\", identity = \"{}\")", pattern.replace('N', &(at % count).to_string()))
        };
        chain("", 1_000, |_, at| of(at))
    };
    // few, and named often
    cheap(&folders("(?P<identity>[^/]+)/(?P<side>N)_.*", 10), 400_000);
    refused(&folders("(?P<identity>[^/]+)/N_.*", 1_000), "too much to compile");
    refused(&folders("(?P<identity>\\\\w\\{20\\})N", 1_000), "too much to compile");
    let large = compiled(&[("recipe.ddl", "dataset _f = image_folder(\"img\", identity = \"(?P<identity>\\\\w\\{200\\})_\")")]);
    let said: Vec<String> = large.diagnostics.iter().map(ToString::to_string).collect();
    assert!(said[0].contains("it is too large when it is compiled"), "{said:?}");
}

#[test]
fn what_makes_a_node_of_each_of_very_many_is_counted_while_it_makes_them() {
    let listed = |count: usize, part: &str| (0..count).map(|at| part.replace('N', &at.to_string())).collect::<Vec<_>>().join(", ");
    let data = "dataset d = synthetic_faces(identities = 20, images = 4)\n";
    refused(&format!("{data}let _p = d |> split({{{}}}, by = .identity)", listed(3_000, "aN = 0.01%")), "`_p`");
    let evals = chain("", 120, |_, at| format!("eval e{at} = verification(d, pairs = random_pairs(seed = {at}))"));
    let (rows, columns) =
        (listed(1_000, "\"rN\" = tiny(embedding = 64, side = 48px, seed = N)"), listed(120, "eN.accuracy").replace("e0.", "e120."));
    refused(&format!("{data}{evals}report t = compare({{{rows}}}, columns = [{columns}])"), "`t`");
    // one value for all names of a pattern
    let pattern = |count| format!("let {{{}}} = {{{}}}", listed(count, "_kN"), listed(count, "_kN = N"));
    cheap(&pattern(4_000), 30_000);
}

#[test]
fn types_of_many_options_are_counted_for_each_that_is_tried() {
    let union = |count: usize| (0..count).map(|at| format!("{{a{at}: int}}")).collect::<Vec<_>>().join(" | ");
    let calls = |types: usize, calls: usize| {
        let last = types - 1;
        let call = |at: usize| format!("let _c{at} = f({{a{last} = {at}}})\n");
        format!("def f(a: {}) -> int {{ return 1 }}\n{}", union(types), (0..calls).map(call).collect::<String>())
    };
    cheap(&calls(20, 50), 20_000);
    refused(&calls(10_000, 1_500), "`");
}

#[test]
fn rows_that_are_compared_by_name_are_looked_up() {
    let rows = |count: usize| (0..count).map(|at| format!("\"p{at}\" = net")).collect::<Vec<_>>().join(", ");
    let against = |count: usize| (1..count).map(|at| format!("\"p{at}\" = \"p0\"")).collect::<Vec<_>>().join(", ");
    let table = |count: usize| {
        let (rows, against) = (rows(count), against(count));
        format!(
            "dataset d = synthetic_faces(identities = 20, images = 4)\nbackbone net = tiny()\neval e = verification(d, pairs = random_pairs(folds = 5, per_fold = 4))
             report t = compare({{{rows}}}, columns = [e.eer], against = {{{against}}})"
        )
    };
    cheap(&table(3_000), 2_000_000);
}

#[test]
fn a_diamond_of_recipes_ends() {
    let diamond = |with: &str, used: &str| {
        let mut world = Memory::new();
        for level in 0..25 {
            let next = level + 1;
            let own = if level == 0 { "recipe.ddl".to_owned() } else { format!("m{level}.ddl") };
            let with = |n: usize| with.replace('N', &n.to_string());
            let text = format!(
                "ddl 1\nparam p : int = 1\nuse \"m{next}.ddl\"{} as l\nuse \"m{next}.ddl\"{} as r\nlet v = {used}\n{}",
                with(1),
                with(2),
                if level == 0 { "let _z = v" } else { "" }
            );
            world.insert(own, text);
        }
        let world = world.with("m25.ddl", "ddl 1\nparam p : int = 1\nlet v = p\n");
        compile(&world, Path::new("recipe.ddl"), &Options::default()).expect("the recipe can be read")
    };
    let plain = diamond("", "min(l.v, r.v)");
    assert!(errors(&plain).is_empty(), "{:?}", plain.diagnostics);
    assert!(plain.work < 10_000, "{} steps", plain.work);
    let with = diamond(" with (p = 2 * p + N)", "min(l.v, r.v)");
    assert_eq!(errors(&with).into_iter().collect::<Vec<_>>(), ["ddl::graph::too_much"], "{:?}", with.diagnostics);
    assert_eq!(with.diagnostics.iter().filter(|it| it.severity == Severity::Error).count(), 1);
}

/// Chains of `count` things, each of which needs the one that stands below it, by what they are made of.
fn backward(count: usize) -> Vec<(&'static str, String)> {
    let each = |line: &dyn Fn(usize, usize) -> String, last: &str| {
        (0..count).fold(String::new(), |text, at| text + &line(at, at + 1) + "\n") + &last.replace('N', &count.to_string())
    };
    vec![
        ("let", each(&|at, next| format!("let a{at} = a{next} + 1"), "let aN = 1")),
        ("let, of a pattern", each(&|at, next| format!("let {{x{at}}} = {{x{at} = x{next}}}"), "let xN = 1")),
        ("let, in a text", each(&|at, next| format!("let a{at} = \"{{a{next}}}\""), "let aN = \"a\"")),
        ("let, on an axis", each(&|at, next| format!("let a{at} = a{next} + 1"), "let aN = s\nsweep s in [1, 2]")),
        ("let, in a circle", each(&|at, next| format!("let a{at} = a{}", next % count), "")),
        ("let, each nested deeply", each(&|at, next| format!("let a{at} = {}a{next}", "-".repeat(250)), "let aN = 1")),
        (
            "dataset",
            each(&|at, next| format!("dataset d{at} = d{next} |> sample(90%)"), "dataset dN = synthetic_faces(identities = 2, images = 2)"),
        ),
        ("augment", each(&|at, next| format!("augment a{at} = a{next}"), "augment aN = flip()")),
        (
            "def",
            each(
                &|at, next| format!("def f{at}(x: int) -> int {{ return f{next}(x) }}"),
                "def fN(x: int) -> int { return x }\nlet _z = f0(1)",
            ),
        ),
        (
            "def, by itself",
            each(&|at, next| format!("def f{at}(x: int) -> int {{ return f{next}(x) }}"), "def fN(x: int) -> int { return x }"),
        ),
        (
            "def, by its defaults",
            each(&|at, next| format!("def f{at}(x: int = f{next}()) -> int {{ return x }}"), "def fN() -> int { return 1 }\nlet _z = f0()"),
        ),
        (
            "def and let",
            each(&|at, next| format!("def f{at}() -> int {{ return a{at} }}\nlet a{at} = f{next}()"), "def fN() -> int { return 1 }"),
        ),
    ]
}

#[test]
fn a_chain_of_any_length_is_refused_and_overflows_no_stack() {
    let mut other = Vec::new();
    for (name, text) in backward(3_000) {
        let on_little = std::thread::Builder::new().stack_size(1 << 20);
        let compiled = on_little.spawn(move || {
            let compiled = compiled(&[("recipe.ddl", &text)]);
            (errors(&compiled), compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error).count(), compiled.work)
        });
        let (codes, count, work) = compiled.expect("a thread").join().unwrap_or_else(|_| panic!("{name}"));
        assert!(work < MOST_WORK, "{name}: {work} steps");
        if count != 1 || !codes.contains("ddl::names::too_deep") {
            other.push((name, codes, count));
        }
    }
    assert!(other.is_empty(), "{other:#?}");
}

#[test]
fn very_many_mistakes_are_told_for_what_they_cost() {
    let words = |count: usize, line: &dyn Fn(usize) -> String| (0..count).fold(String::new(), |text, at| text + &line(at) + "\n");
    let unknown = words(3_000, &|at| format!("let _x{at} = y{at}"));
    let compiled_unknown = compiled(&[("recipe.ddl", &unknown)]);
    assert_eq!(compiled_unknown.diagnostics.len(), 3_000);
    let arguments = (0..5_000).map(|at| at.to_string()).collect::<Vec<_>>().join(", ");
    for call in ["arcface", "f"] {
        let text = format!("def f(x: int) -> int {{ return x }}\nlet _x = {call}({arguments})");
        let too_many = compiled(&[("recipe.ddl", &text)]);
        let said = too_many.diagnostics.iter().filter(|it| it.code.text() == "ddl::names::too_many_arguments").count();
        assert_eq!(said, 1, "{call}: one message for all that are too many");
    }
    let long = "a".repeat(1 << 20);
    for text in [
        format!("let {long} = 1"),
        format!("let _x = {long}"),
        format!("let _x = {long}(1)"),
        format!("{long} x = 1"),
        format!("let _x = {{a = 1}}.{long}"),
    ] {
        let compiled = compiled(&[("recipe.ddl", &text)]);
        for diagnostic in &compiled.diagnostics {
            assert!(diagnostic.message.len() < 10_000);
            assert!(diagnostic.help.as_ref().is_none_or(|help| help.len() < 10_000));
        }
    }
}

#[test]
fn every_construct_grows_in_some_shape() {
    let mut missing: BTreeSet<&str> = crate::shapes::CONSTRUCTS.iter().copied().collect();
    for shape in SHAPES {
        let source = Source::new(FileId(0), "recipe.ddl", format!("ddl 1\n{}", (shape.text)(3)));
        for construct in constructs(&ddl::syntax::parse(&source).file) {
            missing.remove(construct);
        }
    }
    assert!(missing.is_empty(), "no shape grows {missing:?}: add one to `SHAPES`");
}

#[test]
fn every_shape_costs_what_its_length_deserves_or_is_refused() {
    for shape in SHAPES {
        let cost = |n: usize| {
            let text = (shape.text)(n);
            let compiled =
                compiled(&[("recipe.ddl", &text), ("other.ddl", "param p : int = 1\nlet v = p\ndef g(x: int) -> int { return x }")]);
            let codes = errors(&compiled);
            let bound = codes.iter().all(|code| BOUNDS.contains(code));
            assert!(bound, "`{}` of {n}: {:#?}", shape.name, compiled.diagnostics.iter().take(3).collect::<Vec<_>>());
            assert!(compiled.work < MOST_WORK, "`{}` of {n}: {} steps", shape.name, compiled.work);
            (compiled.work, codes.is_empty())
        };
        let ((small, fine), (large, still_fine)) = (cost(60), cost(240));
        if fine && still_fine {
            assert!(large <= 5 * small + 2_000, "`{}`: {small} steps at 60, {large} at 240", shape.name);
        }
        cost(1_000);
    }
}
