//! How much memory a stage takes, roughly: what follows from its declaration, whatever the engine's own buffers are.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts that are shown, and numbers of nodes"
)]

use crate::nets::Cost;
use crate::ops::optimizers::Optimizer;
use crate::ops::stages::Train;

/// Bytes of a number.
pub const FLOAT: u64 = 4;

/// Bytes that a stage holds at its peak: the network's numbers and the prototypes; for those that learn a gradient and the optimiser's
/// moments; and for each image of a step the input and what every layer gives, from the first layer that learns on. What heads compute is
/// counted by [`of_head`]. Not counted: decoded images, a copy of the source model, and what libtorch takes for itself.
///
/// `fixed` are the parts of the network that stay, `prototypes` the numbers in all heads' prototypes, `images` those of one step.
pub fn of_stage(train: &Train, fixed: &[&str], cost: &Cost, prototypes: u64, images: u64) -> u64 {
    let (frozen, slopes_frozen) = cost.frozen(fixed);
    let mut learning = prototypes;
    for (layer, _) in cost.layers.iter().zip(&frozen).filter(|(_, frozen)| !**frozen) {
        learning += layer.parameters - layer.fixed - if slopes_frozen { layer.slopes } else { 0 };
    }
    let kept = cost.seen() + activations(cost, &frozen);
    let numbers = cost.parameters() + prototypes + learning * (1 + kept_by_optimizers(train)) + images * kept;
    numbers * FLOAT
}

/// Bytes of what the layers give of so many images, from the first layer that learns on.
pub(crate) fn of_activations<S: AsRef<str>>(cost: &Cost, fixed: &[S], images: u64) -> u64 {
    images * activations(cost, &cost.frozen(fixed).0) * FLOAT
}

/// Numbers that the layers give of an image, from the first one that learns on.
fn activations(cost: &Cost, frozen: &[bool]) -> u64 {
    let prefix = frozen.iter().take_while(|frozen| **frozen).count();
    cost.layers[prefix..].iter().map(|layer| layer.activations).sum()
}

/// Bytes that a head holds for the way back: of each class that competes its vector at length 1 (and a copy of it, where only a part of the
/// classes does), and for each image and each such class the cosine, the value with its margin, the logit and its log-probability.
pub fn of_head(images: u64, classes: u64, part: f64, embedding: u64) -> u64 {
    let competing = competing(classes, part);
    let copies = if competing < classes { 2 } else { 1 };
    competing * (copies * embedding + 4 * images) * FLOAT
}

/// How many of so many classes compete at a step that draws this part of them.
pub(crate) fn competing(classes: u64, part: f64) -> u64 {
    // 0.29 of 100 are 29, though their product is 28.999999999999996
    ((part * classes as f64 + 1e-9).floor() as u64).clamp(1, classes)
}

/// Bytes that a teacher holds: its numbers, its images and what it says of them.
pub fn of_teacher(cost: &Cost, images: u64) -> u64 {
    (cost.parameters() + images * (cost.seen() + cost.embedding)) * FLOAT
}

/// Numbers that the optimisers of a stage keep for each number that learns: of several, the most.
fn kept_by_optimizers(train: &Train) -> u64 {
    train.turns().iter().map(|turn| moments(turn.optimizer)).max().unwrap_or(0)
}

/// Numbers that an optimiser keeps for each number that learns.
fn moments(optimizer: &Optimizer) -> u64 {
    match optimizer {
        Optimizer::Sgd(sgd) => u64::from(sgd.momentum > 0.0),
        Optimizer::Adam(_) | Optimizer::AdamW(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::{Input, Layer, LayerCost, Network, Part, Shape};
    use serde_json::json;

    fn train(optimizer: serde_json::Value) -> Train {
        crate::ops::parse(&json!({
            "model": {"node": 0}, "for": "1 epochs", "optimizer": optimizer, "objective": {"terms": []},
        }))
        .unwrap()
    }

    fn cost() -> Cost {
        let layer = |parameters, slopes, activations| LayerCost {
            shape: Shape::Vector(4),
            parameters,
            slopes,
            fixed: 0,
            multiply_adds: 0,
            activations,
        };
        let named = |name: &str| Layer { name: name.to_owned(), modules: Vec::new() };
        let parts = [("trunk", Part::Layers(0..1)), ("activations", Part::Activations)].map(|(name, part)| (name.to_owned(), part));
        let layers = vec![named("stem"), named("neck")];
        let network = Network { name: "net".to_owned(), input: Input::centred(10, 1.0), layers, parts: parts.into(), reads: Vec::new() };
        Cost { network, embedding: 4, layers: vec![layer(100, 10, 5000), layer(20, 2, 70)] }
    }

    #[test]
    fn sampled_classes_take_their_part() {
        assert_eq!(of_head(8, 1000, 1.0, 16), 4 * 1000 * (16 + 4 * 8));
        assert_eq!(of_head(8, 1000, 0.29, 16), 4 * 290 * (2 * 16 + 4 * 8));
        assert_eq!((competing(100, 0.29), competing(100, 1e-6), competing(100, 1.0)), (29, 1, 100));
    }

    #[test]
    fn what_learns_has_a_gradient_and_moments() {
        let sgd = json!({"op": "sgd", "lr": 0.1});
        let adam = json!({"op": "adam", "lr": 0.1});
        assert_eq!(of_stage(&train(sgd.clone()), &[], &cost(), 40, 2), 4 * (120 + 40 + 160 * 2 + 2 * (300 + 5070)));
        assert_eq!(of_stage(&train(adam), &[], &cost(), 40, 2), 4 * (120 + 40 + 160 * 3 + 2 * (300 + 5070)));
        // the stem is fixed: no gradient, and nothing of it is kept for the way back
        assert_eq!(of_stage(&train(sgd), &["trunk", "activations"], &cost(), 40, 2), 4 * (120 + 40 + (40 + 18) * 2 + 2 * (300 + 70)));
    }
}
