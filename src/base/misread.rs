//! Why a text is not the JSON or the YAML that is wanted, in words for whoever has the file. What parsers say is of the program's own
//! types.

use crate::text::quoted;
use serde::de::DeserializeOwned;
use std::fmt;

/// Why a text can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    /// Line and column from 1, where they are known.
    place: Option<(usize, usize)>,
    why: String,
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for Misread {}

/// What a JSON text says.
///
/// # Errors
/// What is no JSON, or not of this form.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Misread> {
    serde_json::from_slice(bytes).map_err(|error| Misread::from(&error))
}

impl From<&serde_json::Error> for Misread {
    fn from(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        let place = (error.line() > 0).then(|| (error.line(), error.column().max(1)));
        let said = error.to_string();
        let why = match error.classify() {
            Category::Eof => "it is cut off".to_owned(),
            Category::Syntax if said.starts_with("recursion limit") => DEEP.to_owned(),
            Category::Syntax if said.starts_with("trailing characters") => "more follows where it should end".to_owned(),
            Category::Syntax => "this is no JSON".to_owned(),
            Category::Io => "it can't be read".to_owned(),
            Category::Data => unfit(said.rsplit_once(" at line ").filter(|_| place.is_some()).map_or(&*said, |(said, _)| said)),
        };
        Misread { place, why }
    }
}

impl From<&serde_yaml::Error> for Misread {
    fn from(error: &serde_yaml::Error) -> Self {
        let place = error.location().map(|at| (at.line(), at.column()));
        let said = error.to_string();
        let said = said.rsplit_once(" at line ").filter(|_| place.is_some()).map_or(&*said, |(said, _)| said);
        let why = if said.contains("EOF while") {
            "it is empty".to_owned()
        } else if said.contains("more than one document") {
            "it holds several documents, and one is read: leave out the lines `---`".to_owned()
        } else if said.contains("recursion limit") {
            DEEP.to_owned()
        } else if said.contains("repetition limit") {
            "its aliases come to too much".to_owned()
        } else if said.contains("unknown anchor") {
            "there is no such anchor".to_owned()
        } else if said.contains("duplicate entry") {
            "an entry stands twice".to_owned()
        } else if said.contains("` as u128") || said.contains("` as i128") {
            "a whole number has more digits than are read: write it with an exponent, as `1.5e20`".to_owned()
        } else if is_of_scanner(said) {
            "this is no YAML".to_owned()
        } else {
            unfit(said)
        };
        Misread { place, why }
    }
}

/// What nests deeper than parsers go.
const DEEP: &str = "it is nested too deeply";

/// Whether YAML's scanner says this, who knows nothing of what is wanted.
fn is_of_scanner(said: &str) -> bool {
    let begins = [
        "did not find",
        "found ",
        "mapping values are not",
        "block ",
        "could not find",
        "control characters",
        "invalid leading",
        "invalid trailing",
    ];
    let holds = ["while scanning", "while parsing a", "YAML", "in merge", "for merging"];
    begins.iter().any(|words| said.starts_with(words)) || holds.iter().any(|words| said.contains(words))
}

/// What does not fit what is wanted: serde's words in ours; what the program's own types say stays.
fn unfit(said: &str) -> String {
    // the beginnings of serde's messages, behind the path that YAML puts before them
    let named = |words: &str| {
        let (_, after) = said.split_once(words)?;
        let (name, _) = after.strip_prefix('`')?.split_once('`')?;
        Some(quoted(name))
    };
    if let Some(name) = named("unknown field ") {
        return format!("nothing here is called {name}");
    }
    if let Some(name) = named("missing field ") {
        return format!("{name} is missing");
    }
    if let Some(name) = named("duplicate field ") {
        return format!("{name} stands twice");
    }
    if let Some(name) = named("unknown variant ") {
        return format!("{name} is none of the words that may stand here");
    }
    let of_serde =
        ["invalid type", "invalid value", "invalid length", "did not match", "expected", "out of range", "unknown unit", "variant"];
    if of_serde.iter().any(|words| said.contains(words)) {
        return "something else is wanted here".to_owned();
    }
    said.to_owned()
}

