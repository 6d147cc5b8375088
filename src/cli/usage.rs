//! A command line that `ddl` does not understand, or that asks for help; what people write who come from elsewhere, and what to write for
//! it.

use super::args::Cli;
use super::outcome::Outcome;
use super::screen::unwritten;
use crate::diag::{Code, Diagnostic, to_json};
use crate::source::SourceMap;
use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;
use std::io::Write;

/// Options of other programs, and what to write for them.
const OPTIONS: &[(&[&str], &str)] = &[
    (&["gpu", "gpus", "cuda", "use-cuda", "device-id", "local-rank"], "a graphics card is `--device cuda`, or `--device cuda:1`"),
    (&["cpu", "no-cuda"], "without `--device` everything is computed on the processor"),
    (&["workers", "num-workers", "jobs", "j", "nproc", "num-threads"], "the threads that compute are `--threads 4`"),
    (
        &["output", "o", "output-dir", "outdir", "log-dir", "logdir", "save-dir", "work-dir", "result", "results"],
        "what a run writes for people goes into `--out DIR`",
    ),
    (&["config", "cfg", "c", "param-file", "args-file"], "values of parameters come from a file by `--params FILE`"),
    (&["resume", "continue", "restart", "checkpoint-path", "ckpt"], "a run goes on where it stopped: give the same command again"),
    (&["force", "rerun", "overwrite", "no-cache", "recompute", "f"], "a node is computed anew by `--again NAME`"),
    (&["cache", "cache-dir"], "results are kept in `--store DIR`"),
    (&["log", "log-file", "logfile"], "what happens is written to a file by `--events FILE`"),
    (&["json"], "messages are JSON by `--message-format json`"),
    (&["debug", "v", "vv", "trace"], "`ddl plan --why` says why something runs, and `--events FILE` keeps all that happens"),
    (&["no-color", "no-colour", "colour"], "write `--color never`"),
    (&["stage", "target", "node", "name"], "one node of the plan and what it needs is `--only NAME`"),
    (&["dry", "n", "simulate"], "what would be computed is said by `--dry-run`"),
];

/// Commands of other programs, and what to write for them.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["train", "eval", "evaluate", "test", "start", "exec", "execute", "fit", "go", "repro"], "a recipe is run by `ddl run RECIPE`"),
    (&["validate", "verify", "parse", "compile", "build"], "a recipe is checked by `ddl check RECIPE`"),
    (&["show", "graph", "dag", "status", "info", "explain-plan"], "what a recipe comes to is shown by `ddl plan RECIPE`"),
    (&["clean", "gc", "cache"], "what nobody needs is cleared away by `ddl store gc`"),
    (&["list", "ls", "ops", "operators"], "operators are listed by `ddl doc`, results by `ddl store ls`"),
    (&["init", "create"], "a recipe to begin with is written by `ddl new NAME`"),
    (&["version"], "write `ddl --version`"),
];

/// Shows what clap has to say: help and versions on standard output, errors on standard error (as JSON where that was asked for).
pub(crate) fn report(mut error: clap::Error, words: &[OsString]) -> Outcome {
    if let Some(hint) = hint(&error, words) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
        for other in
            [ContextKind::SuggestedArg, ContextKind::SuggestedCommand, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        {
            error.remove(other);
        }
    } else if error.kind() == ErrorKind::UnknownArgument {
        error.remove(ContextKind::Suggested); // that it could be a value behind `--`, which no command takes
    }
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

/// What was probably meant; nothing where clap's own word is the best.
fn hint(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let text = |kind| if let Some(ContextValue::String(text)) = error.get(kind) { Some(text.as_str()) } else { None };
    let habit =
        |table: &[(&[&str], &str)], word: &str| table.iter().find(|(words, _)| words.contains(&word)).map(|(_, help)| (*help).to_owned());
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand)?;
            if std::path::Path::new(word).extension().is_some_and(|ending| ending == "ddl") {
                return Some(format!("`ddl run {word}` runs a recipe, `ddl check {word}` checks it"));
            }
            habit(COMMANDS, word)
        }
        ErrorKind::UnknownArgument => {
            let word = text(ContextKind::InvalidArg)?;
            let command = words.iter().filter_map(|word| word.to_str()).find_map(|word| Cli::command().find_subcommand(word).cloned())?;
            let takes = |command: &clap::Command, name: &str| command.get_arguments().any(|arg| arg.get_long() == Some(name));
            let Some(name) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else {
                let (name, _) = word.split_once('=').filter(|_| takes(&command, "set"))?;
                return is_word(name).then(|| format!("a parameter of the recipe is given by `--set {word}`"));
            };
            let root = Cli::command();
            let other = |name: &str| root.get_subcommands().find(|other| takes(other, name)).map(clap::Command::get_name);
            if let Some(help) = habit(OPTIONS, name) {
                // every option of every command is one of `ddl run` too
                let here = options_in(&help).all(|option| takes(&command, option) || EVERYWHERE.contains(&option));
                return Some(if here { help } else { format!("{help}, for `ddl run`") });
            }
            if MEANT_FOR_RECIPES.contains(&name) || error.get(ContextKind::SuggestedArg).is_none() {
                let elsewhere = other(name).filter(|_| !MEANT_FOR_RECIPES.contains(&name));
                let value = after(words, word).unwrap_or("…");
                let of_recipe = || {
                    takes(&command, "set")
                        .then(|| format!("a parameter of the recipe is given by `--set {}={value}`", name.replace('-', "_")))
                };
                return elsewhere.map(|other| format!("`--{name}` is an option of `ddl {other}`")).or_else(of_recipe);
            }
            None
        }
        _ => None, // clap's own words are the best
    }
}

