//! A plan as a table for people. It holds nothing that differs by machine.

use super::grid::{Grid, bytes, grouped, rounded};
use super::{Plan, PlanNode};
use crate::lang::decl::Operator as _;
use crate::lang::value::{Arm, NodeId};
use crate::ops::data::Draw;
use crate::ops::node::{Node, Section};
use crate::ops::outputs::TableRow;
use crate::ops::stages::Train;
use crate::quantity::Span;
use indexmap::IndexSet;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _; // a String takes all that is written to it

/// All of them.
const SECTIONS: [Section; 7] =
    [Section::Data, Section::Draws, Section::Networks, Section::Stages, Section::Protocols, Section::Steps, Section::Results];

impl Section {
    fn title(self) -> &'static str {
        match self {
            Section::Data => "Data",
            Section::Draws => "Draws",
            Section::Networks => "Networks",
            Section::Stages => "Stages",
            Section::Protocols => "Protocols",
            Section::Steps => "Computed on the way",
            Section::Results => "Results",
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Section::Data => &["name", ">images", ">people", "is"],
            Section::Draws => &["name", ">images", ">people", ">a batch", ">an epoch", "is"],
            Section::Networks => &["name", ">parameters", ">multiply-adds", "is"],
            Section::Stages => &["name", "for", ">steps", ">an epoch", "images a step", ">memory", "from"],
            Section::Protocols => &["name", ">pairs", ">images", "is"],
            Section::Steps => &["name", ">images", ">memory"],
            Section::Results => &["name", "is"],
        }
    }
}

impl Plan {
    /// The plan for a terminal; `whole` shows what the planner made too.
    pub fn table(&self, whole: bool) -> String {
        let mut out = self.recipe.clone();
        if let Some(line) = self.doc.lines().find(|line| !line.trim().is_empty()) {
            let _ = write!(out, ": {}", line.trim());
        }
        out.push('\n');
        if !self.params.is_empty() {
            let said: Vec<String> = self.params.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            let _ = writeln!(out, "with {}", said.join(", "));
        }
        let sinks: HashSet<NodeId> = self.sinks.iter().copied().collect();
        let mut left_out = 0;
        let mut grids = SECTIONS.map(|section| (section, Grid::new(section.columns())));
        // a draw without a name is told by its data
        let made = |name: &str| name.starts_with(Draw::NAME) && name[Draw::NAME.len()..].starts_with('(');
        let draws: HashMap<&str, &str> = self
            .all::<Draw>()
            .map(|(id, draw)| (self.node(id).name.as_str(), self.node(draw.data.node).name.as_str()))
            .map(|(draw, data)| (draw, if made(draw) { data } else { draw }))
            .collect();
        for (id, node) in self.iter() {
            let section = node.section();
            let made = node.name.strip_prefix(&*node.op).is_some_and(|rest| rest.starts_with('(')) && !sinks.contains(&id);
            let shown = whole || !(section == Section::Steps || made);
            if shown { grids[section as usize].1.row(self.row(section, id, &draws)) } else { left_out += 1 }
        }
        for (section, grid) in grids.iter().filter(|(_, grid)| !grid.is_empty()) {
            let _ = write!(out, "\n{}\n{}", section.title(), grid.text());
        }
        if whole {
            out.push_str(&self.networks());
        }
        self.notes(&mut out);
        out.push('\n');
        out.push_str(&self.totals(left_out));
        out
    }

