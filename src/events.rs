//! What happens during a run, as JSON lines: the engine writes them, and bars, logs, the report and tests read them.
//!
//! Each line is one object with a `kind`. Lines of kinds that a reader does not know are errors: both programs are of one version.
//! What of them is true of a result for good is kept beside it in the store: [`record`].

#![allow(clippy::cast_precision_loss, reason = "counts that are shown, and numbers of nodes")]

pub mod record;

use crate::data::image::Image;
use crate::diag::{Code, Diagnostic, Severity};
use crate::misread::{self, Misread};
use base64::Engine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Write};

pub use record::{Machine, Record, Recorder, Spell};

/// Something that happened. Nodes are told by their names in the plan (`warm[seed = 2]`).
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// The engine has read its job. The first event but for warnings of what was found before.
    RunStarted {
        /// What computes.
        #[serde(flatten)]
        machine: Machine,
        /// When, in UTC: `2026-01-31T12:00:00Z`.
        at: String,
        /// The engine's process.
        pid: u32,
        /// Nodes that will be computed, in order.
        due: Vec<String>,
        /// Nodes of the run whose results are in the store.
        stored: usize,
    },
    /// A data set was counted and its images looked at.
    Dataset {
        /// The data set.
        node: String,
        /// Its images.
        images: u64,
        /// Its people.
        people: u64,
        /// Images that can't be decoded and are skipped, as the recipe wants; the first few by name.
        skipped: Vec<String>,
        /// How many are skipped.
        skipped_count: u64,
    },
    /// Work on a node begins.
    NodeStarted {
        /// The node.
        node: String,
        /// Its operator.
        op: String,
        /// When, in UTC.
        at: String,
    },
    /// A node is done and in the store.
    NodeFinished {
        /// The node.
        node: String,
        /// Its operator.
        op: String,
        /// Seconds that it took, in this run.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        seconds: f64,
        /// Bytes in the store.
        bytes: u64,
    },
    /// A node's result was in the store.
    NodeSkipped {
        /// The node.
        node: String,
        /// Its operator.
        op: String,
    },
    /// How far something is that takes more than a moment.
    Progress {
        /// The node, or what is done where that is more than a node's: `decoding every image once`.
        node: String,
        /// What is counted: `images`.
        unit: String,
        /// How many are done.
        done: u64,
        /// Of how many.
        of: u64,
        /// How many a second, over the last seconds.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        rate: f64,
        /// Seconds left at this rate.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        left: f64,
    },
    /// A stage goes on from a checkpoint.
    Resumed {
        /// The stage.
        node: String,
        /// Steps that are done.
        step: u64,
        /// Of how many.
        of: u64,
    },
    /// How a stage goes: about once a second, and after its last step.
    Step {
        /// The stage.
        node: String,
        /// Steps that are done.
        step: u64,
        /// Of how many.
        of: u64,
        /// Epochs that are done, with the part of the current one.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        epoch: f64,
        /// Images a second, over the last seconds.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        rate: f64,
        /// Seconds left at this rate.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        left: f64,
        /// The part of the time, over the last seconds, in which training waited for its images: 0 when data loading keeps up.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        waited: f64,
        /// Learning rate of this step.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        lr: f64,
        /// The objective at this step.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        loss: f64,
        /// Each term's value before its weight, and its parts: `classify`, `classify.accuracy`, `ddl.order`.
        #[serde(with = "crate::number::map")]
        #[cfg_attr(test, schemars(with = "BTreeMap<String, crate::number::InJson>"))]
        terms: BTreeMap<String, f64>,
    },
    /// A model was judged on the way.
    Watched {
        /// The stage.
        node: String,
        /// Steps that are done.
        step: u64,
        /// The protocol's name.
        eval: String,
        /// The metric's label, such as `accuracy` or `tar@1e-3`.
        metric: String,
        /// Its value.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        value: f64,
    },
    /// A node made a choice by itself.
    Decided {
        /// The node.
        node: String,
        /// What it chose.
        decision: Decision,
    },
    /// The state of a stage is on the disk.
    Checkpoint {
        /// The stage.
        node: String,
        /// Steps that are done.
        step: u64,
    },
    /// The images of a stage's first step as the network sees them.
    FirstBatch {
        /// The stage.
        node: String,
        /// Images by draw.
        groups: Vec<PictureGroup>,
    },
    /// Something that may matter and stops nothing.
    Warning {
        /// The node that it is about, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<String>,
        /// What it is.
        #[serde(flatten)]
        failure: Failure,
    },
    /// What stopped a node, or the whole run where `node` is absent.
    Failed {
        /// The node.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<String>,
        /// What went wrong.
        failure: Failure,
    },
    /// The run was asked to stop, and did: what was begun lies in checkpoints.
    Interrupted {
        /// The stage that was running, with the step of its checkpoint.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<(String, u64)>,
    },
    /// Everything is done: the last event of a run that went well.
    Done {
        /// Nodes that were computed.
        computed: usize,
        /// Nodes whose results were in the store.
        stored: usize,
        /// Seconds of the whole run.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        seconds: f64,
    },
}

