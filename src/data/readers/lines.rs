//! Csv files with a header, and lists of images without one, read with line numbers.

use super::form::{TextFile, begins_as_text, no_text};
use super::plain::{self, PlainList};
use crate::probe::ProbeCache;
use crate::{AttributeType, Cell, DataError};
use csv::StringRecord;
use ddl_base::quantity::Angle;
use ddl_base::text::{quoted, several};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
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
            Ok(_) | Err(_) => {
                let with_unit = ["deg", "rad", "px", "%"]
                    .iter()
                    .find(|unit| field.strip_suffix(**unit).is_some_and(|number| number.trim_end().parse::<f64>().is_ok()));
                Err(match with_unit {
                    Some(unit) => format!("{} is not a number: the unit `{unit}` is said once, in the schema", quoted(field)),
                    None => format!("{} is not a number", quoted(field)),
                })
            }
        };
        let scaled = |scale: fn(f64) -> f64| Ok(number()?.map_or(Cell::Missing, |number| Cell::Number(scale(number))));
        match self {
            ColumnType::Degrees => scaled(|degrees| Angle::degrees(degrees).as_radians()),
            ColumnType::Percent => scaled(|percent| percent / 100.0),
            ColumnType::Radians | ColumnType::Pixels | ColumnType::Fraction | ColumnType::Float => scaled(|number| number),
            ColumnType::Int => match number()? {
                Some(number) if number.fract() != 0.0 || number.abs() > 9_007_199_254_740_992.0 => {
                    Err(format!("{} is not a whole number up to 2^53", quoted(field)))
                }
                Some(number) => Ok(Cell::Number(number)),
                None => Ok(Cell::Missing),
            },
            ColumnType::Text | ColumnType::Category => Ok(Cell::text(field)),
        }
    }
}

/// A csv file in memory, whose rows are read one by one.
pub(super) struct Lines {
    file: PathBuf,
    kind: TextFile,
    /// How its lines are made where it is no csv.
    plain: Option<PlainList>,
    header: Vec<String>,
    text: String,
    /// The blake3 digest of its bytes, in hexadecimal digits.
    pub(super) digest: String,
}

impl Lines {
    /// Reads a csv whose first line names its columns. A byte order mark and spaces around fields are passed over; empty lines too.
    /// Errors: as [`ProbeCache::bytes`]; no text, other signs than commas between fields, a quote that never ends, a column named twice, no
    /// row.
    pub(super) fn read(file: &Path, kind: TextFile, cache: &ProbeCache) -> Result<Self, DataError> {
        let (text, digest) = text(file, cache)?;
        Self::csv(file, kind, text, digest)
    }

    /// Reads a list of images, which may have no header: as `said`, or as its first lines tell. Its columns have names all the same.
    /// Errors: as [`Lines::read`]; a list whose columns can't be told.
    pub(super) fn of_images(file: &Path, said: Option<PlainList>, cache: &ProbeCache) -> Result<Self, DataError> {
        let (text, digest) = text(file, cache)?;
        let wrong = |why| DataError::File { file: file.to_owned(), why };
        let Some(plain) = said.map_or_else(|| PlainList::of(&text), |said| Ok(Some(said))).map_err(wrong)? else {
            return Self::csv(file, TextFile::ImageList, text, digest);
        };
        if plain::lines(&text).next().is_none() {
            return Err(wrong(plain.kind().lacks().to_owned()));
        }
        Ok(Lines { file: file.to_owned(), kind: plain.kind(), plain: Some(plain), header: plain.names(&text), text, digest })
    }

    fn csv(file: &Path, kind: TextFile, text: String, digest: String) -> Result<Self, DataError> {
        let wrong = |line, why| DataError::Line { file: file.to_owned(), line, why };
        if let Some(why) = kind.parted_otherwise(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()) {
            return Err(DataError::File { file: file.to_owned(), why });
        }
        if let Some(line) = open_quote(text.as_bytes()) {
            return Err(wrong(line, "a quote begins here that never ends".to_owned()));
        }
        let mut reader = reader(&text);
        let names = reader.headers().map_err(|error| line_error(file, &text, &error))?;
        let first = Places::new(&text).line(names.position());
        let header: Vec<String> = names.iter().map(str::to_owned).collect();
        let mut seen = HashSet::with_capacity(header.len());
        // spreadsheets end lines in commas: columns without a name are nobody's
        if let Some(twice) = header.iter().find(|name| !name.is_empty() && !seen.insert(name.as_str())) {
            return Err(wrong(first, format!("the column {} stands twice; its header is `{}`", quoted(twice), kind.form())));
        }
        match reader.read_record(&mut StringRecord::new()) {
            Ok(true) => Ok(Lines { file: file.to_owned(), kind, plain: None, header, text, digest }),
            Ok(false) => Err(DataError::File { file: file.to_owned(), why: kind.lacks().to_owned() }),
            Err(error) => Err(line_error(file, &text, &error)),
        }
    }

