//! The reference: pages that are written from declarations, codes and the command line, never by hand.

use super::groups::chapters;
use super::markdown;
use crate::cli::args::Cli;
use crate::cli::files;
use crate::cli::outcome::Stop;
use crate::diag::Code;
use clap::CommandFactory;
use indexmap::IndexMap;
use std::fmt::Write as _; // a String takes all that is written to it
use std::path::Path;

const MADE: &str = "<!-- Made by `ddl doc --reference docs/reference`; edits are lost. -->\n\n";

/// The pages by file name.
pub(crate) fn pages() -> IndexMap<String, String> {
    let mut pages = IndexMap::new();
    pages.insert("operators.md".to_owned(), MADE.to_owned() + &markdown::list());
    for (group, decls) in chapters() {
        pages.insert(format!("{}.md", group.file()), MADE.to_owned() + &markdown::chapter(group, &decls));
    }
    pages.insert("library.md".to_owned(), MADE.to_owned() + &super::library::page());
    pages.insert("errors.md".to_owned(), MADE.to_owned() + &errors());
    pages.insert("command-line.md".to_owned(), MADE.to_owned() + &command_line());
    pages
}

/// Writes the pages into a folder.
pub(crate) fn write(folder: &Path) -> Result<(), Stop> {
    std::fs::create_dir_all(folder).map_err(|error| files::named_unwritable(folder, &error))?;
    for (name, text) in pages() {
        files::write_named(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}

fn errors() -> String {
    let mut out = String::from("# Errors and warnings\n\n`ddl explain CODE` shows the same in a terminal.\n");
    for code in Code::all() {
        let _ = write!(out, "\n## {}\n\n{}: {}\n", code.text(), capitalised(code.title()), code.means().trim());
        if let Some((wrong, right)) = code.example() {
            let _ = write!(
                out,
                "\nWrong:\n\n```ddl\n{}\n```\n\nRight:\n\n```ddl\n{}\n```\n",
                wrong.trim_matches('\n'),
                right.trim_matches('\n')
            );
        }
    }
    out
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn command_line() -> String {
    let mut root = Cli::command().term_width(100);
    root.build();
    let mut out = format!("# Command line\n\n```text\n{}\n```\n", plain(&root.render_long_help().to_string()));
    let names: Vec<String> = root.get_subcommands().filter(|sub| !sub.is_hide_set()).map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        if let Some(sub) = root.find_subcommand_mut(&name) {
            let _ = write!(out, "\n## ddl {name}\n\n```text\n{}\n```\n", plain(&sub.render_long_help().to_string()));
        }
    }
    out
}

/// Help without blanks at the ends of its lines.
fn plain(help: &str) -> String {
    help.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
