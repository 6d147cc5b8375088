#![allow(clippy::cast_possible_truncation, reason = "lengths and places in files that were read")]
use super::*;
use crate::source::{FileId, SourceMap};
use std::collections::BTreeSet;

fn two_files() -> (SourceMap, Span, Span, Span) {
    let mut sources = SourceMap::new();
    let a = sources.add("a.ddl", "ddl 1\nstage s = train(nett)\nstage net = 3\n");
    let b = sources.add("lib/b.ddl", "ddl 1\nbackbone net = iresnet(50)\n");
    (sources, Span::new(a, 22, 26), Span::new(a, 34, 37), Span::new(b, 15, 18))
}

fn unknown() -> (SourceMap, Diagnostic) {
    let (sources, used, near, far) = two_files();
    let diagnostic = Diagnostic::error(Code::UnknownName, "nothing is called `nett`")
        .also(near, "this is near")
        .also(far, "so is this")
        .at(used, "unknown")
        .help("did you mean `net`?");
    (sources, diagnostic)
}

#[test]
fn a_diagnostic_is_drawn_with_its_places() {
    let (sources, diagnostic) = unknown();
    insta::assert_snapshot!(render(&diagnostic, &sources, RenderOptions::default()));
}

#[test]
fn an_error_without_a_place_is_drawn_too() {
    let error = ReadError::NotUtf8 { path: "a.ddl".into(), line: 3 };
    insta::assert_snapshot!(render(&error.into(), &SourceMap::new(), RenderOptions::default()));
}

#[test]
fn a_diagnostic_is_one_line_of_json() {
    let (sources, diagnostic) = unknown();
    insta::assert_snapshot!(to_json(&diagnostic, &sources));
}

#[test]
fn spans_that_do_not_fit_are_drawn_all_the_same() {
    let mut sources = SourceMap::new();
    let file = sources.add("é.ddl", "é");
    for span in [Span::new(file, 1, 1), Span::new(file, 7, 9), Span::new(file, 2, 1), Span::new(FileId(9), 0, 1)] {
        let drawn = render(
            &Diagnostic::error(Code::Unexpected, "here").at(span, "é"),
            &sources,
            RenderOptions { color: true, width: 0, source_width: 0 },
        );
        assert!(drawn.contains("here"), "{drawn}");
    }
}

#[test]
fn no_line_of_a_source_is_too_long_to_be_drawn() {
    let mut sources = SourceMap::new();
    let text = format!("ddl 1\nlet x = [{}oops, {}]\n", "1, ".repeat(50_000), "2, ".repeat(50_000));
    let at = text.find("oops").unwrap() as u32;
    let file = sources.add("long.ddl", text.clone());
    for columns in [0, 50, 100, 200] {
        for span in [Span::new(file, at, at + 4), Span::new(file, 0, text.len() as u32), Span::new(file, text.len() as u32 - 1, u32::MAX)] {
            let options = RenderOptions::for_screen(false, columns, 120);
            let drawn =
                render(&Diagnostic::error(Code::UnknownName, "x").at(span, "y").also(Span::new(file, 10, 11), ""), &sources, options);
            assert!(drawn.lines().all(|line| line.chars().count() <= columns.max(40) + 30), "{drawn}");
        }
    }
    let drawn = render(
        &Diagnostic::error(Code::UnknownName, "x").at(Span::new(file, at, at + 4), "y"),
        &sources,
        RenderOptions::for_screen(false, 60, 120),
    );
    insta::assert_snapshot!(drawn);
}

#[test]
fn what_is_endless_is_said_shortly() {
    let name = "x".repeat(5 << 20);
    let said = Diagnostic::error(Code::UnknownName, format!("nothing is called `{name}`"))
        .at(Span::default(), format!("{name} is unknown"))
        .help(format!("it is one of {}", one_of((0..100_000).map(|_| "name"))));
    let mut sources = SourceMap::new();
    sources.add("r.ddl", name.clone());
    for text in [render(&said, &sources, RenderOptions::default()), to_json(&said, &sources)] {
        assert!(text.len() < 20_000 && text.contains("`xxx"), "{} bytes", text.len());
    }
    assert_eq!(did_you_mean(&name, ["faces"]), None);
}

