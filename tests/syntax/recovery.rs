//! One broken declaration gives one error and hides no other.

use crate::support::{codes, errors, parsed};
use ddl::diag::Code;
use ddl::syntax::dump;

#[test]
fn three_broken_lines_of_six_give_three_errors() {
    let text = "ddl 1\nlet a = 1\nlet b = f(1 2)\nlet c = 3\nlet d = \nlet e = 5\nstage s = train(e,, 3)\n";
    assert_eq!(codes(text), ["unexpected"; 3]);
    assert_eq!(dump(&parsed(text).file), "(edition 1)\n(let a 1)\n(junk b)\n(let c 3)\n(junk d)\n(let e 5)\n(junk s)\n");
}

#[test]
fn an_open_bracket_ends_where_the_next_declaration_begins() {
    let text = "ddl 1\nstage s = train(net,\n  f(x)\nlet b = [1, 2\n\n/// doc\neval e = f(3)\nlet c = \"open\ndef f(a: int) -> int {\n  let x = a\n  return x\n}\n";
    assert_eq!(codes(text), ["unclosed_bracket", "unclosed_bracket", "unclosed_string"]);
    assert_eq!(parsed(text).file.items.len(), 5);
    insta::assert_snapshot!(errors(text));
}

#[test]
fn junk_keeps_the_names_that_it_declares() {
    let text = "ddl 1\nlet {a, b} = (\nuse x.y as z z\nuse m.{p, q} 3\nuse a.b.c d\ndatset faces = f()\nlr = 3\nparam w : : 3\n";
    let names: Vec<String> = parsed(text)
        .file
        .items
        .iter()
        .map(|item| match &item.kind {
            ddl::syntax::tree::ItemKind::Junk(junk) => junk.names.iter().map(|name| name.text.clone()).collect::<Vec<_>>().join("+"),
            other => panic!("{other:?} is not junk"),
        })
        .collect();
    assert_eq!(names, ["a+b", "z", "p+q", "d", "faces", "lr", "w"]);
    assert_eq!(parsed(text).errors.len(), 7);
}

#[test]
fn each_bracket_error_is_said_once() {
    for (text, code) in [
        ("ddl 1\nlet a = f(1))\nlet b = 2\n", "stray_bracket"),
        ("ddl 1\nlet a = [1, 2)\nlet b = 2\n", "mismatched_bracket"),
        ("ddl 1\nlet a = f([1, 2)\nlet b = 2\n", "unclosed_bracket"),
        ("ddl 1\nlet a = f(g(\nlet b = 2\n", "unclosed_bracket"),
        ("ddl 1\nlet a = f(\"x)\nlet b = 2\n", "unclosed_string"),
        ("ddl 1\n)\nlet b = 2\n", "stray_bracket"),
    ] {
        assert_eq!(codes(text), [code], "{text}");
        assert_eq!(parsed(text).file.items.len(), 2, "{text}");
    }
}

#[test]
fn declarations_in_brackets_are_no_declarations() {
    let text = "ddl 1\nstage s = train(net,\nhead = arc,\nbatch = 3,\n x = {\nstage = 3\n})\ndef f() -> int {\nlet a = 1\nreturn a\n}\n";
    assert_eq!(errors(text), "");
}

#[test]
fn a_deep_text_is_refused_and_not_followed() {
    let nested = |open: &str, inner: &str, close: &str, n: usize| {
        format!("ddl 1\nlet x = {}{inner}{}\nlet y = 1\n", open.repeat(n), close.repeat(n))
    };
    assert_eq!(errors(&nested("(", "1", ")", 64)), "");
    assert_eq!(errors(&nested("f(a = [{k = ", "1", "}])", 20)), "");
    assert_eq!(errors(&nested("if c then 1 else ", "1", "", 60)), "");
    for text in [
        nested("(", "1", ")", 65),
        nested("[", "1", "]", 100_000),
        nested("f(", "", "", 100_000),
        nested("if c then 1 else ", "1", "", 65),
        nested("- ", "1", "", 300),
        nested("not ", "1", "", 900),
        nested("a.f().", "b", "", 1_000),
        nested("(a + b * - - ", "1", ")", 64),
        nested("{k: ", "1", "}", 70),
    ] {
        assert_eq!(codes(&text), ["too_deep"], "{}", &text[..100]);
        assert_eq!(parsed(&text).file.items.len(), 2);
    }
}

#[test]
fn a_long_sum_is_flat_and_a_longer_one_refused() {
    let sum = |n: usize| format!("ddl 1\nlet x = 1{}\n", " + a".repeat(n));
    assert_eq!(errors(&sum(1_000)), "");
    assert_eq!(codes(&sum(1_001)), ["too_many_operators"]);
    assert_eq!(codes(&sum(50_000)), ["too_many_operators"]);
}

#[test]
fn the_deepest_texts_parse_on_a_small_stack() {
    let text = format!("ddl 1\nlet x = {}1{}\n", "f(a = [{k = (b + ".repeat(16), ")}])".repeat(16));
    let ifs = format!("ddl 1\nlet x = {}1\n", "if f(1) then 1 else ".repeat(60));
    let done = std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || parsed(&text).errors.len() + parsed(&ifs).errors.len())
        .unwrap()
        .join();
    assert_eq!(done.unwrap(), 0);
}

#[test]
fn every_code_of_syntax_has_an_example_that_shows_it() {
    for code in Code::all().filter(|code| code.text().starts_with("ddl::syntax::")) {
        let Some((wrong, right)) = code.example() else {
            assert!([Code::TooDeep, Code::TooManyOperators].contains(&code), "{code} has no example");
            continue;
        };
        assert_eq!(parsed(wrong).errors.iter().map(|error| error.code).collect::<Vec<_>>(), [code], "{wrong}");
        assert_eq!(errors(right), "", "{right}");
    }
}
