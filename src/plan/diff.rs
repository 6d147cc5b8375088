//! What differs between two experiments, and what follows from it.

use super::lock::{Lock, LockedMetric, LockedNode};
use crate::events::{Decision, Machine};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that differs. `None` stands for what is not there.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// A program's version.
    Program {
        /// ddl or libtorch.
        name: &'static str,
        /// Its version before.
        before: Option<String>,
        /// Its version after.
        after: Option<String>,
    },
    /// A parameter's value.
    Param {
        /// Its name.
        name: String,
        /// Its value before.
        before: Option<String>,
        /// Its value after.
        after: Option<String>,
    },
    /// What lies at a path.
    Data {
        /// The path as the recipe says it.
        path: String,
        /// The digest before.
        before: Option<String>,
        /// The digest after.
        after: Option<String>,
    },
    /// An operator's version: its numbers changed, or it is said to be used where it is not.
    Operator {
        /// Its name.
        name: String,
        /// Its version before.
        before: Option<u32>,
        /// Its version after.
        after: Option<u32>,
    },
    /// A node that is new.
    Added {
        /// Its name.
        name: String,
    },
    /// A node that is gone.
    Removed {
        /// Its name.
        name: String,
    },
    /// The same node under another name.
    Renamed {
        /// The name before.
        before: String,
        /// The name after.
        after: String,
    },
    /// A node that means something else by itself.
    Changed {
        /// Its name.
        name: String,
        /// What was said otherwise: the argument (or `operator`), before, after.
        arguments: Vec<(String, Option<String>, Option<String>)>,
    },
    /// A node that means the same, of which something else is written.
    Retold {
        /// Its name.
        name: String,
        /// What is said otherwise: the argument (or `operator`, `inputs`), before, after.
        arguments: Vec<(String, Option<String>, Option<String>)>,
    },
    /// A node that means something else only because of what it reads.
    Follows {
        /// Its name.
        name: String,
        /// The inputs that changed.
        from: Vec<String>,
    },
    /// Where the numbers were computed.
    Machines {
        /// The machines before.
        before: Vec<Machine>,
        /// The machines after.
        after: Vec<Machine>,
    },
    /// What a node decided by itself.
    Decided {
        /// Its name.
        name: String,
        /// What it decided before.
        before: Vec<Decision>,
        /// What it decided after.
        after: Vec<Decision>,
    },
    /// A number.
    Metric {
        /// `model: eval.metric`.
        name: String,
        /// The number before.
        before: Option<LockedMetric>,
        /// The number after.
        after: Option<LockedMetric>,
    },
}

/// All that differs, causes first.
pub fn differences(before: &Lock, after: &Lock) -> Vec<Difference> {
    let mut found = Vec::new();
    let program =
        |name, before: Option<String>, after: Option<String>| (before != after).then_some(Difference::Program { name, before, after });
    found.extend(program("ddl", Some(before.ddl.clone()), Some(after.ddl.clone())));
    // a lock that was made where no engine was at hand says nothing of libtorch
    if before.libtorch.is_some() && after.libtorch.is_some() {
        found.extend(program("libtorch", before.libtorch.clone(), after.libtorch.clone()));
    }
    let nodes = nodes(before, after);
    // an operator comes and goes with nodes, and they tell it; one that does so alone is told by nothing else
    let others = nodes.iter().any(|it| matches!(it, Difference::Added { .. } | Difference::Removed { .. } | Difference::Changed { .. }));
    let operators =
        changed(&before.operators, &after.operators).filter(|(_, before, after)| !others || before.is_some() && after.is_some());
    found.extend(operators.map(|(name, before, after)| Difference::Operator {
        name: name.clone(),
        before: before.copied(),
        after: after.copied(),
    }));
    found.extend(changed(&before.params, &after.params).map(|(name, before, after)| Difference::Param {
        name: name.clone(),
        before: before.cloned(),
        after: after.cloned(),
    }));
    // a plan holds no digest: what of its data changed shows in its keys
    let told = !before.of_plan && !after.of_plan;
    found.extend(changed(&before.data, &after.data).filter(|_| told).map(|(path, before, after)| Difference::Data {
        path: path.clone(),
        before: before.cloned(),
        after: after.cloned(),
    }));
    found.extend(nodes);
    // of what never ran there are no numbers, which is no difference
    if [before, after].iter().any(|lock| lock.machines.is_empty() && lock.metrics.is_empty()) {
        return found;
    }
    if before.machines != after.machines {
        let all = |lock: &Lock| lock.machines.iter().cloned().collect();
        found.push(Difference::Machines { before: all(before), after: all(after) });
    }
    found.extend(changed(&before.decisions, &after.decisions).map(|(name, before, after)| Difference::Decided {
        name: name.clone(),
        before: before.cloned().unwrap_or_default(),
        after: after.cloned().unwrap_or_default(),
    }));
    let other_number = |it: &Entry<LockedMetric>| !matches!(it, (_, Some(a), Some(b)) if a.is_as(b));
    found.extend(changed(&before.metrics, &after.metrics).filter(other_number).map(|(name, before, after)| Difference::Metric {
        name: name.clone(),
        before: before.cloned(),
        after: after.cloned(),
    }));
    found
}

