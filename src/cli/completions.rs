//! `ddl completions`: what a shell needs to complete command lines.

use super::args::{Cli, CompletionsArgs};
use super::outcome::{Outcome, Stop};
use super::screen::Screen;
use clap::CommandFactory;

/// Prints the completions of a shell.
pub(crate) fn run(args: &CompletionsArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ddl", &mut script);
    screen.verbatim(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}
