//! Locks: what an experiment's numbers were made of, in a file that is read, compared and merged line by line.
//!
//! `r.ddl.lock` is YAML whose entries are sorted and stand one on a line.

use super::Plan;
use crate::events::{Decision, Machine};
use crate::graph::{ContentKey, Graph};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _; // a String takes all that is written to it

/// The form of the file that this version writes and reads.
const FORM: u32 = 1;

/// What the numbers of an experiment were made of, and the numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The form of the file.
    pub lock: u32,
    /// The recipe's file name.
    pub recipe: String,
    /// The version of ddl.
    pub ddl: String,
    /// The version of libtorch, where an engine was at hand to say it.
    #[serde(default)]
    pub libtorch: Option<String>,
    /// Parameters as they were resolved.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// The digest of what lies at each path, by what the recipe says.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
    /// The version of each operator.
    #[serde(default)]
    pub operators: BTreeMap<String, u32>,
    /// The nodes by name.
    #[serde(default)]
    pub nodes: BTreeMap<String, LockedNode>,
    /// Where the numbers were computed: every machine that worked on a result, each once.
    #[serde(default)]
    pub machines: BTreeSet<Machine>,
    /// What nodes decided by themselves, by name.
    #[serde(default)]
    pub decisions: BTreeMap<String, Vec<Decision>>,
    /// The numbers by `model: eval.metric`.
    #[serde(default)]
    pub metrics: BTreeMap<String, LockedMetric>,
    /// Whether it was made of a plan alone, which does not say what lies at its paths.
    #[serde(skip)]
    pub of_plan: bool,
}

/// How the numbers of a lock compare with those that are there now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Agreement {
    /// Whether one of those that do not agree comes from one and the same kind of machine here and there (device, threads, processor,
    /// versions), so that it must be equal to the bit.
    pub same_machine: bool,
    /// Numbers that are equal to the bit.
    pub equal: usize,
    /// Numbers of another machine that lie within the interval of the lock.
    pub within: usize,
    /// Numbers of another machine that differ and have no interval to judge them by.
    pub unjudged: Vec<String>,
    /// Numbers that are not there now.
    pub absent: Vec<String>,
    /// Numbers that are there now and not in the lock.
    pub unlocked: Vec<String>,
    /// What does not agree, a line each.
    pub broken: Vec<String>,
}

/// What is kept of a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedNode {
    /// What it means.
    pub key: ContentKey,
    /// The operator.
    pub op: String,
    /// The arguments in the words of a recipe.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
    /// The names of the nodes that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
}

/// A number with its 95 % interval, where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedMetric {
    /// The number.
    pub value: f64,
    /// Its standard deviation over folds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// The lower end of the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end of the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Where it was computed, and all that it is made of: where the lock's numbers are not all of the same machines.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub machines: BTreeSet<Machine>,
}

impl LockedMetric {
    /// Whether it is the same number with the same interval, wherever it was computed.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        (self.value, self.std, self.low, self.high) == (other.value, other.std, other.low, other.high)
    }
}

