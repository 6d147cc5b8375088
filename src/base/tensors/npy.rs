//! Arrays in NumPy's `.npy` files: a header of Python's own literals, then the numbers.

use super::{Dtype, shape};
use regex::Regex;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::LazyLock;

const MAGIC: &[u8] = b"\x93NUMPY";
/// Headers longer than this are none (bytes): NumPy's own limit is a sixth of it.
const LONGEST_HEADER: u64 = 64 << 10;

/// A file that holds no array, or not the one that it claims.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The system did not read it.
    #[error("{}", crate::system::said(.0))]
    Io(#[from] io::Error),
    /// Something else than an array.
    #[error("it is not in NumPy's .npy format")]
    NotNpy,
    /// A header that can't be understood.
    #[error("its header is not NumPy's: {0}")]
    Header(&'static str),
    /// Numbers in an order or format that is not read.
    #[error("it holds {0}")]
    Unread(String),
    /// A shape that no file has.
    #[error("its header claims the shape {0}, which no memory could hold")]
    Shape(String),
    /// A header that promises other numbers than follow.
    #[error("its header claims {claimed} bytes of numbers, and {there} follow")]
    Length {
        /// Bytes that the shape comes to.
        claimed: u64,
        /// Bytes that there are.
        there: u64,
    },
}

/// What an array is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// How its numbers are written.
    pub dtype: Dtype,
    /// Its sides.
    pub sides: Vec<i64>,
    /// Bytes of its numbers, as many as there are in the file.
    bytes: usize,
}

/// An array: its numbers in C order, each with its lowest byte first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// What it is.
    pub header: Header,
    /// Its numbers.
    pub numbers: Vec<u8>,
}

/// The header of a file, which has as many numbers as it claims.
///
/// # Errors
/// What is no array, or claims more than the file has.
pub fn header(path: &Path) -> Result<Header, NpyError> {
    open(path).map(|(header, _)| header)
}

/// The array of a file.
///
/// # Errors
/// As [`header`].
pub fn read(path: &Path) -> Result<Array, NpyError> {
    let (header, mut file) = open(path)?;
    let mut numbers = vec![0; header.bytes];
    file.read_exact(&mut numbers)?;
    Ok(Array { header, numbers })
}

/// The array of what gives so many bytes.
///
/// # Errors
/// As [`header`].
pub fn read_from(mut file: impl Read, length: u64) -> Result<Array, NpyError> {
    let header = begun(&mut file, length)?;
    let mut numbers = vec![0; header.bytes];
    file.read_exact(&mut numbers)?;
    Ok(Array { header, numbers })
}

/// An array of 32-bit numbers as a file.
pub fn written(rows: usize, width: usize, numbers: &[f32]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    // NumPy's own files begin their numbers at a multiple of 64
    let padded = (MAGIC.len() + 4 + header.len() + 1).next_multiple_of(64) - MAGIC.len() - 4;
    let mut bytes = [MAGIC, &[1, 0], &(padded as u16).to_le_bytes()].concat();
    bytes.extend(format!("{header:<width$}\n", width = padded - 1).into_bytes());
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    bytes
}

impl Array {
    /// Its numbers in 32 bits; nothing of numbers that are no floats.
    pub fn floats(&self) -> Option<Vec<f32>> {
        Some(match self.header.dtype {
            Dtype::F16 => self.numbers.as_chunks::<2>().0.iter().map(|two| half(u16::from_le_bytes(*two))).collect(),
            Dtype::F32 => self.numbers.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect(),
            Dtype::F64 => self.numbers.as_chunks::<8>().0.iter().map(|eight| f64::from_le_bytes(*eight) as f32).collect(),
            _ => return None,
        })
    }
}

/// A number in 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(bits >> 15), u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    let size = match exponent {
        0 => f32::from(bits & 1023) * (-24f32).exp2(),
        31 => f32::from_bits(255 << 23 | fraction << 13),
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    if sign == 1 { -size } else { size }
}

fn open(path: &Path) -> Result<(Header, File), NpyError> {
    let mut file = crate::regular::open(path)?;
    let length = file.metadata()?.len();
    let header = begun(&mut file, length)?;
    Ok((header, file))
}

