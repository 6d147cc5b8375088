//! The center loss's declaration.

use super::{Prototypes, Reduce};
use crate::lang::types::Type;
use crate::ops::refs::{DrawnRef, NetName};

crate::choice! {
    /// What one sample costs.
    pub enum CenterForm {
        /// 1/2 |x - c|^2.
        Half = "half",
        /// |x - c|^2.
        Whole = "whole",
    }
}

crate::choice! {
    /// How centres follow the features.
    pub enum CenterStep {
        /// c_j - rate sum_j (c_j - x) / (1 + n_j), the paper's rule.
        Counted = "counted",
        /// c_j - rate (the value's own gradient there), without momentum.
        Gradient = "gradient",
    }
}

crate::operator! {
    /// Center loss: features are drawn to the centre of their person: the mean of 1/2 |x - c_y|^2 over the batch.
    ///
    /// Centres are state (`centres`, one row a person), kept per label space and `slot` beside prototypes. They change by their own rule after each step,
    /// never by the optimiser: with n_j images of person j in the batch, c_j becomes c_j - rate sum (c_j - x) / (1 + n_j).
    ///
    /// Source: Wen et al., "A Discriminative Feature Learning Approach for Deep Face Recognition", ECCV 2016, as 0.003 * center(data) beside a softmax.
    /// The Caffe code is the default form, with weight 0.008 and centres from Glorot's distribution; the paper prints a sum (`sum = true`). A well-known
    /// PyTorch port is `form = "whole", step = "gradient"`; what its clamp adds (1e-12 for every other person) is left out.
    pub struct Center("center", 1, |_| Type::Objective) {
        /// What is drawn.
        data: DrawnRef;
        /// What one sample costs.
        form: CenterForm = CenterForm::Half;
        /// The sum over the batch in place of the mean.
        sum: bool = false;
        /// How far centres move to the features of a batch (alpha).
        rate: f64 = 0.5, in 0.0..=1.0;
        /// How centres follow the features.
        step: CenterStep = CenterStep::Counted;
        /// Whether features are brought to length 1 first.
        normalise: bool = false;
        /// What becomes of the samples' values, where they are not summed up.
        reduce: Option<Reduce> = None;
        /// Centres are kept by label space and slot.
        slot: String = "main".to_owned();
        /// The first centres where the source model has none for this label space; "fresh" without it. Class means are of the features as the term takes them.
        centres: Option<Prototypes> = None;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::connected!(Center, SINGLE);
