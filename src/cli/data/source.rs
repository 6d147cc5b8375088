//! Data that a command line means: a path, or what a recipe would write for it. Both become a recipe of one data set, so that all that is
//! known of data in recipes holds here too.

use crate::cli::outcome::{Outcome, Stop};
use crate::cli::recipe::Recipe;
use crate::cli::screen::Screen;
use crate::cli::written::Written;
use crate::compile::{Compiled, Options};
use crate::data::probe::{LeftOut, ProbeCache};
use crate::data::survey::Told;
use crate::data::{At, DataError, Table};
use crate::diag::{Code, Severity};
use crate::inputs::data_codes;
use crate::inputs::tables::{TableError, Tables};
use crate::lang::value::NodeId;
use crate::ops::readers::Reader;
use crate::plan::{Plan, plan_of};
use std::path::{Path, PathBuf};

/// What the recipe around it calls the data.
const NAME: &str = "data";

/// Data as it is meant.
pub(crate) struct Source {
    /// What was typed.
    pub said: String,
    compiled: Compiled,
    plan: Plan,
    node: NodeId,
    cache: ProbeCache,
}

/// Where images of a data set lie.
pub(crate) struct Reads {
    /// Whether its file says which pairs of its images are judged.
    pub has_pairs: bool,
    /// The path.
    pub path: PathBuf,
    /// What its files say of images beside their bytes.
    pub told: Told,
}

/// Whether a text is what a recipe writes, and no path.
fn is_written(text: &str) -> bool {
    std::fs::symlink_metadata(text).is_err() && (text.contains('(') && text.ends_with(')'))
}

/// A path as a string of a recipe; a row of files stays one, if no file has its name.
fn literal(path: &str) -> String {
    let is_there = std::fs::symlink_metadata(path).is_ok();
    let rows = crate::data::shards::named(Path::new(path)).len() > 1 && !is_there;
    let mut text = String::from("\"");
    for sign in path.chars() {
        match sign {
            '"' | '\\' => text.extend(['\\', sign]),
            '{' | '}' if !rows => text.extend(['\\', sign]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text + "\""
}

impl Source {
    /// The data that is meant; what is wrong with it is said.
    pub(crate) fn open(said: &str, store: &Path, screen: &Screen) -> Result<Self, Stop> {
        let is_written = is_written(said);
        let expression = if is_written { said.to_owned() } else { format!("images({})", literal(said)) };
        let before = format!("ddl 1\ndataset {NAME} = ");
        let text = format!("{before}{expression}\n");
        // nothing lies at this path: no recipe is called so
        let file = Path::new("data");
        let recipe = Recipe::new(file, &[], &[], store).reading(text.into_bytes());
        let compiled = recipe.compile_with(Options { typed: true, ..Options::default() })?;
        if compiled.has_errors() {
            let written = Written { text: said, from: before.len(), is_shown: is_written };
            let errors = compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error);
            written.complain(errors, screen);
            return Err(Stop::Shown(Outcome::Wrong));
        }
        let named = compiled.graph.nodes().find(|(_, node)| node.names.iter().any(|(name, _)| name == NAME));
        let Some((made, _)) = named else { return Err(Stop::wrong(format!("{said}: this is no data set"))) };
        let plan = plan_of(&compiled.graph, &[made], NAME, "", compiled.params.clone());
        let Some(&node) = plan.sinks.first() else { return Err(Stop::wrong(format!("{said}: this is no data set"))) };
        let cache = recipe.folders().expecting(&compiled.contents);
        Ok(Source { said: said.to_owned(), compiled, plan, node, cache })
    }

    /// Its samples.
    pub(crate) fn table(&self) -> Result<Table, Stop> {
        self.tables().table(self.node).map_err(|error| match stopped(error) {
            // what a path alone does not tell
            Stop::Say(outcome, wrong) if wrong.code == Code::BadData && wrong.help.is_none() && !is_written(&self.said) => {
                let readers = self.readers();
                let reader = readers.first().map_or("images", String::as_str);
                let help = format!("write what a recipe would: '{reader}({}, identity = \"…\")'", literal(&self.said));
                Stop::Say(outcome, Box::new(wrong.help(help)))
            }
            other => other,
        })
    }

    /// What lies beside its images and is none.
    pub(crate) fn left_out(&self) -> Vec<LeftOut> {
        self.reads_with(|tables, id| Ok(tables.left_out(id))).unwrap_or_default()
    }

    /// Where its images lie.
    pub(crate) fn reads(&self) -> Result<Vec<Reads>, Stop> {
        self.reads_with(|tables, id| {
            let reader: &Reader = self.plan.get(id).map_err(TableError::from)?;
            let Some(there) = reader.there() else { return Ok(None) };
            let path = tables.path(id, there.path)?;
            let below = there.below.map(|below| tables.path(id, below)).transpose()?;
            let at = At { path: &path, below: below.as_deref() };
            let told = reader.told(at, &self.cache).map_err(|source| tables.data_error(id, source))?;
            Ok(Some(Reads { has_pairs: Reader::has_pairs(&self.plan.node(id).op), path, told }))
        })
        .map(|all| all.into_iter().flatten().collect())
    }

    /// The readers in it, where images are drawn too.
    pub(crate) fn readers(&self) -> Vec<String> {
        self.plan.all::<Reader>().map(|(id, _)| self.plan.node(id).op.to_string()).collect()
    }

    fn tables(&self) -> Tables<'_> {
        Tables::new(&self.plan, &self.compiled.paths, self.cache.clone())
    }

    fn reads_with<T>(&self, of: impl Fn(&Tables, NodeId) -> Result<T, TableError>) -> Result<Vec<T>, Stop> {
        let tables = self.tables();
        let all = self.plan.all::<Reader>().map(|(id, _)| {
            tables.table(id)?;
            of(&tables, id)
        });
        all.collect::<Result<_, _>>().map_err(stopped)
    }
}

/// The end of a command whose data can't be had.
pub(crate) fn stopped(error: TableError) -> Stop {
    match error {
        TableError::Data { source, .. } => wrong(&source),
        unsaid @ TableError::Unsaid { .. } => Stop::wrong_with(unsaid.to_string(), "run the recipe first: `ddl run`"),
        other => Stop::wrong(other.to_string()),
    }
}

/// The end of a command whose data is wrong.
pub(crate) fn wrong(error: &DataError) -> Stop {
    Stop::refuse(data_codes::failure(None, error).diagnostic(Severity::Error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_string_of_a_recipe_whatever_stands_in_it() {
        for (path, wanted) in [
            ("faces", r#""faces""#),
            ("a \"b\" \\c", r#""a \"b\" \\c""#),
            ("x-{000..003}.tar", r#""x-{000..003}.tar""#),
            ("x-{a}.tar", r#""x-\{a\}.tar""#),
            ("two\nlines", r#""two\nlines""#),
        ] {
            assert_eq!(literal(path), wanted);
        }
        assert!(is_written("parquet(\"x\")") && !is_written("faces") && !is_written("."));
    }
}