/// The lines that tell a person what differs: causes in full, arms of one node together, what only follows counted.
pub(crate) fn summary(found: &[Difference]) -> Vec<String> {
    let mut lines: Vec<(String, String, usize)> = Vec::new(); // the node without its arm, the line, how many arms
    let mut follow = 0;
    let told = |it: &Difference| matches!(it, Difference::Program { .. } | Difference::Data { .. } | Difference::Operator { .. });
    let told = found.iter().any(told);
    for difference in found {
        // what reads nothing that changed is a cause, where nothing else tells it: a plan holds no digest of its data
        if matches!(difference, Difference::Follows { from, .. } if told || !from.is_empty()) {
            follow += 1;
            continue;
        }
        let line = difference.to_string();
        let without_arm = without_arm(&line);
        match lines.iter_mut().find(|(known, _, _)| *known == without_arm) {
            Some((_, _, arms)) => *arms += 1,
            None => lines.push((without_arm, line, 1)),
        }
    }
    let mut lines: Vec<String> =
        lines.into_iter().map(|(short, line, arms)| if arms == 1 { line } else { format!("{short} ({arms} arms)") }).collect();
    match follow {
        0 => {}
        1 => lines.push("1 node changes only because of what it reads".to_owned()),
        n => lines.push(format!("{n} nodes change only because of what they read")),
    }
    lines
}

/// A line about a node, without the arm in the node's name.
fn without_arm(line: &str) -> String {
    let Some(rest) = line.strip_prefix("node ") else { return line.to_owned() };
    let Some((name, said)) = rest.split_once(": ") else { return line.to_owned() };
    let base = match (name.find('['), name.find(" (")) {
        (Some(at), _) if name.ends_with(']') => &name[..at],
        (_, Some(at)) if name.ends_with(')') && name[at + 2..name.len() - 1].bytes().all(|b| b.is_ascii_digit()) => &name[..at],
        _ => name,
    };
    format!("node {base}: {said}")
}

impl Difference {
    /// Whether it means that a run would give something else: names and obtained numbers do not.
    pub fn matters(&self) -> bool {
        match self {
            Difference::Program { .. }
            | Difference::Param { .. }
            | Difference::Data { .. }
            | Difference::Operator { .. }
            | Difference::Added { .. }
            | Difference::Removed { .. }
            | Difference::Changed { .. }
            | Difference::Follows { .. } => true,
            Difference::Renamed { .. }
            | Difference::Retold { .. }
            | Difference::Machines { .. }
            | Difference::Decided { .. }
            | Difference::Metric { .. } => false,
        }
    }
}

impl Difference {
    /// Why a node of this name must be computed, as far as this difference is about it.
    pub fn about(&self, wanted: &str) -> Option<String> {
        match self {
            Difference::Added { name } if name == wanted => Some("it is new".to_owned()),
            Difference::Changed { name, arguments } if name == wanted => Some(said_otherwise(arguments)),
            Difference::Follows { name, from } if name == wanted => Some(follows(from)),
            Difference::Program { .. }
            | Difference::Param { .. }
            | Difference::Data { .. }
            | Difference::Operator { .. }
            | Difference::Added { .. }
            | Difference::Removed { .. }
            | Difference::Renamed { .. }
            | Difference::Changed { .. }
            | Difference::Retold { .. }
            | Difference::Follows { .. }
            | Difference::Machines { .. }
            | Difference::Decided { .. }
            | Difference::Metric { .. } => None,
        }
    }
}

