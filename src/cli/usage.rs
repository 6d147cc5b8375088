//! A command line that `ddl` does not understand, or that asks for help.

use super::outcome::Outcome;
use super::screen::unwritten;
use crate::diag::{Code, Diagnostic, to_json};
use crate::source::SourceMap;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::io::Write;

/// Shows what clap has to say: help and versions on standard output, errors on standard error (as JSON where that was asked for).
pub fn report(error: &clap::Error, words: &[OsString]) -> Outcome {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            return match error.print().and_then(|()| std::io::stdout().flush()) {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    let _ = writeln!(std::io::stderr(), "{}", unwritten(&error)); // as in `screen`
                    Outcome::Failed
                }
                Ok(()) | Err(_) => Outcome::Done, // `ddl --help | head` may close the pipe
            };
        }
        _ if wants_json(words) => {
            let text = error.render().to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            let (message, rest) = text.split_once('\n').unwrap_or((text, ""));
            let diagnostic = Diagnostic::error(Code::Usage, message.trim()).maybe_help(Some(rest.trim()).filter(|rest| !rest.is_empty()));
            let _ = writeln!(std::io::stderr(), "{}", to_json(&diagnostic, &SourceMap::new()));
        }
        _ => {
            let _ = error.print();
        }
    }
    Outcome::Wrong
}

/// Whether `--message-format json` stands in a line that could not be read.
fn wants_json(words: &[OsString]) -> bool {
    words.iter().any(|word| word == "--message-format=json")
        || words.windows(2).any(|pair| pair[0] == "--message-format" && pair[1] == "json")
}
