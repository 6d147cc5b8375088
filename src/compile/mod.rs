//! From a recipe's text to its graph: modules are loaded, names bound, every expression typed and evaluated, nodes made.
//!
//! Checking and lowering are one walk: an expression has a type and, as far as parameters allow, a value. A value that is
//! missing ([`Value::Hole`]) or wrong ([`Value::Poison`]) is carried along silently, so that one mistake gives one message and the rest
//! of the recipe is still checked. The walk reads files only through [`World`] and [`Prober`], and never panics.

mod arith;
mod axes;
mod bind;
mod call;
mod claims;
mod coerce;
mod define;
mod distil;
mod expr;
mod instead;
mod judge;
mod meter;
mod modules;
mod names;
mod nets;
mod objective;
mod operate;
mod panel;
mod params;
mod plays;
mod row;
mod said;
mod sinks;
mod table;
mod twins;
mod types;
mod uses;

pub use modules::STANDARD;
pub use params::Given;

use crate::data::Prober;
use crate::data::probe::{Content, ProbeCache};
use crate::diag::{Code, Diagnostic, Diagnostics, Label, Severity};
use crate::graph::{Graph, Node};
use crate::lang::types::{Attributes, Type};
use crate::lang::value::{Args, NodeId, Value};
use crate::pattern::Patterns;
use crate::plan::{Paths, Plan, plan_of};
use crate::preflight::audit::Place;
use crate::preflight::facts;
use crate::source::{FileId, SourceMap, Span, World};
use crate::stack::with_room;
use crate::syntax::tree::{File, FixedWord, ItemKind};
use axes::Point;
use indexmap::IndexMap;
use modules::{BindingId, Module, ModuleId};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What a compilation is given beside the recipe.
#[derive(Default)]
pub struct Options<'a> {
    /// Values of parameters, by name.
    pub params: IndexMap<String, Given>,
    /// Tells what lies at paths; without one the paths themselves are keyed.
    pub prober: Option<&'a dyn Prober>,
    /// Whether stages stand for arrays on which their objectives are evaluated: nothing is trained, so a network may be idle, a critic
    /// needs no play, and what a term taps of a network is whatever the array holds.
    pub arrays: bool,
    /// Whether the recipe is what somebody typed on a command line: its paths are relative to where that is, and may lead anywhere.
    pub typed: bool,
}

/// What a compilation gives.
#[derive(Debug)]
pub struct Compiled {
    /// All sources that were read.
    pub sources: SourceMap,
    /// Everything that was found, sorted.
    pub diagnostics: Vec<Diagnostic>,
    /// The graph.
    pub graph: Graph,
    /// What the run is for.
    pub sinks: Vec<NodeId>,
    /// Where paths lie on this machine.
    pub paths: Paths,
    /// What lay there: what the keys stand for.
    pub contents: Vec<Content>,
    /// Parameters as they were resolved; those without a value are left out.
    pub params: IndexMap<String, String>,
    /// Parameters that have no value.
    pub open_params: Vec<String>,
    /// The recipe's own description.
    pub doc: String,
    /// What the recipe says of its reports (`///`), by their names.
    pub reports: IndexMap<String, String>,
    /// The recipe's file name.
    pub recipe: String,
    /// Spans that only their stages can check.
    open_ranges: Vec<params::OpenRange>,
    /// What compiling it cost, counted in steps: the same on every machine.
    pub work: u64,
}

impl Compiled {
    /// Whether anything is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The plan, without facts.
    pub fn plan(&self) -> Plan {
        plan_of(&self.graph, &self.sinks, &self.recipe, &self.doc, self.params.clone())
    }
}

