//! Csv files with a header, read with line numbers.

use crate::data::decode;
use crate::data::{AttributeType, Cell, DataError};
use crate::quantity::Angle;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// How the values of a csv column are written, and so the attribute's type. Words of a recipe's schema: `deg`, `rad`, `px`, `%`,
/// `fraction`, `int`, `float`, `text`, `category`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Angles in degrees.
    #[serde(rename = "deg")]
    Degrees,
    /// Angles in radians.
    #[serde(rename = "rad")]
    Radians,
    /// Lengths in pixels.
    #[serde(rename = "px")]
    Pixels,
    /// Percentages: 20 is 20%.
    #[serde(rename = "%")]
    Percent,
    /// Parts of one: 0.2 is 20%.
    Fraction,
    /// Whole numbers.
    Int,
    /// Numbers.
    Float,
    /// Any text.
    Text,
    /// One of a few texts, known from the file.
    Category,
}

impl FromStr for ColumnType {
    type Err = DataError;
    fn from_str(word: &str) -> Result<Self, DataError> {
        Ok(match word {
            "deg" => ColumnType::Degrees,
            "rad" => ColumnType::Radians,
            "px" => ColumnType::Pixels,
            "%" => ColumnType::Percent,
            "fraction" => ColumnType::Fraction,
            "int" => ColumnType::Int,
            "float" => ColumnType::Float,
            "text" => ColumnType::Text,
            "category" => ColumnType::Category,
            other => {
                let why = format!("`{other}` is no column type; write deg, rad, px, %, fraction, int, float, text or category");
                return Err(DataError::Argument { what: "schema", why });
            }
        })
    }
}

impl ColumnType {
    /// The attribute's type (a category without its values).
    pub fn attribute(self) -> AttributeType {
        match self {
            ColumnType::Degrees | ColumnType::Radians => AttributeType::Angle,
            ColumnType::Pixels => AttributeType::Pixels,
            ColumnType::Percent | ColumnType::Fraction => AttributeType::Fraction,
            ColumnType::Int => AttributeType::Integer,
            ColumnType::Float => AttributeType::Number,
            ColumnType::Text => AttributeType::Text,
            ColumnType::Category => AttributeType::Category(Arc::from([])),
        }
    }

    /// The cell of a field; an empty field, and `nan` of a number, is missing. The error says what was wanted.
    pub(super) fn cell(self, field: &str) -> Result<Cell, String> {
        let field = field.trim();
        if field.is_empty() {
            return Ok(Cell::Missing);
        }
        let number = || match field.parse::<f64>() {
            Ok(number) if number.is_nan() => Ok(None),
            Ok(number) if number.is_finite() => Ok(Some(number)),
            Ok(_) | Err(_) => Err(format!("`{field}` is not a number")),
        };
        let scaled = |scale: fn(f64) -> f64| Ok(number()?.map_or(Cell::Missing, |number| Cell::Number(scale(number))));
        match self {
            ColumnType::Degrees => scaled(|degrees| Angle::degrees(degrees).as_radians()),
            ColumnType::Percent => scaled(|percent| percent / 100.0),
            ColumnType::Radians | ColumnType::Pixels | ColumnType::Fraction | ColumnType::Float => scaled(|number| number),
            ColumnType::Int => match number()? {
                Some(number) if number.fract() != 0.0 || number.abs() > 9_007_199_254_740_992.0 => {
                    Err(format!("`{field}` is not a whole number up to 2^53"))
                }
                Some(number) => Ok(Cell::Number(number)),
                None => Ok(Cell::Missing),
            },
            ColumnType::Text | ColumnType::Category => Ok(Cell::text(field)),
        }
    }
}

/// A csv file in memory.
pub(super) struct Lines {
    file: PathBuf,
    header: Vec<String>,
    records: Vec<(u64, csv::StringRecord)>,
    /// The blake3 digest of its bytes, in hexadecimal digits.
    pub(super) digest: String,
}

impl Lines {
    /// Reads a csv whose first line names its columns. A byte order mark and spaces around fields are passed over; empty lines too.
    /// Errors: unreadable, not UTF-8, a line with too few or too many fields, a column named twice, no line at all.
    pub(super) fn read(file: &Path) -> Result<Self, DataError> {
        let bytes = decode::read(file)?;
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let wrong = |error: &csv::Error| line_error(file, error);
        let header: Vec<String> = reader.headers().map_err(|error| wrong(&error))?.iter().map(str::to_owned).collect();
        if let Some(twice) = header.iter().enumerate().find(|(at, name)| header[..*at].contains(name)).map(|(_, name)| name) {
            return Err(DataError::Line { file: file.to_owned(), line: 1, why: format!("the column `{twice}` stands twice") });
        }
        let mut records = Vec::new();
        for record in reader.into_records() {
            let record = record.map_err(|error| wrong(&error))?;
            records.push((record.position().map_or(0, csv::Position::line), record));
        }
        if records.is_empty() {
            return Err(DataError::File { file: file.to_owned(), why: "it has no rows below its header".to_owned() });
        }
        Ok(Lines { file: file.to_owned(), header, records, digest })
    }

    /// The number of the first column that has one of these names.
    pub(super) fn column(&self, names: &[&str]) -> Result<usize, DataError> {
        names.iter().find_map(|name| self.header.iter().position(|column| column == name)).ok_or_else(|| DataError::NoColumn {
            file: self.file.clone(),
            column: names.join("` or `"),
            found: self.header.iter().map(|name| format!("`{name}`")).collect(),
        })
    }

    /// All rows with their line numbers.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = (u64, &csv::StringRecord)> {
        self.records.iter().map(|(line, record)| (*line, record))
    }

    /// An error at a line of this file.
    pub(super) fn wrong(&self, line: u64, why: String) -> DataError {
        DataError::Line { file: self.file.clone(), line, why }
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}

/// A csv error with its line.
fn line_error(file: &Path, error: &csv::Error) -> DataError {
    let line = error.position().map_or(1, csv::Position::line);
    let why = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("{len} fields where the header has {expected_len}"),
        csv::ErrorKind::Utf8 { .. } => "not valid UTF-8".to_owned(),
        _ => error.to_string(), // the csv crate's kinds are open-ended
    };
    DataError::Line { file: file.to_owned(), line, why }
}
