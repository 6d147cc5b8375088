//! What a recipe is for: every binding is checked, and reports, exports, expects and stages that nothing else uses become sinks.

use super::axes::Point;
use super::modules::{BindingId, Kind, ModuleId};
use super::{Compiler, Val};
use crate::diag::{Code, Diagnostic};
use crate::lang::decl::Operator as _;
use crate::lang::types::Type;
use crate::lang::value::{Args, NodeId, Value};
use crate::ops::outputs::{Expect, ExportEmbeddings};
use crate::source::Span;
use crate::syntax::tree::{File, FixedWord, ItemKind};
use crate::text::quoted;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A graph larger than this is refused.
pub(super) const LARGEST_GRAPH: usize = 100_000;

impl Compiler<'_> {
    /// Evaluates everything in a recipe and gives its sinks.
    pub(super) fn run(&mut self, root: ModuleId) -> Vec<NodeId> {
        self.mark_uses(root);
        let count = self.modules[root.0].bindings.len();
        let mut sinks = Vec::new();
        let mut stages = Vec::new();
        for place in 0..count {
            let id = BindingId { module: root, place };
            let kind = self.modules[root.0].bindings[place].kind.clone();
            if let Kind::Def(_) = kind {
                continue; // checked below, when it is known whether anything calls it
            }
            if let Kind::Axis(item, _) = kind {
                let axis = self.axis_id(root, item);
                self.axis_values(axis); // for its own mistakes, whether or not anything depends on it
            }
            if matches!(kind, Kind::Module(_) | Kind::Imported(_) | Kind::Operator | Kind::Junk) {
                continue;
            }
            let axes = if let Kind::Axis(..) = kind { std::rc::Rc::default() } else { self.axes_of(id) };
            let span = self.modules[root.0].bindings[place].span;
            for point in self.points(&axes, span) {
                if self.meter.is_over() {
                    break;
                }
                let val = self.binding(id, span, &point);
                self.sink(id, &kind, &val, &point, &mut sinks, &mut stages);
            }
        }
        for place in 0..count {
            let id = BindingId { module: root, place };
            if matches!(self.modules[root.0].bindings[place].kind, Kind::Def(_)) && !self.called.contains(&id) {
                self.check_def(id);
            }
        }
        if !self.in_budget() {
            self.say_too_much();
            return sinks;
        }
        self.gather();
        // what means the same is called by what is declared first, whoever asked for it first
        let names = &self.modules[root.0].names;
        self.graph.order_names(|name| names.get(name.split(['.', '[']).next().unwrap_or(name)).copied().unwrap_or(usize::MAX));
        let needed = self.graph.needed(&sinks);
        let inputs: Vec<NodeId> = stages.iter().flat_map(|&stage| self.graph.inputs(stage)).collect();
        let used_by_stages = self.graph.needed(&inputs);
        let used = |stage: &NodeId| needed.binary_search(stage).is_ok() || used_by_stages.binary_search(stage).is_ok();
        sinks.extend(stages.iter().filter(|stage| !used(stage)));
        let mut seen = BTreeSet::new();
        sinks.retain(|sink| seen.insert(*sink));
        self.unused(root);
        self.one_export_path(&sinks);
        self.no_free_axis(&sinks);
        sinks
    }

    /// Whatever is run stands in one arm: says where something depends on an axis that nothing took away.
    fn no_free_axis(&mut self, sinks: &[NodeId]) {
        let axes: BTreeSet<String> = self
            .modules
            .iter()
            .flat_map(|module| &module.bindings)
            .filter(|binding| matches!(binding.kind, Kind::Axis(..)))
            .map(|binding| binding.name.clone())
            .filter(|name| !self.open_params.contains(name))
            .collect();
        if axes.is_empty() {
            return;
        }
        for id in self.graph.needed(sinks) {
            let node = self.graph.node(id);
            let Some(axis) = node.args.values().find_map(Value::hole).filter(|hole| axes.contains(*hole)) else { continue };
            let free =
                Diagnostic::error(Code::BadAxis, format!("this depends on the axis `{axis}`, and which of its arms is meant is not said"))
                    .at(node.span.unwrap_or_default(), "in all arms at once")
                    .help("name it where the axis is taken apart: as an argument of `compare`, `score`, `select` or `average`");
            self.diagnostics.push(free);
        }
    }

    fn sink(&mut self, id: BindingId, kind: &Kind, val: &Val, point: &Point, sinks: &mut Vec<NodeId>, stages: &mut Vec<NodeId>) {
        match (kind, &val.value) {
            (Kind::Fixed(_, FixedWord::Report, _), Value::Node(node)) => {
                let name = self.modules[id.module.0].bindings[id.place].name.clone();
                let own = self.tables.get(&(*node, val.span)).cloned();
                let args = own.unwrap_or_else(|| self.graph.node(*node).args.clone());
                sinks.push(self.own(*node, &name, args, val.span, point));
            }
            (Kind::Fixed(_, FixedWord::Stage, _), Value::Node(node)) => stages.push(self.stage_of(*node)),
            (Kind::Fixed(_, FixedWord::Stage, _), Value::Record(models)) => {
                let first = models.values().find_map(|model| if let Value::Node(node) = model { Some(*node) } else { None });
                stages.extend(first.map(|model| self.stage_of(model)));
            }
            (Kind::Export(_), Value::Node(node)) if val.ty == Type::Export => sinks.push(*node),
            (Kind::Export(_), value)
                if !matches!(value, Value::Poison | Value::Hole(_)) || val.ty != Type::Export && val.ty != Type::Unknown =>
            {
                self.diagnostics.push(
                    Diagnostic::error(Code::Mismatch, format!("`export` writes a file, and this is {}", val.ty))
                        .at(val.span, val.ty.to_string())
                        .help("write for example: export model = safetensors(net, to = \"net.safetensors\")"),
                );
            }
            (Kind::Expect(item), _) => {
                if let Some(node) = self.expect(id, *item, val, point) {
                    sinks.push(node);
                }
            }
            _ => {} // everything else runs only when something needs it
        }
    }

    fn expect(&mut self, id: BindingId, item: usize, val: &Val, point: &Point) -> Option<NodeId> {
        if val.is_poison() || val.is_hole() {
            return None;
        }
        let claim = match (&val.ty, &val.value) {
            (Type::Claim, value) => value.clone(),
            (Type::Bool, Value::Bool(_)) => super::claims::tagged("constant", val.value.clone()),
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(Code::Mismatch, format!("`expect` claims something, and this is {}", val.ty))
                        .at(val.span, val.ty.to_string())
                        .help("compare scores: expect gain = score(ours, lfw.accuracy) > score(theirs, lfw.accuracy)"),
                );
                return None;
            }
        };
        let tree = Arc::clone(&self.modules[id.module.0].tree);
        let ItemKind::Expect(sink) = &tree.items[item].kind else { return None };
        let text = self.words(&tree, sink.value.span);
        let meaning = [("claim", super::claims::canonical(&claim, &self.graph))].into_iter().collect();
        let args: Args = [("claim", claim), ("text", Value::text(text))].into_iter().collect();
        let node = self.graph.add_meaning(Expect::NAME, args.clone(), &meaning, Some(sink.name.span));
        Some(self.own(node, &sink.name.text, args, sink.name.span, point))
    }

    /// The node of a table or a claim under its own name: where another that means the same was declared before, a node of its own.
    fn own(&mut self, node: NodeId, name: &str, args: Args, span: Span, point: &Point) -> NodeId {
        let another = self.graph.node(node).names.first().is_some_and(|(first, _)| first != name);
        let own = if another { self.graph.twin(node, name, args, Some(span)) } else { node };
        let arm = self.arm(point);
        self.graph.name(own, name, &arm);
        own
    }

    /// What a recipe says at a place, on one line and without comments.
    fn words(&self, tree: &File, span: Span) -> String {
        let Some(source) = self.sources.get(span.file) else { return String::new() };
        let mut text = String::new();
        let mut from = span.start;
        for comment in tree.comments.iter().map(|comment| comment.span).filter(|it| span.start <= it.start && it.end <= span.end) {
            text += source.slice(Span { start: from, end: comment.start, ..span });
            from = comment.end;
        }
        text += source.slice(Span { start: from, ..span });
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Marks the names that the recipe's own declarations mention.
    fn mark_uses(&mut self, root: ModuleId) {
        let tree = Arc::clone(&self.modules[root.0].tree);
        for item in &tree.items {
            let mut names = Vec::new();
            super::uses::of_item(item, &mut names);
            for name in names {
                let called = name.strip_suffix('(');
                if called.is_some_and(|name| !self.is_called(root, name)) {
                    continue; // an operator, whatever value has its name
                }
                let name = called.unwrap_or(&name).to_owned();
                if matches!(&item.kind, ItemKind::Def(def) if def.name.text == name) {
                    continue; // what only calls itself is not used
                }
                if let Some(&place) = self.modules[root.0].names.get(&name) {
                    self.modules[root.0].bindings[place].used = true;
                }
            }
        }
    }

    fn is_called(&self, root: ModuleId, name: &str) -> bool {
        let of_library = |place: &usize| matches!(self.modules[root.0].bindings[*place].kind, Kind::Operator | Kind::Junk);
        self.def_of(root, name).is_some() || self.modules[root.0].names.get(name).is_some_and(of_library)
    }

    /// Says what nothing uses. Of a recipe with mistakes nothing is said: what would use a name may be what is wrong.
    fn unused(&mut self, root: ModuleId) {
        if self.diagnostics.has_errors() {
            return;
        }
        for place in 0..self.modules[root.0].bindings.len() {
            let binding = &self.modules[root.0].bindings[place];
            let what = match binding.kind {
                Kind::Param(_) => "this parameter changes nothing",
                Kind::Axis(..) => "nothing depends on this axis",
                Kind::Fixed(_, FixedWord::Report | FixedWord::Stage, _) | Kind::Export(_) | Kind::Expect(_) | Kind::Junk => continue,
                Kind::Fixed(..) | Kind::Def(_) | Kind::Module(_) | Kind::Imported(_) | Kind::Operator => "nothing uses this",
            };
            if !binding.used && !binding.name.starts_with('_') {
                let warning = Diagnostic::warning(Code::Unused, format!("`{}` is unused", binding.name)).at(binding.span, what);
                self.diagnostics.push(warning);
            }
        }
    }

    fn one_export_path(&mut self, sinks: &[NodeId]) {
        let mut paths: BTreeMap<String, NodeId> = BTreeMap::new();
        let mut said = BTreeSet::new();
        for sink in sinks {
            let node = self.graph.node(*sink);
            let Some(Value::Text(to)) = node.args.get("to") else { continue };
            let (to, span, names) = (to.to_string(), node.span, node.names.clone());
            // an array has its index beside it
            let index =
                if node.op == ExportEmbeddings::NAME { to.strip_suffix(".npy").map(|stem| place(&format!("{stem}.csv"))) } else { None };
            let place = place(&to);
            let name_a_file = match to.rsplit_once('.') {
                Some((_, ending)) if !ending.is_empty() && ending.chars().all(|it| it.is_ascii_alphanumeric()) => {
                    format!("name a file: to = \"model.{ending}\"")
                }
                _ => "name a file: to = \"model.safetensors\"".to_owned(),
            };
            let mut wrong = |code, message: String, label: &str, help: &str| {
                let diagnostic = Diagnostic::error(code, message).at(span.unwrap_or_default(), label).help(help);
                self.diagnostics.push(diagnostic);
            };
            if super::arith::leaves(&to) {
                wrong(Code::PathLeaves, format!("the export {to:?} leaves the run's output folder"), "outside", &name_a_file);
                continue;
            }
            if place.is_empty() || to.ends_with(['/', '\\']) {
                wrong(Code::PathLeaves, format!("the export {to:?} names no file of the run's output folder"), "no file", &name_a_file);
                continue;
            }
            let too_long = to.len() > LONGEST_PATH || to.split('/').any(|part| part.len() > LONGEST_NAME);
            if too_long || to.chars().any(char::is_control) {
                let why = if too_long { "is longer than the names of files are" } else { "has signs that no name should have" };
                wrong(Code::PathLeaves, format!("the export {} {why}", quoted(&to)), "no name of a file", &name_a_file);
                continue;
            }
            let first = place.split('/').next().unwrap_or_default();
            if let Some(own) = crate::store::OutputFile::ALL.map(crate::store::OutputFile::name).into_iter().find(|own| first == *own) {
                let message = format!("the export {to:?} would take the place of the run's own {own}");
                wrong(Code::OneExportPath, message, "the run writes it", "give it another name");
                continue;
            }
            if let Some(before) = [Some(&place), index.as_ref()].into_iter().flatten().find_map(|place| taken(&paths, place))
                && before != *sink
                && said.insert(place.clone())
            {
                let help = if names.iter().any(|(_, arm)| !arm.is_empty()) {
                    "put the axis into the name: to = \"model-{seed}.safetensors\""
                } else if matches!(self.graph.node(before).args.get("to"), Some(Value::Text(other)) if **other == *to) {
                    "give each a file of its own"
                } else {
                    "give each a file of its own; names that differ in capitals alone are one on some disks"
                };
                let first = self.graph.node(before).span;
                let mut diagnostic = Diagnostic::error(Code::OneExportPath, format!("several exports write {to:?}"))
                    .at(span.unwrap_or_default(), names.first().map_or_else(String::new, |(name, arm)| crate::plan::in_arm(name, arm)))
                    .help(help);
                if let Some(first) = first.filter(|first| Some(*first) != span) {
                    diagnostic = diagnostic.also(first, "the other");
                }
                self.diagnostics.push(diagnostic);
            }
            paths.extend([Some(place), index].into_iter().flatten().map(|place| (place, *sink)));
        }
    }
}

/// The longest name of a file, in bytes, and the longest path below an output folder.
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 2_000;

/// A path as disks that don't tell capitals apart see it, without steps that lead nowhere.
fn place(to: &str) -> String {
    let steps = to.split(['/', '\\']).filter(|step| !step.is_empty() && *step != ".");
    steps.map(str::to_lowercase).collect::<Vec<_>>().join("/")
}

/// Who writes this file, or a folder of its name, or a file where its folder must be.
fn taken(paths: &BTreeMap<String, NodeId>, place: &str) -> Option<NodeId> {
    let inside = format!("{place}/");
    let below = paths.range(inside.clone()..).next().filter(|(path, _)| path.starts_with(&inside));
    let above = || place.match_indices('/').find_map(|(at, _)| paths.get_key_value(&place[..at]));
    paths.get_key_value(place).or(below).or_else(above).map(|(_, node)| *node)
}
