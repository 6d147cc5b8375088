//! Embeddings of images as files: which image each row of an array is of, and both as Parquet.

use crate::DataError;
use parquet::data_type::{ByteArray, ByteArrayType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::sync::Arc;

/// Rows in a group of a Parquet file.
const ROWS: usize = 1 << 14;

/// The columns of a Parquet file of embeddings, in the form that other readers know as a list of numbers.
const SCHEMA: &str = "message embeddings {
    required binary image (STRING);
    required binary identity (STRING);
    required group embedding (LIST) { repeated group list { required float element; } }
}";

/// An image that a row is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its path, as the data set names it.
    pub image: String,
    /// Whom it shows.
    pub identity: String,
}

/// A csv of columns `image,identity`, a line for each row.
///
/// # Errors
/// None that is met: memory takes all that is written.
pub fn index(rows: &[Named]) -> Result<Vec<u8>, DataError> {
    let wrong = |error: &dyn std::fmt::Display| DataError::Argument { what: "embeddings", why: error.to_string() };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["image", "identity"]).map_err(|error| wrong(&error))?;
    for row in rows {
        writer.write_record([&row.image, &row.identity]).map_err(|error| wrong(&error))?;
    }
    writer.into_inner().map_err(|error| wrong(&error))
}

/// A Parquet file of columns `image`, `identity` and `embedding`: lists of `width` numbers, one after the other in `numbers`.
///
/// # Errors
/// What the crate `parquet` says.
pub fn parquet(rows: &[Named], width: usize, numbers: &[f32]) -> Result<Vec<u8>, DataError> {
    written(rows, width.max(1), numbers).map_err(|error| DataError::Argument { what: "embeddings", why: error.to_string() })
}

fn written(rows: &[Named], width: usize, numbers: &[f32]) -> Result<Vec<u8>, ParquetError> {
    let properties = Arc::new(WriterProperties::builder().set_created_by("ddl".to_owned()).build());
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(parse_message_type(SCHEMA)?), properties)?;
    for (rows, numbers) in rows.chunks(ROWS).zip(numbers.chunks(ROWS * width)) {
        let mut group = file.next_row_group()?;
        for of in [|row: &Named| row.image.clone(), |row: &Named| row.identity.clone()] {
            let Some(mut column) = group.next_column()? else { continue }; // not reached: the schema has it
            let texts: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(of(row).into_bytes())).collect();
            column.typed::<ByteArrayType>().write_batch(&texts, None, None)?;
            column.close()?;
        }
        if let Some(mut column) = group.next_column()? {
            // every number is there, and the first of a row begins its list
            let begins: Vec<i16> = (0..numbers.len()).map(|at| i16::from(at % width > 0)).collect();
            column.typed::<FloatType>().write_batch(numbers, Some(&vec![1; numbers.len()]), Some(&begins))?;
            column.close()?;
        }
        group.close()?;
    }
    file.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    #[test]
    fn rows_are_read_back_by_the_crates_own_reader() {
        let rows: Vec<Named> = (0..5).map(|at| Named { image: format!("a, \"{at}\".png"), identity: format!("p{}", at / 2) }).collect();
        let numbers: Vec<f32> = (0..15).map(|at| at as f32 / 7.0).collect();
        let file = parquet(&rows, 3, &numbers).unwrap();
        let on_disk = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(on_disk.path(), file).unwrap();
        let reader = SerializedFileReader::new(on_disk.reopen().unwrap()).unwrap();
        for (at, row) in reader.get_row_iter(None).unwrap().enumerate() {
            let row = row.unwrap();
            assert_eq!((row.get_string(0).unwrap(), row.get_string(1).unwrap()), (&rows[at].image, &rows[at].identity));
            let list = row.get_list(2).unwrap();
            let of: Vec<f32> =
                list.elements().iter().map(|it| if let parquet::record::Field::Float(x) = it { *x } else { f32::NAN }).collect();
            assert_eq!(of, numbers[3 * at..3 * at + 3]);
        }
        let text = String::from_utf8(index(&rows).unwrap()).unwrap();
        assert_eq!(text.lines().take(2).collect::<Vec<_>>(), ["image,identity", "\"a, \"\"0\"\".png\",p0"]);
    }
}