/// Why a text is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It is no YAML, or not of this shape.
    #[error("{0}")]
    Unreadable(#[from] serde_yaml::Error),
    /// An entry is not of its shape.
    #[error("{0}")]
    Entry(#[from] serde_json::Error),
    /// It is something else altogether.
    #[error("it holds no entries such as `lock: {FORM}`")]
    NoEntries,
    /// One of its entries is not of its shape.
    #[error("`{name}` of `{section}`: {error}")]
    Of {
        /// Where it stands.
        section: &'static str,
        /// Its name.
        name: String,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// Another version wrote it.
    #[error("the lock has form {0}; this ddl reads form {FORM}")]
    Form(u32),
}

impl Lock {
    /// What a plan is made of; data digests, libtorch's version and metrics are added by who knows them.
    pub fn of(plan: &Plan) -> Self {
        let mut lock = Lock { lock: FORM, recipe: plan.recipe.clone(), ddl: plan.ddl.clone(), of_plan: true, ..Lock::default() };
        lock.params = plan.params.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        for (id, node) in plan.iter() {
            operators(&node.op, node.version, &node.args, &mut lock.operators);
            let inputs = node.inputs.iter().map(|&input| plan.node(input).name.clone()).collect();
            let locked = LockedNode { key: node.key, op: node.op.to_string(), args: plan.arguments(id), inputs };
            lock.nodes.insert(node.name.clone(), locked);
        }
        lock
    }

    /// This lock with the digests of what lies at the paths of a graph.
    #[must_use]
    pub(crate) fn with_data(mut self, graph: &Graph) -> Self {
        self.of_plan = false;
        for (_, node) in graph.nodes() {
            node.args.values().for_each(|value| {
                value.paths(&mut |path| {
                    if let Some(digest) = &path.digest {
                        self.data.insert(path.shown.clone(), digest.clone());
                    }
                });
            });
        }
        self
    }

    /// The text of the file.
    pub fn to_yaml(&self) -> String {
        let mut out = format!("# What {} was run with. `ddl run --locked` refuses when anything differs.\n", self.recipe);
        let _ = writeln!(out, "lock: {}\nrecipe: {}\nddl: {}", self.lock, json(&self.recipe), json(&self.ddl));
        if let Some(libtorch) = &self.libtorch {
            let _ = writeln!(out, "libtorch: {}", json(libtorch));
        }
        section(&mut out, "params", &self.params);
        section(&mut out, "data", &self.data);
        section(&mut out, "operators", &self.operators);
        section(&mut out, "nodes", &self.nodes);
        if !self.machines.is_empty() {
            out.push_str("machines:\n");
            self.machines.iter().for_each(|machine| out.push_str(&format!("  - {}\n", json(machine))));
        }
        section(&mut out, "decisions", &self.decisions);
        section(&mut out, "metrics", &self.metrics);
        out
    }

    /// How this lock's numbers compare with those of another, which is what is there now.
    /// `all` tells whether that is all that there is to measure: what is absent then is no number of this recipe.
    pub fn agreement(&self, now: &Lock, all: bool) -> Agreement {
        let one_kind = |locked: &BTreeSet<Machine>, is: &BTreeSet<Machine>| locked.len() == 1 && locked == is;
        let unlocked = now.metrics.keys().filter(|name| !self.metrics.contains_key(*name)).cloned().collect();
        let mut found = Agreement { unlocked, ..Agreement::default() };
        for (name, locked) in &self.metrics {
            let Some(is) = now.metrics.get(name) else {
                if all {
                    found.broken.push(format!("metric {name}: no number of this recipe"));
                } else {
                    found.absent.push(name.clone());
                }
                continue;
            };
            match (locked.low, locked.high) {
                _ if locked.is_as(is) => found.equal += 1,
                _ if one_kind(self.machines_of(locked), now.machines_of(is)) => {
                    found.same_machine = true;
                    found.broken.push(format!("metric {name}: {} -> {}, on the same kind of machine", locked.value, is.value));
                }
                (Some(low), Some(high)) if (low..=high).contains(&is.value) => found.within += 1,
                (Some(low), Some(high)) => {
                    found.broken.push(format!(
                        "metric {name}: {:.4} -> {:.4}, outside of its interval {low:.4} to {high:.4}",
                        locked.value, is.value
                    ));
                }
                _ => found.unjudged.push(name.clone()),
            }
        }
        // what was decided hangs on numbers: another machine may decide otherwise
        for name in self.decisions.keys().chain(now.decisions.keys()).collect::<BTreeSet<_>>() {
            let (locked, is) = (self.decisions.get(name), now.decisions.get(name));
            let told = is.is_some() || all;
            if told && locked != is && one_kind(&self.machines, &now.machines) {
                found.same_machine = true;
                found.broken.push(format!("{name} is not decided as it was, on the same kind of machine"));
            } else if told && locked.is_some() != is.is_some() {
                found.broken.push(format!("{name}: a decision that the {} not", if locked.is_some() { "recipe has" } else { "lock has" }));
            } else if told && locked != is {
                found.unjudged.push(format!("what {name} decided"));
            }
        }
        found
    }

    /// Where a number of this lock was computed.
    fn machines_of<'a>(&'a self, metric: &'a LockedMetric) -> &'a BTreeSet<Machine> {
        if metric.machines.is_empty() { &self.machines } else { &metric.machines }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is not a lock that this version reads.
    pub fn from_yaml(text: &str) -> Result<Self, LockError> {
        crate::text::yaml::<serde_yaml::Value>(text)?; // of an entry that stands twice, JSON's maps would take the last
        // what is written as JSON is read as JSON: YAML would have enums as tags
        let mut entries: serde_json::Value = crate::text::yaml(text)?;
        if let Some(sections) = entries.as_object_mut() {
            sections.retain(|_, section| !section.is_null()); // all of its lines are gone, its title is not
        }
        let whole = serde_json::from_value::<Lock>(entries.clone());
        let lock = whole.map_err(|error| of_an_entry(&entries).unwrap_or(LockError::Entry(error)))?;
        if lock.lock == FORM { Ok(lock) } else { Err(LockError::Form(lock.lock)) }
    }
}

/// The first entry of a section that is none of this type.
fn wrong_entry<T: serde::de::DeserializeOwned>(
    sections: &serde_json::Map<String, serde_json::Value>,
    section: &'static str,
) -> Option<LockError> {
    let entries = sections.get(section)?.as_object()?;
    entries.iter().find_map(|(name, entry)| {
        let error = serde_json::from_value::<T>(entry.clone()).err()?;
        Some(LockError::Of { section, name: name.clone(), error })
    })
}

/// Which entry of a lock is not of its shape.
fn of_an_entry(entries: &serde_json::Value) -> Option<LockError> {
    let Some(sections) = entries.as_object() else { return Some(LockError::NoEntries) };
    wrong_entry::<String>(sections, "params")
        .or_else(|| wrong_entry::<String>(sections, "data"))
        .or_else(|| wrong_entry::<u32>(sections, "operators"))
        .or_else(|| wrong_entry::<LockedNode>(sections, "nodes"))
        .or_else(|| wrong_entry::<Vec<Decision>>(sections, "decisions"))
        .or_else(|| wrong_entry::<LockedMetric>(sections, "metrics"))
}

/// A section whose entries stand one on a line, sorted; JSON is YAML.
fn section<T: Serialize>(out: &mut String, title: &str, entries: &BTreeMap<String, T>) {
    if entries.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}:");
    for (name, entry) in entries {
        let _ = writeln!(out, "  {}: {}", json(name), json(entry));
    }
}

/// Strings, numbers, and structs of them always serialise.
fn json<T: Serialize + ?Sized>(it: &T) -> String {
    serde_json::to_string(it).unwrap_or_default()
}

/// The operators inside a node's arguments, with their versions.
fn operators(op: &str, version: u32, args: &serde_json::Value, found: &mut BTreeMap<String, u32>) {
    found.insert(op.to_owned(), version);
    inner_operators(args, found);
}

fn inner_operators(json: &serde_json::Value, found: &mut BTreeMap<String, u32>) {
    match json {
        serde_json::Value::Array(items) => items.iter().for_each(|item| inner_operators(item, found)),
        serde_json::Value::Object(map) => {
            if let Some(decl) = map.get("op").and_then(|op| op.as_str()).and_then(|op| crate::ops::declared(op)) {
                found.insert(decl.name.to_owned(), decl.version);
            }
            map.values().for_each(|value| inner_operators(value, found));
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) | serde_json::Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each; a kind without an example does not compile.
    fn every_decision() -> Vec<Decision> {
        let example = |kind: &Decision| match kind {
            Decision::Chosen { .. } | Decision::Averaged { .. } | Decision::Kept { .. } | Decision::Stopped { .. } => (),
        };
        let found = vec![
            Decision::Chosen { model: "a".into(), metric: "v.eer".into(), values: vec![("a".into(), 0.1), ("b".into(), 1e-7)] },
            Decision::Averaged { models: vec!["a".into(), "b".into()] },
            Decision::Kept { step: 20, of: 40, metric: "v.eer".into(), value: 0.25 },
            Decision::Kept { step: 20, of: 40, metric: "v.eer".into(), value: f64::INFINITY },
            Decision::Stopped { step: 20, of: 40, why: "no better: for 10 steps".into() },
        ];
        found.iter().for_each(example);
        found
    }

    #[test]
    fn each_number_is_judged_by_the_machines_of_its_own() {
        let machine = |threads| Machine { ddl: "1".into(), libtorch: "2".into(), device: "cpu".into(), threads, cpu: "x".into() };
        let metric = |value, on: &[usize]| LockedMetric {
            value,
            std: None,
            low: Some(0.0),
            high: Some(1.0),
            machines: on.iter().map(|&threads| machine(threads)).collect(),
        };
        let lock = |on: &[usize], metric: LockedMetric| Lock {
            machines: on.iter().map(|&threads| machine(threads)).collect(),
            metrics: [("net: v.eer".to_owned(), metric)].into(),
            ..Lock::default()
        };
        let locked = lock(&[1], metric(0.5, &[]));
        for (now, broken) in [
            (lock(&[1], metric(0.5, &[])), false),
            (lock(&[1], metric(0.6, &[])), true),
            (lock(&[1, 2], metric(0.6, &[1])), true),
            (lock(&[1, 2], metric(0.5, &[1])), false),
            (lock(&[1, 2], metric(0.6, &[2])), false),
            (lock(&[1, 2], metric(0.6, &[])), false),
            (lock(&[2], metric(1.6, &[])), true),
        ] {
            assert_eq!(!locked.agreement(&now, true).broken.is_empty(), broken, "{now:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_whatever_was_decided() {
        let metric = LockedMetric { value: 1.0 / 3.0, std: Some(1e-7), low: Some(0.0), high: None, machines: BTreeSet::new() };
        let args = [("lr".to_owned(), "1e-4".to_owned()), ("of".to_owned(), "[1, \"a: b\"]".to_owned())].into();
        let node = LockedNode { key: ContentKey::of(b"a node"), op: "train".into(), args, inputs: vec!["no".into()] };
        let machine = Machine { ddl: "0.1.0".into(), libtorch: "2.13.0".into(), device: "cuda:0".into(), threads: 2, cpu: "a: b".into() };
        let lock = Lock {
            lock: FORM,
            of_plan: false,
            recipe: "r: #.ddl".into(),
            ddl: "0.1.0".into(),
            libtorch: Some("2.13.0".into()),
            params: [("on".to_owned(), "no".to_owned())].into(),
            data: [("~".to_owned(), "1e3".to_owned())].into(),
            operators: [("train".to_owned(), 2)].into(),
            nodes: [("a[k = 1]".to_owned(), node)].into(),
            decisions: [("pick".to_owned(), every_decision())].into(),
            metrics: [
                ("pick: v.eer".to_owned(), metric.clone()),
                ("a: v.eer".to_owned(), LockedMetric { machines: [Machine { threads: 1, ..machine.clone() }].into(), ..metric }),
            ]
            .into(),
            machines: [machine].into(),
        };
        assert_eq!(Lock::from_yaml(&lock.to_yaml()).unwrap(), lock);
        for (no_lock, why) in [
            ("lock: 9\nrecipe: r\nddl: d", "form 9"),
            ("lock: [", "did not find"),
            ("lock: 1\nrecipe: r\nddl: d\nextra: 1", "extra"),
            ("lock: 1\nlock: 1\nrecipe: r\nddl: d", "duplicate"),
        ] {
            let error = Lock::from_yaml(no_lock).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