/// What a node chose by itself.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// `select` took one of several models.
    Chosen {
        /// The model.
        model: String,
        /// What decided: `pose.accuracy`.
        metric: String,
        /// The value of each model, in the order of the choice.
        values: Vec<(String, f64)>,
    },
    /// `average` made the mean of these.
    Averaged {
        /// The models.
        models: Vec<String>,
    },
    /// `keep = best(…)` took the model of this step.
    Kept {
        /// The step.
        step: u64,
        /// Steps that were taken.
        of: u64,
        /// What decided: `pose.accuracy`.
        metric: String,
        /// Its value at that step.
        #[serde(with = "crate::number")]
        #[cfg_attr(test, schemars(with = "crate::number::InJson"))]
        value: f64,
    },
    /// `stop` ended the stage before its last step.
    Stopped {
        /// Steps that are done.
        step: u64,
        /// Of how many.
        of: u64,
        /// Why, in words.
        why: String,
    },
}

/// Models of a mean that are named.
const NAMED: usize = 4;

impl fmt::Display for Decision {
    /// What follows the node's name: `took s[seed = 2] of 3 by pose.accuracy: 0.9312`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Chosen { model, metric, values } => {
                let value = values.iter().find(|(name, _)| name == model).map_or(f64::NAN, |(_, value)| *value);
                // as many digits as tell it from all others
                let as_shown = |x: f64, digits: usize| format!("{x:.digits$}");
                let told = |digits: &usize| {
                    let like = |x: f64| x.to_bits() != value.to_bits() && as_shown(x, *digits) == as_shown(value, *digits);
                    !values.iter().any(|(_, x)| like(*x))
                };
                let digits = (4..=15).find(told).unwrap_or(4);
                write!(f, "took {model} of {} by {metric}: {value:.digits$}", values.len())?;
                let others = values.iter().filter(|(name, _)| name != model).map(|(_, value)| *value);
                let (low, high) = others.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
                match values.len() {
                    0 | 1 => Ok(()),
                    2 => write!(f, " (the other {low:.digits$})"),
                    _ => write!(f, " (the others {low:.digits$} to {high:.digits$})"),
                }?;
                let equals = values.iter().filter(|(_, x)| x.to_bits() == value.to_bits()).count();
                if equals > 1 { f.write_str(", the first of equals") } else { Ok(()) }
            }
            Decision::Averaged { models } => {
                let named: Vec<&str> = models.iter().take(NAMED).map(String::as_str).collect();
                let more = if models.len() > NAMED { ", …" } else { "" };
                write!(f, "is the mean of {}: {}{more}", models.len(), named.join(", "))
            }
            Decision::Kept { step, of, metric, value } => write!(f, "kept step {step} of {of}: {metric} {value:.4}"),
            Decision::Stopped { step, of, why } => write!(f, "ended at step {step} of {of}: {why}"),
        }
    }
}

impl Event {
    /// The node that it is about, if it is about one.
    pub fn node(&self) -> Option<&str> {
        match self {
            Event::Dataset { node, .. }
            | Event::NodeStarted { node, .. }
            | Event::NodeFinished { node, .. }
            | Event::NodeSkipped { node, .. }
            | Event::Progress { node, .. }
            | Event::Resumed { node, .. }
            | Event::Step { node, .. }
            | Event::Watched { node, .. }
            | Event::Decided { node, .. }
            | Event::Checkpoint { node, .. }
            | Event::FirstBatch { node, .. } => Some(node),
            Event::Warning { node, .. } | Event::Failed { node, .. } => node.as_deref(),
            Event::Interrupted { at } => at.as_ref().map(|(node, _)| node.as_str()),
            Event::RunStarted { .. } | Event::Done { .. } => None,
        }
    }