    /// The number of the first column that has one of these names.
    pub(super) fn column(&self, names: &[&str]) -> Result<usize, DataError> {
        names.iter().find_map(|name| self.header.iter().position(|column| column == name)).ok_or_else(|| DataError::NoColumn {
            file: self.file.clone(),
            column: names.join("` or `"),
            found: several(self.header.iter().map(String::as_str)),
            wanted: self.kind.form(),
        })
    }

    /// The names of its columns.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// Reads all rows in order: each with its line, from 1.
    ///
    /// # Errors
    /// A line with too few or too many fields; whatever `row` says.
    pub(super) fn each(&self, mut row: impl FnMut(u64, &StringRecord) -> Result<(), DataError>) -> Result<(), DataError> {
        let mut record = StringRecord::new();
        if let Some(plain) = self.plain {
            return plain::lines(&self.text).try_for_each(|(line, text)| {
                plain.row(text, self.header.len(), &mut record).map_err(|why| self.wrong(line, why))?;
                row(line, &record)
            });
        }
        let mut reader = reader(&self.text);
        let mut places = Places::new(&self.text);
        while reader.read_record(&mut record).map_err(|error| line_error(&self.file, &self.text, &error))? {
            row(places.line(record.position()), &record)?;
        }
        Ok(())
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

/// All of a text file, and the digest of its bytes.
fn text(file: &Path, cache: &ProbeCache) -> Result<(String, String), DataError> {
    if !cache.expects(file) {
        begins_as_text(file)?;
    }
    let bytes = cache.bytes(file)?;
    let text = ddl_base::text::read(&bytes).map_err(|why| no_text(file, why))?;
    // lines that end in carriage returns alone are lines like any other
    let text = if text.contains('\n') { text.to_owned() } else { text.replace('\r', "\n") };
    Ok((text, blake3::hash(&bytes).to_hex().to_string()))
}

fn reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes())
}

/// The lines on which records begin, asked for in the order of the text. The csv crate counts a record from where the one before it ended:
/// before blank lines, and within a line end of two signs.
struct Places<'t> {
    text: &'t [u8],
    /// What was looked at, and its line from 1.
    at: usize,
    line: u64,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Self {
        Places { text: text.as_bytes(), at: 0, line: 1 }
    }

    fn line(&mut self, position: Option<&csv::Position>) -> u64 {
        let from = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.at).min(self.text.len());
        let begin = from + self.text[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self.text.get(self.at..begin).unwrap_or_default();
        self.line += passed.split(|byte| *byte == b'\n').skip(1).count() as u64;
        self.at = begin;
        self.line
    }
}

/// The line on which a quoted field begins that does not end.
fn open_quote(text: &[u8]) -> Option<u64> {
    let (mut line, mut first) = (1, true);
    let (mut opened, mut closed) = (None, None);
    for (at, byte) in text.iter().enumerate() {
        if *byte == b'"' {
            match (opened, closed) {
                (Some(since), _) => (opened, closed) = (None, Some((at, since))),
                (None, Some((before, since))) if before + 1 == at => opened = Some(since), // a doubled quote is a sign of the field
                (None, _) if first => opened = Some(line),
                (None, _) => {} // in the midst of a field it is a sign like any other
            }
        }
        first = opened.is_none() && matches!(byte, b',' | b'\n' | b'\r');
        line += u64::from(*byte == b'\n');
    }
    opened
}

/// A csv error with its line.
fn line_error(file: &Path, text: &str, error: &csv::Error) -> DataError {
    let line = Places::new(text).line(error.position());
    let why = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("{len} fields where the header has {expected_len}"),
        _ => error.to_string(), // the csv crate's kinds are open-ended
    };
    DataError::Line { file: file.to_owned(), line, why }
}

/// What a field says: 1 or true, 0 or false, in capitals or not.
pub(super) fn truth(field: &str) -> Option<bool> {
    if field == "1" || field.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        (field == "0" || field.eq_ignore_ascii_case("false")).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_that_never_end_are_found_and_others_are_not() {
        for (text, line) in [
            ("a,b\n1,\"2\n3,4\n", Some(2)),
            ("a,b\n1,2\n\"3,4", Some(3)),
            ("a,b\n1,\"2\"\"\n", Some(2)),
            ("a,b\n\"1\",\"2\"\n", None),
            ("a,b\n\"1\"\"\",\"\"\n", None),
            ("a,b\n5\" tall,5\"\" wide\n", None),
            ("a,b\n\"two\nlines\",3\n", None),
            ("", None),
        ] {
            assert_eq!(open_quote(text.as_bytes()), line, "{text:?}");
        }
    }

    #[test]
    fn yes_and_no_are_said_in_capitals_or_not() {
        for (field, said) in
            [("1", Some(true)), ("TRUE", Some(true)), ("False", Some(false)), ("0", Some(false)), ("yes", None), ("", None)]
        {
            assert_eq!(truth(field), said, "{field}");
        }
    }
}
