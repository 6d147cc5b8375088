//! The operators: each declared once, in a struct of documented, typed parameters.
//!
//! Type checking, `ddl doc`, plans, content keys and the engine all read these declarations. [`registry`] lists them.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "numbers within the limits of their declarations"
)]

pub mod augments;
pub mod curves;
pub mod data;
pub mod evals;
pub mod heads;
pub mod limits;
mod macros;
pub mod nets;
pub mod node;
pub mod observers;
pub mod optimizers;
pub mod outputs;
pub mod pooling;
pub mod readers;
mod reading;
pub mod refs;
pub mod samplers;
pub mod stages;
pub mod terms;

use crate::lang::decl::{Decl, Operator};
use crate::lang::value::{Args, OpValue, Value};
use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::OnceLock;

/// All operators, by name.
pub fn registry() -> &'static IndexMap<&'static str, &'static Decl> {
    static REGISTRY: OnceLock<IndexMap<&'static str, &'static Decl>> = OnceLock::new();
    REGISTRY.get_or_init(|| all().into_iter().map(|decl| (decl.name, decl)).collect())
}

/// The operator of a name.
pub fn declared(op: &str) -> Option<&'static Decl> {
    registry().get(op).copied()
}

fn all() -> Vec<&'static Decl> {
    use data::{Annotate, Apply, Draw, Identities, Merge, MinImages, Relabel, Sample, Split, Where, Without};
    use outputs::{
        Among, Compare, Embeddings, Expect, ExportEmbeddings, ExportOnnx, ExportSafetensors, Features, Judge, Measured, Pooled, Said,
        Score, Started, Table,
    };
    macro_rules! decls { ($($type:ty),* $(,)?) => { vec![$(<$type as Operator>::decl()),*] }; }
    let mut all = readers::Reader::decls();
    all.extend(decls![Annotate, Where, Split, Identities, Relabel, Sample, Merge, MinImages, Without, Apply, Draw]);
    all.extend(observers::Observer::decls());
    all.extend(observers::Saying::decls());
    all.extend(observers::Measurement::decls());
    all.extend(evals::Protocol::decls());
    all.extend(decls![
        evals::Panel,
        evals::OverPanel,
        evals::Decided,
        stages::Train,
        stages::Net,
        nets::Coupled,
        stages::Select,
        stages::Average,
        stages::Chosen,
        stages::Averaged,
        Compare,
        Score,
        ExportSafetensors,
        ExportOnnx,
        Embeddings,
        ExportEmbeddings,
        Started,
        Among,
        Features,
        Said,
        Measured,
        Pooled,
        Judge,
        Table,
        Expect,
    ]);
    all.extend(augments::Augment::decls());
    all.extend(samplers::Sampler::decls());
    all.extend(nets::AnyWeights::decls());
    all.extend(nets::Backbone::decls());
    all.extend(decls![nets::Embedded]);
    all.extend(nets::Extension::decls());
    all.extend(nets::AnyPart::decls());
    all.extend(heads::Head::decls());
    all.extend(terms::Reduce::decls());
    all.extend(terms::ddl::AnyBranch::decls());
    all.extend(terms::Output::decls());
    all.extend(terms::AnyCritic::decls());
    all.extend(pooling::Pooling::decls());
    all.extend(terms::Term::decls());
    all.extend(curves::Shape::decls());
    all.extend(optimizers::Optimizer::decls());
    all.extend(stages::AnyPlay::decls());
    all.extend(stages::Watch::decls());
    all.extend(stages::Keep::decls());
    all.extend(stages::Stop::decls());
    all.extend(evals::Embed::decls());
    all.extend(evals::MadePairs::decls());
    all.extend(evals::Buckets::decls());
    all.extend(evals::Told::decls());
    all.extend(evals::Metric::decls());
    all.extend(outputs::AnyPublished::decls());
    all
}

/// Names that recipes will want and that have no operator yet: each is named by the checker instead of being unknown.
pub const NOT_YET: &[(&str, &str)] =
    &[("quantise", "quantisation"), ("scface_folder", "the SCface layout"), ("scface_mugshots", "the SCface layout")];

/// Arguments that the language knows and that have no kernel yet, by operator: named by the checker like [`NOT_YET`].
pub const ARGUMENTS_NOT_YET: &[(&str, &str, &str)] =
    &[("compare", "across", "a table with an axis across its columns"), ("compare", "rows", "a table with an axis down its rows")];

