//! Signals that would end a program where an error can be told, or something is to be cleared away first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Makes a write beyond the limit on the size of files (`ulimit -f`) fail as on a full disk, instead of ending the program. For the
/// beginning of each program.
pub fn tell_of_large_files() {
    // the flag itself is of no interest: a handled signal no longer ends the process, and the write says what is wrong
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// Whether somebody pressed Ctrl-C since the end was asked for.
static ENDED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C asks for an end instead of making one ([`is_ended`]); who presses it again does not wait for it.
pub(crate) fn ask_for_an_end() {
    let asked = || {
        if ENDED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    let _ = ctrlc::set_handler(asked); // where there is a handler already, or can be none, it ends as ever
}

/// Whether somebody asked for an end.
pub(crate) fn is_ended() -> bool {
    ENDED.load(Ordering::Relaxed)
}
