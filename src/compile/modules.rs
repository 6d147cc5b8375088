//! Modules: a recipe, the recipes that it uses, and the standard library; the bindings of each.

use super::Compiler;
use crate::diag::{Code, Diagnostic, Severity, did_you_mean};
use crate::source::{FileId, Span, World};
use crate::syntax::tree::{Expr, File, FixedWord, ItemKind, Part, Target, Text, Use, UseSource, Word};
use indexmap::IndexMap;
use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The most module instances: recipes that are used, counted as often as they are used with parameters.
const MOST_MODULES: usize = 1_000;

/// A module instance: one file with one set of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ModuleId(pub usize);

/// A binding of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BindingId {
    pub module: ModuleId,
    pub place: usize,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A parameter: the item's place.
    Param(usize),
    /// A fixed declaration: the item's place, and the field of the value for a name of a pattern.
    Fixed(usize, FixedWord, Option<String>),
    /// An axis: the item's place and the place among its names.
    Axis(usize, usize),
    /// A `def`.
    Def(usize),
    /// An `export`.
    Export(usize),
    /// An `expect`.
    Expect(usize),
    /// `use … as name`.
    Module(ModuleId),
    /// A name of another module.
    Imported(BindingId),
    /// An operator that a `use std.…` names.
    Operator,
    /// A broken declaration: nothing is said of what uses it.
    Junk,
}

#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub name: String,
    pub span: Span,
    pub kind: Kind,
    pub used: bool,
}

#[derive(Debug)]
pub(crate) struct Module {
    pub tree: Arc<File>,
    /// The folder that literal paths are relative to; none for the standard library.
    pub dir: Option<PathBuf>,
    pub bindings: Vec<Binding>,
    pub names: IndexMap<String, usize>,
    /// Arguments of `with`, for modules that are used, and the module that says them.
    pub with: IndexMap<String, (ModuleId, Expr)>,
    /// What stands before the module's names in plans.
    pub prefix: String,
    pub origin: Origin,
    /// Whether its file has parts that nobody understood: what it seems to lack may stand there.
    pub torn: bool,
}

/// Where a module is from: two of one prefix may be two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The recipe itself.
    Recipe,
    /// A recipe that another one uses.
    Used,
    /// This module of the standard library.
    Standard(&'static str),
}

impl Module {
    pub(super) fn is_root(&self) -> bool {
        self.origin == Origin::Recipe
    }
}

macro_rules! standard_library {
    ($($name:literal),* $(,)?) => {
        /// The standard library's modules, by name.
        pub const STANDARD: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../stdlib/", $name, ".ddl")))),*];
    };
}

standard_library!("curves", "degrade", "protocols", "recipes");