fn said_otherwise(arguments: &[(String, Option<String>, Option<String>)]) -> String {
    let said = arguments.iter().map(|(argument, before, after)| format!("{argument} {}", Change(before, after)));
    said.collect::<Vec<_>>().join("; ")
}

fn follows(from: &[String]) -> String {
    if from.is_empty() { "what it is made of changed".to_owned() } else { format!("follows from {}", from.join(", ")) }
}

fn nodes(before: &Lock, after: &Lock) -> Vec<Difference> {
    let keys_before: BTreeMap<_, _> = before.nodes.iter().map(|(name, node)| (node.key, name)).collect();
    let new_names: BTreeSet<_> =
        after.nodes.iter().filter(|(name, _)| !before.nodes.contains_key(*name)).map(|(_, node)| node.key).collect();
    let same_names = before.nodes.keys().eq(after.nodes.keys()); // what nodes say of others is their names
    let mut causes = Vec::new();
    let mut rest = Vec::new();
    for (name, was, is) in both(&before.nodes, &after.nodes) {
        match (was, is) {
            (Some(was), Some(is)) if was.key == is.key => {
                let arguments = if same_names { written(was, is) } else { Vec::new() };
                if !arguments.is_empty() {
                    rest.push(Difference::Retold { name: name.clone(), arguments });
                }
            }
            (Some(was), Some(is)) => {
                let arguments = arguments(was, is);
                if arguments.is_empty() {
                    let from =
                        is.inputs.iter().filter(|input| before.nodes.get(*input).map(|n| n.key) != after.nodes.get(*input).map(|n| n.key));
                    rest.push(Difference::Follows { name: name.clone(), from: from.cloned().collect() });
                } else {
                    causes.push(Difference::Changed { name: name.clone(), arguments });
                }
            }
            (None, Some(is)) => match keys_before.get(&is.key) {
                Some(old) if !after.nodes.contains_key(*old) => {
                    rest.push(Difference::Renamed { before: (*old).clone(), after: name.clone() });
                }
                _ => causes.push(Difference::Added { name: name.clone() }),
            },
            (Some(was), None) if new_names.contains(&was.key) && keys_before.get(&was.key) == Some(&name) => {} // it is said to be renamed
            (Some(_), None) => causes.push(Difference::Removed { name: name.clone() }),
            (None, None) => {}
        }
    }
    causes.extend(rest);
    causes
}

/// What two nodes of one name say otherwise.
fn arguments(was: &LockedNode, is: &LockedNode) -> Vec<(String, Option<String>, Option<String>)> {
    let operator = (was.op != is.op).then(|| ("operator".to_owned(), Some(was.op.clone()), Some(is.op.clone())));
    let others = changed(&was.args, &is.args).map(|(name, was, is)| (name.clone(), was.cloned(), is.cloned()));
    operator.into_iter().chain(others).collect()
}

/// All that is written of two nodes of one name and says something else.
fn written(was: &LockedNode, is: &LockedNode) -> Vec<(String, Option<String>, Option<String>)> {
    let named = |node: &LockedNode| Some(format!("[{}]", node.inputs.join(", ")));
    let inputs = (was.inputs != is.inputs).then(|| ("inputs".to_owned(), named(was), named(is)));
    arguments(was, is).into_iter().chain(inputs).collect()
}

type Entry<'a, T> = (&'a String, Option<&'a T>, Option<&'a T>);

/// The entries of two maps side by side, sorted.
fn both<'a, T>(before: &'a BTreeMap<String, T>, after: &'a BTreeMap<String, T>) -> impl Iterator<Item = Entry<'a, T>> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().map(|name| (name, before.get(name), after.get(name)))
}

fn changed<'a, T: PartialEq>(before: &'a BTreeMap<String, T>, after: &'a BTreeMap<String, T>) -> impl Iterator<Item = Entry<'a, T>> {
    both(before, after).filter(|(_, before, after)| before != after)
}

