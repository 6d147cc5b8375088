//! Step events, about once a second.

use super::learner::StepSummary;
use super::setup::Setup;
use ddl::events::{Event, Recorder, Sink as _};
use std::time::{Duration, Instant};

/// How often a step is told of.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells of steps.
pub struct Report<'a> {
    events: &'a Recorder<'a>,
    node: &'a str,
    total: u64,
    per_epoch: u64,
    images: usize,
    told: Instant,
    told_step: u64,
    told_waited: Duration,
    last: Option<Event>,
}

impl<'a> Report<'a> {
    /// Tells of steps after `step`.
    pub fn new(events: &'a Recorder<'a>, setup: &'a Setup, step: u64) -> Self {
        Report {
            events,
            node: &setup.name,
            total: setup.total,
            per_epoch: setup.per_epoch,
            images: setup.draws.images() * setup.accumulate as usize,
            told: Instant::now(),
            told_step: step,
            told_waited: Duration::ZERO,
            last: None,
        }
    }

    /// So many steps are taken now; since the first one, training has waited so long for its images.
    pub fn step(&mut self, step: u64, taken: &StepSummary, waited: Duration) {
        let since = self.told.elapsed();
        let steps = step - self.told_step;
        let rate = (steps * self.images as u64) as f64 / since.as_secs_f64().max(1e-9);
        let left = (self.total - step) as f64 * self.images as f64 / rate.max(1e-9);
        let event = Event::Step {
            node: self.node.to_owned(),
            step,
            of: self.total,
            epoch: step as f64 / self.per_epoch as f64,
            rate,
            left,
            waited: waited.saturating_sub(self.told_waited).as_secs_f64() / since.as_secs_f64().max(1e-9),
            lr: taken.lr,
            loss: taken.loss,
            terms: taken.named.iter().map(|(name, value)| (name.clone(), f64::from(*value))).collect(),
        };
        if since < PAUSE && self.last.is_some() {
            self.last = Some(event);
            return;
        }
        self.events.emit(event.clone());
        self.last = Some(event);
        (self.told, self.told_step, self.told_waited) = (Instant::now(), step, waited);
    }

    /// No more steps: the last one is told of, if it was not.
    pub fn finish(&mut self, step: u64) {
        if let Some(event) = self.last.take().filter(|_| self.told_step != step) {
            self.events.emit(event);
        }
    }
}