impl Compiler<'_> {
    pub(super) fn load_root(&mut self, file: FileId, path: &Path) -> ModuleId {
        let dir = path.parent().map(Path::to_path_buf);
        let canonical = self.world.canonical(path).unwrap_or_else(|_| path.to_path_buf());
        self.loading.push((canonical, Span::new(file, 0, 0)));
        let id = self.load(file, dir, String::new(), Origin::Recipe);
        self.loading.pop();
        id
    }

    fn load(&mut self, file: FileId, dir: Option<PathBuf>, prefix: String, origin: Origin) -> ModuleId {
        let tree = match (self.trees.get(&file), self.sources.get(file)) {
            (Some(tree), _) => Arc::clone(tree),
            (None, Some(source)) => {
                let parsed = crate::syntax::parse(source);
                if parsed.errors.iter().any(|it| it.severity == Severity::Error) {
                    self.torn.insert(file);
                }
                self.diagnostics.extend(parsed.errors);
                Arc::new(parsed.file)
            }
            // a file number that this map gave is in it
            (None, None) => {
                Arc::new(File { edition: None, inner_docs: Vec::new(), items: Vec::new(), comments: Vec::new(), span: Span::default() })
            }
        };
        self.trees.insert(file, Arc::clone(&tree));
        let id = ModuleId(self.modules.len());
        self.modules.push(Module {
            tree: Arc::clone(&tree),
            dir,
            bindings: Vec::new(),
            names: IndexMap::new(),
            with: IndexMap::new(),
            prefix,
            origin,
            torn: self.torn.contains(&file),
        });
        for (place, item) in tree.items.iter().enumerate() {
            self.declare(id, place, &item.kind);
        }
        id
    }

    fn declare(&mut self, module: ModuleId, place: usize, item: &ItemKind) {
        match item {
            ItemKind::Use(used) => self.declare_use(module, used),
            ItemKind::Param(param) => self.bind(module, &param.name, Kind::Param(place)),
            ItemKind::Axis(axis) => {
                for (at, name) in axis.target.names().iter().enumerate() {
                    self.bind(module, name, Kind::Axis(place, at));
                }
            }
            ItemKind::Fixed(fixed) => match &fixed.target {
                Target::Name(name) => self.bind(module, name, Kind::Fixed(place, fixed.word, None)),
                Target::Pattern(names, _) => {
                    for name in names {
                        self.bind(module, name, Kind::Fixed(place, fixed.word, Some(name.text.clone())));
                    }
                }
            },
            ItemKind::Export(sink) => self.bind(module, &sink.name, Kind::Export(place)),
            ItemKind::Expect(sink) => self.bind(module, &sink.name, Kind::Expect(place)),
            ItemKind::Def(def) => self.bind(module, &def.name, Kind::Def(place)),
            ItemKind::Term(term) => {
                if let Some(name) = &term.name {
                    self.bind(module, name, Kind::Junk);
                }
            }
            ItemKind::Junk(junk) => {
                for name in &junk.names {
                    self.bind(module, name, Kind::Junk);
                }
            }
        }
    }

    fn bind(&mut self, module: ModuleId, name: &Word, kind: Kind) {
        if matches!(kind, Kind::Junk) && self.modules[module.0].names.contains_key(&name.text) {
            return;
        }
        let it = &mut self.modules[module.0];
        if let Some(&before) = it.names.get(&name.text) {
            let first = it.bindings[before].span;
            if !matches!(it.bindings[before].kind, Kind::Junk) {
                self.diagnostics.push(
                    Diagnostic::error(Code::DeclaredTwice, format!("`{}` is declared twice", name.text))
                        .at(name.span, "declared again")
                        .also(first, "declared here first")
                        .help("a name means one thing in a recipe: rename one of them"),
                );
            }
            return;
        }
        it.names.insert(name.text.clone(), it.bindings.len());
        it.bindings.push(Binding { name: name.text.clone(), span: name.span, kind, used: false });
    }

    fn declare_use(&mut self, module: ModuleId, used: &Use) {
        match &used.source {
            UseSource::File(text) => self.use_file(module, used, text),
            UseSource::Module { path, names, span } => self.use_standard(module, used, path, names, *span),
        }
    }

    fn use_file(&mut self, module: ModuleId, used: &Use, text: &Text) {
        let Some(relative) = plain_path(text) else {
            self.diagnostics.push(
                Diagnostic::error(Code::NotConstant, "the path of a `use` is a plain text")
                    .at(text.span, "has a hole")
                    .help("write the path itself"),
            );
            used.alias.iter().for_each(|alias| self.bind(module, alias, Kind::Junk));
            return;
        };
        let Some(alias) = &used.alias else {
            let guess = Path::new(&relative).file_stem().map_or_else(|| "other".to_owned(), |stem| stem.to_string_lossy().into_owned());
            self.diagnostics.push(
                Diagnostic::error(Code::UseWithoutName, "a used recipe needs a name")
                    .at(text.span, "no `as` after this")
                    .help(format!("write: use {relative:?} as {guess}")),
            );
            return;
        };
        let Some(path) = self.inside(module, &relative, text.span) else { return self.bind(module, alias, Kind::Junk) };
        let canonical = self.world.canonical(&path).unwrap_or_else(|_| path.clone());
        if let Some(dir) = self.modules[module.0].dir.clone()
            && !stays(self.world, &path, &dir)
        {
            self.diagnostics.push(led_outside(&path, text.span));
            self.bind(module, alias, Kind::Junk);
            return;
        }
        if let Some(at) = self.loading.iter().position(|(loading, _)| *loading == canonical) {
            let mut chain: Vec<String> = self.loading[at..].iter().map(|(path, _)| file_name(path)).collect();
            chain.push(file_name(&canonical));
            self.diagnostics.push(
                Diagnostic::error(Code::UseCycle, format!("these recipes use each other: {}", chain.join(" → ")))
                    .at(text.span, "closes the cycle")
                    .help("move what both need into a third recipe"),
            );
            self.bind(module, alias, Kind::Junk);
            return;
        }
        // without parameters of its own a recipe is one, however often it is used
        if let Some(&id) = self.plain.get(&canonical).filter(|_| used.with.is_empty()) {
            return self.bind(module, alias, Kind::Module(id));
        }
        if self.modules.len() >= MOST_MODULES {
            let said = Diagnostic::error(
                Code::TooMuch,
                format!("this is more than {MOST_MODULES} uses of recipes, those inside of others counted"),
            )
            .at(text.span, "one too many")
            .help("a recipe that two others use with parameters is used twice by who uses both, and so on");
            // of all that follow, the first is enough
            if !std::mem::replace(&mut self.too_many_modules, true) {
                self.diagnostics.push(said);
            }
            return self.bind(module, alias, Kind::Junk);
        }
        let known = self.files.get(&canonical).copied();
        let file = match known.map_or_else(|| self.sources.load(self.world, &path, path.to_string_lossy()), Ok) {
            Ok(file) => file,
            Err(error) => {
                let help = format!("a path is relative to the file that says it: this one means {}", path.display());
                self.diagnostics.push(Diagnostic::from(error).at(text.span, "used here").help(help));
                self.bind(module, alias, Kind::Junk);
                return;
            }
        };
        self.files.insert(canonical.clone(), file);
        self.loading.push((canonical.clone(), text.span));
        let prefix = format!("{}{}.", self.modules[module.0].prefix, alias.text);
        let id = self.load(file, path.parent().map(Path::to_path_buf), prefix, Origin::Used);
        self.loading.pop();
        self.modules[id.0].with = self.with_arguments(module, id, used);
        if used.with.is_empty() {
            self.plain.insert(canonical, id);
        }
        self.bind(module, alias, Kind::Module(id));
    }

    fn with_arguments(&mut self, module: ModuleId, inner: ModuleId, used: &Use) -> IndexMap<String, (ModuleId, Expr)> {
        let mut with = IndexMap::new();
        let params: Vec<String> = self.modules[inner.0]
            .bindings
            .iter()
            .filter(|binding| matches!(binding.kind, Kind::Param(_)))
            .map(|binding| binding.name.clone())
            .collect();
        for arg in &used.with {
            let Some(label) = &arg.label else {
                self.diagnostics.push(
                    Diagnostic::error(Code::UnlabelledArgument, "arguments of `with` have names").at(arg.span, "which parameter is this?"),
                );
                continue;
            };
            if !params.contains(&label.text) {
                if self.modules[inner.0].torn {
                    continue;
                }
                let near = did_you_mean(&label.text, params.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                self.diagnostics.push(
                    Diagnostic::error(Code::UnknownParam, format!("the used recipe has no parameter `{}`", label.text))
                        .at(label.span, "unknown")
                        .maybe_help(near),
                );
                continue;
            }
            with.insert(label.text.clone(), (module, arg.value.clone()));
        }
        with
    }

    fn use_standard(&mut self, module: ModuleId, used: &Use, path: &[Word], names: &[Word], span: Span) {
        let words: Vec<&str> = path.iter().map(|word| word.text.as_str()).collect();
        let (module_name, picked): (&str, Vec<&Word>) = match (words.as_slice(), names) {
            (["std", name], []) => (name, Vec::new()),
            (["std", name], names) => (name, names.iter().collect()),
            (["std", name, _], []) => (name, vec![&path[2]]),
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(Code::UnknownModule, format!("there is no module `{}`", words.join(".")))
                        .at(span, "unknown")
                        .help("the standard library's modules begin with `std.`; a recipe of your own is used by its path in quotes"),
                );
                return;
            }
        };
        let Some(id) = self.standard(module_name, span) else { return };
        if picked.is_empty() {
            let name = used.alias.clone().unwrap_or_else(|| path[1].clone());
            self.bind(module, &name, Kind::Module(id));
            return;
        }
        let mut seen = HashSet::new();
        // of a name that stands twice the parser has said so
        for word in picked.into_iter().filter(|word| seen.insert(word.text.as_str())) {
            let bound = if picked_alias(used, names) { used.alias.clone().unwrap_or_else(|| word.clone()) } else { word.clone() };
            match self.modules[id.0].names.get(&word.text) {
                Some(&place) if !word.text.starts_with('_') => {
                    self.bind(module, &bound, Kind::Imported(BindingId { module: id, place }));
                }
                _ if crate::ops::declared(word.text.as_str()).is_some_and(|decl| !decl.hidden) => {
                    self.bind(module, &bound, Kind::Operator);
                }
                _ => {
                    let known: Vec<String> = self.modules[id.0].names.keys().filter(|name| !name.starts_with('_')).cloned().collect();
                    let near = did_you_mean(&word.text, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                    self.diagnostics.push(
                        Diagnostic::error(Code::UnknownName, format!("`std.{module_name}` has nothing called `{}`", word.text))
                            .at(word.span, "unknown")
                            .maybe_help(near.or_else(|| Some(format!("it has {}", crate::diag::one_of(known.iter().map(String::as_str)))))),
                    );
                    self.bind(module, &bound, Kind::Junk);
                }
            }
        }
    }

    /// Whether a place is in the standard library.
    pub(super) fn is_standard(&self, span: Span) -> bool {
        self.modules.iter().any(|module| matches!(module.origin, Origin::Standard(_)) && module.tree.span.file == span.file)
    }

    /// A module of the standard library; loaded once.
    pub(super) fn standard(&mut self, name: &str, span: Span) -> Option<ModuleId> {
        let is_it = |module: &Module| matches!(module.origin, Origin::Standard(known) if known == name);
        if let Some(at) = self.modules.iter().position(is_it) {
            return Some(ModuleId(at));
        }
        let Some((name, text)) = STANDARD.iter().find(|(known, _)| *known == name) else {
            let near = did_you_mean(name, STANDARD.iter().map(|(known, _)| *known)).map(|near| format!("did you mean `std.{near}`?"));
            self.diagnostics.push(
                Diagnostic::error(Code::UnknownModule, format!("the standard library has no module `{name}`"))
                    .at(span, "unknown")
                    .maybe_help(
                        near.or_else(|| Some(format!("its modules are {}", crate::diag::one_of(STANDARD.iter().map(|(known, _)| *known))))),
                    ),
            );
            return None;
        };
        let file = self.sources.add(format!("std/{name}.ddl"), *text);
        Some(self.load(file, None, format!("std.{name}."), Origin::Standard(name)))
    }

    /// A literal path of a module's file, made absolute to it; an error when it leaves the file's folder.
    pub(super) fn inside(&mut self, module: ModuleId, relative: &str, span: Span) -> Option<PathBuf> {
        let Some(path) = within(Path::new(relative)) else {
            // the default of a parameter stands in the recipe too
            let of_param = self.modules[module.0].tree.items.iter().find_map(|item| match &item.kind {
                ItemKind::Param(param) => param.default.as_ref().filter(|default| default.span == span).map(|_| param.name.text.clone()),
                _ => None, // no parameter
            });
            let help = match of_param {
                Some(name) => format!(
                    "leave the default out, `param {name} : path`: whoever runs the recipe says where it lies, by --set {name}={relative}"
                ),
                None => "data outside comes in by a parameter: param data : path, then --set data=…".to_owned(),
            };
            self.diagnostics.push(
                Diagnostic::error(Code::PathLeaves, format!("the path {relative:?} leaves the recipe's folder"))
                    .at(span, "outside")
                    .help(help),
            );
            return None;
        };
        let Some(dir) = &self.modules[module.0].dir else {
            self.diagnostics.push(Diagnostic::error(Code::PathLeaves, "the standard library has no files of its own").at(span, "a path"));
            return None;
        };
        Some(dir.join(path))
    }
}

/// A relative path without the steps that it takes back; nothing for one that leaves the folder where it begins, if only on its way.
fn within(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => plain.push(part),
            Component::CurDir => {}
            Component::ParentDir => plain.pop().then_some(())?,
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

/// Whether a path below a folder lies there in truth: a link may lead elsewhere. What is not there leads nowhere.
pub(super) fn stays(world: &dyn World, path: &Path, folder: &Path) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match (world.canonical(path), world.canonical(folder)) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        _ => true,
    }
}

/// Says that a link leads out of the recipe's folder.
pub(super) fn led_outside(path: &Path, span: Span) -> Diagnostic {
    Diagnostic::error(Code::PathLeaves, format!("{} is, or lies behind, a link that leaves the recipe's folder", path.display()))
        .at(span, "outside")
        .help("data outside comes in by a parameter: param data : path, then --set data=…")
}

fn picked_alias(used: &Use, names: &[Word]) -> bool {
    used.alias.is_some() && names.len() <= 1
}

fn plain_path(text: &Text) -> Option<String> {
    match text.parts.as_slice() {
        [Part::Text(path)] => Some(path.clone()),
        _ => None,
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.to_string_lossy().into_owned(), |name| name.to_string_lossy().into_owned())
}
