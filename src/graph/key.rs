//! Content keys: what a node means, as 128 bits.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// The meaning of a node: its operator and version, the arguments that differ from the defaults, and its inputs' keys (blake3, 128 bits).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentKey([u8; 16]);

impl ContentKey {
    /// The key of a canonical text.
    pub fn of(canonical: &[u8]) -> Self {
        let digest = blake3::hash(canonical);
        let mut key = [0; 16];
        key.copy_from_slice(&digest.as_bytes()[..16]);
        ContentKey(key)
    }

    /// The first eight digits, for tables.
    pub fn short(self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no content key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a content key (32 hexadecimal digits)")]
pub struct NotAKey(String);

impl FromStr for ContentKey {
    type Err = NotAKey;
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        if text.len() != 32 || !text.is_ascii() {
            return Err(NotAKey(text.to_owned()));
        }
        let mut key = [0; 16];
        for (at, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| NotAKey(text.to_owned()))?;
        }
        Ok(ContentKey(key))
    }
}

impl Serialize for ContentKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}
