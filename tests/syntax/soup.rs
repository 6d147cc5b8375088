//! Whatever the text, a tree comes back.

use crate::support::parsed;
use proptest::prelude::*;

const WORDS: &[&str] = &[
    "ddl 1", "let", "dataset", "stage", "param", "def", "use", "sweep", "export", "term", "margin", "return", "if", "then", "else", "for",
    "in", "not", "and", "or", "one", "of", "none", "true", "x", "faces", "f(", "(", ")", "[", "]", "{", "}", ",", ".", "..", "=", "==",
    ":", "->", "|>", "|", "??", "?", "+", "-", "*", "/", "<", "<=", "!", "!=", "1", "1.5", ".5", "5.", "1e3", "1e999", "8px", "20%",
    "2 epochs", "3 foo", "\"a\"", "\"{x}\"", "\"{\"", "\"\\q\"", "\"", "// c", "/// d", "//! i", "\n", "\n", "\n", " ", "\t", "\r\n", ";",
    "&", "é", "\u{feff}", "\u{0}",
];

fn check(text: &str) {
    let parsed = parsed(text);
    for error in &parsed.errors {
        assert!(error.span().is_some_and(|span| text.get(span.range()).is_some()), "{error:?} has no place in {text:?}");
    }
    let junk = parsed.file.items.iter().any(|item| matches!(item.kind, ddl::syntax::tree::ItemKind::Junk(_)));
    assert!(!junk || !parsed.errors.is_empty(), "junk without an error in {text:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_parses(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn any_bytes_parse(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_soup_parses(words in prop::collection::vec(prop::sample::select(WORDS), 0..60), blanks in any::<bool>()) {
        check(&words.join(if blanks { " " } else { "" }));
    }

    #[test]
    fn any_soup_after_a_declaration_parses(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        check(&format!("ddl 1\nlet a = {}\nstage b = f(1)\n", words.join(" ")));
    }

    #[test]
    fn a_recipe_cut_anywhere_parses(which in 0..4usize, from in 0.0..1.0f64, to in 0.0..1.0f64) {
        let text = crate::support::RECIPES[which].1;
        let cut = |part: f64| (0..=text.len()).rev().find(|at| text.is_char_boundary(*at) && *at as f64 <= part * text.len() as f64).unwrap();
        let (from, to) = (cut(from.min(to)), cut(from.max(to)));
        check(&text[from..to]);
        check(&format!("{}{}", &text[..from], &text[to..]));
    }
}