impl Compiled {
    /// The plan with what is known of its nodes; what is wrong with the data, and what a reader of the numbers should know, at the places
    /// of the recipe that say it.
    pub fn known_plan(&self, cache: ProbeCache) -> (Plan, Vec<Diagnostic>) {
        let mut plan = self.plan();
        let known = facts::fill(&mut plan, &self.paths, cache.expecting(&self.contents));
        let needed = self.graph.needed(&self.sinks); // in the order of the plan
        let node = |node: NodeId| needed.get(node.0 as usize).map(|id| self.graph.node(*id));
        let place = |id: NodeId| node(id)?.span;
        // a node that a `def` makes: the call that wants it is the place, and what the `def` says explains it
        let said_at = |diagnostic: Diagnostic, id: NodeId| match node(id).and_then(|node| node.said) {
            Some(said) => diagnostic.also(said, "said here"),
            None => diagnostic,
        };
        // the argument, or all of the node; and what explains it
        let inside = |place: &Place| match node(place.node) {
            Some(node) => match (node.place(&place.path), node.said) {
                (Some(argument), Some(said)) if said.holds(argument) => (node.span, Some(argument)),
                (Some(argument), _) => (Some(argument), None),
                (None, said) => (node.span, said),
            },
            None => (None, None),
        };
        // of two nodes that are made at one place each is an arm
        let in_arm = |diagnostic: &mut Diagnostic, nodes: &[Option<NodeId>]| {
            nodes.iter().flatten().for_each(|node| diagnostic.found_in(&format!("[node = {}]", node.0)));
        };
        let mut said: Vec<Diagnostic> = self.open_ranges.iter().filter_map(|range| range.misfit(&plan)).collect();
        for trouble in known.troubles {
            let mut diagnostic = trouble.failure.diagnostic(Severity::Error);
            in_arm(&mut diagnostic, &[Some(trouble.node)]);
            let argument = node(trouble.node).and_then(|node| to_blame(node, &diagnostic));
            said.push(match argument.or_else(|| place(trouble.node)) {
                Some(span) => said_at(diagnostic.at(span, plan.in_node(trouble.node)), trouble.node),
                None => diagnostic,
            });
        }
        for finding in known.findings {
            let mut diagnostic = finding.failure.diagnostic(finding.severity);
            in_arm(&mut diagnostic, &[Some(finding.at.node), finding.also.as_ref().map(|(place, _)| place.node)]);
            let (at, inner) = inside(&finding.at);
            if let Some(span) = at {
                diagnostic = diagnostic.at(span, finding.label);
            }
            if let Some(span) = inner {
                diagnostic = diagnostic.also(span, "said here");
            }
            let explains =
                |(place, label): (Place, String)| node(place.node).and_then(|node| Some((node.place(&place.path).or(node.span)?, label)));
            if let Some((span, label)) = finding.also.and_then(explains) {
                diagnostic = diagnostic.also(span, label);
            }
            said.push(diagnostic);
        }
        (plan, folded(said))
    }
}

/// What is said, each fault once: the arms of a declaration are wrong in one way, and so are all who ask for the same. Their places are
/// shown together.
fn folded(said: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut once: IndexMap<_, Diagnostic> = IndexMap::new();
    for diagnostic in Diagnostics::from(said).into_folded() {
        let fault = (diagnostic.severity, diagnostic.code, diagnostic.message.clone(), diagnostic.help.clone());
        let Some(first) = once.get_mut(&fault) else {
            once.insert(fault, diagnostic);
            continue;
        };
        for label in diagnostic.labels {
            if first.labels.iter().all(|known| known.span != label.span) && first.labels.len() < MOST_PLACES {
                first.labels.push(Label { primary: false, ..label });
            }
        }
    }
    once.into_values().collect()
}

/// Places that are shown of one fault.
const MOST_PLACES: usize = 6;

/// Compiles the recipe at `path`.
///
/// # Errors
/// A diagnostic when the recipe itself can't be read; everything else is in [`Compiled::diagnostics`].
pub fn compile(world: &dyn World, path: &Path, options: &Options) -> Result<Compiled, Box<Diagnostic>> {
    with_room(|| {
        let mut compiler = Compiler::new(world, options);
        let shown = path.to_string_lossy().into_owned();
        let file = compiler.sources.load(world, path, shown).map_err(|error| Box::new(Diagnostic::from(error)))?;
        let root = compiler.load_root(file, path);
        compiler.read_params(root);
        let sinks = compiler.run(root);
        Ok(compiler.finish(root, sinks, path))
    })
}

/// An expression's type and value, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Val {
    pub ty: Type,
    pub value: Value,
    pub span: Span,
}

impl Val {
    fn new(ty: Type, value: Value, span: Span) -> Self {
        Val { ty, value, span }
    }

    fn poison(span: Span) -> Self {
        Val { ty: Type::Unknown, value: Value::Poison, span }
    }

    fn is_poison(&self) -> bool {
        matches!(self.value, Value::Poison)
    }

    fn is_hole(&self) -> bool {
        matches!(self.value, Value::Hole(_))
    }
}

/// The sample whose attributes `.name` may mean.
#[derive(Clone)]
pub(crate) enum Sample {
    /// Of a data set with these.
    Of(Attributes),
    /// Of whatever a network will see: what it has is known when the data are.
    Any,
}

/// Where an expression is evaluated.
#[derive(Clone)]
pub(crate) struct Env {
    /// The module whose names are seen.
    pub module: ModuleId,
    /// Formals of a `def`, its `let`s, and variables of comprehensions, innermost last.
    pub locals: Vec<(String, Val)>,
    /// The arm.
    pub point: Point,
    /// The sample whose attributes `.name` may mean, if there is one.
    pub row: Option<Sample>,
    /// How many `def`s we are inside of.
    pub depth: usize,
}

