//! The recipes of the design parse, whole.

use crate::support::{RECIPES, errors, parsed};
use ddl::syntax::dump;

#[test]
fn the_recipes_of_the_design_parse() {
    for (name, text) in RECIPES {
        assert_eq!(errors(text), "", "{name}");
        insta::assert_snapshot!(name, dump(&parsed(text).file));
    }
}

#[test]
fn comments_and_documentation_are_kept() {
    let text = "// first\nddl 1\n//! about\n/// one\n///two  \nlet n = 3 // trailing\n//// no doc\n";
    let file = parsed(text).file;
    assert_eq!(
        file.comments.iter().map(|c| (c.text.as_str(), c.own_line)).collect::<Vec<_>>(),
        [("// first", true), ("// trailing", false), ("//// no doc", true)]
    );
    assert_eq!(file.inner_docs[0].text, "about");
    assert_eq!(file.items[0].docs.iter().map(|doc| doc.text.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(&text[file.items[0].span.range()], "let n = 3");
}

#[test]
fn line_ends_and_marks_of_other_systems_are_read() {
    assert_eq!(errors("\u{feff}ddl 1\r\n/// doc\r\nlet n = [1,\r\n 2]\r\n"), "");
    assert_eq!(parsed("ddl 1\r\n/// doc\r\nlet n = 1\r\n").file.items[0].docs[0].text, "doc");
}
