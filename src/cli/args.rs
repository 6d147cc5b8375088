//! What can be typed.

use super::screen::{ColorChoice, MessageFormat};
use clap::{Args, Parser, Subcommand};

/// A language for face-recognition experiments: written once, checked, run, reproduced.
#[derive(Debug, Parser)]
#[command(name = "ddl", version, propagate_version = true, disable_help_subcommand = true)]
#[command(
    after_help = "A first recipe: docs/tutorial.md. What an error means: `ddl explain CODE`. What an operator does: `ddl doc NAME`.\n\
                        Exit codes: 0 done; 1 a run failed or an `expect` does not hold; 2 the recipe or the command line is wrong; 130 interrupted."
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// How messages are written: for people, or one JSON object a line
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub message_format: MessageFormat,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Say only what is wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what a code of a message means, or list all codes
    Explain(ExplainArgs),
    /// Show what an operator does, or list all operators
    Doc(DocArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Serve an editor (not there yet)
    #[command(hide = true)]
    Lsp,
}

/// What `ddl explain` takes.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code, such as `ddl::types::unit_mismatch` (the leading `ddl::` may be left out); all are listed without one
    pub code: Option<String>,
}

/// What `ddl doc` takes.
#[derive(Debug, Args)]
pub struct DocArgs {
    /// The operator; all are listed without one
    pub operator: Option<String>,
    /// Text for a terminal, or Markdown
    #[arg(long, value_enum, default_value_t)]
    pub format: DocFormat,
    /// Write the whole reference, as Markdown files, into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["operator", "format"])]
    pub reference: Option<std::path::PathBuf>,
}

/// How documentation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum DocFormat {
    /// For a terminal.
    #[default]
    Text,
    /// For a book.
    Markdown,
}

/// What `ddl completions` takes.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
