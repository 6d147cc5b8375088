//! The command line from outside: transcripts of commands, with what they print and how they end.

#![allow(clippy::cast_possible_truncation, reason = "small numbers of a test")]

mod bad_bytes;
mod controls;
mod data;
mod help;
mod new;
mod output;
#[cfg(unix)]
mod outputs;
mod recipes;
mod shell;
#[cfg(unix)]
mod stores;
#[cfg(unix)]
mod strangers;
#[cfg(unix)]
mod terms;

/// `ddl` alone.
fn programs() -> shell::Programs {
    shell::Programs { ddl: env!("CARGO_BIN_EXE_ddl").into(), engine: Some("no-engine-is-needed-here".into()) }
}
