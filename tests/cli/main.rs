//! The command line from outside: transcripts of commands, with what they print and how they end.

mod help;
mod recipes;
mod shell;