    fn row(&self, section: Section, id: NodeId, draws: &HashMap<&str, &str>) -> Vec<String> {
        let node = self.node(id);
        let facts = &node.facts;
        let count = |n: Option<u64>| n.map(grouped).unwrap_or_default();
        let at_most = |n: Option<u64>| match (n, facts.until.is_empty()) {
            (Some(n), false) => format!("≤ {}", grouped(n)),
            (None, false) => "?".to_owned(),
            (n, true) => count(n),
        };
        let memory = facts.memory.map(bytes).unwrap_or_default();
        let name = node.name.clone();
        match section {
            Section::Data => vec![name, at_most(facts.images), count(facts.identities), self.is(id)],
            Section::Draws => {
                let counts = [at_most(facts.images), count(facts.identities), count(facts.batch), at_most(facts.steps_per_epoch)];
                [name].into_iter().chain(counts).chain([self.is(id)]).collect()
            }
            Section::Networks => {
                vec![
                    name,
                    facts.parameters.map(rounded).unwrap_or_default(),
                    facts.multiply_adds.map(rounded).unwrap_or_default(),
                    self.is(id),
                ]
            }
            Section::Stages => {
                let drawn: Vec<String> = facts
                    .images_per_step
                    .iter()
                    .map(|(draw, n)| format!("{} {n}", draws.get(draw.as_str()).unwrap_or(&draw.as_str())))
                    .collect();
                let args = self.arguments(id);
                let arg = |name: &str| args.get(name).cloned().unwrap_or_default();
                vec![
                    name,
                    arg("for"),
                    if self.has_steps_of_its_own(id) { count(facts.steps) } else { at_most(facts.steps) },
                    at_most(facts.steps_per_epoch),
                    drawn.join(" + "),
                    memory,
                    [arg("model"), arg("models")].concat(),
                ]
            }
            Section::Protocols => vec![name, at_most(facts.pairs), at_most(facts.images), self.is(id)],
            Section::Steps => vec![name, at_most(facts.images), memory],
            Section::Results => vec![name, self.is(id)],
        }
    }

    /// Whether a stage's steps are said, whatever its data is.
    fn has_steps_of_its_own(&self, id: NodeId) -> bool {
        self.get::<Train>(id).is_ok_and(|stage| matches!(stage.r#for, Span::Steps(_)))
    }

    /// What a node is, unless its name says it.
    fn is(&self, id: NodeId) -> String {
        let node = self.node(id);
        if let Some(Node::Table(table)) = node.work() {
            // a column is there once in each of its arms
            let labels: IndexSet<&str> = table.columns.iter().map(|column| column.label.as_str()).collect();
            // and a row has all replicates of its arm
            let arm = |row: &TableRow| row.arm.clone().into_iter().filter(|(axis, _)| !table.replicates.contains(axis)).collect::<Arm>();
            let rows = table.rows.iter().map(|row| (row.label.as_str(), arm(row))).collect::<BTreeSet<_>>().len();
            let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
            return format!("{rows} by {}", labels.into_iter().collect::<Vec<_>>().join(", "));
        }
        if let Some(Node::Expect(expect)) = node.work() {
            return expect.text.clone();
        }
        let brief = self.brief(id);
        if node.name == brief { String::new() } else { brief }
    }

    fn notes(&self, out: &mut String) {
        let mut first = true;
        for node in &self.nodes {
            let until = (!node.facts.until.is_empty() && node.is_data()).then(|| {
                let by: Vec<String> = node.facts.until.iter().map(|by| format!("`{by}`")).collect();
                format!("counted when {} has run", by.join(" and "))
            });
            for note in node.facts.notes.iter().chain(&until) {
                out.push_str(if first { "\nNotes\n" } else { "" });
                first = false;
                let _ = writeln!(out, "  {}: {note}", node.name);
            }
        }
    }

    fn totals(&self, left_out: usize) -> String {
        let mut out = if self.nodes.len() == 1 { "1 node".to_owned() } else { format!("{} nodes", self.nodes.len()) };
        if left_out > 0 {
            let _ = write!(out, " ({left_out} not shown: --verbose)");
        }
        let stages: Vec<&PlanNode> = self.nodes.iter().filter(|node| node.is::<Train>()).collect();
        let steps: Option<u64> = stages.iter().map(|node| node.facts.steps).sum();
        let images: Option<u64> =
            stages.iter().map(|node| Some(node.facts.steps? * node.facts.images_per_step.values().sum::<u64>())).sum();
        let at_most = self.iter().any(|(id, node)| node.is::<Train>() && !node.facts.until.is_empty() && !self.has_steps_of_its_own(id));
        let at_most = if at_most { "at most " } else { "" };
        if let (Some(steps), Some(images), false) = (steps, images, stages.is_empty()) {
            let _ = write!(out, "; {at_most}{} steps of training see {} images", grouped(steps), grouped(images));
        }
        out.push_str(".\n");
        out
    }
}