#[test]
fn diagnostics_come_in_the_order_of_the_text() {
    let (_, used, near, far) = two_files();
    let at = |span| Diagnostic::error(Code::Unexpected, "x").at(span, "");
    let nowhere = Diagnostic::warning(Code::TooLong, "y");
    let mut all = Diagnostics::from(vec![nowhere.clone(), at(far), at(near), at(used), at(near)]);
    assert_eq!((all.len(), all.errors()), (5, 4));
    all.sort();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), [at(used), at(near), at(far), nowhere]);
}

#[test]
fn a_misspelt_word_is_recognised() {
    let names = ["arcface", "cosface", "adaface", "yaw", "px"];
    for (word, meant) in [("arcfase", Some("arcface")), ("ArcFace", Some("arcface")), ("ywa", Some("yaw")), ("triplet", None), ("p", None)]
    {
        assert_eq!(did_you_mean(word, names), meant, "{word}");
    }
    assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
}

#[test]
fn each_code_is_listed_once_under_its_family() {
    let mut seen = BTreeSet::new();
    for (family, codes) in codes::FAMILIES {
        for code in *codes {
            let name = code.text().strip_prefix(&format!("ddl::{family}::"));
            assert!(name.is_some_and(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')), "{code}");
            assert!(seen.insert(code.text()), "{code} is listed twice");
            assert!(!code.title().is_empty() && !code.title().ends_with('.') && code.means().len() > 40, "{code} says too little");
        }
    }
}

#[test]
fn explain_shows_an_example_and_its_mending() {
    insta::assert_snapshot!(explain("types::unit_mismatch").unwrap());
    assert_eq!(explain("ddl::types::nothing"), None);
}

#[test]
fn nothing_runs_over_a_narrow_screen() {
    let mut sources = SourceMap::new();
    let text = "ddl 1\nstage warm = train(nett, classify(people.train, arc), batch = 128, for = 12 epochs, optimizer = sgd(lr = 0.1))\nlet x = [\n  1,\n  2,\n]\n";
    let file = sources.add("a/long/name/of/a/folder/of/recipes/that/goes/on/recipe.ddl", text);
    let other = sources.add("b.ddl", text);
    let at = |part: &str| {
        let start = text.find(part).unwrap() as u32;
        Span::new(file, start, start + part.len() as u32)
    };
    let long = "what a reader has to know of this place, which takes a little more than one line to say";
    let said = [
        Diagnostic::error(Code::UnknownName, "nothing is called `nett`").at(at("nett"), "unknown").help("did you mean `net`?"),
        Diagnostic::error(Code::UnknownName, long).at(at("nett"), long).also(at("for = 12"), long).help(long),
        Diagnostic::warning(Code::BeyondStage, long).at(at("0.1"), long).also(at("128"), "128").also(at("train"), long),
        Diagnostic::warning(Code::BeyondStage, long).at(at("[\n  1,\n  2,\n]"), long).also(at("1,"), long),
        Diagnostic::advice(Code::Leak, long).at(at("stage"), long).also(Span { file: other, ..at("arc") }, long),
        Diagnostic::error(Code::UnknownName, "x".repeat(90)).at(at("arc"), "`".to_owned() + &"y".repeat(90) + "`"),
    ];
    let mut shown = String::new();
    for columns in [40, 50, 60, 80] {
        for diagnostic in &said {
            let drawn = render(diagnostic, &sources, RenderOptions::for_screen(false, columns, 100));
            let widest = drawn.lines().map(unicode_width::UnicodeWidthStr::width).max().unwrap_or(0);
            assert!(widest <= columns, "{widest} of {columns} columns:\n{drawn}");
            if columns == 40 {
                shown += &drawn;
            }
        }
    }
    insta::assert_snapshot!(shown);
}
