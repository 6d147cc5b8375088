//! Sets whose samples need not be written down.

use crate::ImageSet;
use std::cmp::Ordering;
use std::ops::Range;

/// A drawn set whose samples follow from their places: they have no row in any column. Samples of a person follow one another.
pub trait MadeSet: ImageSet {
    /// How many samples there are.
    fn samples(&self) -> u32;

    /// How many people there are.
    fn people(&self) -> u32;

    /// The person on a sample, from 0.
    fn person(&self, sample: u32) -> u32;

    /// The samples of a person.
    fn of_person(&self, person: u32) -> Range<u32>;

    /// The name of a person.
    fn identity(&self, person: u32) -> String;

    /// The path of a sample.
    fn path(&self, sample: u32) -> String;

    /// The sample of a path.
    fn sample(&self, path: &str) -> Option<u32>;

    /// The order of two samples' paths by their bytes.
    fn compare(&self, one: u32, other: u32) -> Ordering;

    /// Width and height in pixels of every image.
    fn size(&self) -> (u32, u32);

    /// A number that is known of a sample, by the place of its attribute among those of the table.
    fn number(&self, attribute: usize, sample: u32) -> f64;
}