/// A struct's value as an operator's value: arguments that equal their defaults are left out.
pub(crate) fn stripped<T: Serialize>(decl: &'static Decl, it: &T) -> Value {
    let json = serde_json::to_value(it).unwrap_or(Json::Null);
    let mut args = Args::new();
    for param in &decl.params {
        let Some(given) = json.get(param.name) else { continue };
        if param.default.as_ref().is_some_and(|default| default.to_json() == *given) {
            continue;
        }
        let value = match given {
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap_or(f64::NAN)), Value::Int),
            Json::String(text) => Value::text(text.as_str()),
            Json::Null | Json::Array(_) | Json::Object(_) => Value::Poison,
        };
        args.insert(param.name, value);
    }
    OpValue::new(decl, args).into()
}

/// The arguments of an operator as a plan holds them, and the defaults of those that it leaves out. Of no operator, what is said alone.
pub fn whole<'a>(op: &str, args: &'a Json) -> impl Iterator<Item = (&'a str, &'a Json)> {
    let said = args.as_object();
    let left_out = defaults().get(op).into_iter().flatten().filter(move |(name, _)| said.is_none_or(|said| !said.contains_key(*name)));
    let said = said.into_iter().flatten().map(|(name, value)| (name.as_str(), value));
    said.chain(left_out.map(|(name, value)| (*name, value)))
}

/// Arguments as a plan holds them (defaults left out), with every default filled in, inside nested operators too.
pub fn complete(op: &str, args: &Json) -> Json {
    Json::deserialize(reading::Whole::arguments(op, args)).unwrap_or_default() // JSON is read as JSON
}

/// The defaults of every operator, whole, made once: plans are read often.
fn defaults() -> &'static HashMap<&'static str, Vec<(&'static str, Json)>> {
    static DEFAULTS: OnceLock<HashMap<&'static str, Vec<(&'static str, Json)>>> = OnceLock::new();
    DEFAULTS.get_or_init(|| registry().values().map(|decl| (decl.name, defaults_of(decl))).collect())
}

fn defaults_of(decl: &Decl) -> Vec<(&'static str, Json)> {
    decl.params.iter().filter_map(|param| Some((param.name, filled(param.default.as_ref()?.to_json())))).collect()
}

/// A default with the defaults of every operator in it.
fn filled(json: Json) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.into_iter().map(filled).collect()),
        Json::Object(map) => {
            let mut map: serde_json::Map<String, Json> = map.into_iter().map(|(name, value)| (name, filled(value))).collect();
            let decl = map.get("op").and_then(Json::as_str).and_then(|op| declared(op));
            for (name, default) in decl.into_iter().flat_map(defaults_of) {
                map.entry(name).or_insert(default);
            }
            Json::Object(map)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json,
    }
}

/// A node's arguments as the operator's struct.
///
/// # Errors
/// When they don't fit: a plan that was not made by this version, or was edited.
pub fn parse<T: Operator>(args: &Json) -> Result<T, serde_json::Error> {
    T::deserialize(reading::Whole::arguments(T::NAME, args))
}

