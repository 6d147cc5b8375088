//! Augments made of augments.

use super::Augment;
use super::Dice;
use crate::image::Image;
use ddl_base::quantity::Fraction;
use serde::{Deserialize, Serialize};

/// Another augment with some probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sometimes {
    /// The other augment.
    pub augment: Box<Augment>,
    /// How often, 0 to 1.
    pub p: Fraction,
}

/// One of several augments, each as likely as the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneOf {
    /// The others, at least one.
    pub augments: Vec<Augment>,
}

/// All of several augments, one after the other in an order that is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InAnyOrder {
    /// The augments.
    pub augments: Vec<Augment>,
}

/// Several augments, one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    /// The augments in their order.
    pub augments: Vec<Augment>,
}

impl Sometimes {
    /// The image, or what the augment makes of it.
    pub fn apply(&self, image: Image, dice: &mut Dice<'_>) -> Image {
        if dice.happens("sometimes", self.p) { self.augment.apply(image, dice) } else { image }
    }
}

impl OneOf {
    /// What the drawn augment makes of the image.
    pub fn apply(&self, image: Image, dice: &mut Dice<'_>) -> Image {
        let place = dice.whole("one_of", 0, self.augments.len() as i64 - 1);
        match self.augments.get(place as usize) {
            Some(augment) => augment.apply(image, dice),
            None => image,
        }
    }
}

impl InAnyOrder {
    /// What all of them make of the image.
    pub fn apply(&self, image: Image, dice: &mut Dice<'_>) -> Image {
        let draw = dice.draw("in_any_order");
        let mut order: Vec<u64> = (0..self.augments.len() as u64).collect();
        order.sort_by_key(|place| draw.clone().number(*place).text("place").rank());
        order.into_iter().fold(image, |image, place| self.augments[place as usize].apply(image, dice))
    }
}

impl Chain {
    /// What all of them make of the image.
    pub fn apply(&self, image: Image, dice: &mut Dice<'_>) -> Image {
        self.augments.iter().fold(image, |image, augment| augment.apply(image, dice))
    }
}
