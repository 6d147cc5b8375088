//! Quantities: numbers that carry their unit in their type, and read and write themselves as a recipe does (`0.5rad`, `8px..20px`).

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "lengths and places in files that were read"
)]

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// A text that is not the quantity that was wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {wanted}")]
pub struct NotAQuantity {
    /// What stood there.
    pub found: String,
    /// What was wanted, with an example.
    pub wanted: &'static str,
}

/// Splits `"12px"` into its number and its unit.
fn number_and_unit(text: &str) -> Option<(f64, &str)> {
    let end = text
        .char_indices()
        .find(|&(at, c)| {
            !(c.is_ascii_digit()
                || c == '.'
                || c == '-'
                || c == '+'
                || (c == 'e' && text[at + 1..].starts_with(|d: char| d.is_ascii_digit() || d == '-' || d == '+')))
        })
        .map_or(text.len(), |(at, _)| at);
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

/// An angle, held in radians.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Angle(f64);

impl Angle {
    /// An angle of so many radians.
    pub const fn radians(value: f64) -> Self {
        Angle(value)
    }

    /// An angle of so many degrees.
    pub const fn degrees(value: f64) -> Self {
        Angle(value.to_radians())
    }

    /// This angle in radians.
    pub const fn as_radians(self) -> f64 {
        self.0
    }

    /// This angle in degrees.
    pub const fn as_degrees(self) -> f64 {
        self.0.to_degrees()
    }
}

impl fmt::Display for Angle {
    /// The shorter of degrees and radians, as long as it reads back to the same bits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let radians = format!("{}rad", self.0);
        let degrees = (self.as_degrees() * 1e9).round() / 1e9;
        let degrees_text = format!("{degrees}deg");
        let same = degrees.to_radians().to_bits() == self.0.to_bits();
        f.write_str(if same && degrees_text.len() < radians.len() { &degrees_text } else { &radians })
    }
}

impl FromStr for Angle {
    type Err = NotAQuantity;
    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        match number_and_unit(text) {
            Some((value, "rad")) => Ok(Angle::radians(value)),
            Some((value, "deg")) => Ok(Angle::degrees(value)),
            _ => Err(NotAQuantity { found: text.to_owned(), wanted: "an angle such as 0.5rad or 10deg" }),
        }
    }
}

macro_rules! counted {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $suffix:literal, [$($unit:literal),*], $wanted:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{}", $suffix), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAQuantity;
            fn from_str(text: &str) -> Result<Self, NotAQuantity> {
                match number_and_unit(text) {
                    Some((value, unit)) if [$($unit),*].contains(&unit) && value.fract() == 0.0 && (0.0..4_294_967_296.0).contains(&value) => Ok($name(value as $inner)),
                    _ => Err(NotAQuantity { found: text.to_owned(), wanted: $wanted }),
                }
            }
        }
    };
}

counted!(
    /// A length in an image, in pixels.
    Pixels, u32, "px", ["px"], "a length such as 112px"
);
counted!(
    /// A number of images.
    Images, u64, " images", ["images", "image"], "a number of images such as 128 images"
);
counted!(
    /// A number of evaluations of a watched metric.
    Checks, u64, " checks", ["checks", "check"], "a number of checks such as 3 checks"
);

/// A part of a whole, held as a number (20% is 0.2).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Fraction(pub f64);

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = (self.0 * 100.0 * 1e9).round() / 1e9;
        if (percent / 100.0).to_bits() == self.0.to_bits() { write!(f, "{percent}%") } else { write!(f, "{}", self.0) }
    }
}

impl FromStr for Fraction {
    type Err = NotAQuantity;
    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        match number_and_unit(text) {
            Some((value, "%")) => Ok(Fraction(value / 100.0)),
            Some((value, "")) => Ok(Fraction(value)),
            _ => Err(NotAQuantity { found: text.to_owned(), wanted: "a fraction such as 20%" }),
        }
    }
}

/// The number of percent that stands for a part: a short one that reads back to the bit, or the nearest.
fn exact_percent(part: f64) -> f64 {
    let near = part * 100.0;
    let short = (near * 1e9).round() / 1e9;
    let exact = |percent: &f64| (percent / 100.0).to_bits() == part.to_bits();
    [short, near].into_iter().find(exact).unwrap_or(near)
}

