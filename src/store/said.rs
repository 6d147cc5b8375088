//! What an observer said of a data set's images: attributes, a row for each image.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts that are shown, and numbers of nodes")]

use super::{Artifact, Draft, StoreError};
use crate::data::table::NewAttribute;
use crate::data::{AttributeType, Cell};
use crate::ops::observers::Observer;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::sync::Arc;

/// The attributes in their artifact: one after the other, a little-endian f64 for each image; no number where there is no value.
const FILE: &str = "attributes.f64";

/// What an observer said.
#[derive(Debug, Clone, PartialEq)]
pub struct Attributes {
    /// Images.
    pub images: usize,
    /// The attributes, in the order in which the recipe names them.
    pub columns: Vec<Column>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// A value for each image, in the unit of the attribute's type (angles in radians); of a category the place of the value among
    /// `values`.
    pub numbers: Vec<Option<f64>>,
    /// The values of a category, in the order in which they are numbered.
    pub values: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Facts {
    images: usize,
    columns: Vec<Named>,
}

#[derive(Serialize, Deserialize)]
struct Named {
    name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<String>,
}

impl Attributes {
    /// Writes them into a draft; the result is what the artifact's `meta` says.
    ///
    /// # Errors
    /// A disk that takes no more.
    pub fn write(&self, draft: &mut Draft) -> Result<Json, StoreError> {
        let numbers = self.columns.iter().flat_map(|column| &column.numbers);
        let raw: Vec<u8> = numbers.flat_map(|number| number.unwrap_or(f64::NAN).to_le_bytes()).collect();
        draft.write(FILE, &raw)?;
        let named = |column: &Column| Named { name: column.name.clone(), values: column.values.clone() };
        Ok(serde_json::json!(Facts { images: self.images, columns: self.columns.iter().map(named).collect() }))
    }

    /// Reads them from a `said` node's artifact; `None` where its file is not of as many images and attributes as it says.
    ///
    /// # Errors
    /// A result that is damaged, or of another make.
    pub fn read(artifact: &Artifact) -> Result<Option<Self>, StoreError> {
        let facts: Facts = artifact.meta()?;
        let raw = artifact.read(FILE)?;
        let (numbers, rest) = raw.as_chunks::<8>();
        if !rest.is_empty() || Some(numbers.len()) != facts.images.checked_mul(facts.columns.len()) {
            return Ok(None);
        }
        let number = |eight: &[u8; 8]| Some(f64::from_le_bytes(*eight)).filter(|number| !number.is_nan());
        let column = |(at, named): (usize, Named)| {
            let numbers = numbers[at * facts.images..(at + 1) * facts.images].iter().map(number).collect();
            Column { name: named.name, numbers, values: named.values }
        };
        Ok(Some(Attributes { images: facts.images, columns: facts.columns.into_iter().enumerate().map(column).collect() }))
    }

    /// As attributes of a table, of the types that the observer gives them.
    pub fn of(&self, observer: &Observer) -> Vec<NewAttribute> {
        let kinds = observer.attributes();
        let attribute = |column: &Column| {
            let kind = kinds.iter().find(|(name, _)| *name == column.name)?.1.clone();
            let values: Vec<Arc<str>> = column.values.iter().map(|value| Arc::from(value.as_str())).collect();
            let cell = |number: &Option<f64>| match number {
                None => Cell::Missing,
                Some(number) if kind.is_text() => values.get(*number as usize).map_or(Cell::Missing, |value| Cell::Text(value.clone())),
                Some(number) => Cell::Number(*number),
            };
            Some(NewAttribute { name: column.name.clone(), cells: Some(column.numbers.iter().map(cell).collect()), kind })
        };
        self.columns.iter().filter_map(attribute).collect()
    }
}

/// The attributes that an observer will say, without values.
pub fn unsaid(observer: &Observer) -> Vec<NewAttribute> {
    let attribute = |(name, kind): (&str, AttributeType)| NewAttribute { name: name.to_owned(), kind, cells: None };
    observer.attributes().into_iter().map(attribute).collect()
}
