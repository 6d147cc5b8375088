//! `ddl new`: a recipe to begin with.

use super::args::{NewArgs, Template};
use super::files::unwritable;
use super::outcome::{Outcome, Stop};
use super::screen::Screen;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

/// What stands in a template where a recipe speaks of itself.
const ITSELF: &str = "RECIPE";

impl Template {
    /// The recipe.
    fn text(self) -> &'static str {
        match self {
            Template::Train => include_str!("new/train.ddl"),
            Template::Evaluate => include_str!("new/evaluate.ddl"),
            Template::Lowres => include_str!("new/lowres.ddl"),
            Template::Pose => include_str!("new/pose.ddl"),
            Template::Distill => include_str!("new/distill.ddl"),
            Template::CrossValidate => include_str!("new/cross_validate.ddl"),
        }
    }
}

/// Writes a recipe where nothing lies yet.
pub(crate) fn run(args: &NewArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let mut path: PathBuf = args.name.clone();
    if path.extension().is_none_or(|ending| ending != "ddl") {
        path.as_mut_os_string().push(".ddl");
    }
    let shown = path.display().to_string();
    if args.name.file_name().is_none_or(|name| name == ".ddl") {
        return Err(Stop::wrong_with(format!("`{}` names no recipe", args.name.display()), "name it, such as `ddl new faces`"));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    }
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Stop::wrong_with(format!("{shown} is there already"), "give the new recipe another name"));
        }
        Err(error) => return Err(unwritable(&path, &error)),
    };
    let typed = typed(&shown);
    let text = args.template.text().replace(ITSELF, &typed);
    file.write_all(text.as_bytes()).map_err(|error| unwritable(&path, &error))?;
    screen.note(format!("{shown}: `ddl check {typed}` checks it, `ddl plan {typed}` shows what it comes to, `ddl run {typed}` runs it"));
    Ok(Outcome::Done)
}

/// A path as it is typed at a shell.
fn typed(path: &str) -> String {
    let plain = |sign: char| sign.is_alphanumeric() || "_./-+".contains(sign);
    match path {
        path if path.starts_with('-') => typed(&format!("./{path}")),
        path if path.chars().all(plain) => path.to_owned(),
        path => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::typed;

    #[test]
    fn a_path_is_typed_as_a_shell_takes_it() {
        for (path, line) in [("a/b.ddl", "a/b.ddl"), ("a b.ddl", "'a b.ddl'"), ("-x.ddl", "./-x.ddl"), ("it's.ddl", "'it'\\''s.ddl'")] {
            assert_eq!(typed(path), line);
        }
    }
}