    /// A warning that is about a node.
    pub fn warning(node: &str, failure: Failure) -> Event {
        Event::Warning { node: Some(node.to_owned()), failure }
    }

    /// How far a node is that has been at it since `begun`.
    pub fn progress(node: &str, unit: &str, done: u64, of: u64, begun: std::time::Instant) -> Event {
        let rate = done as f64 / begun.elapsed().as_secs_f64().max(1e-9);
        let left = (of - done) as f64 / rate.max(1e-9);
        Event::Progress { node: node.to_owned(), unit: unit.to_owned(), done, of, rate, left }
    }

    /// How far some work is that is counted where it is done.
    pub fn metered(work: &crate::meter::Progress) -> Event {
        let of = if work.of == 0 { work.done } else { work.of };
        let (node, unit) = (work.what.clone(), work.unit.to_owned());
        Event::Progress { node, unit, done: work.done, of, rate: work.rate(), left: work.left() }
    }
}

/// Images of one draw.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureGroup {
    /// The draw's name.
    pub label: String,
    /// The images in the order of the batch; of a large batch the first ones.
    pub pictures: Vec<Picture>,
}

/// An image of a batch.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// A PNG, in base64; empty where it lies in a file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub png: String,
    /// The file that it lies in, in the run's output folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The sample's path.
    pub path: String,
    /// Who it is.
    pub identity: String,
}

impl Picture {
    /// A picture of an image.
    pub fn new(image: &Image, path: &str, identity: &str) -> Self {
        let png = base64::engine::general_purpose::STANDARD.encode(crate::data::writers::png(image));
        Picture { png, file: None, path: path.to_owned(), identity: identity.to_owned() }
    }
}

/// The bytes of a picture's PNG.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// Something that went wrong, as it travels from one program to the other: a diagnostic without places in a source.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The code's stable text, such as `ddl::run::not_finite`.
    pub code: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Failure { code: code.text().to_owned(), message: message.into(), help: None }
    }

    /// A diagnostic as it travels.
    pub fn of(diagnostic: &Diagnostic) -> Self {
        Failure { code: diagnostic.code.text().to_owned(), message: diagnostic.message.clone(), help: diagnostic.help.clone() }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same as a diagnostic.
    pub fn diagnostic(&self, severity: Severity) -> Diagnostic {
        let code = Code::from_text(&self.code).unwrap_or(Code::EngineFailed);
        Diagnostic::new(severity, code, self.message.clone()).maybe_help(self.help.clone())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "\nhelp: {help}"))
    }
}

impl std::error::Error for Failure {}

/// Where events go. Shared by threads; each event is one whole line.
pub trait Sink: Send + Sync {
    /// Takes an event. A reader that has gone away is not an error: the run goes on.
    fn emit(&self, event: Event);
}

/// Writes events as JSON lines.
pub struct Writer<W: Write + Send> {
    to: std::sync::Mutex<W>,
}

impl<W: Write + Send> Writer<W> {
    /// A writer of lines to `to`.
    pub fn new(to: W) -> Self {
        Writer { to: std::sync::Mutex::new(to) }
    }
}

impl<W: Write + Send> Sink for Writer<W> {
    fn emit(&self, event: Event) {
        let Ok(mut line) = serde_json::to_vec(&event) else { return }; // every event is JSON: its maps have text keys
        line.push(b'\n');
        let mut to = self.to.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = to.write_all(&line).and_then(|()| to.flush());
    }
}

/// Keeps events in memory, for tests and for nobody.
#[derive(Debug, Default)]
pub struct Collected(std::sync::Mutex<Vec<Event>>);

impl Collected {
    /// The events so far.
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Sink for Collected {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(event);
    }
}

/// A line that is no event.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream broke.
    #[error("the events can't be read: {}", crate::system::said(.0))]
    Io(#[from] io::Error),
    /// Something else was written there.
    #[error("line {number} is no event ({why}): {line}")]
    NotAnEvent {
        /// The line's number, from 1.
        number: usize,
        /// Why not.
        why: Misread,
        /// The line.
        line: String,
    },
}

