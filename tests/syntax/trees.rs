//! The tree of each construct.

use crate::support::{expression, parsed, tree};
use ddl::source::{FileId, Source};
use insta::assert_snapshot;

#[test]
fn numbers_carry_their_units() {
    assert_snapshot!(expression(
        "[1_000, 0.5, 1e-3, 8px, 1e3px, 10deg, 0.5rad, 20%, 2 epochs, 1 epoch, 500 steps, 4 GiB, 128 images, 3 checks]"
    ));
}

#[test]
fn strings_have_escapes_and_holes() {
    assert_snapshot!(expression(r#"["", "plain", "a\"b\\c\n\t\{x\}", "{root}/pairs/{set}.csv", "é · {x}"]"#));
}

#[test]
fn constants_are_not_names() {
    assert_snapshot!(expression("[true, false, none, truer, none_]"));
}

#[test]
fn fields_and_calls_touch_what_they_belong_to() {
    assert_snapshot!(expression(
        "[a, a.b.c, f(), a.f(x), sc.d1.rank(1), f(x).y, f(x).g(1).h, (a + b).f(), (a.b).f(x), {a = 1}.a, .yaw, abs(.yaw)]"
    ));
}

#[test]
fn arguments_may_have_labels() {
    assert_snapshot!(expression("f(a, b = c, head = arc, margin = 0.5rad, for = 2 epochs, in = 1, x == y,)"));
}

#[test]
fn lists_and_comprehensions() {
    assert_snapshot!(expression("[[], [1,], [low_resolution(side = s) for s in sides]]"));
}

#[test]
fn records_have_words_or_strings_as_keys() {
    assert_snapshot!(expression(r#"[{}, {a = 1, "b c" = 2,}, {yaw: deg}]"#));
}

#[test]
fn operators_from_tight_to_loose() {
    for (text, tree) in [
        ("-x * y", "(chain (- x) * y)"),
        ("a - b + c", "(chain a - b + c)"),
        ("(a - b) + c", "(chain a - b + c)"),
        ("a - (b + c)", "(chain a - (chain b + c))"),
        ("a + b * c / d", "(chain a + (chain b * c / d))"),
        ("-45deg..10deg", "(.. (- 45deg) 10deg)"),
        ("1..n + 1", "(.. 1 (chain n + 1))"),
        ("weights ?? dir / \"x\"", "(chain weights ?? (chain dir / \"x\"))"),
        ("a ?? 1..2", "(chain a ?? (.. 1 2))"),
        ("x in 1..5", "(in x (.. 1 5))"),
        ("not .camera in [1] and abs(.yaw) < 10deg", "(chain (not (in .camera (list 1))) and (< (call abs .yaw) 10deg))"),
        ("a or b and not c", "(chain a or (chain b and (not c)))"),
        ("a + b |> f(c) |> g()", "(|> (chain a + b) (call f c) (call g))"),
        ("if a then b else c |> f()", "(if a b (|> c (call f)))"),
        ("if a then b else if c then d else e", "(if a b (if c d e))"),
        ("if n > 3 then 1 else 2", "(if (> n 3) 1 2)"),
        ("(a < b) == c", "(== (< a b) c)"),
        ("- -x", "(- (- x))"),
        ("a\n  + b // c\n  + d", "(chain a + b + d)"),
    ] {
        assert_eq!(expression(text), tree, "{text}");
    }
}

#[test]
fn uses() {
    assert_snapshot!(tree(
        "use std.degrade.low_resolution\nuse std.degrade.{blur, jpeg,}\nuse \"scface.ddl\" with (root = data / \"scface\") as scface\nuse std.eval as e"
    ));
}

#[test]
fn params_have_types_ranges_and_defaults() {
    assert_snapshot!(tree(
        r#"param a : path
param b : path?
param length : span in 1 epoch..100 epochs = 4 epochs
param d : one of ["kl", "js"] = "kl"
param sides : [pixels]? = none
param n : int | one of ["all"] = "all"
param r : {x: int, y: [float?]}"#
    ));
}

#[test]
fn axes() {
    assert_snapshot!(tree("sweep order in [0.1, 0.5]\nsweep {lr, wd} in [{lr = 0.1, wd = 5e-4}]\nreplicate seed in 1..3"));
}

#[test]
fn declarations_state_their_type() {
    assert_snapshot!(tree(
        r#"let {train, test} : {train: dataset, test: dataset} = parts
dataset d = f()
augment a = flip(p = 50%)
batches b = draw(d, size = 32)
backbone net = iresnet(50)
head arc = arcface(scale = 64)
objective o = classify(b, arc) + 0.003 * center(b)
stage s = train(net, o, for = 1 epoch)
eval e = verification(bin("lfw.bin"))
report r = compare([s], columns = [e.accuracy])
export model = onnx(s, to = "s.onnx")
expect good = score(s, e.accuracy) > 0.9"#
    ));
}

#[test]
fn defs_have_formals_and_a_body() {
    assert_snapshot!(tree(
        "/// Same schedule.\ndef ft(\n  /// What to minimise.\n  objective: objective, seed: int in 0..9 = 0,\n) -> model {\n  /// Twice.\n  let n = 2 * seed;\n  let {a, b} = f(n)\n  return train(r50, objective, seed = n)\n}\ndef one() -> int { return 1 }"
    ));
}

#[test]
fn words_are_contextual() {
    assert_snapshot!(tree(
        "head dataset = f(head = arc, margin = 0.5rad, dataset = train, use = x.stage)\nstage head = train(stage, term = 3)\nlet param = margin + report\nlet of = one\nlet x =\n  eval"
    ));
}

#[test]
fn several_declarations_may_share_a_line() {
    assert_eq!(tree("let a = 3 let b = f(x) let c = b"), "(let a 3)\n(let b (call f x))\n(let c b)");
}

#[test]
fn spans_are_those_of_the_text() {
    let text = "ddl 1\nlet x = (a + b) * f(.yaw, y = \"z\")\n";
    let parsed = parsed(text);
    let rendered = format!("{:#?}", parsed.file.items[0]);
    let source = Source::new(FileId(0), "r.ddl", text);
    let spans: Vec<&str> = spans(&rendered).into_iter().map(|(start, end)| &source.text[start..end]).collect();
    assert_snapshot!(spans.join("\n"));
}

/// The spans of a debug print, in its order.
fn spans(debug: &str) -> Vec<(usize, usize)> {
    let numbers = |word: &str| -> Vec<usize> {
        debug.lines().filter_map(|line| line.trim().strip_prefix(word)?.trim_end_matches(',').parse().ok()).collect()
    };
    numbers("start: ").into_iter().zip(numbers("end: ")).collect()
}
