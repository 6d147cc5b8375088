//! What is told of work that takes a while and has no bar of its own: data that is looked at, digests, what is measured.

use super::screen::Screen;
use crate::meter::{self, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Work shorter than this is not told.
const SHORT: f64 = 1.5;
/// Elsewhere than on a terminal it is told this often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Tells what goes on as long as this is there.
pub(crate) struct Busy {
    shown: Arc<Mutex<Shown>>,
}

#[derive(Default)]
struct Shown {
    over: bool,
    bar: Option<ProgressBar>,
    said: Option<(String, Instant)>,
}

impl Busy {
    /// Tells it on this screen.
    pub(crate) fn on(screen: &Screen) -> Self {
        let shown: Arc<Mutex<Shown>> = Arc::default();
        let (screen, of) = (screen.clone(), Arc::clone(&shown));
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(LOOK);
                let mut shown = of.lock().unwrap_or_else(PoisonError::into_inner);
                if shown.over {
                    return;
                }
                shown.look(&screen);
            }
        });
        Busy { shown }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.over = true;
        shown.clear();
    }
}

impl Shown {
    fn look(&mut self, screen: &Screen) {
        // what is longest at it contains the others
        let Some(work) = meter::going_on().into_iter().find(|work| work.seconds >= SHORT) else { return self.clear() };
        if screen.shows_bars() {
            let style = || ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar.get_or_insert_with(|| ProgressBar::new_spinner().with_style(style())).set_message(line(&work));
            return;
        }
        let again = self.said.as_ref().is_none_or(|(what, at)| *what != work.what || at.elapsed() >= LINE_EVERY);
        if again {
            screen.note(format!("  {}", line(&work)));
            self.said = Some((work.what, Instant::now()));
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// `reading faces: 1200 of 5000 files, 400/s, 10 s left`.
fn line(work: &Progress) -> String {
    let Progress { what, unit, done, of, .. } = work;
    let rate = work.rate();
    if *of == 0 {
        return format!("{what}: {done} {unit}, {rate:.0}/s");
    }
    format!("{what}: {done} of {of} {unit}, {rate:.0}/s, {} left", super::run::progress::duration(work.left()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_and_how_fast() {
        let work = Progress { what: "reading faces".to_owned(), unit: "files", done: 1200, of: 5200, seconds: 3.0 };
        assert_eq!(line(&work), "reading faces: 1200 of 5200 files, 400/s, 10.0 s left");
        assert_eq!(line(&Progress { of: 0, ..work }), "reading faces: 1200 files, 400/s");
    }
}
