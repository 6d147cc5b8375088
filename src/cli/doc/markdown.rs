//! Operators for a book.

use super::groups::{Group, chapters, result, summary};
use super::signature::{call, on_arrays, one_line, set_by_compiler, shown, takes};
use crate::lang::decl::Decl;
use std::fmt::Write as _; // a String takes all that is written to it

/// All operators, one a line, by chapters.
pub(crate) fn list() -> String {
    let mut out = String::from("# Operators\n");
    for (group, decls) in chapters() {
        let _ = writeln!(out, "\n## [{}]({}.md)\n", group.title(), group.file());
        for decl in decls {
            let _ = writeln!(out, "- [`{}`]({}.md#{}): {}", decl.name, group.file(), decl.name, escaped(&summary(decl.doc)));
        }
    }
    out.push_str("\n## [The standard library](library.md)\n\n");
    for def in super::library::modules().iter().flat_map(|module| &module.defs) {
        let anchor = def.path.replace('.', "");
        let _ = writeln!(out, "- [`{}`](library.md#{anchor}): {}", def.path, escaped(&def.summary()));
    }
    out
}

/// A chapter.
pub(crate) fn chapter(group: Group, decls: &[&Decl]) -> String {
    let mut out = format!("# {}\n", group.title());
    for decl in decls {
        out.push('\n');
        out.push_str(&operator(decl, 2));
    }
    out
}

/// One operator under a heading of the given level.
pub(crate) fn operator(decl: &Decl, level: usize) -> String {
    let mut out = format!("{} {}\n\n```ddl\n{}\n```\n\n", "#".repeat(level), decl.name, call(decl));
    for line in decl.doc.trim().lines() {
        let _ = writeln!(out, "{}", escaped(line.trim()));
    }
    let _ = writeln!(out, "\nGives {}. Version {}.", result(decl), decl.version);
    if let Some(command) = on_arrays(decl) {
        let _ = writeln!(out, "\nOn arrays: `{command}`");
    }
    let params: Vec<_> = decl.params.iter().filter(|param| !set_by_compiler(param)).collect();
    if !params.is_empty() {
        out.push_str("\n| parameter | what fits | default | |\n|---|---|---|---|\n");
    }
    for param in params {
        let default = param.default.as_ref().map_or_else(|| "required".to_owned(), |default| format!("`{}`", shown(default)));
        let choices = param.choices.iter().map(|(word, meaning)| format!("<br>`{word:?}`: {}", cell(&escaped(&one_line(meaning)))));
        let doc = cell(&escaped(&one_line(param.doc))) + &choices.collect::<String>();
        let _ = writeln!(out, "| `{}` | {} | {} | {doc} |", param.name, cell(&takes(param)), cell(&default));
    }
    out
}

/// A text inside a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Characters that Markdown would read as its own, outside of backquotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut code = false;
    for c in text.chars() {
        code ^= c == '`';
        if !code && matches!(c, '*' | '_' | '<' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
