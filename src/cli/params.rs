//! Files of parameters: YAML of `name: value`, each value read as the type of its parameter wants it. What YAML takes for a number, a date
//! or a truth stays the text that was written where the parameter is a text.

use super::files::read_text;
use super::outcome::Stop;
use crate::compile::Given;
use crate::diag::{Code, Diagnostic};
use crate::misread::Misread;
use crate::regular::Whole;
use crate::syntax::tree::{TypeExpr, TypeKind};
use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_yaml::Value as Yaml;
use std::cell::RefCell;
use std::fmt;
use std::path::Path;

/// The values of a YAML file of `name: value`, for a recipe with these parameters.
pub(crate) fn read(file: &Path, types: &IndexMap<String, TypeExpr>) -> Result<IndexMap<String, Given>, Stop> {
    let shown = file.display();
    let wrong =
        |message: String| Stop::refuse(Diagnostic::error(Code::BadParamsFile, message).help("it holds lines such as `length: 8 epochs`"));
    let text = read_text(file, Whole::Params)
        .map_err(|error| Stop::refuse(Diagnostic::error(Code::UnreadableFile, format!("cannot read {shown}: {error}"))))?;
    let no_yaml = |error: serde_yaml::Error| wrong(format!("{shown} can't be read: {}", Misread::from(&error)));
    let yaml: Yaml = crate::text::yaml(&text).map_err(no_yaml)?;
    let entries = match &yaml {
        Yaml::Null => return Ok(IndexMap::new()),
        Yaml::Mapping(entries) => entries,
        Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_) | Yaml::Sequence(_) | Yaml::Tagged(_) => {
            return Err(wrong(format!("{shown} does not hold values by name")));
        }
    };
    if let Some((name, _)) = entries.iter().find(|(name, _)| !matches!(name, Yaml::String(_))) {
        return Err(wrong(format!("{shown} has a name that is {}, and names are texts", kind(name))));
    }
    let endless = RefCell::new(None);
    let raw = Reading { yaml: &yaml, ty: Wanted::Params(types), endless: &endless }.deserialize(serde_yaml::Deserializer::from_str(&text));
    let raw = raw.map_err(|error| match endless.take() {
        Some(why) => {
            let place = error.location().map_or_else(String::new, |at| format!(", line {}, column {}", at.line(), at.column()));
            wrong(format!("{shown}{place}: {why}"))
        }
        None => no_yaml(error),
    })?;
    let Raw::Record(entries) = raw else { return Err(wrong(format!("{shown} does not hold values by name"))) };
    let base = file.parent().unwrap_or(Path::new("")).to_owned();
    let given = |(name, value): (String, Raw)| {
        let text = outside(&value, types.get(&name).map(|ty| &ty.kind))
            .ok_or_else(|| wrong(format!("{shown}: the value of `{name}` is nothing that a recipe could say")))?;
        let origin = format!("{shown}, {name}");
        Ok((name, Given { text, origin, base: base.clone() }))
    };
    entries.into_iter().map(given).collect()
}

/// What a value is, for a message.
fn kind(value: &Yaml) -> String {
    match value {
        Yaml::Null => "empty".to_owned(),
        Yaml::Bool(truth) => format!("`{truth}`"),
        Yaml::Number(number) => format!("the number `{number}`"),
        Yaml::String(text) => crate::text::quoted(text),
        Yaml::Sequence(_) => "a list".to_owned(),
        Yaml::Mapping(_) => "a record".to_owned(),
        Yaml::Tagged(_) => "something with a tag".to_owned(),
    }
}

/// A YAML value whose scalars are as they are written.
#[derive(Debug, Clone, PartialEq)]
enum Raw {
    None,
    Scalar {
        /// What is written, without quotes.
        text: String,
        /// The number or truth that YAML takes it for, as a recipe writes it.
        plain: Option<String>,
    },
    List(Vec<Raw>),
    Record(Vec<(String, Raw)>),
    /// Nothing that a recipe could say.
    Other,
}