impl Env {
    fn top(module: ModuleId, point: Point) -> Self {
        Env { module, locals: Vec::new(), point, row: None, depth: 0 }
    }
}

/// What came of evaluating a binding at a point. It hangs on the binding alone, not on who asked for it first: what is wrong with it is
/// kept here until all is evaluated, and never among what is said of the one who asked.
struct Evaluated {
    val: Val,
    said: Diagnostics,
}

/// The state of a compilation.
pub(crate) struct Compiler<'a> {
    world: &'a dyn World,
    options: &'a Options<'a>,
    sources: SourceMap,
    diagnostics: Diagnostics,
    graph: Graph,
    modules: Vec<Module>,
    /// Module instances by file, while they are being loaded: a cycle is found here.
    loading: Vec<(PathBuf, Span)>,
    /// Files that were read, each once.
    files: HashMap<PathBuf, FileId>,
    /// The files of which parts were not understood.
    torn: HashSet<FileId>,
    /// What files say.
    trees: HashMap<FileId, std::sync::Arc<crate::syntax::tree::File>>,
    /// Instances of recipes that are used without parameters.
    plain: HashMap<PathBuf, ModuleId>,
    /// Whether it was said that recipes are used too often.
    too_many_modules: bool,
    /// What bindings are worth at points, and what is wrong with them there.
    memo: HashMap<(BindingId, Point), Evaluated>,
    /// Values of which several bindings are the fields, by their declarations.
    wholes: HashMap<(ModuleId, usize, Point), Val>,
    /// Bindings that are being evaluated: a cycle is found here.
    stack: Vec<BindingId>,
    /// How deep the evaluation stands in expressions, those of names and `def`s that they need among them.
    depth: usize,
    /// Whether it was said of a chain that it is too long.
    said_deep: bool,
    /// Whether it was said of something that it stands in too many arms.
    said_arms: bool,
    /// Axes that bindings depend on.
    /// The binding that first named a draw.
    draws_named: HashMap<NodeId, BindingId>,
    axes_memo: HashMap<BindingId, Rc<std::collections::BTreeSet<BindingId>>>,
    /// Bindings whose axes a look at another one waits for, while there is one.
    axes_awaited: Option<Vec<BindingId>>,
    /// The values of axes: at each index one for each name.
    axis_rows: HashMap<BindingId, (Rc<Vec<Vec<Val>>>, Diagnostics)>,
    /// What axes mean in tables.
    axis_meanings: HashMap<BindingId, Value>,
    /// What paths are relative to in values that a user gave, by the text of the value.
    given: HashMap<FileId, params::Place>,
    /// Parameters of the recipe that are given, taken out as they are met.
    paths: Paths,
    params: IndexMap<String, String>,
    open_params: Vec<String>,
    open_ranges: Vec<params::OpenRange>,
    /// Digests of what was probed: of paths, and of lists with the folders that their images lie below.
    digests: IndexMap<(PathBuf, Option<PathBuf>), Option<String>>,
    /// What tables say where they are made: those that mean the same are one node, and each has labels of its own.
    tables: HashMap<(NodeId, Span), Args>,
    /// Names of operators that do not exist yet, each said once.
    not_yet: std::collections::BTreeSet<String>,
    /// Where parts are tapped, by whom, and of which was said that they don't exist.
    taps: distil::Taps,
    /// What was spent.
    meter: meter::Meter,
    /// The regular expressions of the recipe.
    patterns: Patterns,
    /// What calls of `def`s gave, by what they were given.
    calls: HashMap<define::Call, (Vec<Type>, Val)>,
    /// What was said inside of `def`s, each said once.
    said_in_defs: std::collections::HashSet<(Code, Span, String)>,
    /// `def`s that something called: the others are checked by themselves.
    called: std::collections::BTreeSet<BindingId>,
}

impl<'a> Compiler<'a> {
    fn new(world: &'a dyn World, options: &'a Options<'a>) -> Self {
        Compiler {
            world,
            options,
            sources: SourceMap::new(),
            diagnostics: Diagnostics::new(),
            graph: Graph::default(),
            modules: Vec::new(),
            loading: Vec::new(),
            files: HashMap::new(),
            torn: HashSet::new(),
            trees: HashMap::new(),
            plain: HashMap::new(),
            too_many_modules: false,
            memo: HashMap::new(),
            wholes: HashMap::new(),
            stack: Vec::new(),
            depth: 0,
            said_deep: false,
            said_arms: false,
            draws_named: HashMap::new(),
            axes_memo: HashMap::new(),
            axes_awaited: None,
            axis_rows: HashMap::new(),
            axis_meanings: HashMap::new(),
            given: HashMap::new(),
            paths: Paths::new(),
            params: IndexMap::new(),
            open_params: Vec::new(),
            open_ranges: Vec::new(),
            digests: IndexMap::new(),
            tables: HashMap::new(),
            not_yet: std::collections::BTreeSet::new(),
            taps: distil::Taps::default(),
            meter: meter::Meter::default(),
            patterns: Patterns::default(),
            calls: HashMap::new(),
            said_in_defs: std::collections::HashSet::new(),
            called: std::collections::BTreeSet::new(),
        }
    }

