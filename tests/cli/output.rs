//! Output that can't be written: a full disk is said, a reader who went away is not.

use super::recipes::shell;
use std::process::Stdio;

/// A line of each command that prints to standard output.
const PRINTS: &[(&str, &str)] = &[
    ("check", "check wrong.ddl --message-format json"),
    ("fmt", "fmt --check wrong.ddl ugly.ddl"),
    ("plan", "plan right.ddl"),
    ("plan", "plan right.ddl --format yaml"),
    ("plan", "plan right.ddl --why"),
    ("run", "run right.ddl --dry-run"),
    ("lock", "lock right.ddl --output -"),
    ("diff", "diff right.ddl other.ddl"),
    ("data", "data info 'synthetic_faces(identities = 2, images = 2)'"),
    ("data", "data check 'synthetic_faces(identities = 2, images = 2)' --json"),
    ("explain", "explain"),
    ("explain", "explain types::unit_mismatch"),
    ("doc", "doc"),
    ("doc", "doc arcface --format markdown"),
    ("doc", "doc std"),
    ("completions", "completions bash"),
    ("help", "--help"),
    ("help", "run --help"),
    ("help", "--version"),
];

/// `term` prints what the engine answers, `store` and `log` what its runs left: the engine's own tests hold them.
const OF_THE_ENGINE: &[&str] = &["term", "store", "log"];

/// What is made is a file, and all that is printed a note.
const OF_A_FILE: &[&str] = &["new"];

#[test]
fn every_command_is_in_the_table() {
    for command in ddl::cli::commands().get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        assert!(
            PRINTS.iter().any(|(of, _)| *of == name) || OF_THE_ENGINE.contains(&name) || OF_A_FILE.contains(&name),
            "{name} prints nothing here"
        );
    }
}

#[test]
fn a_result_that_can_not_be_written_is_said() {
    let shell = shell().file("ugly.ddl", "ddl 1\nlet   _a=1\n");
    for (_, line) in PRINTS {
        let plain = shell.ddl(line);
        assert!(!plain.stdout().trim().is_empty(), "nothing is printed by\n{}", plain.transcript());
        let full = shell.after("exec > /dev/full", line);
        assert!(full.code() == 1 && full.stderr().contains("cannot write the result"), "{}", full.transcript());
    }
}

#[test]
fn a_reader_who_went_away_is_no_mistake() {
    let shell = shell().file("ugly.ddl", "ddl 1\nlet   _a=1\n");
    for (_, line) in PRINTS {
        let wanted = shell.ddl(line).code();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = shell.command(line, &[]).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("cannot write") && !said.contains("bug"), "{line}: {said}");
        assert!([Some(0), Some(wanted)].contains(&output.status.code()), "{line}: {:?}", output.status);
    }
}
