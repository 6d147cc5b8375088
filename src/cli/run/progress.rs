//! Progress: a moving bar on a terminal, plain lines elsewhere.

use crate::cli::screen::Screen;
use crate::events::Event;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// Elsewhere than on a terminal, a stage says how it goes this often.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// Shows events.
pub struct Progress<'s> {
    screen: &'s Screen,
    bar: Option<ProgressBar>,
    said: Instant,
}

/// Seconds in words: `4.2 s`, `3 min 20 s`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

impl<'s> Progress<'s> {
    pub fn new(screen: &'s Screen) -> Self {
        Progress { screen, bar: None, said: Instant::now() }
    }

    /// Takes the bar away.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Writes something else while the bar stands aside.
    pub fn suspend(&mut self, write: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn line(&mut self, text: &str) {
        let screen = self.screen;
        self.suspend(|| screen.note(text));
    }

    fn advance(&mut self, node: &str, done: u64, of: u64, rest: &str) {
        if self.screen.shows_bars() {
            let bar = self.bar.get_or_insert_with(|| {
                // the template is ours and right
                let style =
                    ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
                ProgressBar::new(of).with_style(style)
            });
            bar.set_length(of);
            bar.set_prefix(node.to_owned());
            bar.set_position(done);
            bar.set_message(rest.to_owned());
        } else if self.said.elapsed() >= LINE_EVERY || done == of {
            self.said = Instant::now();
            self.line(&format!("  {node}  {done}/{of}  {rest}"));
        }
    }

    /// Shows an event.
    pub fn show(&mut self, event: &Event) {
        match event {
            Event::RunStarted { libtorch, device, threads, due, stored, .. } => {
                self.line(&format!("{} to compute, {stored} in the store; {device}, {threads} threads, libtorch {libtorch}", due.len()));
            }
            Event::Dataset { node, images, people, skipped_count, .. } => {
                let skipped = if *skipped_count > 0 { format!(", {skipped_count} corrupt images skipped") } else { String::new() };
                self.line(&format!("  {node}: {images} images of {people} people{skipped}"));
            }
            Event::Progress { node, done, of, rate, left, unit } => {
                self.advance(node, *done, *of, &format!("{rate:.0} {unit}/s, {} left", duration(*left)));
            }
            Event::Step { node, step, of, rate, left, loss, lr, .. } => {
                self.advance(
                    node,
                    *step,
                    *of,
                    &format!("steps, loss {loss:.4}, lr {lr:.2e}, {rate:.0} images/s, {} left", duration(*left)),
                );
            }
            Event::NodeFinished { node, op, seconds, .. } => {
                self.clear();
                if op == "train" || *seconds > 2.0 {
                    self.line(&format!("  {node} ({op}) in {}", duration(*seconds)));
                }
            }
            Event::Resumed { node, step, of } => self.line(&format!("  {node} goes on from step {step} of {of}")),
            Event::Watched { node, step, eval, metric, value } => {
                self.line(&format!("  {node} at step {step}: {eval}.{metric} = {value:.4}"));
            }
            Event::StoppedEarly { node, step, why } => self.line(&format!("  {node} ends at step {step}: {why}")),
            Event::NodeStarted { .. }
            | Event::NodeSkipped { .. }
            | Event::Checkpoint { .. }
            | Event::FirstBatch { .. }
            | Event::Warning(_)
            | Event::Failed { .. }
            | Event::Interrupted { .. }
            | Event::Done { .. } => {}
        }
    }
}