/// `before -> after`, where either may be missing.
struct Change<'a>(&'a Option<String>, &'a Option<String>);

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (Some(before), Some(after)) => write!(f, "{before} -> {after}"),
            (None, Some(after)) => write!(f, "default -> {after}"),
            (Some(before), None) => write!(f, "{before} -> default"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for LockedMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4}", self.value)?;
        match (self.low, self.high) {
            (Some(low), Some(high)) => write!(f, " [{low:.4}, {high:.4}]"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Difference {
    /// One line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |digest: &Option<String>| digest.as_ref().map(|digest| digest.chars().take(12).collect::<String>());
        match self {
            Difference::Program { name, before, after } => write!(f, "{name}: {}", Change(before, after)),
            Difference::Param { name, before: None, after: Some(after) } => write!(f, "parameter {name}: new, {after}"),
            Difference::Param { name, before: Some(before), after: None } => write!(f, "parameter {name}: gone, was {before}"),
            Difference::Param { name, before, after } => write!(f, "parameter {name}: {}", Change(before, after)),
            Difference::Data { path, before: Some(before), after: Some(after) } => {
                write!(f, "data {path}: other content ({})", Change(&short(&Some(before.clone())), &short(&Some(after.clone()))))
            }
            Difference::Data { path, before: None, .. } => write!(f, "data {path}: new"),
            Difference::Data { path, after: None, .. } => write!(f, "data {path}: no longer read"),
            Difference::Operator { name, before: Some(before), after: Some(after) } => {
                write!(f, "operator {name}: version {before} -> {after}")?;
                let decl = crate::ops::declared(name.as_str());
                let changes: Vec<&str> = decl.into_iter().flat_map(|decl| decl.changed(*before, *after)).collect();
                if changes.is_empty() { Ok(()) } else { write!(f, " ({})", changes.join("; ")) }
            }
            Difference::Operator { name, before: None, .. } => write!(f, "operator {name}: new"),
            Difference::Operator { name, after: None, .. } => write!(f, "operator {name}: gone"),
            Difference::Added { name } => write!(f, "node {name}: new"),
            Difference::Removed { name } => write!(f, "node {name}: gone"),
            Difference::Renamed { before, after } => write!(f, "node {before}: now called {after}"),
            Difference::Changed { name, arguments } => write!(f, "node {name}: {}", said_otherwise(arguments)),
            Difference::Retold { name, arguments } => write!(f, "node {name}: the same, otherwise written: {}", said_otherwise(arguments)),
            Difference::Follows { name, from } => write!(f, "node {name}: {}", follows(from)),
            Difference::Machines { before, after } => {
                let all = |machines: &[Machine]| match machines {
                    [] => "nowhere known".to_owned(),
                    some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                };
                write!(f, "computed on: {} -> {}", all(before), all(after))
            }
            Difference::Decided { name, before, after } => {
                let all = |decided: &[Decision]| match decided {
                    [] => "nothing".to_owned(),
                    some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                };
                write!(f, "choice of {name}: {} -> {}", all(before), all(after))
            }
            Difference::Metric { name, before: Some(before), after: Some(after) } => write!(f, "metric {name}: {before} -> {after}"),
            Difference::Metric { name, before, after } => match (before, after) {
                (None, Some(after)) => write!(f, "metric {name}: new, {after}"),
                (Some(before), None) => write!(f, "metric {name}: gone, was {before}"),
                (Some(_), Some(_)) | (None, None) => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan does not hold the digests of its data: against it nothing is new. Two locks tell them.
    #[test]
    fn data_are_new_where_both_sides_tell_them() {
        let data = |digest: &str| [("faces".to_owned(), digest.to_owned())].into_iter().collect::<BTreeMap<_, _>>();
        let plan = || Lock { of_plan: true, ..Lock::default() };
        let lock = |digest: Option<&str>| Lock { data: digest.map(data).unwrap_or_default(), ..Lock::default() };
        for (before, after, found) in [
            (plan(), lock(Some("a")), 0),
            (lock(Some("a")), plan(), 0),
            (plan(), plan(), 0),
            (lock(None), lock(Some("a")), 1),
            (lock(Some("a")), lock(None), 1),
            (lock(Some("a")), lock(Some("b")), 1),
            (lock(Some("a")), lock(Some("a")), 0),
        ] {
            assert_eq!(differences(&before, &after).len(), found, "{before:?} {after:?}");
        }
    }
}
