//! Operators for a terminal.

use super::groups::{chapters, result, summary};
use super::signature::{call, on_arrays, one_line, set_by_compiler, shown, takes};
use crate::lang::decl::Decl;
use std::fmt::Write as _; // a String takes all that is written to it

/// All operators, one a line, by chapters.
pub(crate) fn list() -> String {
    let mut out = String::new();
    for (group, decls) in chapters() {
        let _ = writeln!(out, "{}", group.title());
        let width = decls.iter().map(|decl| decl.name.len()).max().unwrap_or(0);
        for decl in decls {
            let _ = writeln!(out, "  {:width$}  {}", decl.name, summary(decl.doc));
        }
        out.push('\n');
    }
    out.push_str("The standard library\n");
    for module in super::library::modules() {
        let first = summary(&module.doc);
        let _ = writeln!(out, "  std.{:10}  {first}", module.name);
    }
    out.push_str("\n`ddl doc NAME` shows one of them.\n");
    out
}

/// One operator.
pub(crate) fn operator(decl: &Decl) -> String {
    let mut out = format!("{}\n  gives {}; version {}\n\n", call(decl), result(decl), decl.version);
    for line in decl.doc.trim().lines() {
        let _ = writeln!(out, "{}", line.trim());
    }
    if let Some(command) = on_arrays(decl) {
        let _ = writeln!(out, "\nOn arrays: {command}");
    }
    let params: Vec<_> = decl.params.iter().filter(|param| !set_by_compiler(param)).collect();
    if params.is_empty() {
        return out;
    }
    out.push_str("\nParameters\n");
    for param in params {
        let default = param.default.as_ref().map_or_else(|| "required".to_owned(), |default| format!("default {}", shown(default)));
        let _ = writeln!(out, "  {}: {}; {default}", param.name, takes(param));
        for line in param.doc.trim().lines() {
            let _ = writeln!(out, "      {}", line.trim());
        }
        for (word, meaning) in &param.choices {
            let _ = writeln!(out, "      {word:?}: {}", one_line(meaning));
        }
    }
    out
}
