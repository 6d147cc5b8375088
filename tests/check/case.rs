//! A recipe with what is to be said of it.

use ddl::compile::{Compiled, Given, Options, compile};
use ddl::data::probe::ProbeCache;
use ddl::diag::{Code, Diagnostic, RenderOptions, Severity, render};
use ddl::source::Memory;
use indexmap::IndexMap;
use std::fmt::Write as _; // a String takes all that is written to it
use std::path::{Path, PathBuf};

/// A wrong recipe.
pub struct Case {
    /// What is wrong with it.
    pub name: String,
    before: String,
    edition: bool,
    /// Whether the data is looked at too.
    data: bool,
    files: Vec<(String, String)>,
    params: IndexMap<String, Given>,
    /// What must be said, sorted: the place and the code.
    expected: Vec<String>,
}

/// The cases of a file.
pub fn topic(text: &str) -> Vec<Case> {
    let mut before = String::new();
    let mut cases: Vec<Case> = Vec::new();
    let mut in_before = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            in_before = name == "before";
            if !in_before {
                cases.push(Case::new(name, &before));
            }
        } else if in_before {
            before += line;
            before.push('\n');
        } else if let Some(case) = cases.last_mut() {
            case.line(line);
        }
    }
    cases.iter_mut().for_each(Case::expect);
    cases
}

impl Case {
    fn new(name: &str, before: &str) -> Self {
        Case {
            name: name.to_owned(),
            before: before.to_owned(),
            edition: true,
            data: false,
            files: vec![("recipe.ddl".to_owned(), String::new())],
            params: IndexMap::new(),
            expected: Vec::new(),
        }
    }