/// An amount of memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

const BYTE_UNITS: [(&str, u64); 5] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = BYTE_UNITS.iter().find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size)).unwrap_or(&("B", 1));
        write!(f, "{} {unit}", self.0 / size)
    }
}

impl FromStr for Bytes {
    type Err = NotAQuantity;
    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        number_and_unit(text)
            .and_then(|(value, unit)| {
                BYTE_UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| Bytes((value * *size as f64) as u64))
            })
            .ok_or(NotAQuantity { found: text.to_owned(), wanted: "an amount of memory such as 4 GiB" })
    }
}

/// A length of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Span {
    /// Passes of the stage's longest batches.
    Epochs(f64),
    /// Optimiser steps.
    Steps(u64),
    /// A part of the stage (1.0 is all of it).
    Part(f64),
}

impl Span {
    /// How many steps this is in a stage of `total` steps whose epoch has `per_epoch` steps (rounded to the nearest step).
    pub fn steps(self, per_epoch: u64, total: u64) -> u64 {
        match self {
            Span::Epochs(epochs) => (epochs * per_epoch as f64).round() as u64,
            Span::Steps(steps) => steps,
            Span::Part(part) => (part * total as f64).round() as u64,
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::Epochs(n) => write!(f, "{n} epochs"),
            Span::Steps(n) => write!(f, "{n} steps"),
            Span::Part(part) => write!(f, "{}%", exact_percent(*part)),
        }
    }
}

impl FromStr for Span {
    type Err = NotAQuantity;
    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        match number_and_unit(text) {
            Some((value, "epochs" | "epoch")) => Ok(Span::Epochs(value)),
            Some((value, "steps" | "step")) if value >= 0.0 && value.fract() == 0.0 => Ok(Span::Steps(value as u64)),
            Some((value, "%")) => Ok(Span::Part(value / 100.0)),
            _ => Err(NotAQuantity { found: text.to_owned(), wanted: "a span such as 2 epochs, 500 steps or 20%" }),
        }
    }
}

as_text!(Angle, Pixels, Images, Checks, Fraction, Bytes, Span);

/// An interval, both ends included (`8px..20px`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval<T> {
    /// The lower end.
    pub from: T,
    /// The upper end.
    pub to: T,
}

impl<T: fmt::Display> fmt::Display for Interval<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

impl<T: FromStr> FromStr for Interval<T> {
    type Err = NotAQuantity;
    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        let wanted = "an interval such as 8px..20px";
        let fail = || NotAQuantity { found: text.to_owned(), wanted };
        let (from, to) = text.split_once("..").ok_or_else(fail)?;
        Ok(Interval { from: from.parse().map_err(|_| fail())?, to: to.parse().map_err(|_| fail())? })
    }
}

impl<T: fmt::Display> Serialize for Interval<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Interval<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_back_what_they_write() {
        for text in ["10deg", "0.5rad", "-45deg"] {
            assert_eq!(text.parse::<Angle>().unwrap().to_string(), text);
        }
        for text in ["2 epochs", "500 steps", "20%", "0.5 epochs"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        // of numbers that no percentage stands for, the nearest one does
        for part in [0.2, 12.0 / 26.0, 1.0 / 3.0, 0.1 + 0.2, 1e-9, 0.667] {
            let read: Span = Span::Part(part).to_string().parse().unwrap();
            assert!(matches!(read, Span::Part(read) if (read - part).abs() <= part * f64::EPSILON), "{part} is not {read}");
            assert_eq!(read.to_string(), Span::Part(part).to_string());
        }
        assert_eq!("8px..20px".parse::<Interval<Pixels>>().unwrap().to_string(), "8px..20px");
        assert_eq!("4 GiB".parse::<Bytes>().unwrap(), Bytes(4 << 30));
        assert_eq!("12.5%".parse::<Fraction>().unwrap().to_string(), "12.5%");
    }

    #[test]
    fn a_wrong_unit_says_what_is_wanted() {
        assert_eq!("5px".parse::<Angle>().unwrap_err().to_string(), "`5px` is not an angle such as 0.5rad or 10deg");
        assert!("1.5px".parse::<Pixels>().is_err());
    }
}
