//! What every command about a recipe does first: gathers the values of its parameters, compiles it, and says what is wrong with it.

use super::args::RecipeArgs;
use super::outcome::{Outcome, Stop, stored};
use super::params;
use super::screen::Screen;
use crate::compile::{Compiled, Given, Options, compile};
use crate::data::probe::ProbeCache;
use crate::diag::{Code, Diagnostic, Severity};
use crate::inputs::probe::DiskProber;
use crate::plan::Plan;
use crate::source::{Disk, SourceMap, World};
use crate::store::Store;
use crate::syntax::parse;
use crate::syntax::tree::{ItemKind, TypeExpr};
use indexmap::IndexMap;
use std::path::{Path, PathBuf};

/// Where a command finds a recipe and the values of its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Recipe<'a> {
    /// The recipe's file.
    pub file: &'a Path,
    /// Values of the command line.
    pub set: &'a [(String, String)],
    /// Files of values.
    pub params: &'a [PathBuf],
    /// Where it remembers what is known of data: in the store's folder, or beside it while there is no store.
    probes: PathBuf,
    /// What the command has learned of folders of images.
    folders: ProbeCache,
    /// The recipe's own bytes, where it is no file.
    input: Option<Vec<u8>>,
}

impl<'a> From<&'a RecipeArgs> for Recipe<'a> {
    fn from(args: &'a RecipeArgs) -> Self {
        Recipe::new(&args.recipe, &args.set, &args.params, &args.store)
    }
}

impl<'a> Recipe<'a> {
    /// A recipe's file, values of the command line, files of values, and the store's folder.
    pub(crate) fn new(file: &'a Path, set: &'a [(String, String)], params: &'a [PathBuf], store: &Path) -> Self {
        let probes = store.join("probes");
        Recipe { file, set, params, folders: ProbeCache::in_folder(&probes), probes, input: None }
    }

    /// What the command has learned of data.
    pub(crate) fn folders(&self) -> &ProbeCache {
        &self.folders
    }

    /// The same with these bytes in place of what its file holds.
    #[must_use]
    pub(crate) fn reading(mut self, input: Vec<u8>) -> Self {
        self.input = Some(input);
        self
    }

    /// Compiles it and shows what was found. Errors end the command.
    pub(crate) fn compile(&self, screen: &Screen) -> Result<Compiled, Stop> {
        let compiled = self.compile_quietly()?;
        screen.messages(&compiled.diagnostics, &compiled.sources);
        if compiled.has_errors() {
            screen.messages(&self.faults(&compiled).1, &compiled.sources);
            return Err(Stop::Shown(Outcome::Wrong));
        }
        Ok(compiled)
    }

    /// The same where every parameter must have a value, because something is to be run or written down.
    pub(crate) fn compile_closed(&self, screen: &Screen) -> Result<Compiled, Stop> {
        let compiled = self.compile(screen)?;
        closed(&compiled)?;
        Ok(compiled)
    }

    /// The plan of what was compiled, with all that is known of its data. What is wrong with the data ends the command.
    pub(crate) fn plan(&self, compiled: &Compiled, screen: &Screen) -> Result<Plan, Stop> {
        self.plan_and_findings(compiled, screen).map(|(plan, _)| plan)
    }

    /// The same, with what was found of the data and stops nothing.
    pub(crate) fn plan_and_findings(&self, compiled: &Compiled, screen: &Screen) -> Result<(Plan, Vec<Diagnostic>), Stop> {
        let (plan, mut said) = self.known_plan(compiled);
        said.retain(|it| it.code != Code::NoInterval); // the plan notes it
        screen.messages(&said, &compiled.sources);
        if said.iter().any(|it| it.severity == Severity::Error) { Err(Stop::Shown(Outcome::Wrong)) } else { Ok((plan, said)) }
    }

    /// The same, with what is wrong with the data.
    pub(crate) fn known_plan(&self, compiled: &Compiled) -> (Plan, Vec<Diagnostic>) {
        compiled.known_plan(self.folders.clone())
    }