fn begun(file: &mut impl Read, length: u64) -> Result<Header, NpyError> {
    let (dtype, sides, start) = understood(file, length)?;
    let there = length.saturating_sub(start);
    let shown = || format!("({})", sides.iter().map(u64::to_string).collect::<Vec<_>>().join(", "));
    let (sides, count) = shape(sides.iter().copied()).ok_or_else(|| NpyError::Shape(shown()))?;
    let claimed = count.checked_mul(dtype.width() as u64).ok_or_else(|| NpyError::Shape(format!("{sides:?}")))?;
    if claimed != there {
        return Err(NpyError::Length { claimed, there });
    }
    Ok(Header { dtype, sides, bytes: claimed as usize })
}

/// Format, sides and the place of the first number.
fn understood(file: &mut impl Read, length: u64) -> Result<(Dtype, Vec<u64>, u64), NpyError> {
    let mut start = [0; 8];
    file.read_exact(&mut start).map_err(|_| NpyError::NotNpy)?;
    if !start.starts_with(MAGIC) {
        return Err(NpyError::NotNpy);
    }
    let width = match start[6] {
        1 => 2,
        2 | 3 => 4,
        major => {
            return Err(NpyError::Unread(format!("an array in version {major}.{} of the format, and versions 1 to 3 are read", start[7])));
        }
    };
    let mut wide = [0; 8];
    file.read_exact(&mut wide[..width]).map_err(|_| NpyError::Header("it is cut short"))?;
    let (long, before) = (u64::from_le_bytes(wide), (start.len() + width) as u64);
    if long > LONGEST_HEADER || before + long > length {
        return Err(NpyError::Header("it is longer than the file or than any header"));
    }
    let mut text = vec![0; long as usize];
    file.read_exact(&mut text)?;
    let text = String::from_utf8(text).map_err(|_| NpyError::Header("it is no text"))?;
    let (dtype, sides) = literal(&text)?;
    Ok((dtype, sides, before + long))
}