    fn line(&mut self, line: &str) {
        let (_, text) = self.files.last_mut().expect("a case has a recipe");
        if let Some(given) = line.strip_prefix("--set ") {
            let (name, value) = given.split_once('=').expect("--set name=value");
            let given = Given { text: value.to_owned(), origin: format!("--set {name}"), base: PathBuf::new() };
            self.params.insert(name.to_owned(), given);
        } else if let Some(code) = line.strip_prefix("--error ") {
            self.expected.push(format!("nowhere: error: {code}"));
        } else if let Some(code) = line.strip_prefix("--advice ") {
            self.expected.push(format!("nowhere: advice: {code}"));
        } else if let Some(said) = line.strip_prefix("--given ") {
            self.expected.push(said.replacen(' ', ":1: error: ", 1).replacen("--set=", "--set ", 1));
        } else if line == "--data" {
            self.data = true;
        } else if line == "--edition none" {
            self.edition = false;
        } else if let Some(name) = line.strip_prefix("--- ") {
            self.files.push((name.to_owned(), String::new()));
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }

    /// Reads the expectations from the comments, and takes them out of what is compiled.
    fn expect(&mut self) {
        for (at, (file, text)) in self.files.iter_mut().enumerate() {
            let mut out = String::new();
            if at == 0 {
                out = if self.edition { format!("ddl 1\n{}", self.before) } else { String::new() };
            }
            for line in text.trim_end().lines() {
                if let Some(said) = line.strip_prefix("//^ ") {
                    let place = out.lines().count();
                    self.expected.extend(said.split(", ").map(|said| format!("{file}:{place}: {said}")));
                    continue;
                }
                let marks: Vec<&str> = line.split("// ").skip(1).map(str::trim).collect();
                let place = out.lines().count() + 1;
                let said = marks.iter().filter(|mark| ["error: ", "warning: ", "advice: "].iter().any(|word| mark.starts_with(word)));
                self.expected.extend(said.flat_map(|mark| mark.split(", ")).map(|said| format!("{file}:{place}: {said}")));
                let end = [" // error: ", " // warning: ", " // advice: "].iter().find_map(|mark| line.find(mark)).unwrap_or(line.len());
                out.push_str(line[..end].trim_end());
                out.push('\n');
            }
            *text = out;
        }
        self.expected.sort();
    }

    fn compile(&self) -> Compiled {
        let world = self.files.iter().fold(Memory::new(), |world, (name, text)| world.with(name, text.as_bytes()));
        let options = Options { params: self.params.clone(), ..Options::default() };
        let mut compiled = compile(&world, Path::new("recipe.ddl"), &options).expect("the recipe can be read");
        if self.data && !compiled.has_errors() {
            let (_, said) = compiled.known_plan(ProbeCache::none());
            compiled.diagnostics.extend(said);
        }
        // most cases judge less than an interval is told by, and are of something else
        let told = self.expected.iter().any(|it| it.ends_with(Code::NoInterval.text()));
        compiled.diagnostics.retain(|it| it.code != Code::NoInterval || told);
        // what a file's cases share is not used by all of them
        let lines = 1 + self.before.lines().count();
        let sources = compiled.sources.clone();
        compiled.diagnostics.retain(|it| {
            let line = it.span().and_then(|span| Some(sources.get(span.file)?.place(span.start).line));
            it.code != Code::Unused || line.is_some_and(|line| line > lines)
        });
        compiled
    }

    /// Whether exactly what is expected is said, and where.
    pub fn verdict(&self) -> Result<(), String> {
        let compiled = self.compile();
        let mut said: Vec<String> = compiled.diagnostics.iter().map(|it| place(it, &compiled)).collect();
        said.sort();
        if said == self.expected {
            return Ok(());
        }
        Err(format!("=== {}\n  expected {:#?}\n  and said {said:#?}\n{}", self.name, self.expected, self.shown()))
    }

    /// Whether the same is said, and the same graph is made, when the declarations stand in the opposite order: nothing hangs on who is
    /// asked first. A recipe that can't be read whole, whose declarations therefore can't be moved, is taken as it is.
    pub fn in_any_order(&self) -> Result<(), String> {
        let (_, text) = &self.files[0];
        let parsed = ddl::syntax::parse(&ddl::source::Source::new(ddl::source::FileId(0), "recipe.ddl", text.clone()));
        if !parsed.errors.is_empty() || !self.edition || self.codes().any(|code| code == Code::DeclaredTwice.text()) {
            return Ok(()); // of two declarations of one name the first counts
        }
        let items: Vec<&str> = parsed.file.items.iter().rev().map(|item| &text[item.span.start as usize..item.span.end as usize]).collect();
        let turned = Case {
            name: self.name.clone(),
            before: self.before.clone(),
            edition: true,
            data: self.data,
            files: [("recipe.ddl".to_owned(), format!("ddl 1\n{}\n", items.join("\n")))]
                .into_iter()
                .chain(self.files[1..].to_vec())
                .collect(),
            params: self.params.clone(),
            expected: self.expected.clone(),
        };
        let told = |case: &Case| {
            let compiled = case.compile();
            let line = |it: &Diagnostic| {
                let span = it.span()?;
                let source = compiled.sources.get(span.file)?;
                Some(format!("{} in {}", source.slice(span), source.name))
            };
            // of several that are wrong together the first is shown, or the second
            let by_place =
                [Code::Unused, Code::Cycle, Code::Recursion, Code::OneExportPath, Code::Tap, Code::Unmeasurable, Code::NoInterval];
            let told = compiled.diagnostics.iter().filter(|it| !by_place.contains(&it.code));
            let mut said: Vec<String> = told.map(|it| format!("{} {} at {:?}", it.code, it.message, line(it))).collect();
            said.sort();
            let mut keys: Vec<String> = compiled.sinks.iter().map(|sink| compiled.graph.node(*sink).key.to_string()).collect();
            keys.sort();
            (said, keys)
        };
        let (here, there) = (told(self), told(&turned));
        if here == there { Ok(()) } else { Err(format!("=== {}\n  {here:#?}\n  and turned round {there:#?}", self.name)) }
    }

    /// The recipe without what all cases of its file share, and all that is said of it.
    pub fn shown(&self) -> String {
        let compiled = self.compile();
        let mut out = format!("=== {}\n", self.name);
        for diagnostic in &compiled.diagnostics {
            let _ = write!(out, "{}", render(diagnostic, &compiled.sources, RenderOptions::default()));
        }
        out
    }

    /// The codes that are expected.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.expected.iter().map(|said| {
            let text = said.rsplit(' ').next().unwrap_or_default();
            Code::from_text(text).unwrap_or_else(|| panic!("{text} is no code")).text()
        })
    }

    /// All that is compiled, as one text.
    pub fn recipe(&self) -> String {
        let given = self.params.iter().map(|(name, given)| format!("{name}={}\n", given.text));
        self.files.iter().map(|(_, text)| text.clone()).chain(given).collect()
    }
}

fn place(it: &Diagnostic, compiled: &Compiled) -> String {
    let word = match it.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    };
    let Some((span, source)) = it.span().and_then(|span| Some((span, compiled.sources.get(span.file)?))) else {
        return format!("nowhere: {word}: {}", it.code);
    };
    format!("{}:{}: {word}: {}", source.name, source.place(span.start).line, it.code)
}