/// Options of every command.
const EVERYWHERE: [&str; 3] = ["message-format", "color", "quiet"];

/// The options that a help names.
fn options_in(help: &str) -> impl Iterator<Item = &str> {
    help.split('`').filter_map(|code| code.strip_prefix("--")?.split(' ').next())
}

/// Options that other programs have for what is a recipe's.
const MEANT_FOR_RECIPES: [&str; 8] = ["seed", "epochs", "steps", "lr", "batch", "batch-size", "size", "data"];

/// The value that stands behind an option.
fn after<'w>(words: &'w [OsString], option: &str) -> Option<&'w str> {
    let given = |word: &'w OsString| word.to_str()?.strip_prefix(option)?.strip_prefix('=');
    let next = || {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1)?.to_str().filter(|word| !word.starts_with("--"))
    };
    words.iter().find_map(given).or_else(next)
}

/// Whether a text could be a name.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether `--message-format json` stands in a line that could not be read.
fn wants_json(words: &[OsString]) -> bool {
    words.iter().any(|word| word == "--message-format=json")
        || words.windows(2).any(|pair| pair[0] == "--message-format" && pair[1] == "json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn told(line: &str) -> Option<String> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        hint(&Cli::try_parse_from(&words).unwrap_err(), &words)
    }

    /// What a help says to write, as `ddl` itself reads it.
    fn is_understood(help: &str) -> bool {
        let lines = help.split('`').skip(1).step_by(2).filter(|code| code.starts_with("--") || code.starts_with("ddl "));
        lines.clone().count() > 0
            && lines.into_iter().all(|code| {
                let line = if code.starts_with("ddl ") { code.to_owned() } else { format!("ddl run r.ddl {code}") };
                let read = Cli::try_parse_from(line.replace("RECIPE", "r.ddl").split(' '));
                // what shows something, or lacks the rest of its line
                read.is_ok()
                    || read.is_err_and(|error| {
                        [ErrorKind::DisplayVersion, ErrorKind::DisplayHelp, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand]
                            .contains(&error.kind())
                            || error.kind() == ErrorKind::MissingRequiredArgument && code == "ddl plan --why"
                    })
            })
    }

    #[test]
    fn every_foreign_option_and_command_is_answered_by_one_that_there_is() {
        for (words, help) in OPTIONS {
            for word in *words {
                let dashes = if word.len() == 1 { "-" } else { "--" };
                assert_eq!(told(&format!("ddl run r.ddl {dashes}{word}")).as_deref(), Some(*help), "{word}");
                assert!(told(&format!("ddl check r.ddl {dashes}{word}")).is_some_and(|said| said.starts_with(help)), "{word}");
            }
            let tried = help.starts_with("a run goes on") || help.starts_with("without `--device`");
            assert!(tried || is_understood(help), "{help}");
        }
        for (words, help) in COMMANDS {
            for word in *words {
                assert_eq!(told(&format!("ddl {word} r.ddl")).as_deref(), Some(*help), "{word}");
            }
            assert!(help.contains("docs/") || is_understood(help), "{help}");
        }
    }

    #[test]
    fn what_is_a_parameter_of_a_recipe_is_given_by_set() {
        for (line, help) in [
            ("ddl run r.ddl --lr 0.1", "`--set lr=0.1`"),
            ("ddl run r.ddl --lr=0.1", "`--set lr=0.1`"),
            ("ddl run r.ddl lr=0.1", "`--set lr=0.1`"),
            ("ddl check r.ddl --batch-size 8", "`--set batch_size=8`"),
            ("ddl plan r.ddl --seed 3", "`--set seed=3`"),
            ("ddl r.ddl", "`ddl run r.ddl`"),
            ("ddl plan r.ddl --threads 4", "an option of `ddl run`"),
        ] {
            assert!(told(line).is_some_and(|said| said.contains(help)), "{line}: {:?}", told(line));
        }
        assert_eq!([told("ddl run r.ddl --thread 3"), told("ddl chekc r.ddl")], [None, None], "clap knows what is near");
    }
}