/// What a header says: `{'descr': '<f4', 'fortran_order': False, 'shape': (8, 4), }`.
fn literal(text: &str) -> Result<(Dtype, Vec<u64>), NpyError> {
    static DESCR: LazyLock<Regex> = LazyLock::new(|| pattern(r#"['"]descr['"]\s*:\s*['"]([^'"]{1,16})['"]"#));
    static ORDER: LazyLock<Regex> = LazyLock::new(|| pattern(r#"['"]fortran_order['"]\s*:\s*(True|False)"#));
    static SHAPE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"['"]shape['"]\s*:\s*\(([\d\s,L]*)\)"#));
    let said = |pattern: &Regex, missing| {
        pattern.captures(text).map(|found| found.extract::<1>().1[0].to_owned()).ok_or(NpyError::Header(missing))
    };
    let sides = said(&SHAPE, "it says no shape")?;
    let fortran = said(&ORDER, "it says no order")? == "True";
    let descr = said(&DESCR, "it says no format of numbers, or one of records")?;
    let side = |side: &str| side.parse::<u64>().map_err(|_| NpyError::Shape(format!("({sides})")));
    let sides = sides.split(',').map(|side| side.trim().trim_end_matches('L')).filter(|it| !it.is_empty()).map(side);
    let sides = sides.collect::<Result<Vec<u64>, _>>()?;
    if fortran && sides.len() > 1 {
        return Err(NpyError::Unread("an array in Fortran order".to_owned()));
    }
    let format = descr.strip_prefix(['<', '|', '=']).unwrap_or(&descr);
    let dtype = match format {
        "b1" | "?" => Dtype::Bool,
        "u1" => Dtype::U8,
        "i1" => Dtype::I8,
        "i2" => Dtype::I16,
        "i4" => Dtype::I32,
        "i8" => Dtype::I64,
        "f2" => Dtype::F16,
        "f4" => Dtype::F32,
        "f8" => Dtype::F64,
        "u2" => Dtype::Other { name: "uint16", width: 2 },
        "u4" => Dtype::Other { name: "uint32", width: 4 },
        "u8" => Dtype::Other { name: "uint64", width: 8 },
        "c8" => Dtype::Other { name: "complex64", width: 8 },
        "c16" => Dtype::Other { name: "complex128", width: 16 },
        _ if format.starts_with('>') => {
            return Err(NpyError::Unread(format!("numbers with their highest byte first ({})", descr.escape_default())));
        }
        _ => return Err(NpyError::Unread(format!("no numbers that are read ({})", descr.escape_default()))),
    };
    Ok((dtype, sides))
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of this file are regular expressions")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, numbers: &[u8]) -> tempfile::NamedTempFile {
        let mut bytes = [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
        bytes.extend(numbers);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn said(header: &str, numbers: &[u8]) -> String {
        read(file(header, numbers).path()).map_or_else(|error| error.to_string(), |it| format!("{:?} {}", it.header.sides, it.header.dtype))
    }

    #[test]
    fn an_array_is_what_its_header_says_and_its_file_has() {
        let of = |descr: &str, order: &str, shape: &str, bytes: usize| {
            said(&format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}\n"), &vec![0; bytes])
        };
        assert_eq!(of("<f4", "False", "2, 3", 24), "[2, 3] float32");
        assert_eq!(of("<i8", "True", "2L,", 16), "[2] int64");
        assert_eq!(of("|b1", "False", "", 1), "[] bool");
        assert_eq!(of("<f8", "False", "0, 3", 0), "[0, 3] float64");
        insta::assert_snapshot!([
            of("<f4", "False", "8, 4", 41),
            of("<f4", "False", "8, 4", 129),
            of("<f4", "False", "1000000000000", 24),
            of("<f4", "False", "18446744073709551615, 0", 0),
            of("<f4", "False", "18446744073709551616", 0),
            of("<f4", "False", "4294967296, 4294967296", 0),
            of("<f4", "False", "4611686018427387904, 0, 4", 0),
            of("<f4", "False", "-1", 0),
            of("<f4", "True", "2, 3", 24),
            of(">f4", "False", "2, 3", 24),
            of("|O", "False", "2", 16),
            said("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,)}", &[0; 8]),
            said("{}", &[]),
        ].join("\n"), @r"
        its header claims 128 bytes of numbers, and 41 follow
        its header claims 128 bytes of numbers, and 129 follow
        its header claims 4000000000000 bytes of numbers, and 24 follow
        its header claims the shape (18446744073709551615, 0), which no memory could hold
        its header claims the shape (18446744073709551616), which no memory could hold
        its header claims the shape (4294967296, 4294967296), which no memory could hold
        its header claims the shape (4611686018427387904, 0, 4), which no memory could hold
        its header is not NumPy's: it says no shape
        it holds an array in Fortran order
        it holds numbers with their highest byte first (>f4)
        it holds no numbers that are read (|O)
        its header is not NumPy's: it says no format of numbers, or one of records
        its header is not NumPy's: it says no shape
        ");
    }

    #[test]
    fn a_version_that_is_not_known_is_refused() {
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2)}";
        let whole = std::fs::read(file(header, &[1; 32]).path()).unwrap();
        let other = tempfile::NamedTempFile::new().unwrap();
        for major in 0..=255 {
            let length = (header.len() as u32).to_le_bytes();
            let length = if major == 1 { &length[..2] } else { &length[..] };
            std::fs::write(other.path(), [MAGIC, &[major, 0], length, &whole[10..]].concat()).unwrap();
            match read(other.path()) {
                Ok(array) => assert!((1..=3).contains(&major) && array.header.sides == [2, 2]),
                Err(error) => {
                    assert_eq!(
                        error.to_string(),
                        format!("it holds an array in version {major}.0 of the format, and versions 1 to 3 are read")
                    );
                }
            }
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let whole = std::fs::read(file("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2)}", &[1; 32]).path()).unwrap();
        let cut = tempfile::NamedTempFile::new().unwrap();
        for end in 0..whole.len() {
            std::fs::write(cut.path(), &whole[..end]).unwrap();
            assert!(read(cut.path()).is_err(), "cut at {end}");
        }
        // a header that claims to be longer than the file
        std::fs::write(cut.path(), [MAGIC, &[2, 0], &u32::MAX.to_le_bytes(), &[b' '; 64]].concat()).unwrap();
        assert!(matches!(read(cut.path()), Err(NpyError::Header(_))));
    }
}
