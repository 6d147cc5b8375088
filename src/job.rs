//! What the engine is asked to do: a plan, and everything about this machine that is no part of it. `ddl-engine run JOB.json`, or a line on
//! its standard input.

pub mod term;

use crate::data::probe::Content;
use crate::plan::{Paths, Plan};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A run of a plan on this machine. No field but `plan` changes a number, only where and how fast it comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// What to compute.
    pub plan: Plan,
    /// Where the plan's paths lie.
    #[serde(default)]
    pub paths: Paths,
    /// What lay at the plan's paths when it was made. Another content is an error: the plan's keys are not its own.
    #[serde(default)]
    pub contents: Vec<Content>,
    /// Where it is computed.
    #[serde(default)]
    pub device: Device,
    /// Threads that compute; as many as there are cores when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Threads that decode images; chosen when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaders: Option<usize>,
    /// Images that are embedded at once when a model is judged; chosen when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval_batch: Option<usize>,
    /// The store's folder.
    pub store: PathBuf,
    /// The run's output folder, for files that the front does not make itself.
    pub out: PathBuf,
    /// Only these nodes (by their names in the plan) and what they need; all sinks when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Nodes that are computed again although the store has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<String>,
    /// When checkpoints are written.
    #[serde(default)]
    pub checkpoint: CheckpointEvery,
}

/// When checkpoints are written: whichever comes first. It decides when, never what.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointEvery {
    /// After so many seconds.
    pub seconds: f64,
    /// After so many steps, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

impl Default for CheckpointEvery {
    fn default() -> Self {
        CheckpointEvery { seconds: 60.0, steps: None }
    }
}

/// Where tensors lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// A graphics card, by its number.
    Cuda(usize),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

/// A text that is no device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a device: cpu, cuda, or cuda:0, cuda:1, …")]
pub struct NotADevice(pub String);

impl FromStr for Device {
    type Err = NotADevice;
    fn from_str(text: &str) -> Result<Self, NotADevice> {
        let number = |digits: &str| digits.parse().ok().filter(|number| *number < 1024 && !digits.starts_with('+'));
        match text {
            "cpu" => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda(0)),
            _ => text.strip_prefix("cuda:").and_then(number).map(Device::Cuda).ok_or_else(|| NotADevice(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Device {
    type Error = NotADevice;
    fn try_from(text: String) -> Result<Self, NotADevice> {
        text.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> String {
        device.to_string()
    }
}

/// How the engine's process ends.
pub mod exit {
    /// Everything is done.
    pub const DONE: i32 = 0;
    /// Something went wrong; a `failed` event says what.
    pub const FAILED: i32 = 1;
    /// It was asked to stop.
    pub const INTERRUPTED: i32 = 130;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_and_written() {
        for (text, device) in [("cpu", Device::Cpu), ("cuda", Device::Cuda(0)), ("cuda:3", Device::Cuda(3))] {
            assert_eq!(text.parse::<Device>().unwrap(), device);
        }
        for text in ["gpu", "cuda:", "cuda:-1", "cuda:+1", "CPU", ""] {
            assert!(text.parse::<Device>().is_err(), "{text}");
        }
        assert_eq!(Device::Cuda(1).to_string(), "cuda:1");
    }
}