/// What is wanted where a value stands.
#[derive(Clone, Copy)]
enum Wanted<'t> {
    /// The values of a recipe's parameters.
    Params(&'t IndexMap<String, TypeExpr>),
    /// A value of a type; of what no parameter has, the type is not known.
    Value(Option<&'t TypeKind>),
}

impl Wanted<'_> {
    /// What is wanted of the entry of a record.
    fn field(self, name: &str) -> Self {
        Wanted::Value(match self {
            Wanted::Params(types) => types.get(name).map(|ty| &ty.kind),
            Wanted::Value(ty) => match ty.map(required) {
                Some(TypeKind::Record(fields)) => fields.iter().find(|(field, _)| field.text == name).map(|(_, ty)| &ty.kind),
                _ => None,
            },
        })
    }

    /// What is wanted of the items of a list.
    fn item(self) -> Self {
        Wanted::Value(match self {
            Wanted::Value(Some(ty)) => match required(ty) {
                TypeKind::List(of) => Some(&of.kind),
                _ => None,
            },
            Wanted::Value(None) | Wanted::Params(_) => None,
        })
    }

    /// Whether what looks like a number is one there.
    fn is_number(self) -> bool {
        match self {
            Wanted::Params(_) | Wanted::Value(None) => false,
            Wanted::Value(Some(ty)) => match required(ty) {
                TypeKind::Name(name) => name != "text" && name != "path",
                TypeKind::Union(of) => of.iter().any(|it| Wanted::Value(Some(&it.kind)).is_number()),
                TypeKind::OneOf(_) | TypeKind::List(_) | TypeKind::Record(_) | TypeKind::Optional(_) => false,
            },
        }
    }
}

/// A type without its `?`.
fn required(ty: &TypeKind) -> &TypeKind {
    if let TypeKind::Optional(of) = ty { required(&of.kind) } else { ty }
}

/// Reads what is written beside what YAML makes of it.
struct Reading<'y> {
    yaml: &'y Yaml,
    ty: Wanted<'y>,
    /// Why a number is refused that is not finite.
    endless: &'y RefCell<Option<String>>,
}

impl<'y> Reading<'y> {
    fn of(&self, yaml: &'y Yaml, ty: Wanted<'y>) -> Self {
        Reading { yaml, ty, endless: self.endless }
    }
}

