//! What every command about a recipe does first: gathers the values of its parameters, compiles it, and says what is wrong with it.

use super::args::RecipeArgs;
use super::outcome::{Outcome, Stop};
use super::screen::Screen;
use crate::compile::{Compiled, Given, Options, compile};
use crate::data::probe::ProbeCache;
use crate::diag::{Code, Diagnostic, Severity};
use crate::plan::Plan;
use crate::plan::probe::DiskProber;
use crate::source::Disk;
use indexmap::IndexMap;
use serde_yaml::Value as Yaml;
use std::path::{Path, PathBuf};

/// Where a command finds a recipe and the values of its parameters.
#[derive(Debug, Clone)]
pub struct Recipe<'a> {
    /// The recipe's file.
    pub file: &'a Path,
    /// Values of the command line.
    pub set: &'a [(String, String)],
    /// Files of values.
    pub params: &'a [PathBuf],
    /// Where it remembers what is known of data: in the store's folder, or beside it while there is no store.
    probes: PathBuf,
    /// What the command has learned of folders of images.
    folders: ProbeCache,
}

impl<'a> From<&'a RecipeArgs> for Recipe<'a> {
    fn from(args: &'a RecipeArgs) -> Self {
        Recipe::new(&args.recipe, &args.set, &args.params, &args.store)
    }
}

impl<'a> Recipe<'a> {
    /// A recipe's file, values of the command line, files of values, and the store's folder.
    pub fn new(file: &'a Path, set: &'a [(String, String)], params: &'a [PathBuf], store: &Path) -> Self {
        let probes = store.join("probes");
        Recipe { file, set, params, folders: ProbeCache::in_folder(&probes), probes }
    }

    /// Compiles it and shows what was found. Errors end the command.
    pub fn compile(&self, screen: &Screen) -> Result<Compiled, Stop> {
        let compiled = self.compile_quietly()?;
        screen.messages(&compiled.diagnostics, &compiled.sources);
        if compiled.has_errors() { Err(Stop::Shown(Outcome::Wrong)) } else { Ok(compiled) }
    }

    /// The same where every parameter must have a value, because something is to be run or written down.
    pub fn compile_closed(&self, screen: &Screen) -> Result<Compiled, Stop> {
        let compiled = self.compile(screen)?;
        closed(&compiled)?;
        Ok(compiled)
    }

    /// The plan of what was compiled, with all that is known of its data. What is wrong with the data ends the command.
    pub fn plan(&self, compiled: &Compiled, screen: &Screen) -> Result<Plan, Stop> {
        let (plan, said) = self.known_plan(compiled);
        screen.messages(&said, &compiled.sources);
        if said.iter().any(|it| it.severity == Severity::Error) { Err(Stop::Shown(Outcome::Wrong)) } else { Ok(plan) }
    }

    /// The same, with what is wrong with the data.
    pub fn known_plan(&self, compiled: &Compiled) -> (Plan, Vec<Diagnostic>) {
        compiled.known_plan(self.folders.clone())
    }

    /// Compiles it and shows nothing.
    pub fn compile_quietly(&self) -> Result<Compiled, Stop> {
        let prober = DiskProber::sharing(self.folders.clone(), &self.probes);
        let options = Options { params: self.values()?, prober: Some(&prober) };
        compile(&Disk, self.file, &options).map_err(|diagnostic| Stop::Say(Outcome::Wrong, diagnostic))
    }

    /// The values of parameters: files in their order, then the command line.
    fn values(&self) -> Result<IndexMap<String, Given>, Stop> {
        let mut values = IndexMap::new();
        for file in self.params {
            values.extend(read_params(file)?);
        }
        for (name, text) in self.set {
            values.insert(name.clone(), Given { text: text.clone(), origin: format!("--set {name}"), base: PathBuf::new() });
        }
        Ok(values)
    }
}

/// Refuses a recipe whose parameters do not all have values.
pub fn closed(compiled: &Compiled) -> Result<(), Stop> {
    if compiled.open_params.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = compiled.open_params.iter().map(|name| format!("`{name}`")).collect();
    let example: Vec<String> = compiled.open_params.iter().map(|name| format!("--set {name}=…")).collect();
    let message = if names.len() == 1 {
        format!("the parameter {} has no value", names[0])
    } else {
        format!("the parameters {} have no values", names.join(", "))
    };
    Err(Stop::refuse(Diagnostic::error(Code::OpenParam, message).help(format!("give them: {}", example.join(" ")))))
}

/// The values of a YAML file of `name: value`.
fn read_params(file: &Path) -> Result<IndexMap<String, Given>, Stop> {
    let shown = file.display();
    let wrong =
        |message: String| Stop::refuse(Diagnostic::error(Code::BadParamsFile, message).help("it holds lines such as `length: 8 epochs`"));
    let text = crate::regular::text(file)
        .map_err(|error| Stop::refuse(Diagnostic::error(Code::UnreadableFile, format!("cannot read {shown}: {error}"))))?;
    let yaml: Yaml = serde_yaml::from_str(&text).map_err(|error| wrong(format!("{shown} is no YAML: {error}")))?;
    let entries = match yaml {
        Yaml::Null => return Ok(IndexMap::new()),
        Yaml::Mapping(entries) => entries,
        Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_) | Yaml::Sequence(_) | Yaml::Tagged(_) => {
            return Err(wrong(format!("{shown} does not hold values by name")));
        }
    };
    let base = file.parent().unwrap_or(Path::new("")).to_owned();
    let given = |(name, value): (Yaml, Yaml)| {
        let name = name.as_str().ok_or_else(|| wrong(format!("{shown} has a name that is no text")))?.to_owned();
        let text =
            as_recipe(&value, true).ok_or_else(|| wrong(format!("{shown}: the value of `{name}` is nothing that a recipe could say")))?;
        let origin = format!("{shown}, {name}");
        Ok((name, Given { text, origin, base: base.clone() }))
    };
    entries.into_iter().map(given).collect()
}

/// A YAML value as a recipe writes it. Texts stand bare at the outside (they may be quantities) and inside lists where they look like one.
fn as_recipe(value: &Yaml, outside: bool) -> Option<String> {
    match value {
        Yaml::Null => Some("none".to_owned()),
        Yaml::Bool(truth) => Some(truth.to_string()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::String(text) if outside || text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => Some(text.clone()),
        Yaml::String(text) => Some(format!("{text:?}")),
        Yaml::Sequence(items) => {
            let items = items.iter().map(|item| as_recipe(item, false)).collect::<Option<Vec<_>>>()?;
            Some(format!("[{}]", items.join(", ")))
        }
        Yaml::Mapping(_) | Yaml::Tagged(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_values_become_a_recipes_own() {
        let text = |yaml: &str| as_recipe(&serde_yaml::from_str(yaml).unwrap(), true);
        let say = |yaml: &str| text(yaml).unwrap();
        assert_eq!([say("8 epochs"), say("0.5"), say("true"), say("~"), say("../faces")], ["8 epochs", "0.5", "true", "none", "../faces"]);
        assert_eq!([say("[1, 8px]"), say("[kl, js]")], ["[1, 8px]", "[\"kl\", \"js\"]"]);
        assert_eq!(text("{a: 1}"), None);
    }
}
