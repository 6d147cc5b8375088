//! Work that takes a while, counted where it is done: libraries say how far they are and need not know who shows it.
//!
//! ```
//! let work = ddl_base::meter::begin("reading", "files", 2);
//! work.add(1);
//! assert_eq!(ddl_base::meter::going_on().iter().map(|it| (it.done, it.of)).collect::<Vec<_>>(), [(1, 2)]);
//! drop(work);
//! assert!(ddl_base::meter::going_on().is_empty());
//! ```

#![allow(clippy::cast_precision_loss, reason = "lengths and places in files that were read")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What is going on in this process, in the order in which it began.
static GOING_ON: Mutex<Vec<Arc<Counted>>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Counted {
    what: String,
    unit: &'static str,
    of: AtomicU64,
    done: AtomicU64,
    begun: Instant,
}

/// Some work that goes on until this is dropped.
#[derive(Debug)]
pub struct Work(Arc<Counted>);

/// How far some work is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What is done.
    pub what: String,
    /// What is counted.
    pub unit: &'static str,
    /// How many are done.
    pub done: u64,
    /// Of how many; 0 where that is not known.
    pub of: u64,
    /// For how many seconds it goes on.
    pub seconds: f64,
}

/// Begins some work of so many units (0 where that is not known).
pub fn begin(what: impl Into<String>, unit: &'static str, of: u64) -> Work {
    let counted = Arc::new(Counted { what: what.into(), unit, of: AtomicU64::new(of), done: AtomicU64::new(0), begun: Instant::now() });
    all().push(Arc::clone(&counted));
    Work(counted)
}

/// All work that goes on, what began first first.
pub fn going_on() -> Vec<Progress> {
    all().iter().map(|it| it.progress()).collect()
}

fn all() -> MutexGuard<'static, Vec<Arc<Counted>>> {
    GOING_ON.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Counted {
    fn progress(&self) -> Progress {
        Progress {
            what: self.what.clone(),
            unit: self.unit,
            done: self.done.load(Ordering::Relaxed),
            of: self.of.load(Ordering::Relaxed),
            seconds: self.begun.elapsed().as_secs_f64(),
        }
    }
}

impl Work {
    /// So many more are done.
    pub fn add(&self, done: u64) {
        self.0.done.fetch_add(done, Ordering::Relaxed);
    }
}

impl Progress {
    /// How many a second, since it began.
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.seconds.max(1e-9)
    }

    /// Seconds left at this rate; 0 where the end is not known.
    pub fn left(&self) -> f64 {
        self.of.saturating_sub(self.done) as f64 / self.rate().max(1e-9)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        all().retain(|it| !Arc::ptr_eq(it, &self.0));
    }
}