/// Why a text is no number that can be computed with, if it looks like one.
fn endless(text: &str, yaml: &Yaml) -> Option<String> {
    let is = match yaml {
        Yaml::Number(number) if number.is_nan() => "stands for no number",
        Yaml::Number(number) if number.is_infinite() => "is infinite",
        Yaml::String(_) if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
            let number = text.replace('_', "").parse::<f64>().is_ok_and(f64::is_infinite);
            if number && text.contains(|c: char| c.is_ascii_digit()) {
                "is larger than any number that is computed with"
            } else {
                return None;
            }
        }
        _ => return None,
    };
    Some(format!("{} {is}; a finite number is wanted", crate::text::quoted(text)))
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Raw;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Raw, D::Error> {
        match self.yaml {
            Yaml::Null => from.deserialize_any(IgnoredAny).map(|_| Raw::None),
            Yaml::Tagged(_) => from.deserialize_any(IgnoredAny).map(|_| Raw::Other),
            Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_) => from.deserialize_str(self),
            Yaml::Sequence(_) => from.deserialize_seq(self),
            Yaml::Mapping(_) => from.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Raw, E> {
        if self.ty.is_number()
            && let Some(why) = endless(text, self.yaml)
        {
            *self.endless.borrow_mut() = Some(why);
            return Err(E::custom("not finite"));
        }
        let plain = match self.yaml {
            Yaml::Bool(truth) => Some(truth.to_string()),
            Yaml::Number(number) => Some(number.to_string()),
            Yaml::Null | Yaml::String(_) | Yaml::Sequence(_) | Yaml::Mapping(_) | Yaml::Tagged(_) => None,
        };
        Ok(Raw::Scalar { text: text.to_owned(), plain })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        for item in self.yaml.as_sequence().into_iter().flatten() {
            items.extend(from.next_element_seed(self.of(item, self.ty.item()))?);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Raw, A::Error> {
        let mut fields = Vec::new();
        for value in self.yaml.as_mapping().into_iter().flatten().map(|(_, value)| value) {
            let Some(name) = from.next_key::<String>()? else { break };
            let read = from.next_value_seed(self.of(value, self.ty.field(&name)))?;
            fields.push((name, read));
        }
        Ok(Raw::Record(fields))
    }
}

/// A value alone, as it is given to a parameter of a type; a path stands bare, as on a command line.
fn outside(value: &Raw, ty: Option<&TypeKind>) -> Option<String> {
    match (value, ty) {
        (Raw::None, Some(TypeKind::Optional(_))) => Some("none".to_owned()),
        (_, Some(TypeKind::Optional(of))) => outside(value, Some(&of.kind)),
        (Raw::Scalar { text, .. }, Some(TypeKind::Name(name))) if name == "path" => Some(text.clone()),
        // what it is, is said by the recipe; it is written as one would write it there
        (Raw::Scalar { text, plain }, None) => Some(plain.as_ref().unwrap_or(text).clone()),
        _ => inside(value, ty),
    }
}

/// A value as a recipe writes it where a type is wanted.
fn inside(value: &Raw, ty: Option<&TypeKind>) -> Option<String> {
    let listed = |items: &[Raw], of: Option<&TypeKind>| {
        let items = items.iter().map(|item| inside(item, of)).collect::<Option<Vec<_>>>()?;
        Some(format!("[{}]", items.join(", ")))
    };
    match (value, ty) {
        (Raw::None, Some(TypeKind::Optional(_))) => Some("none".to_owned()),
        (_, Some(TypeKind::Optional(of))) => inside(value, Some(&of.kind)),
        (Raw::None, Some(TypeKind::Name(name))) if ["text", "path"].contains(&name.as_str()) => None, // a text is never nothing
        (Raw::None, _) => Some("none".to_owned()),
        (Raw::Scalar { text, plain }, Some(TypeKind::Name(name))) => Some(match name.as_str() {
            "text" | "path" => quoted(text),
            "bool" => truth(text).map_or_else(|| text.clone(), str::to_owned),
            _ => plain.as_ref().unwrap_or(text).clone(),
        }),
        (Raw::Scalar { text, .. }, Some(TypeKind::OneOf(_))) => Some(quoted(text)),
        (Raw::Scalar { text, .. }, Some(_)) => Some(text.clone()),
        (Raw::Scalar { text, plain }, None) => Some(match plain {
            Some(plain) => plain.clone(),
            None if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => text.clone(),
            None => quoted(text),
        }),
        (Raw::List(items), Some(TypeKind::List(of))) => listed(items, Some(&of.kind)),
        (Raw::List(items), _) => listed(items, None),
        (Raw::Record(fields), Some(TypeKind::Record(types))) => {
            let of = |name: &String| types.iter().find(|(field, _)| field.text == *name).map(|(_, ty)| &ty.kind);
            let fields = fields.iter().map(|(name, value)| Some(format!("{name} = {}", inside(value, of(name))?)));
            Some(format!("{{{}}}", fields.collect::<Option<Vec<_>>>()?.join(", ")))
        }
        (Raw::Record(_) | Raw::Other, _) => None,
    }
}

/// What YAML's users write for true and false.
fn truth(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some("true"),
        "false" | "no" | "off" | "n" => Some("false"),
        _ => None,
    }
}

/// A text as a recipe writes it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '{' | '}' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Options, compile};
    use crate::source::{FileId, Memory, Source};
    use crate::syntax::parse;
    use crate::syntax::tree::ItemKind;

    /// What a parameter of a type comes to where a file says it so: as a plan shows it, or the code of what is wrong.
    fn comes_to(ty: &str, yaml: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.yaml");
        std::fs::write(&file, format!("it: {yaml}\n")).unwrap();
        let recipe = format!("ddl 1\nparam it : {ty}\nlet _it = it\n");
        let parsed = parse(&Source::new(FileId(0), "r.ddl", recipe.clone())).file;
        let types = parsed.items.into_iter().filter_map(|item| match item.kind {
            ItemKind::Param(param) => Some((param.name.text, param.ty)),
            _ => None,
        });
        let params = match read(&file, &types.collect()) {
            Ok(params) => params,
            Err(Stop::Say(_, it)) => return it.code.text().to_owned(),
            Err(Stop::Shown(_)) => unreachable!("nothing is shown here"),
        };
        let world = Memory::new().with("r.ddl", recipe);
        let compiled = compile(&world, Path::new("r.ddl"), &Options { params, ..Options::default() }).unwrap();
        match compiled.diagnostics.first() {
            Some(wrong) => wrong.code.text().to_owned(),
            None => compiled.params.get("it").cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn a_value_is_what_its_parameters_type_wants() {
        let table = [
            // texts stay as they are written, whatever YAML takes them for
            ("text", "no", "\"no\""),
            ("text", "0001", "\"0001\""),
            ("text", "0x1F", "\"0x1F\""),
            ("text", "0o17", "\"0o17\""),
            ("text", "1_000", "\"1_000\""),
            ("text", "1e3", "\"1e3\""),
            ("text", "1.0", "\"1.0\""),
            ("text", "true", "\"true\""),
            ("text", "2020-01-01", "\"2020-01-01\""),
            ("text", "12:30:00", "\"12:30:00\""),
            ("text", "'8 epochs'", "\"8 epochs\""),
            ("text", "'a \"b\" {c} \\d'", "\"a \\\"b\\\" {c} \\\\d\""),
            ("text?", "~", "none"),
            ("text", "~", "ddl::cli::params_file"),
            ("path", "null", "ddl::cli::params_file"),
            ("[text]", "[a, ~]", "ddl::cli::params_file"),
            ("text?", "'none'", "\"none\""),
            ("[text]", "[\"0001\", 0002, no, 1.0, 8px, -x]", "[\"0001\", \"0002\", \"no\", \"1.0\", \"8px\", \"-x\"]"),
            ("one of [\"kl\", \"no\"]", "no", "\"no\""),
            ("[one of [\"1\", \"2\"]]", "[1, 2]", "[\"1\", \"2\"]"),
            ("path", "../faces", "(path)"),
            ("path", "2020-01-01", "(path)"),
            // truths
            ("bool", "no", "false"),
            ("bool", "Yes", "true"),
            ("bool", "on", "true"),
            ("bool", "False", "false"),
            ("bool", "1", "ddl::types::mismatch"),
            // numbers
            ("int", "8", "8"),
            ("int", "0x1F", "31"),
            ("int", "0o17", "15"),
            ("int", "017", "17"),
            ("int", "+5", "5"),
            ("int", "1_000", "1000"),
            ("int", "1.5", "ddl::types::mismatch"),
            ("int", "yes", "ddl::names::unknown"),
            ("int?", "null", "none"),
            ("count", "3", "3"),
            ("float", "1", "1.0"),
            ("float", ".5", "0.5"),
            ("float", "1e-3", "0.001"),
            ("float", ".inf", "ddl::cli::params_file"),
            ("text", ".inf", "\".inf\""),
            ("text", "1e999", "\"1e999\""),
            ("path", ".nan", "(path)"),
            ("float", "1e308", "1e+308"),
            ("float", "18446744073709551616.0", "1.8446744073709552e+19"),
            ("[int]", "[1, 0x10]", "[1, 16]"),
            // quantities
            ("span", "8 epochs", "8 epochs"),
            ("span", "25%", "25%"),
            ("span", "8", "ddl::types::unit_missing"),
            ("angle", "-10deg", "-10deg"),
            ("pixels", "8px", "8px"),
            ("[pixels]", "[8px, '12px']", "[8px, 12px]"),
            ("fraction", "20%", "20%"),
            ("images", "128 images", "128 images"),
            ("checks", "3 checks", "3 checks"),
            ("bytes", "4 GiB", "4 GiB"),
            ("{lr: float, name: text}", "{lr: 1, name: 007}", "{lr = 1.0, name = \"007\"}"),
            ("int", "{a: 1}", "ddl::cli::params_file"),
        ];
        let wrong: Vec<String> = table
            .iter()
            .filter_map(|(ty, yaml, wanted)| {
                let found = comes_to(ty, yaml);
                (found != *wanted).then(|| format!("{ty}: {yaml} came to {found}, not {wanted}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_number_that_is_not_finite_is_told_as_what_it_is_and_where() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.yaml");
        let said = |ty: &str, yaml: &str| {
            std::fs::write(&file, format!("# one line\nemergency: 1\nit: {yaml}\n")).unwrap();
            let recipe = format!("ddl 1\nparam emergency : int\nparam it : {ty}\nlet _it = it\n");
            let parsed = parse(&Source::new(FileId(0), "r.ddl", recipe)).file;
            let types = parsed.items.into_iter().filter_map(|item| match item.kind {
                ItemKind::Param(param) => Some((param.name.text, param.ty)),
                _ => None,
            });
            match read(&file, &types.collect()) {
                Err(Stop::Say(_, it)) => it.message.replace(&format!("{}", file.display()), "p.yaml"),
                Err(Stop::Shown(_)) => unreachable!("nothing is shown here"),
                Ok(_) => "read".to_owned(),
            }
        };
        for (written, why) in [
            (".inf", "is infinite"),
            ("-.inf", "is infinite"),
            ("+.INF", "is infinite"),
            (".nan", "stands for no number"),
            (".NaN", "stands for no number"),
            ("1e999", "is larger"),
            ("-1e999", "is larger"),
            ("'1e999'", "is larger"),
            ("1_0e999", "is larger"),
        ] {
            let shown = written.trim_matches('\'');
            let wanted = |at: usize| {
                let more = if why == "is larger" { " than any number that is computed with" } else { "" };
                format!("p.yaml, line 3, column {at}: `{shown}` {why}{more}; a finite number is wanted")
            };
            for ty in ["float", "int", "count", "span", "angle", "pixels", "fraction", "float?", "bytes", "float | text"] {
                assert_eq!(said(ty, written), wanted(5), "{ty}: {written}");
            }
            for (ty, around, at) in [("[float]", "[1, X]", 9), ("{lr: float?}", "{lr: X}", 10), ("[{a: [int]}]", "[{a: [X, 1]}]", 11)] {
                assert_eq!(said(ty, &around.replace('X', written)), wanted(at), "{ty}: {written}");
            }
        }
        for written in ["18446744073709551616", "-9223372036854775809"] {
            assert!(said("float", written).contains("line 3") && said("float", written).contains("write it with an exponent"), "{written}");
        }
    }

    /// Where the paths of a value lead that is given by a file in `given/`, or by `--set`.
    fn leads(ty: &str, text: &str, uses: &str, by_file: bool) -> Vec<String> {
        let recipe = format!("ddl 1\nparam it : {ty}\n{uses}\n");
        let base = if by_file { Path::new("given").to_owned() } else { std::path::PathBuf::new() };
        let params = [("it".to_owned(), Given { text: text.to_owned(), origin: "here".to_owned(), base })].into_iter().collect();
        let world = Memory::new().with("recipes/r.ddl", recipe);
        let compiled = compile(&world, Path::new("recipes/r.ddl"), &Options { params, ..Options::default() }).unwrap();
        assert!(!compiled.has_errors(), "{ty}: {:?}", compiled.diagnostics);
        // what the plan calls them is no path of this machine
        assert!(compiled.paths.keys().all(|shown| shown.starts_with("$it")), "{:?}", compiled.paths);
        compiled.paths.values().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn paths_are_relative_to_where_their_value_is_given_however_deep_they_stand() {
        let faces = |of: &str| format!("dataset d = image_folder({of})\nexport e = safetensors(tiny(side = 32px), to = \"e\")\nlet _d = d");
        let swept = |of: &str| format!("sweep p in it\n{}", faces(of));
        for (ty, text, uses, wanted) in [
            ("path", "a", faces("it"), &["a"][..]),
            ("path?", "\"../a\"", faces("it ?? \"x\""), &["../a"]),
            ("[path]", "[\"a\", \"../b/c\"]", swept("p"), &["a", "../b/c"]),
            ("{root: path, n: int}", "{root = \"a\", n = 1}", faces("it.root"), &["a"]),
            ("[{root: path}]", "[{root = \"a\"}, {root = \"/b\"}]", swept("p.root"), &["a", "/b"]),
            ("weights", "checkpoint(\"../w.pt\")", "backbone n = tiny(side = 32px, weights = it)\nlet _n = n".to_owned(), &["../w.pt"]),
        ] {
            let under = |base: &str| wanted.iter().map(|path| Path::new(base).join(path).display().to_string()).collect::<Vec<_>>();
            assert_eq!(leads(ty, text, &uses, true), under("given"), "{ty} in a file");
            assert_eq!(leads(ty, text, &uses, false), under(""), "{ty} by --set");
        }
    }
}