/// Reads events line by line. A last line without its end was cut by a kill and is passed over.
pub fn read(from: impl BufRead) -> impl Iterator<Item = Result<Event, ReadError>> {
    let mut from = from;
    let mut number = 0;
    std::iter::from_fn(move || {
        loop {
            let mut line = Vec::new();
            match from.read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) if line.last() != Some(&b'\n') => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error.into())),
            }
            number += 1;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return Some(misread::json(&line).map_err(|why| ReadError::NotAnEvent {
                number,
                why,
                line: String::from_utf8_lossy(&line).trim_end().to_owned(),
            }));
        }
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn step() -> Event {
        Event::Step {
            node: "warm".to_owned(),
            step: 3,
            of: 10,
            epoch: 0.3,
            rate: 100.5,
            left: 2.0,
            waited: 0.0,
            lr: 0.1,
            loss: 4.25,
            terms: [("classify".to_owned(), 4.25)].into_iter().collect(),
        }
    }

    #[test]
    fn events_read_back_what_they_write() {
        let failure = Failure::new(Code::LossNotFinite, "x").help("y");
        let events = [
            step(),
            Event::Warning { node: None, failure: failure.clone() },
            Event::warning("warm", failure.clone()),
            Event::Failed { node: None, failure },
            Event::Interrupted { at: Some(("warm".to_owned(), 3)) },
        ];
        let mut bytes = Vec::new();
        let writer = Writer::new(&mut bytes);
        events.iter().for_each(|event| writer.emit(event.clone()));
        let back: Vec<Event> = read(&bytes[..]).map(Result::unwrap).collect();
        assert_eq!(back, events);
    }

    /// Whatever number of an event is none (the part of a term over nothing is NaN), the event comes through.
    #[test]
    fn numbers_that_are_none_come_through() {
        let infinite = |json: &mut serde_json::Value| {
            let mut count = 0;
            let mut open = vec![json];
            while let Some(it) = open.pop() {
                match it {
                    serde_json::Value::Number(number) if number.is_f64() => (*it, count) = ("-inf".into(), count + 1),
                    serde_json::Value::Object(map) => open.extend(map.values_mut()),
                    serde_json::Value::Array(items) => open.extend(items),
                    _ => {}
                }
            }
            count
        };
        let node = || "warm".to_owned();
        let events = [
            (step(), 7),
            (Event::NodeFinished { node: node(), op: "train".to_owned(), seconds: 0.5, bytes: 1 }, 1),
            (Event::Progress { node: node(), unit: "images".to_owned(), done: 1, of: 2, rate: 0.5, left: 0.5 }, 2),
            (Event::Watched { node: node(), step: 1, eval: "ver".to_owned(), metric: "gap".to_owned(), value: 0.5 }, 1),
            (Event::Done { computed: 1, stored: 1, seconds: 0.5 }, 1),
        ];
        for (event, numbers) in events {
            let mut json = serde_json::to_value(&event).unwrap();
            assert_eq!(infinite(&mut json), numbers, "{event:?}");
            let back: Event = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(&back).unwrap(), json);
        }
    }

    #[test]
    fn a_cut_line_is_passed_over_and_a_wrong_one_is_named() {
        let mut bytes = serde_json::to_vec(&step()).unwrap();
        bytes.extend(b"\n{\"kind\":\"st");
        assert_eq!(read(&bytes[..]).count(), 1);
        let wrong = read(&b"\nhello\n"[..]).next().unwrap().unwrap_err();
        assert!(wrong.to_string().starts_with("line 2 is no event"), "{wrong}");
    }

    /// Whether the schema in `docs` is this one; `INSTA_UPDATE=always` writes it anew.
    pub(crate) fn same_schema(of: &str, schema: &schemars::Schema) {
        let schema = serde_json::to_string_pretty(schema).unwrap() + "\n";
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{of}.schema.json"));
        if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
            std::fs::write(&file, &schema).unwrap();
        }
        assert!(std::fs::read_to_string(&file).is_ok_and(|text| text == schema), "{} is another", file.display());
    }

    #[test]
    fn the_schema_in_the_docs_is_that_of_the_events() {
        same_schema("events", &schemars::schema_for!(Event));
    }
}
