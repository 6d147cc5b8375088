//! The standard library, from its own text: modules, and the `def`s in them.

use super::groups::summary;
use crate::compile::STANDARD;
use crate::source::{FileId, Source};
use crate::syntax::parse;
use crate::syntax::tree::{Def, Doc, ItemKind};
use std::fmt::Write as _; // a String takes all that is written to it

/// A call that is longer than this has a line for each formal.
const LONGEST: usize = 100;

/// A module of the library.
pub(crate) struct Module {
    /// `degrade`
    pub name: &'static str,
    /// What it says of itself.
    pub doc: String,
    /// What it has to call.
    pub defs: Vec<Documented>,
}

/// A `def` with its documentation.
pub(crate) struct Documented {
    /// `std.degrade.far_away`
    pub path: String,
    doc: String,
    result: String,
    formals: Vec<Formal>,
}

struct Formal {
    /// `p: fraction = 20%`
    text: String,
    name: String,
    doc: String,
}

/// All modules in the order of their names.
pub(crate) fn modules() -> Vec<Module> {
    STANDARD.iter().map(|(name, text)| module(name, text)).collect()
}

/// The module or the `def` of a path such as `std.degrade`, `std.degrade.far_away`.
pub(crate) fn find(path: &str) -> Option<Found> {
    let mut words = path.strip_prefix("std.")?.splitn(2, '.');
    let name = words.next()?;
    let module = modules().into_iter().find(|module| module.name == name)?;
    match words.next() {
        None => Some(Found::Module(module)),
        Some(_) => module.defs.into_iter().find(|def| def.path == path).map(Found::Def),
    }
}

/// Something of the library.
pub(crate) enum Found {
    /// A module.
    Module(Module),
    /// A `def`.
    Def(Documented),
}

/// Every path that [`find`] knows.
pub(crate) fn paths() -> Vec<String> {
    modules()
        .into_iter()
        .flat_map(|module| std::iter::once(format!("std.{}", module.name)).chain(module.defs.into_iter().map(|def| def.path)))
        .collect()
}

fn module(name: &'static str, text: &str) -> Module {
    let source = Source::new(FileId(0), name, text);
    let file = parse(&source).file;
    let defs = file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Def(def) if !def.name.text.starts_with('_') => Some(documented(name, def, &item.docs, &source)),
        _ => None, // a module offers what can be called
    });
    Module { name, defs: defs.collect(), doc: text_of(&file.inner_docs) }
}

fn documented(module: &str, def: &Def, docs: &[Doc], source: &Source) -> Documented {
    let formals = def.formals.iter().map(|formal| Formal {
        text: one_line(source.slice(formal.span)),
        name: formal.name.text.clone(),
        doc: text_of(&formal.docs),
    });
    Documented {
        path: format!("std.{module}.{}", def.name.text),
        doc: text_of(docs),
        result: one_line(source.slice(def.result.span)),
        formals: formals.collect(),
    }
}

fn text_of(docs: &[Doc]) -> String {
    docs.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Documented {
    /// `std.degrade.far_away(smallest: pixels = 8px, largest: pixels = 20px) -> augment`
    pub(crate) fn signature(&self) -> String {
        let formals: Vec<&str> = self.formals.iter().map(|formal| formal.text.as_str()).collect();
        let line = format!("{}({}) -> {}", self.path, formals.join(", "), self.result);
        if line.chars().count() <= LONGEST {
            line
        } else {
            format!("{}(\n    {},\n) -> {}", self.path, formals.join(",\n    "), self.result)
        }
    }

    /// Its first sentence.
    pub(crate) fn summary(&self) -> String {
        summary(&self.doc)
    }

    /// All of it for a terminal.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("{}\n\n{}\n", self.signature(), self.doc.trim());
        if !self.formals.is_empty() {
            out.push_str("\nParameters\n");
        }
        for formal in &self.formals {
            let _ = writeln!(out, "  {}", formal.text);
            formal.doc.lines().for_each(|line| {
                let _ = writeln!(out, "      {line}");
            });
        }
        out
    }

    /// All of it for a book, under a heading of the given level.
    pub(crate) fn markdown(&self, level: usize) -> String {
        let doc = super::markdown::escaped(self.doc.trim());
        let mut out = format!("{} {}\n\n```ddl\n{}\n```\n\n{doc}\n", "#".repeat(level), self.path, self.signature());
        if self.formals.iter().any(|formal| !formal.doc.is_empty()) {
            out.push('\n');
        }
        for formal in self.formals.iter().filter(|formal| !formal.doc.is_empty()) {
            let _ = writeln!(out, "- `{}`: {}", formal.name, super::markdown::escaped(&one_line(&formal.doc)));
        }
        out
    }
}

impl Module {
    /// What it has, one a line, for a terminal.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("std.{}\n\n{}\n\n", self.name, self.doc.trim());
        let width = self.defs.iter().map(|def| def.path.len()).max().unwrap_or(0);
        for def in &self.defs {
            let _ = writeln!(out, "  {:width$}  {}", def.path, def.summary());
        }
        out.push_str("\n`ddl doc NAME` shows one of them.\n");
        out
    }

    /// All of it for a book, under a heading of the given level.
    pub(crate) fn markdown(&self, level: usize) -> String {
        let mut out = format!("{} std.{}\n\n{}\n", "#".repeat(level), self.name, super::markdown::escaped(self.doc.trim()));
        for def in &self.defs {
            out.push('\n');
            out.push_str(&def.markdown(level + 1));
        }
        out
    }
}

/// The page of the whole library.
pub(crate) fn page() -> String {
    let mut out = String::from(
        "# The standard library\n\nWritten in ddl itself (`stdlib/`): `use std.degrade`, or call it by its whole name, `std.degrade.far_away()`.\n",
    );
    for module in modules() {
        out.push('\n');
        out.push_str(&module.markdown(2));
    }
    out
}
