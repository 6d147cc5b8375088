//! Signals that would end a program where an error can be told.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Makes a write beyond the limit on the size of files (`ulimit -f`) fail as on a full disk, instead of ending the program. For the
/// beginning of each program.
pub fn tell_of_large_files() {
    // the flag itself is of no interest: a handled signal no longer ends the process, and the write says what is wrong
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)));
}
