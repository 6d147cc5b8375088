//! Arguments as they are read: defaults that a plan leaves out stand in them, without a copy of the rest.

use super::whole;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value as Json};

/// A value of a plan, whole: every operator in it has all of its arguments.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    json: &'a Json,
    /// The operator whose arguments these are, where the value does not say it.
    op: Option<&'a str>,
    /// The operator's name where it is read as one of several.
    name: Option<&'a Json>,
}

impl<'a> Whole<'a> {
    /// The arguments of an operator.
    pub(super) fn arguments(op: &'a str, json: &'a Json) -> Self {
        Whole { json, op: Some(op), name: None }
    }

    /// The same, read as one of several operators, called `name`.
    pub(super) fn named(op: &'a str, name: &'a Json, json: &'a Json) -> Self {
        Whole { json, op: Some(op), name: Some(name) }
    }

    fn inside(json: &'a Json) -> Self {
        Whole { json, op: None, name: None }
    }
}

/// A value of a plan, with every default filled in where an operator stands in it.
pub(super) fn inside<T: serde::de::DeserializeOwned>(json: &Json) -> Result<T, Error> {
    T::deserialize(Whole::inside(json))
}

impl<'de> IntoDeserializer<'de, Error> for Whole<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Whole<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.json {
            Json::Array(items) => {
                let mut seq = SeqDeserializer::new(items.iter().map(Whole::inside));
                let value = visitor.visit_seq(&mut seq)?;
                seq.end().map(|()| value)
            }
            Json::Object(map) => {
                let op = map.get("op").and_then(Json::as_str).or(self.op);
                let all = whole(op.unwrap_or_default(), self.json).map(|(name, value)| (name, Whole::inside(value)));
                let name = self.name.map(|name| ("op", Whole::inside(name))).into_iter();
                let mut all = MapDeserializer::new(name.chain(all));
                let value = visitor.visit_map(&mut all)?;
                all.end().map(|()| value)
            }
            Json::Null if self.op.is_some() => Whole { json: nothing(), ..self }.deserialize_any(visitor),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => self.json.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.json.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.json {
            // a variant with what it holds
            Json::Object(map) if map.len() == 1 => {
                let one = map.iter().map(|(name, value)| (name.as_str(), Whole::inside(value)));
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(one)))
            }
            word => word.deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// The arguments of an operator that is given none.
fn nothing() -> &'static Json {
    static NOTHING: std::sync::LazyLock<Json> = std::sync::LazyLock::new(|| Json::Object(Map::new()));
    &NOTHING
}
