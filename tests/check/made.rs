//! Wrong recipes that are too long, or no text at all, to stand in a file of cases.

use ddl::compile::{Options, compile};
use ddl::data::DataError;
use ddl::data::{Lies, Prober};
use ddl::diag::{Code, Diagnostic, RenderOptions, render};
use ddl::source::{Memory, SourceMap};
use std::fmt::Write as _; // a String takes all that is written to it
use std::path::Path;

/// The codes that the tests here show.
pub const CODES: &[Code] = &[
    Code::UnreadableFile,
    Code::NotUtf8,
    Code::TooLong,
    Code::TooDeep,
    Code::TooManyOperators,
    Code::LongChain,
    Code::TooLarge,
    Code::TooMuch,
    Code::TooMany,
];

fn refused(bytes: impl Into<Vec<u8>>) -> Diagnostic {
    *compile(&Memory::new().with("recipe.ddl", bytes), Path::new("recipe.ddl"), &Options::default()).unwrap_err()
}

/// What is said of a text; long lines of the source are cut.
fn said(text: &str) -> Vec<(Code, String)> {
    let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
    compiled.diagnostics.iter().map(|it| (it.code, it.message.clone())).collect()
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    for length in [1, 10, 100, 10_000] {
        let bytes: Vec<u8> = (0..length).map(|_| noise() | 0x80).collect();
        assert_eq!(refused(bytes).code, Code::NotUtf8);
        // bytes that happen to be text get errors of syntax
        let text: String = (0..length).map(|_| char::from(noise() & 0x7f)).collect();
        assert!(said(&text).iter().all(|(code, _)| code.text().starts_with("ddl::syntax::")), "{text:?}");
    }
    insta::assert_snapshot!(render(&refused(b"ddl 1\n\xff\xfe".to_vec()), &SourceMap::new(), RenderOptions::default()));
}

#[test]
fn a_recipe_that_is_not_there_or_too_long_is_refused() {
    let missing = compile(&Memory::new(), Path::new("recipe.ddl"), &Options::default()).unwrap_err();
    assert_eq!(missing.code, Code::UnreadableFile);
    assert_eq!(refused(vec![b' '; ddl::source::LONGEST_SOURCE + 1]).code, Code::TooLong);
}

#[test]
fn what_is_too_deep_or_too_long_is_said_once() {
    let deep = format!("ddl 1\nlet _x = {}1{}\n", "(".repeat(65), ")".repeat(65));
    let sum = format!("ddl 1\nlet _x = 1{}\n", " + 1".repeat(1_001));
    let mut chain = "ddl 1\nlet _a0 = 1\n".to_owned();
    for at in 1..=600 {
        let _ = writeln!(chain, "let _a{} = _a{}", 601 - at, 600 - at);
    }
    for (text, code) in [(deep, Code::TooDeep), (sum, Code::TooManyOperators), (chain, Code::LongChain)] {
        let said = said(&text);
        assert_eq!(said.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [code], "{said:?}");
    }
}

#[test]
fn a_graph_that_multiplies_beyond_all_bounds_is_refused() {
    let text = "ddl 1\nsweep a in 1..320\nsweep b in 1..320\nstage s = tiny(seed = a * 1000 + b)\n";
    let said = said(text);
    assert_eq!(said, [(Code::TooLarge, "this stands in more arms than a recipe may have nodes: 100000".to_owned())]);
}

#[test]
fn what_is_done_too_often_is_refused() {
    let codes = |text: &str| said(text).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    assert_eq!(codes("ddl 1\nlet _x = [[a + b for a in 1..9_999] for b in 1..9_999]\n"), [Code::TooMuch]);
    assert_eq!(codes("ddl 1\nlet _x = [a for a in 1..10_001]\n"), [Code::TooMany]);
}

/// A machine on which nothing is there.
struct Nothing;

impl Prober for Nothing {
    fn digest(&self, path: &Path, _: Lies) -> Result<String, DataError> {
        Err(DataError::Unreadable { path: path.to_owned(), why: "No such file or directory".to_owned() })
    }
}

#[test]
fn data_that_is_not_there_is_said_once_for_each_path() {
    let text = "ddl 1\ndataset a = image_folder(\"images\")\ndataset b = image_folder(\"images\")\ndataset c = image_folder(\"more\")\n";
    let options = Options { prober: Some(&Nothing), ..Options::default() };
    let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &options).unwrap();
    let unreadable = compiled.diagnostics.iter().filter(|it| it.code == Code::UnreadableData).count();
    assert_eq!(unreadable, 2, "{:?}", compiled.diagnostics);
}