/// Words of parsers, none of which a message has.
#[cfg(test)]
pub(crate) const FOREIGN: [&str; 20] = [
    "invalid type",
    "invalid value",
    "invalid length",
    "expected",
    "missing field",
    "unknown field",
    "unknown variant",
    "duplicate field",
    "duplicate entry",
    "EOF",
    "trailing characters",
    "recursion limit",
    "repetition limit",
    "did not find",
    "did not match",
    "struct ",
    "deserializ",
    "enum ",
    "untagged",
    " at line ",
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)] // what is read counts for nothing here
    struct Wanted {
        name: String,
        count: u8,
        of: Kind,
        #[serde(default)]
        more: BTreeMap<String, (u8, bool)>,
        either: Option<Either>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code)] // as above
    enum Kind {
        One,
        Many { of: Vec<f64> },
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    #[allow(dead_code)] // as above
    enum Either {
        Number(u8),
        Text(String),
    }

    #[test]
    fn whatever_is_wrong_is_said_in_our_words() {
        let good = r#"{"name": "a", "count": 1, "of": {"many": {"of": [1.5]}}, "more": {"x": [1, true]}, "either": "t"}"#;
        assert!(json::<Wanted>(good.as_bytes()).is_ok());
        let mut texts: Vec<String> = (0..good.len()).map(|end| good[..end].to_owned()).collect();
        for (from, to) in [
            ("\"a\"", "1"),
            ("\"count\": 1", "\"count\": 256"),
            ("\"count\": 1", "\"count\": -1"),
            ("\"count\": 1", "\"count\": null"),
            ("\"count\": 1", "\"count\": {}"),
            ("\"count\": 1", "\"count\": 1, \"count\": 1"),
            ("\"count\": 1,", ""),
            ("\"count\"", "\"\\u001b[31m\\u202e\""),
            ("many", "few"),
            ("[1, true]", "[1]"),
            ("[1, true]", "[1, true, 2]"),
            ("\"t\"", "[]"),
            ("[1.5]", "[[[1.5]]]"),
        ] {
            assert!(good.contains(from));
            texts.push(good.replace(from, to));
        }
        let all = [
            "",
            "null",
            "hello",
            "1",
            "[]",
            "{",
            "}",
            "\"",
            "a: b: c",
            "\t",
            "a: [",
            "- a\nb",
            "a: *x",
            "--- 1\n--- 2",
            "? [a]\n: b",
            "a: 1\na: 2",
            "!x y",
            "<<: 1",
            "%",
            "@",
            "a: !!binary x",
            "\u{0}",
            "&a [*a]",
            "a: 18446744073709551616",
            "a: -9223372036854775809",
            "emergency: [1, 2",
        ];
        texts.extend(all.map(str::to_owned));
        texts.extend([format!("{good}x"), "[".repeat(2_000) + &"]".repeat(2_000), format!("a: {}{}", "{a: ".repeat(500), "}".repeat(500))]);
        for text in texts {
            let as_json = json::<Wanted>(text.as_bytes()).err();
            let as_yaml = crate::text::yaml::<Wanted>(&text).err().map(|error| Misread::from(&error));
            let values = crate::text::yaml::<serde_yaml::Value>(&text).err().map(|error| Misread::from(&error));
            for said in [as_json, as_yaml, values].into_iter().flatten() {
                let said = said.to_string();
                let foreign = FOREIGN.iter().find(|words| said.contains(**words));
                assert!(foreign.is_none() && said.len() < 200, "{text:?}: {said}");
                assert!(!said.chars().any(char::is_control), "{text:?}: {said:?}");
            }
        }
    }

    #[test]
    fn a_place_is_said_where_it_is_known() {
        let said = |text: &str| json::<Wanted>(text.as_bytes()).unwrap_err().to_string();
        insta::assert_snapshot!(
            [
                said("{\"name\": \"a\",\n \"extra\": 1}"),
                said("{\"name\": \"a\""),
                said("{\"name\": \"a\"} more"),
                said("{\"name\": 1"),
                said("{\"count\": 1}"),
                Misread::from(&crate::text::yaml::<Wanted>("name: a\ncount: [1]\n").unwrap_err()).to_string(),
                Misread::from(&crate::text::yaml::<Wanted>("name: a\n b: [\n").unwrap_err()).to_string(),
                Misread::from(&crate::text::yaml::<Wanted>("a: 1\n---\nb: 2\n").unwrap_err()).to_string(),
            ]
            .join("\n")
        );
    }
}