/// A node's arguments as one of a family of operators.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_member<F: DeserializeOwned>(op: &str, args: &Json) -> Result<F, serde_json::Error> {
    F::deserialize(reading::Whole::named(op, &Json::from(op), args))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::types::Type;
    use serde_json::json;

    /// The words that a type may be.
    fn words(ty: &Type) -> Vec<&str> {
        match ty {
            Type::Choice(words) => words.iter().map(String::as_str).collect(),
            Type::Optional(of) | Type::List(of) | Type::Named(of) | Type::Range(of) => words(of),
            Type::Union(options) => options.iter().flat_map(words).collect(),
            _ => Vec::new(), // no choice
        }
    }

    #[test]
    fn every_name_is_declared_once_and_documented() {
        let all = all();
        let mut names: Vec<_> = all.iter().map(|decl| decl.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "a name is declared twice");
        for decl in &all {
            assert!(!decl.doc.trim().is_empty(), "{} has no documentation", decl.name);
            for param in &decl.params {
                assert!(!param.doc.trim().is_empty(), "{}.{} has no documentation", decl.name, param.name);
                let said: Vec<&str> = param.choices.iter().map(|(word, _)| *word).collect();
                assert_eq!(said, words(&param.ty), "{}.{} does not list its choices", decl.name, param.name);
                for (word, meaning) in &param.choices {
                    assert!(meaning.trim().len() > word.len(), "{}.{} does not say what {word:?} is", decl.name, param.name);
                }
            }
        }
        for (name, _) in NOT_YET {
            assert!(!registry().contains_key(name), "{name} exists");
        }
    }

    #[test]
    fn defaults_are_filled_in_where_a_plan_leaves_them_out() {
        let it: heads::ArcFace = parse(&json!({"margin": "0.3rad"})).unwrap();
        assert!((it.margin.as_radians() - 0.3).abs() < 1e-15 && (it.scale - 64.0).abs() < 1e-15);
        let nested: data::Draw = parse(&json!({
            "data": {"node": 3}, "by": {"op": "pk", "identities": 4, "images": 2}, "augment": {"op": "flip"}
        }))
        .unwrap();
        assert_eq!(
            nested.augment,
            Some(augments::Augment::Flip(augments::Flip { p: curves::Varying::Constant(crate::quantity::Fraction(0.5)) }))
        );
        let verification: evals::Verification = parse(&json!({"data": {"node": 0}, "pairs": "$dir/fp.csv"})).unwrap();
        assert_eq!(verification.embed.name(), "flip_sum");
    }

    crate::operator! {
        /// An operator whose numbers were corrected twice.
        pub struct Corrected("corrected", 3, |_| crate::lang::types::Type::Head) {
            /// A number.
            scale: f64 = 1.0, in 0.0..=1e4;
        }
        changes = [(2, "the scale is squared no more"), (3, "zero is allowed")];
    }

    #[test]
    fn a_correction_says_in_a_sentence_what_it_changed() {
        let decl = Corrected::decl();
        let changed = |before, after| decl.changed(before, after).collect::<Vec<_>>();
        assert_eq!(changed(1, 3), ["the scale is squared no more", "zero is allowed"]);
        assert_eq!(changed(3, 2), ["zero is allowed"]);
        assert!(changed(2, 2).is_empty() && changed(0, 1).is_empty());
        for decl in all() {
            let told: Vec<u32> = decl.changes.iter().map(|(version, _)| *version).collect();
            assert_eq!(told, (2..=decl.version).collect::<Vec<_>>(), "{} has a version of which nothing is said", decl.name);
        }
    }

    crate::operator! {
        /// An operator with the one above for a default.
        pub struct Around("around", 1, |_| crate::lang::types::Type::Head) {
            /// A number.
            scale: f64 = 1.0;
            /// The other.
            inside: Stand = Stand;
        }
    }

    /// `corrected()`, as a default.
    #[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
    pub(crate) struct Stand;

    impl crate::lang::decl::Param for Stand {
        fn ty() -> crate::lang::types::Type {
            crate::lang::types::Type::Head
        }
        fn value(&self) -> Value {
            Value::from(OpValue::new(Corrected::decl(), Args::new()))
        }
    }

    #[test]
    fn a_default_that_was_corrected_belongs_to_the_meaning() {
        let names = |decl: &'static Decl| decl.raised().iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!((names(Around::decl()), names(Corrected::decl())), (vec!["inside"], vec![]));
    }

    /// What stands for an operator (a path for `checkpoint(path)`) carries no version: a correction of it is one of whoever takes it.
    #[test]
    fn what_another_stands_for_is_of_the_first_version() {
        assert!(all().iter().all(|decl| decl.stands_for.is_none() || decl.version == 1));
    }

    /// The version of an operator belongs to the key of what it is said in, wherever it is said.
    #[test]
    fn a_corrected_operator_changes_what_it_is_said_in() {
        for decl in all().iter().filter(|decl| decl.version > 1 && node::Kind::of(decl.name).is_none()) {
            let said = Value::from(OpValue::new(decl, Args::new()));
            let meaning = serde_json::to_value(said.meaning(|_| ())).unwrap();
            assert_eq!(meaning["version"], json!(decl.version), "{}", decl.name);
        }
    }

    #[test]
    fn a_plan_of_another_make_is_refused() {
        assert!(parse::<heads::ArcFace>(&json!({"marign": "0.3rad"})).is_err());
    }
}