    /// Evaluates something by itself: what it gives, and what is said of it.
    fn by_itself<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> (T, Diagnostics) {
        let outer = std::mem::take(&mut self.diagnostics);
        let done = step(self);
        (done, std::mem::replace(&mut self.diagnostics, outer))
    }

    /// Brings together what was said of bindings and axes by themselves, in the order of their declarations.
    fn gather(&mut self) {
        let mut apart: Vec<(BindingId, Vec<(BindingId, usize)>, Diagnostics)> = Vec::new();
        for ((id, point), evaluated) in &mut self.memo {
            if !evaluated.said.is_empty() {
                let point = point.iter().map(|(axis, index)| (*axis, *index)).collect();
                apart.push((*id, point, std::mem::take(&mut evaluated.said)));
            }
        }
        let axes = self.axis_rows.iter_mut().filter(|(_, (_, said))| !said.is_empty());
        apart.extend(axes.map(|(id, (_, said))| (*id, Vec::new(), std::mem::take(said))));
        apart.sort_by(|(a, at, _), (b, then, _)| (a, at).cmp(&(b, then)));
        apart.into_iter().for_each(|(_, _, said)| self.diagnostics.extend(said));
    }

    /// Says what is wrong, and gives a value that says nothing more.
    fn wrong(&mut self, diagnostic: Diagnostic, span: Span) -> Val {
        self.diagnostics.push(diagnostic);
        Val::poison(span)
    }

    /// Says, once, that what is needed here stands on too long a chain.
    fn too_deep(&mut self, diagnostic: Diagnostic, span: Span) -> Val {
        if !std::mem::replace(&mut self.said_deep, true) {
            self.diagnostics.push(diagnostic);
        }
        Val::poison(span)
    }

    fn finish(mut self, root: ModuleId, sinks: Vec<NodeId>, path: &Path) -> Compiled {
        self.gather();
        let work = self.meter.work().saturating_add(self.graph.cost);
        self.diagnostics.sort();
        let doc = self.modules[root.0].tree.inner_docs.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
        let reports = said_of_reports(&self.modules[root.0].tree);
        let recipe = path.file_name().map_or_else(|| path.to_string_lossy().into_owned(), |name| name.to_string_lossy().into_owned());
        let content = |((path, root), digest): ((PathBuf, Option<PathBuf>), Option<String>)| Some(Content { path, root, digest: digest? });
        Compiled {
            contents: self.digests.into_iter().filter_map(content).collect(),
            sources: self.sources,
            diagnostics: self.diagnostics.into_sorted(),
            graph: self.graph,
            sinks,
            paths: self.paths,
            params: self.params,
            open_params: self.open_params,
            doc,
            reports,
            recipe,
            open_ranges: self.open_ranges,
            work,
        }
    }
}

/// Where the argument is said that makes a node impossible: the operator that the message begins with, or what is known to be behind its
/// code.
fn to_blame(node: &Node, diagnostic: &Diagnostic) -> Option<Span> {
    const BEHIND: [(Code, &str); 2] = [(Code::BadProtocol, "pairs"), (Code::EmptyData, "test")];
    let begins = |value: &Value| matches!(value, Value::Op(op) if diagnostic.message.strip_prefix(op.op()).is_some_and(|rest| rest.starts_with(": ")));
    let named = node.args.iter().find(|(_, value)| begins(value)).map(|(name, _)| *name);
    let behind = || BEHIND.iter().find(|(code, _)| *code == diagnostic.code).map(|(_, name)| *name);
    let name = named.or_else(behind)?;
    if node.said.is_none() { node.place(&[name.to_owned()]) } else { None } // of a `def` the call is shown
}

/// The documentation of the reports of a file, by their names.
fn said_of_reports(file: &File) -> IndexMap<String, String> {
    let mut said = IndexMap::new();
    for item in &file.items {
        if let ItemKind::Fixed(fixed) = &item.kind
            && fixed.word == FixedWord::Report
            && !item.docs.is_empty()
        {
            let text = item.docs.iter().map(|line| line.text.trim()).collect::<Vec<_>>().join("\n");
            said.extend(fixed.target.names().iter().map(|name| (name.text.clone(), text.trim().to_owned())));
        }
    }
    said
}

#[cfg(test)]
mod tests;
