//! Formats of numbers.

use std::fmt;

/// How the numbers of a tensor are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// One byte, 0 or 1.
    Bool,
    /// Whole numbers from 0, one byte.
    U8,
    /// Whole numbers, one byte.
    I8,
    /// Whole numbers, two bytes.
    I16,
    /// Whole numbers, four bytes.
    I32,
    /// Whole numbers, eight bytes.
    I64,
    /// IEEE's half precision.
    F16,
    /// The upper half of single precision.
    BF16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// A format that is known by its name and that nothing here computes with.
    Other {
        /// Its name.
        name: &'static str,
        /// Bytes of a number.
        width: usize,
    },
}

impl Dtype {
    /// Bytes of a number.
    pub fn width(self) -> usize {
        match self {
            Dtype::Bool | Dtype::U8 | Dtype::I8 => 1,
            Dtype::I16 | Dtype::F16 | Dtype::BF16 => 2,
            Dtype::I32 | Dtype::F32 => 4,
            Dtype::I64 | Dtype::F64 => 8,
            Dtype::Other { width, .. } => width,
        }
    }

    /// Whether its numbers have fractions.
    pub fn is_floating(self) -> bool {
        matches!(self, Dtype::F16 | Dtype::BF16 | Dtype::F32 | Dtype::F64)
    }

    /// Whether its numbers are whole.
    pub fn is_whole(self) -> bool {
        matches!(self, Dtype::U8 | Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64)
    }
}

/// By the name that NumPy and PyTorch give it.
impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dtype::Bool => "bool",
            Dtype::U8 => "uint8",
            Dtype::I8 => "int8",
            Dtype::I16 => "int16",
            Dtype::I32 => "int32",
            Dtype::I64 => "int64",
            Dtype::F16 => "float16",
            Dtype::BF16 => "bfloat16",
            Dtype::F32 => "float32",
            Dtype::F64 => "float64",
            Dtype::Other { name, .. } => name,
        })
    }
}
