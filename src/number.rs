//! Numbers on their way as JSON, which has no NaN and no infinities: they travel as the texts `"NaN"`, `"inf"` and `"-inf"`.
//!
//! `#[serde(with = "crate::number")]` for one number, [`option`] for one that may be absent, [`map`] for numbers by name.

#![allow(clippy::cast_precision_loss, reason = "counts that are shown, and numbers of nodes")]

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};
use std::fmt;

/// Writes a number.
///
/// # Errors
/// What the writer says.
pub fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    if number.is_finite() { to.serialize_f64(*number) } else { to.collect_str(number) }
}

/// Reads a number.
///
/// # Errors
/// What is neither a number nor one of the three texts.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    from.deserialize_any(Number)
}

struct Number;

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or \"NaN\", \"inf\" or \"-inf\"")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        match text {
            "NaN" => Ok(f64::NAN),
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }
}

/// The schema of a number as it travels.
#[cfg(test)]
pub(crate) struct InJson;

#[cfg(test)]
impl schemars::JsonSchema for InJson {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["number", "string"] })
    }
}

/// A number as it travels.
#[derive(serde::Serialize, serde::Deserialize)]
struct One(#[serde(with = "crate::number")] f64);

/// A number that may be absent.
pub mod option {
    use super::One;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes a number, or nothing.
    ///
    /// # Errors
    /// What the writer says.
    #[allow(clippy::ref_option, reason = "serde hands a field on by reference")]
    pub fn serialize<S: Serializer>(number: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
        number.map(One).serialize(to)
    }

    /// Reads a number, or nothing.
    ///
    /// # Errors
    /// What is no number.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
        Ok(Option::<One>::deserialize(from)?.map(|one| one.0))
    }
}

/// Numbers by name.
pub mod map {
    use super::One;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes numbers by name.
    ///
    /// # Errors
    /// What the writer says.
    pub fn serialize<'n, M, S>(numbers: &'n M, to: S) -> Result<S::Ok, S::Error>
    where
        &'n M: IntoIterator<Item = (&'n String, &'n f64)>,
        S: Serializer,
    {
        to.collect_map(numbers.into_iter().map(|(name, number)| (name, One(*number))))
    }

    /// Reads numbers by name.
    ///
    /// # Errors
    /// What is no map of numbers.
    pub fn deserialize<'de, M, D>(from: D) -> Result<M, D::Error>
    where
        M: FromIterator<(String, f64)>,
        D: Deserializer<'de>,
    {
        let numbers = indexmap::IndexMap::<String, One>::deserialize(from)?;
        Ok(numbers.into_iter().map(|(name, one)| (name, one.0)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    #[derive(Debug, Serialize, Deserialize)]
    struct Numbers {
        #[serde(with = "crate::number")]
        one: f64,
        #[serde(with = "crate::number::option")]
        perhaps: Option<f64>,
        #[serde(with = "crate::number::map")]
        named: BTreeMap<String, f64>,
    }

    #[test]
    fn every_number_comes_back_with_its_bits() {
        for number in [0.0, -0.0, 1.0, 0.1, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            for perhaps in [None, Some(number)] {
                let sent = Numbers { one: number, perhaps, named: BTreeMap::from([("x".to_owned(), number)]) };
                let back: Numbers = serde_json::from_str(&serde_json::to_string(&sent).unwrap()).unwrap();
                let bits = |it: &Numbers| (it.one.to_bits(), it.perhaps.map(f64::to_bits), it.named["x"].to_bits());
                assert_eq!(bits(&back), bits(&sent));
            }
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["null", "true", "\"nan\"", "\"1\"", "[]"] {
            let error = serde_json::from_str::<One>(text).map(|one| one.0).unwrap_err().to_string();
            assert!(error.contains("a number, or \"NaN\""), "{text}: {error}");
        }
    }
}
