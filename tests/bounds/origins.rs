//! Where a module is from, and both places of what is wrong inside of a `def`.

use crate::compiled;
use ddl::compile::Compiled;
use ddl::diag::Severity;

/// What is said: the code, and each label with its file and line.
fn said(compiled: &Compiled) -> Vec<String> {
    let place = |label: &ddl::diag::Label| {
        let source = compiled.sources.get(label.span.file).expect("its source");
        let line = source.place(label.span.start).line;
        format!("{} {}:{line} {}", if label.primary { "at" } else { "also" }, source.name, label.text)
    };
    let errors = compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error);
    errors.map(|it| format!("{}: {}", it.code, it.labels.iter().map(place).collect::<Vec<_>>().join("; "))).collect()
}

#[test]
fn a_recipe_that_is_used_as_std_does_not_answer_for_the_library() {
    let mine = "def far_away() -> augment { return flip() }\ndef one_drop(lr: float) -> curve { return lr |> cosine() }";
    let recipe = "use \"a.ddl\" as std\nuse std.curves.{one_drop}\nuse std.degrade.far_away\nlet _c = one_drop(0.1)\nlet _a = far_away()";
    for module in ["curves", "degrade", "recipes", "protocols"] {
        let files =
            [("recipe.ddl", recipe.to_owned()), ("a.ddl", format!("use \"b.ddl\" as {module}\nlet _x = 1")), ("b.ddl", mine.to_owned())];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let compiled = compiled(&files);
        let said = said(&compiled);
        assert!(!said.iter().any(|it| it.contains("names::unknown:")), "{module}: {said:#?}");
    }
    // what the library makes of it is the library's
    let key = |before: &str| {
        let recipe = format!(
            "{before}use std.degrade.far_away\ndataset d = synthetic_faces(identities = 8, images = 6) |> apply(far_away())\n\
             eval e = verification(d, pairs = random_pairs())\nbackbone n = tiny(embedding = 16)\nreport t = compare([n], columns = [e.accuracy])"
        );
        let compiled = compiled(&[("recipe.ddl", &recipe), ("a.ddl", "use \"b.ddl\" as degrade"), ("b.ddl", mine)]);
        compiled.graph.nodes().find(|(_, node)| node.op == "apply").expect("the augment").1.key
    };
    assert_eq!(key(""), key("use \"a.ddl\" as std\n"));
}

#[test]
fn a_complaint_inside_of_a_def_shows_the_call_too() {
    let cases = [
        (
            "a def of the recipe",
            "def f(p: fraction) -> augment { return flip(p = p) }\nlet _x = f(150%)",
            "ddl::types::out_of_range: at recipe.ddl:2 150% is outside; also recipe.ddl:3 in this call of `f`",
        ),
        (
            "several levels",
            "def f(p: fraction) -> augment { return flip(p = p) }\ndef g(q: fraction) -> augment { return f(q + 100%) }\nlet _x = g(150%)",
            "ddl::types::out_of_range: at recipe.ddl:2 250% is outside; also recipe.ddl:3 in this call of `f`; also recipe.ddl:4 in this call of `g`",
        ),
        (
            "the standard library",
            "let _x = std.degrade.far_away(smallest = 30px)",
            "ddl::types::empty_range: at recipe.ddl:2 in this call of `far_away`; also std/degrade.ddl:",
        ),
        (
            "the standard library, called by a def",
            "def g(s: pixels) -> augment { return std.degrade.far_away(smallest = s) }\nlet _x = g(30px)",
            "ddl::types::empty_range: at recipe.ddl:2 in this call of `far_away`; also std/degrade.ddl:",
        ),
        (
            "a let inside",
            "def f(n: int) -> int {\n  let m = 1 / (n - 1)\n  return n\n}\nlet _x = f(1)",
            "ddl::types::not_finite: at recipe.ddl:3 a division by zero, or too large; also recipe.ddl:6 in this call of `f`",
        ),
        (
            "the result",
            "def f(n: int) -> text { return n }\nlet _x = f(1)",
            "ddl::types::mismatch: at recipe.ddl:2 a whole number; also recipe.ddl:3 in this call of `f`",
        ),
    ];
    for (name, recipe, expected) in cases {
        let said = said(&compiled(&[("recipe.ddl", recipe)]));
        assert_eq!(said.len(), 1, "{name}: {said:#?}");
        assert!(said[0].starts_with(expected), "{name}: {}\nexpected: {expected}", said[0]);
    }
    let used = "use \"a.ddl\" as a\nlet _x = a.f(150%)";
    let said = said(&compiled(&[("recipe.ddl", used), ("a.ddl", "def f(p: fraction) -> augment { return flip(p = p) }")]));
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(said[0].contains("a.ddl:2 150% is outside") && said[0].contains("recipe.ddl:3 in this call of `f`"), "{}", said[0]);
}

#[test]
fn what_every_call_does_wrong_alike_is_said_once() {
    let recipe = "def f(p: fraction) -> augment { return flip(p = 2 * p + p - p) }\nlet _x = [f(100%), f(100%), f(100%)]\nlet _y = f(100%)";
    assert_eq!(said(&compiled(&[("recipe.ddl", recipe)])).len(), 1);
}
