//! What the tests of the surface share.

use ddl::diag::{Diagnostic, RenderOptions, render};
use ddl::source::{FileId, SourceMap};
use ddl::syntax::{Parsed, dump, parse};

/// Parses a text that is complete.
pub fn parsed(text: &str) -> Parsed {
    let mut sources = SourceMap::new();
    let id = sources.add("r.ddl", text);
    parse(sources.get(id).unwrap())
}

/// The dump of declarations that must have no error, without the edition's line.
#[track_caller]
pub fn tree(declarations: &str) -> String {
    let text = format!("ddl 1\n{declarations}");
    let parsed = parsed(&text);
    assert!(parsed.errors.is_empty(), "{}", rendered(&text, &parsed.errors));
    dump(&parsed.file).trim_start_matches("(edition 1)\n").trim_end().to_owned()
}

/// The dump of an expression.
#[track_caller]
pub fn expression(text: &str) -> String {
    let tree = tree(&format!("let x = {text}"));
    tree.strip_prefix("(let x ").and_then(|rest| rest.strip_suffix(')')).expect("one `let`").to_owned()
}

/// The errors of a text as a person sees them.
pub fn errors(text: &str) -> String {
    rendered(text, &parsed(text).errors)
}

/// The codes of a text's errors, without `ddl::syntax::`, in the order of the text.
pub fn codes(text: &str) -> Vec<&'static str> {
    parsed(text).errors.iter().map(|error| error.code.text().trim_start_matches("ddl::syntax::")).collect()
}

fn rendered(text: &str, errors: &[Diagnostic]) -> String {
    let mut sources = SourceMap::new();
    assert_eq!(sources.add("r.ddl", text), FileId(0));
    errors.iter().map(|error| render(error, &sources, RenderOptions::default())).collect()
}

/// The recipes of the design.
pub const RECIPES: [(&str, &str); 4] = [
    ("opening", include_str!("recipes/opening.ddl")),
    ("pose", include_str!("recipes/pose.ddl")),
    ("scface", include_str!("recipes/scface.ddl")),
    ("large", include_str!("recipes/large.ddl")),
];
