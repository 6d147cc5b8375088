//! What is kept of a computation beside its result: who worked on it and when, and what it decided and saw. So a report of results that
//! were in the store says as much as that of the run which computed them.
//!
//! Kept compactly: what a result's other files hold already (losses of each step, the first batch) and what was only true for a moment
//! (progress, checkpoints) is left out.

use super::{Event, Sink};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Its name in the artifact of a node.
pub const RECORD: &str = "record.json";

/// What may show in the last bits of a result, and nothing else of a machine: no name, no user, no path.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Machine {
    /// Version of ddl.
    pub ddl: String,
    /// Version of libtorch.
    pub libtorch: String,
    /// `cpu`, `cuda:0`.
    pub device: String,
    /// Threads that compute.
    pub threads: usize,
    /// The kind of the processor.
    pub cpu: String,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} threads, {}, libtorch {}, ddl {}", self.device, self.threads, self.cpu, self.libtorch, self.ddl)
    }
}

/// One process's work on a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spell {
    /// What computed.
    pub machine: Machine,
    /// When it began, in UTC.
    pub at: String,
    /// How long it worked on what is kept of it, in seconds.
    pub seconds: f64,
}

/// What is kept of a computation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Who worked on it: one process, and one more each time it went on from a checkpoint.
    pub spells: Vec<Spell>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl Record {
    /// Seconds of all work on it.
    pub fn seconds(&self) -> f64 {
        self.spells.iter().map(|spell| spell.seconds).sum()
    }
}

/// Whether an event is true of a result for good and said nowhere else in it.
fn is_kept(event: &Event) -> bool {
    match event {
        Event::Watched { .. } | Event::Decided { .. } | Event::Resumed { .. } | Event::Warning { .. } => true,
        // of the data's own, and kept with every node that read it
        Event::Dataset { .. } => false,
        // what the log, the first batch or the spells say, or what is over when the result is there
        Event::Step { .. }
        | Event::FirstBatch { .. }
        | Event::NodeStarted { .. }
        | Event::NodeFinished { .. }
        | Event::NodeSkipped { .. }
        | Event::RunStarted { .. }
        | Event::Progress { .. }
        | Event::Checkpoint { .. }
        | Event::Failed { .. }
        | Event::Interrupted { .. }
        | Event::Done { .. } => false,
    }
}

/// Passes events on and keeps, node by node, what belongs into a record.
pub struct Recorder<'s> {
    to: &'s dyn Sink,
    machine: Machine,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    nodes: BTreeMap<String, (Instant, Record)>,
    data: BTreeMap<String, Event>,
}

impl<'s> Recorder<'s> {
    /// A recorder of what this machine computes.
    pub fn new(to: &'s dyn Sink, machine: Machine) -> Self {
        Recorder { to, machine, open: Mutex::default() }
    }

    /// What computes.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The record of a node so far, with what was found of the data that it reads.
    pub fn record(&self, node: &str, data: &[&str]) -> Record {
        let open = self.open();
        let Some((begun, record)) = open.nodes.get(node) else { return Record::default() };
        let mut record = record.clone();
        if let Some(spell) = record.spells.last_mut() {
            spell.seconds = begun.elapsed().as_secs_f64();
        }
        let found = data.iter().filter_map(|name| open.data.get(*name)).cloned();
        record.events = found.chain(record.events).collect();
        record
    }

