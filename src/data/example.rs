//! TensorFlow's `tf.train.Example`, and the sums of a TFRecord file.
//!
//! Sources: TensorFlow's `example.proto`, `feature.proto` and `record_writer.cc`.

use super::told;
use prost::Message;
use prost::bytes::Bytes;
use std::collections::BTreeMap;

/// A message of features.
#[derive(Clone, PartialEq, Message)]
pub struct Example {
    /// Its features.
    #[prost(message, optional, tag = "1")]
    pub features: Option<Features>,
}

/// Features by name.
#[derive(Clone, PartialEq, Message)]
pub struct Features {
    /// By their names.
    #[prost(btree_map = "string, message", tag = "1")]
    pub feature: BTreeMap<String, Feature>,
}

/// One feature.
#[derive(Clone, PartialEq, Message)]
pub struct Feature {
    /// Of one kind; nothing where it has none.
    #[prost(oneof = "Values", tags = "1, 2, 3")]
    pub values: Option<Values>,
}

/// Its values.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Values {
    /// Bytes, or texts.
    #[prost(message, tag = "1")]
    Bytes(BytesList),
    /// Numbers of 32 bits.
    #[prost(message, tag = "2")]
    Floats(FloatList),
    /// Whole numbers.
    #[prost(message, tag = "3")]
    Ints(IntList),
}

/// Bytes, one after the other.
#[derive(Clone, PartialEq, Message)]
pub struct BytesList {
    /// They.
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub value: Vec<Bytes>,
}

/// Numbers, one after the other.
#[derive(Clone, PartialEq, Message)]
pub struct FloatList {
    /// They.
    #[prost(float, repeated, tag = "1")]
    pub value: Vec<f32>,
}

/// Whole numbers, one after the other.
#[derive(Clone, PartialEq, Message)]
pub struct IntList {
    /// They.
    #[prost(int64, repeated, tag = "1")]
    pub value: Vec<i64>,
}

impl Feature {
    /// A feature of one value.
    pub fn of_bytes(bytes: impl Into<Bytes>) -> Self {
        Feature { values: Some(Values::Bytes(BytesList { value: vec![bytes.into()] })) }
    }

    /// A feature of one number.
    pub fn of_float(number: f32) -> Self {
        Feature { values: Some(Values::Floats(FloatList { value: vec![number] })) }
    }

    /// A feature of one whole number.
    pub fn of_int(number: i64) -> Self {
        Feature { values: Some(Values::Ints(IntList { value: vec![number] })) }
    }

    /// Its bytes, if they are one.
    pub fn bytes(&self) -> Option<&Bytes> {
        match &self.values {
            Some(Values::Bytes(list)) => <&[Bytes; 1]>::try_from(&*list.value).ok().map(|[bytes]| bytes),
            Some(Values::Floats(_) | Values::Ints(_)) | None => None,
        }
    }

    /// Its value as it is told of an image, if it is one.
    pub fn text(&self) -> Option<String> {
        match self.values.as_ref()? {
            Values::Bytes(_) => String::from_utf8(self.bytes().filter(|bytes| bytes.len() <= told::LONGEST)?.to_vec()).ok().map(told::text),
            Values::Floats(list) => <[f32; 1]>::try_from(&*list.value).ok().map(|[number]| number.to_string()),
            Values::Ints(list) => <[i64; 1]>::try_from(&*list.value).ok().map(|[number]| number.to_string()),
        }
    }
}

/// The sum of bytes as it is written.
pub fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A record with its length and both sums, as it stands in a file.
pub fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    [&length[..], &masked(&length).to_le_bytes(), bytes, &masked(bytes).to_le_bytes()].concat()
}
