//! What an operator's struct holds of other nodes.

use crate::data::DataError;
use crate::data::readers::ColumnType;
use crate::lang::decl::Param;
use crate::lang::types::Type;
use crate::lang::value::{NodeId, Value};
use serde::{Deserialize, Serialize};

macro_rules! refs {
    ($($(#[$doc:meta])* $name:ident => $type:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name {
            /// The node's place in the plan.
            pub node: NodeId,
        }

        impl Param for $name {
            fn ty() -> Type { $type }
            fn value(&self) -> Value { Value::Node(self.node) }
        }
    )*};
}

refs! {
    /// A data set.
    DataRef => Type::dataset();
    /// Batches.
    BatchesRef => Type::Batches;
    /// A model: a backbone with its first values, or what a stage gave.
    ModelRef => Type::Model;
    /// A protocol with its data.
    EvalRef => Type::Eval;
}

/// Batches, or a data set from which a term draws by its own default sampler: the compiler makes batches of the latter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DrawnRef {
    /// The batches' place in the plan.
    pub node: NodeId,
}

impl Param for DrawnRef {
    fn ty() -> Type {
        Type::Union(vec![Type::Batches, Type::dataset()])
    }
    fn value(&self) -> Value {
        Value::Node(self.node)
    }
}

/// The name of one of the networks of a stage that trains several (`of = a`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NetName(pub String);

impl Param for NetName {
    fn ty() -> Type {
        Type::Net
    }
    fn value(&self) -> Value {
        Value::text(self.0.as_str())
    }
}

/// The name of an axis of the recipe (`over = [lr]`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AxisName(pub String);

impl Param for AxisName {
    fn ty() -> Type {
        Type::Axis
    }
    fn value(&self) -> Value {
        Value::text(self.0.as_str())
    }
}

/// The model that a stage starts from, or several by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Models {
    /// One.
    One(ModelRef),
    /// Several, in the order that the recipe says.
    Several(indexmap::IndexMap<String, ModelRef>),
}

impl Models {
    /// All of them with their names; the name of a single one is empty.
    pub fn all(&self) -> Vec<(&str, ModelRef)> {
        match self {
            Models::One(model) => vec![("", *model)],
            Models::Several(models) => models.iter().map(|(name, model)| (name.as_str(), *model)).collect(),
        }
    }
}

impl Param for Models {
    fn ty() -> Type {
        Type::Union(vec![Type::Model, Type::Named(Box::new(Type::Model))])
    }
    fn value(&self) -> Value {
        match self {
            Models::One(model) => model.value(),
            Models::Several(models) => models.value(),
        }
    }
}

/// A path as the plan holds it: what the recipe says. Where it lies is asked of the run (`Plan::paths`), as it differs by machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FilePath(pub String);

impl Param for FilePath {
    fn ty() -> Type {
        Type::Path
    }
    fn value(&self) -> Value {
        Value::Path(crate::lang::value::PathValue { shown: self.0.clone(), real: None, within: None, digest: None }.into())
    }
}

/// An expression over one sample's attributes that is true or false.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predicate {
    /// The expression.
    pub row: crate::data::predicate::Expr,
}

impl Param for Predicate {
    fn ty() -> Type {
        Type::Row(Box::new(Type::Bool))
    }
    fn value(&self) -> Value {
        Value::Row(self.row.clone().into())
    }
}

/// An attribute of a sample (`.identity`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// The expression; checked to be one attribute.
    pub row: crate::data::predicate::Expr,
}

impl Attribute {
    /// `.name`
    pub fn named(name: &str) -> Self {
        Attribute { row: crate::data::predicate::Expr::attribute(name) }
    }
}

impl Param for Attribute {
    fn ty() -> Type {
        Type::Row(Box::new(Type::Unknown))
    }
    fn value(&self) -> Value {
        Value::Row(self.row.clone().into())
    }
}

/// A number of a sample that a network reads: an expression over its attributes that is an angle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The expression, in radians.
    pub row: crate::data::predicate::Expr,
}

impl Param for Reading {
    fn ty() -> Type {
        Type::Row(Box::new(Type::Quantity(crate::lang::types::Dimension::Angle)))
    }
    fn value(&self) -> Value {
        Value::Row(self.row.clone().into())
    }
}

/// The types of a file's columns, by name, as the units or types that a recipe writes (`deg`, `int`, `category`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Columns(pub indexmap::IndexMap<String, String>);

impl Columns {
    /// The types as the data room knows them.
    ///
    /// # Errors
    /// A word that is no type.
    pub fn types(&self) -> Result<indexmap::IndexMap<String, ColumnType>, DataError> {
        let column = |word: &String| {
            let unknown = |_| DataError::Argument { what: "schema", why: format!("there is no column type `{word}`") };
            serde_json::from_value::<ColumnType>(serde_json::Value::from(word.as_str())).map_err(unknown)
        };
        self.0.iter().map(|(name, word)| Ok((name.clone(), column(word)?))).collect()
    }
}

impl Param for Columns {
    fn ty() -> Type {
        Type::Schema
    }
    fn value(&self) -> Value {
        Value::Schema(self.0.clone().into())
    }
}