    /// A node goes on from what another process left: what that one kept comes first.
    pub fn goes_on(&self, node: &str, before: Record) {
        if let Some((_, record)) = self.open().nodes.get_mut(node) {
            let own = std::mem::replace(record, before);
            record.spells.extend(own.spells);
            record.events.extend(own.events);
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Recorder<'_> {
    fn emit(&self, event: Event) {
        match &event {
            Event::NodeStarted { node, at, .. } => {
                let spell = Spell { machine: self.machine.clone(), at: at.clone(), seconds: 0.0 };
                let record = Record { spells: vec![spell], events: Vec::new() };
                self.open().nodes.insert(node.clone(), (Instant::now(), record));
            }
            Event::NodeFinished { node, .. } => drop(self.open().nodes.remove(node)),
            Event::Dataset { node, .. } => drop(self.open().data.insert(node.clone(), event.clone())),
            other => {
                if let Some(node) = other.node().filter(|_| is_kept(other))
                    && let Some((_, record)) = self.open().nodes.get_mut(node)
                {
                    record.events.push(event.clone());
                }
            }
        }
        self.to.emit(event);
    }
}

/// Now, in UTC to the second: `2026-01-31T12:00:00Z`.
pub fn now() -> String {
    let second = time::OffsetDateTime::now_utc().replace_nanosecond(0);
    second.ok().and_then(|now| now.format(&time::format_description::well_known::Rfc3339).ok()).unwrap_or_default() // years to 9999
}

/// The kind of this machine's processor as it calls itself; its architecture where it does not say.
pub fn cpu() -> String {
    let said = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    cpu_in(&said).unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn cpu_in(cpuinfo: &str) -> Option<String> {
    let field = |name: &str| {
        let line = cpuinfo.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.trim() == name))?;
        let words: Vec<&str> = line.1.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    field("model name").or_else(|| Some(format!("{} {}:{}", std::env::consts::ARCH, field("CPU implementer")?, field("CPU part")?)))
}

#[cfg(test)]
mod tests {
    use super::super::{Collected, Decision, Failure};
    use super::*;
    use crate::diag::Code;

    fn machine() -> Machine {
        let text = |text: &str| text.to_owned();
        Machine { ddl: text("1"), libtorch: text("2"), device: text("cpu"), threads: 2, cpu: text("a processor") }
    }

    fn started(node: &str) -> Event {
        Event::NodeStarted { node: node.to_owned(), op: "train".to_owned(), at: now() }
    }

    fn dataset(node: &str) -> Event {
        Event::Dataset { node: node.to_owned(), images: 3, people: 2, skipped: vec!["a.png".to_owned()], skipped_count: 1 }
    }

    #[test]
    fn a_record_keeps_what_was_decided_and_seen_and_goes_on_after_a_kill() {
        let (events, failure) = (Collected::default(), Failure::new(Code::Waiting, "x"));
        let first = Recorder::new(&events, machine());
        let watched = |step| Event::Watched { node: "s".to_owned(), step, eval: "e".to_owned(), metric: "gap".to_owned(), value: 0.1 };
        for event in [dataset("faces"), dataset("other"), started("s"), watched(1), Event::Checkpoint { node: "s".to_owned(), step: 1 }] {
            first.emit(event);
        }
        let at_checkpoint = first.record("s", &[]);
        let second = Recorder::new(&events, machine());
        second.emit(dataset("faces"));
        second.emit(started("s"));
        let resumed = Event::Resumed { node: "s".to_owned(), step: 1, of: 2 };
        second.goes_on("s", serde_json::from_slice(&serde_json::to_vec(&at_checkpoint).unwrap()).unwrap());
        let decision = Decision::Kept { step: 1, of: 2, metric: "e.gap".to_owned(), value: 0.1 };
        let decided = Event::Decided { node: "s".to_owned(), decision };
        let about_none = Event::Warning { node: None, failure: failure.clone() };
        for event in [resumed.clone(), Event::warning("s", failure.clone()), about_none, decided.clone()] {
            second.emit(event);
        }
        let record = second.record("s", &["faces"]);
        assert_eq!(record.spells.len(), 2);
        assert_eq!(record.events, [dataset("faces"), watched(1), resumed, Event::warning("s", failure), decided]);
        assert_eq!(events.events().len(), 5 + 6, "all events are passed on");
        assert_eq!(second.record("t", &["faces"]), Record::default());
    }

    #[test]
    fn processors_say_what_they_are() {
        assert_eq!(cpu_in("processor\t: 0\nmodel name\t: Some  CPU @ 2.0GHz\u{7}\nmodel name: b"), Some("Some CPU @ 2.0GHz".to_owned()));
        assert!(cpu_in("CPU implementer : 0x41\nCPU part: 0xd0c").unwrap().ends_with(" 0x41:0xd0c"));
        assert_eq!(cpu_in(""), None);
        assert!(!cpu().is_empty());
        assert!(now().len() == 20 && now().ends_with('Z'), "{}", now());
    }
}
