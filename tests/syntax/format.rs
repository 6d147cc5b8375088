//! The one style.

use crate::support::{RECIPES, errors, parsed};
use ddl::source::{FileId, Source};
use ddl::syntax::{dump, format, parse};
use insta::assert_snapshot;

/// Formats a text and checks what holds for all of them: the same tree, its own formatting, no comment lost.
#[track_caller]
pub fn formatted(text: &str) -> String {
    let once = raw(text);
    assert_eq!(errors(&once), "", "{once}");
    assert_eq!(dump(&parsed(&once).file), dump(&parsed(text).file), "{text}\n-- became --\n{once}");
    assert_eq!(raw(&once), once, "{text}");
    let comments = |text: &str| -> Vec<String> {
        let mut words: Vec<String> = parsed(text)
            .file
            .comments
            .iter()
            .flat_map(|comment| comment.text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        words.sort();
        words
    };
    assert_eq!(comments(&once), comments(text), "{text}\n-- became --\n{once}");
    once
}

fn raw(text: &str) -> String {
    let source = Source::new(FileId(0), "r.ddl", text);
    format(&parse(&source).file, &source)
}

#[test]
fn the_recipes_of_the_design_are_formatted() {
    for (name, text) in RECIPES {
        assert_snapshot!(name, formatted(text));
    }
}

#[test]
fn blanks_are_of_one_kind() {
    assert_snapshot!(formatted(
        "\n\nddl   1\n//!about\n\n\n\nlet   a=-  1..n+2  *3\nlet b = f( x,y = 2epochs ,z=20 MiB, ) let c={a=1,\"b\"=2,  \"c d\":deg}\n\n\n// own\nlet {d,e}:{d:int,e:[text?]}=c\nparam p:one of[\"a\",\"b\"]?=none\nparam q : int|text in 1..3\nuse std.x . y\nlet s = 3 // end\n"
            .replace("std.x . y", "std.x.{y,z}")
            .as_str()
    ));
}

#[test]
fn brackets_stand_where_they_are_needed() {
    let text = |x: &str| formatted(&format!("ddl 1\nlet x = {x}\n")).trim_start_matches("ddl 1\nlet x = ").trim_end().to_owned();
    for (from, to) in [
        ("((a))", "a"),
        ("(a + b) + c", "a + b + c"),
        ("a + (b + c)", "a + (b + c)"),
        ("(a * b) + c", "a * b + c"),
        ("(a + b) * -c", "(a + b) * -c"),
        ("-(a + b)", "-(a + b)"),
        ("- -a", "--a"),
        ("(a or b) and c", "(a or b) and c"),
        ("not (a and b)", "not (a and b)"),
        ("(not a) == b", "(not a) == b"),
        ("a == not b", "a == (not b)"),
        ("(a < b) == c", "(a < b) == c"),
        ("(a |> f()) + 1", "(a |> f()) + 1"),
        ("(a |> f()) |> g()", "a |> f() |> g()"),
        ("(if a then b else c) + 1", "(if a then b else c) + 1"),
        ("if (if a then b else c) then d else (if e then f else g)", "if (if a then b else c) then d else if e then f else g"),
        ("(1).f()", "(1).f()"),
        ("([a]).f().b", "([a]).f().b"),
        ("(a.b).c(d)", "a.b.c(d)"),
        ("(1..2) ?? (3)", "1..2 ?? 3"),
        ("\"\\{a\\}{b}\\n\"", "\"\\{a\\}{b}\\n\""),
    ] {
        assert_eq!(text(from), to, "{from}");
    }
}

#[test]
fn long_lines_break_at_commas_and_before_operators() {
    assert_snapshot!(formatted(
        "ddl 1\nlet a = first_long_operand_of_this_sum + second_long_operand_of_this_sum * factor + third_long_operand_of_this_sum + fourth\n\
         dataset b = image_folder(root / \"images\") |> annotate(root / \"pose.csv\", schema = {yaw: deg}) |> where(abs(.yaw) > 45deg)\n\
         eval c = panel({african = verification(faces, pairs = root / \"african.csv\"), asian = verification(faces, pairs = root / \"asian.csv\")})\n\
         let d = [low_resolution(side = side_of_the_low_resolution) for side_of_the_low_resolution in [8px, 12px, 16px, 20px, 24px, 28px, 32px]]\n\
         let e = if some_condition_of_the_recipe then some_value_when_it_holds(with = arguments) else some_other_value(with = other_arguments)\n\
         def f(objective: objective, seed: int = 0, another_formal: one of [\"a\", \"b\"] = \"a\", a_third_formal: span in 1 epoch..9 epochs = 2 epochs) -> model { return train(net, objective) }\n"
    ));
}

#[test]
fn comments_keep_their_places() {
    assert_snapshot!(formatted(
        "// top\n\nddl 1 // edition\n// above the doc\n/// doc\n// between doc and word\nlet a = // odd\n  f( // first\n    x, // of x\n    // above y\n    y // of y\n    // last\n  ) // end of a\n\n\
         // own\nlet b = c\n  // why d\n  + d // of d\n  + e\nlet g = [ // nothing\n]\n\
         def h(\n  // formal\n  i: int, // of i\n) -> int { // body\n  // of let\n  let j = i // of j\n\n\n  // of return\n  return j\n  // done\n}\nlet {k, // odd\n  l} = m\n// end\n"
    ));
}

#[test]
fn bodies_of_defs_fit_on_a_line_or_do_not() {
    assert_snapshot!(formatted(
        "ddl 1\ndef a(x: int) -> int {\n  return x\n}\ndef b() -> int { let y = 1; /// doc\nlet z = y\n\n return z; }\n/// of c\ndef c(\n/// of x\nx: int) -> int { return x }\n"
    ));
}

#[test]
fn broken_declarations_are_kept_as_they_are() {
    assert_eq!(raw("ddl 1\nlet   a = 1\nlet b = f(1   2 // c\n  )\n/// d\nterm  x() {\n }\nlet   c = 3   foo + 1\n"), {
        "ddl 1\nlet a = 1\nlet b = f(1   2 // c\n  )\n/// d\nterm  x() {\n }\nlet   c = 3   foo + 1\n"
    });
}
