//! The command line: one file for each command. [`args`] says what can be typed, [`screen`] is where everything is shown.

mod args;
mod bug;
mod busy;
mod check;
mod completions;
mod data;
mod diff;
mod doc;
mod explain;
mod files;
mod fmt;
mod lock;
mod locked;
mod log;
mod new;
mod outcome;
mod params;
mod plan;
mod recipe;
mod results;
mod run;
mod screen;
mod store;
mod term;
mod usage;
mod why;
mod written;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use outcome::{Outcome, Stop};
use screen::Screen;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program: reads the command line, does what it says, and gives the exit code.
pub fn main() -> ExitCode {
    bug::install();
    crate::signals::tell_of_large_files();
    let words: Vec<OsString> = std::env::args_os().collect();
    let outcome = match Cli::try_parse_from(&words) {
        Ok(cli) => {
            let screen = Screen::new(&cli.global, matches!(cli.command, Command::Check(_)));
            let _busy = busy::Busy::on(&screen);
            let outcome = run(&cli.command, &screen).unwrap_or_else(|stop| screen.ended(stop));
            screen.close(outcome)
        }
        Err(error) => usage::report(error, &words),
    };
    ExitCode::from(outcome.code())
}

/// What can be typed, for whoever walks over all commands.
pub fn commands() -> clap::Command {
    Cli::command()
}

/// Gives up what a command is done with on a thread of its own: freeing a plan of many nodes takes longer than saying what is in it, and
/// nobody waits.
fn let_go<T: Send + 'static>(it: T) {
    let beside = std::thread::Builder::new().spawn(move || drop(it)); // where there is no thread it is freed here
    drop(beside);
}

fn run(command: &Command, screen: &Screen) -> Result<Outcome, Stop> {
    match command {
        Command::New(args) => new::run(args, screen),
        Command::Check(args) => Ok(check::run(args, screen)),
        Command::Fmt(args) => fmt::run(args, screen),
        Command::Plan(args) => plan::run(args, screen),
        Command::Run(args) => run::run(args, screen),
        Command::Log(args) => log::run(args, screen),
        Command::Lock(args) => lock::run(args, screen),
        Command::Store(args) => store::run(args, screen),
        Command::Diff(args) => diff::run(args, screen),
        Command::Data(args) => data::run(args, screen),
        Command::Term(args) => term::run(args, screen),
        Command::Explain(args) => explain::run(args, screen),
        Command::Doc(args) => doc::run(args, screen),
        Command::Completions(args) => completions::run(args, screen),
        Command::Lsp => Err(Stop::wrong("the language server is not there yet: editors can call `ddl check --message-format json`")),
    }
}
