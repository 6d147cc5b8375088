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
        let drawn = render(&Diagnostic::error(Code::Unexpected, "here").at(span, "é"), &sources, RenderOptions { color: true, width: 0 });
        assert!(drawn.contains("here"), "{drawn}");
    }
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
