//! Generated programs: what they say survives the formatter, whatever their blanks and comments.

use crate::format::formatted;
use crate::support::errors;
use proptest::prelude::*;
use std::fmt::Write;

/// A program as tokens, between which blanks, lines' ends and comments may stand.
type Tokens = Vec<String>;

fn tokens(words: &[&str]) -> Tokens {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn atom() -> impl Strategy<Value = Tokens> {
    prop::sample::select(
        &[
            "x",
            "faces",
            "head",
            "people.train",
            "pose.accuracy",
            ".yaw",
            "true",
            "none",
            "1",
            "0.5",
            "1_000",
            "1e-3",
            "8px",
            "10deg",
            "20%",
            "2 epochs",
            "4 GiB",
            "\"a b\"",
            "\"{root}/\\\"x\\\"\"",
            "\"\"",
        ][..],
    )
    .prop_map(|word| tokens(&[word]))
}

/// `open a, b close`
fn listed(open: &str, elements: Vec<Tokens>, close: &str, trailing: bool) -> Tokens {
    let mut out = tokens(&[open]);
    let last = elements.len().saturating_sub(1);
    for (number, element) in elements.into_iter().enumerate() {
        out.extend(element);
        if number < last || trailing {
            out.push(",".to_owned());
        }
    }
    out.push(close.to_owned());
    out
}

/// Gives each element its own label, or none before the first few.
fn labelled(elements: Vec<Tokens>, bare: usize, sign: &str) -> Vec<Tokens> {
    let label = |(number, element): (usize, Tokens)| {
        if number < bare { element } else { [tokens(&[["margin", "for", "a", "head"][number % 4], sign]), element].concat() }
    };
    elements.into_iter().enumerate().map(label).collect()
}

fn expression() -> impl Strategy<Value = Tokens> {
    atom().prop_recursive(4, 40, 4, |inner| {
        let some = prop::collection::vec(inner.clone(), 0..4);
        let call = (prop::sample::select(&["f(", "std.m.g(", "verification("][..]), some.clone(), 0..4usize, any::<bool>())
            .prop_map(|(open, args, bare, trailing)| {
                let trailing = trailing && !args.is_empty();
                listed(open, labelled(args, bare, "="), ")", trailing)
            })
            .boxed();
        let group = inner.clone().prop_map(|x| [tokens(&["("]), x, tokens(&[")"])].concat());
        prop_oneof![
            call.clone(),
            group.clone(),
            some.clone().prop_map(|elements| listed("[", elements, "]", false)),
            some.prop_map(|elements| listed("{", labelled(elements, 0, "="), "}", false)),
            inner.clone().prop_map(|x| [tokens(&["[", "f(", "s", ")", "for", "s", "in"]), x, tokens(&["]"])].concat()),
            (prop::sample::select(&["-", "not"][..]), group.clone()).prop_map(|(op, x)| [tokens(&[op]), x].concat()),
            (group.clone(), prop::sample::select(&["*", "/", "+", "-", "??", "and", "or", "==", "<", "in", ".."][..]), group.clone())
                .prop_map(|(a, op, b)| [a, tokens(&[op]), b].concat()),
            (atom(), prop::sample::select(&["*", "/", "+", "-", "??", "and", "or"][..]), inner.clone()).prop_map(|(a, op, b)| [
                tokens(&["("]),
                a,
                tokens(&[op, "("]),
                b,
                tokens(&[")", ")"])
            ]
            .concat()),
            (group.clone(), call.clone(), call).prop_map(|(x, f, g)| [x, tokens(&["|>"]), f, tokens(&["|>"]), g].concat()),
            (inner.clone(), group.clone(), inner.clone())
                .prop_map(|(c, a, b)| [tokens(&["if", "("]), c, tokens(&[")", "then"]), a, tokens(&["else"]), b].concat())
                .prop_map(|x| [tokens(&["("]), x, tokens(&[")"])].concat()),
        ]
    })
}

fn declaration() -> impl Strategy<Value = Tokens> {
    let with = |head: &'static [&'static str]| expression().prop_map(move |value| [tokens(head), value].concat());
    prop_oneof![
        4 => with(&["let x ="]),
        2 => with(&["stage s ="]),
        1 => with(&["let {a, b} : {a: int, b: [dataset?]} ="]),
        1 => with(&["export e ="]),
        1 => with(&["sweep {lr, wd} in"]),
        1 => with(&["replicate seed in"]),
        1 => with(&["param p : one of [\"a\", \"b\"]? ="]),
        1 => with(&["use \"a.ddl\" with (", "root ="]).prop_map(|x| [x, tokens(&[")", "as", "m"])].concat()),
        1 => (expression(), expression()).prop_map(|(a, b)| {
            [tokens(&["def d(", "a: int", "=", "1", ",", "b: text", ")", "->", "model", "{", "let y ="]), a, tokens(&["return"]), b, tokens(&["}"])]
                .concat()
        }),
    ]
}

/// Joins tokens by the blanks that a stream of numbers chooses; comments are numbered.
fn joined(declarations: &[Tokens], choices: &[u8], comments: bool) -> String {
    let mut out = "ddl 1\n".to_owned();
    let mut choices = choices.iter().copied().cycle();
    let mut number = 0;
    for declaration in declarations {
        for (at, token) in declaration.iter().enumerate() {
            let choice = choices.next().unwrap_or(0);
            number += 1;
            match choice {
                _ if at == 0 => {}
                200.. if comments => write!(out, " // c{number}\n  ").unwrap(),
                180.. if comments => write!(out, "\n  // c{number}\n").unwrap(),
                150..180 => out.push_str("\n      "),
                140..150 => out.push_str("  "),
                _ => out.push(' '),
            }
            out.push_str(token);
        }
        out.push_str(if choices.next().unwrap_or(0) > 128 { "\n\n\n" } else { "\n" });
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_formatter_keeps_what_a_program_says(declarations in prop::collection::vec(declaration(), 1..4), choices in prop::collection::vec(any::<u8>(), 200)) {
        let text = joined(&declarations, &choices, false);
        prop_assert_eq!(errors(&text), "", "{}", text);
        formatted(&text);
    }

    #[test]
    fn the_formatter_keeps_comments(declarations in prop::collection::vec(declaration(), 1..4), choices in prop::collection::vec(any::<u8>(), 200)) {
        let text = joined(&declarations, &choices, true);
        prop_assert_eq!(errors(&text), "", "{}", text);
        formatted(&text);
    }

    #[test]
    fn long_lines_only_where_there_is_no_choice(declarations in prop::collection::vec(declaration(), 1..3)) {
        for line in formatted(&joined(&declarations, &[0], false)).lines() {
            let breakable = line.trim().contains(", ") || line.contains(" |> ") || line.contains(" + ");
            // strings and patterns have no place for a break
            prop_assert!(line.chars().count() <= 120 || !breakable || line.contains('"') || line.contains("{a, b}"), "{}", line);
        }
    }
}
