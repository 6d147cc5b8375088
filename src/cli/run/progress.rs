//! Progress: moving bars on a terminal, one for each node that is computed, plain lines elsewhere.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts that are shown, and numbers of nodes")]

use crate::cli::screen::Screen;
use crate::events::Event;
use crate::text::shown;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Elsewhere than on a terminal, what is computed says how it goes this often, and that it still goes on where it has no more to say.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Events come about once a second: a line is not put off for one that comes a little early.
const EARLY: Duration = Duration::from_millis(700);
/// On a terminal nothing is at work unseen for longer than this.
const UNSEEN: Duration = Duration::from_millis(1500);

/// Shows events.
pub(crate) struct Progress<'s> {
    screen: &'s Screen,
    /// All bars, where there is a terminal.
    bars: Option<MultiProgress>,
    shown: Vec<Bar>,
    /// When each node's last line was written.
    said: BTreeMap<String, Instant>,
    /// What is computed: its name, its operator, since when.
    running: Vec<(String, String, Instant)>,
    /// What stands on a terminal for a node that has no bar yet.
    waits: Option<(String, ProgressBar)>,
    /// When something was last shown.
    last: Instant,
}

/// What moves on a terminal for a node.
struct Bar {
    node: String,
    moves: ProgressBar,
    /// What stands behind it, and since when.
    rest: (String, Instant),
}

/// Seconds in words: `4.2 s`, `3 min 20 s`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// How a bar looks: the node, the bar, how many of how many, and the rest as far as the terminal reaches.
fn style() -> ProgressStyle {
    // the template is ours and right
    ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// How a node without a bar looks.
fn waiting() -> ProgressStyle {
    ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar()) // as above
}

impl<'s> Progress<'s> {
    pub(crate) fn new(screen: &'s Screen) -> Self {
        let bars = screen.shows_bars().then(MultiProgress::new);
        Progress { screen, bars, shown: Vec::new(), said: BTreeMap::new(), running: Vec::new(), waits: None, last: Instant::now() }
    }

    /// Takes all bars away.
    pub(crate) fn clear(&mut self) {
        self.waits_no_more();
        self.shown.drain(..).for_each(|it| it.moves.finish_and_clear());
    }

    /// Nothing is told just now: shows that the work goes on, where nothing else has shown that for a while.
    pub(crate) fn idle(&mut self) {
        let Some((node, op, since)) = self.running.last().cloned() else { return };
        let at_work = duration(since.elapsed().as_secs_f64().floor());
        if let Some(bars) = &self.bars {
            if let Some(Bar { moves, rest: (rest, told), .. }) = self.shown.iter().find(|it| it.node == node) {
                if told.elapsed() >= UNSEEN {
                    moves.set_message(format!("({} ago) {rest}", duration(told.elapsed().as_secs_f64().floor())));
                }
            } else if since.elapsed() >= UNSEEN {
                let bar = match self.waits.take() {
                    Some((name, bar)) if name == node => bar,
                    _ => bars.add(ProgressBar::new_spinner().with_style(waiting())),
                };
                bar.set_message(shown(&format!("{node} ({op}), {at_work}")).into_owned());
                self.waits = Some((node, bar));
            }
        } else if self.last.elapsed() >= LINE_EVERY {
            self.line(&format!("  {node} ({op}), at it for {at_work}"));
        }
    }

    /// Takes away what stands for a node without a bar.
    fn waits_no_more(&mut self) {
        if let Some((_, bar)) = self.waits.take() {
            bar.finish_and_clear();
        }
    }

    /// Takes a node's bar away.
    fn end(&mut self, node: &str) {
        if let Some(place) = self.shown.iter().position(|it| it.node == node) {
            self.shown.remove(place).moves.finish_and_clear();
        }
    }

    /// Writes something else while the bars stand aside.
    pub(crate) fn suspend(&mut self, write: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    fn line(&mut self, text: &str) {
        let screen = self.screen;
        self.suspend(|| screen.note(text));
        self.last = Instant::now();
    }

    fn advance(&mut self, node: &str, done: u64, of: u64, rest: &str) {
        self.waits_no_more();
        if let Some(bars) = &self.bars {
            let place = self.shown.iter().position(|it| it.node == node).unwrap_or_else(|| {
                let bar = bars.add(ProgressBar::new(of).with_style(style()).with_prefix(shown(node).into_owned()));
                self.shown.push(Bar { node: node.to_owned(), moves: bar, rest: (String::new(), Instant::now()) });
                self.shown.len() - 1
            });
            let Bar { moves, rest: told, .. } = &mut self.shown[place];
            *told = (shown(rest).into_owned(), Instant::now());
            moves.set_length(of);
            moves.set_message(told.0.clone());
            moves.set_position(done);
        } else if done == of || self.said.get(node).is_none_or(|at| at.elapsed() + EARLY >= LINE_EVERY) {
            self.said.insert(node.to_owned(), Instant::now());
            self.line(&format!("  {node}  {done}/{of}  {rest}"));
        }
    }

    /// Shows an event.
    pub(crate) fn show(&mut self, event: &Event) {
        match event {
            Event::RunStarted { machine, due, stored, .. } => {
                self.line(&format!("{} to compute, {stored} in the store; {machine}", due.len()));
            }
            Event::Dataset { node, images, people, skipped_count, .. } => {
                let skipped = if *skipped_count > 0 { format!(", {skipped_count} corrupt images skipped") } else { String::new() };
                self.line(&format!("  {node}: {images} images of {people} people{skipped}"));
            }
            Event::Progress { node, done, of, rate, left, unit } => {
                self.advance(node, *done, *of, &format!("{rate:.0} {unit}/s, {} left", duration(*left)));
                if done == of {
                    self.end(node);
                }
            }
            Event::Step { node, step, of, rate, left, loss, lr, waited, .. } => {
                let mut rest = format!("steps, {rate:.0} images/s, {} left, loss {loss:.4}, lr {lr:.2e}", duration(*left));
                if *waited > STARVING {
                    rest += &format!(", waiting for data {:.0}% of the time", waited * 100.0);
                }
                self.advance(node, *step, *of, &rest);
            }
            Event::NodeStarted { node, op, .. } => self.running.push((node.clone(), op.clone(), Instant::now())),
            Event::NodeFinished { node, op, seconds, .. } => {
                self.end(node);
                self.waits_no_more();
                self.running.retain(|(name, ..)| name != node);
                if op == "train" || *seconds > 2.0 {
                    self.line(&format!("  {node} ({op}) in {}", duration(*seconds)));
                }
            }
            Event::Resumed { node, step, of } => self.line(&format!("  {node} goes on from step {step} of {of}")),
            Event::Watched { node, step, eval, metric, value } => {
                self.line(&format!("  {node} at step {step}: {eval}.{metric} = {value:.4}"));
            }
            Event::Decided { node, decision } => self.line(&format!("  {node} {decision}")),
            Event::NodeSkipped { .. }
            | Event::Checkpoint { .. }
            | Event::FirstBatch { .. }
            | Event::Warning { .. }
            | Event::Failed { .. }
            | Event::Interrupted { .. }
            | Event::Done { .. } => {}
        }
    }
}

/// Above this part of the time that a stage waits for its images, it is said.
const STARVING: f64 = 0.1;