    /// The plan, and what is wrong with what lies at paths beyond what was said when they were looked up: a file that is not there hides
    /// the faults of no other. Where the recipe itself is wrong nothing is read.
    pub(crate) fn faults(&self, compiled: &Compiled) -> (Plan, Vec<Diagnostic>) {
        let errors = || compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error);
        if !errors().all(|it| [Code::UnreadableData, Code::NoImages, Code::BadTable].contains(&it.code)) {
            return (compiled.plan(), Vec::new());
        }
        let (plan, mut said) = self.known_plan(compiled);
        if compiled.has_errors() {
            said.retain(|it| it.severity == Severity::Error && !errors().any(|told| (told.code, &told.message) == (it.code, &it.message)));
        }
        (plan, said)
    }

    /// Compiles it and shows nothing.
    pub(crate) fn compile_quietly(&self) -> Result<Compiled, Stop> {
        self.compile_with(Options::default())
    }

    /// The same with more options.
    pub(crate) fn compile_with(&self, options: Options) -> Result<Compiled, Stop> {
        self.probes.parent().map_or(Ok(()), Store::hold_apart).map_err(|error| stored(&error))?;
        let prober = DiskProber::sharing(self.folders.clone(), &self.probes);
        let options = Options { params: self.values()?, prober: Some(&prober), ..options };
        let compiled = match &self.input {
            Some(input) => compile(&Overlay { file: self.file, bytes: input }, self.file, &options),
            None => compile(&Disk, self.file, &options),
        };
        compiled.map_err(|diagnostic| Stop::Say(Outcome::Wrong, diagnostic))
    }

    /// The types of the recipe's parameters, as it writes them; of a recipe that can't be read none.
    fn types(&self) -> IndexMap<String, TypeExpr> {
        let mut sources = SourceMap::new();
        let file = match &self.input {
            Some(input) => sources.add_bytes(String::new(), input.clone()),
            None => sources.load(&Disk, self.file, ""),
        };
        let items = file.ok().and_then(|id| sources.get(id)).map(|source| parse(source).file.items).unwrap_or_default();
        let typed = items.into_iter().filter_map(|item| match item.kind {
            ItemKind::Param(param) => Some((param.name.text, param.ty)),
            _ => None, // no parameter
        });
        typed.collect()
    }

    /// The values of parameters: files in their order, then the command line.
    fn values(&self) -> Result<IndexMap<String, Given>, Stop> {
        let mut values = IndexMap::new();
        let types = if self.params.is_empty() { IndexMap::new() } else { self.types() };
        for file in self.params {
            values.extend(params::read(file, &types)?);
        }
        for (at, (name, text)) in self.set.iter().enumerate() {
            if self.set[..at].iter().any(|(before, _)| before == name) {
                return Err(Stop::wrong_with(format!("--set gives `{name}` twice"), "say one of both values"));
            }
            values.insert(name.clone(), Given { text: text.clone(), origin: format!("--set {name}"), base: PathBuf::new() });
        }
        Ok(values)
    }
}

/// The disk, with one file that is not on it.
struct Overlay<'a> {
    file: &'a Path,
    bytes: &'a [u8],
}

impl World for Overlay<'_> {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        if path == self.file { Ok(self.bytes.to_vec()) } else { Disk.read(path) }
    }

    fn canonical(&self, path: &Path) -> std::io::Result<PathBuf> {
        if path == self.file { Ok(path.to_owned()) } else { Disk.canonical(path) }
    }
}

/// Refuses a recipe whose parameters do not all have values.
pub(crate) fn closed(compiled: &Compiled) -> Result<(), Stop> {
    if compiled.open_params.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = compiled.open_params.iter().map(|name| format!("`{name}`")).collect();
    let example: Vec<String> = compiled.open_params.iter().map(|name| format!("--set {name}=…")).collect();
    let message = if names.len() == 1 {
        format!("the parameter {} has no value", names[0])
    } else {
        format!("the parameters {} have no values", names.join(", "))
    };
    Err(Stop::refuse(Diagnostic::error(Code::OpenParam, message).help(format!("give them: {}", example.join(" ")))))
}
