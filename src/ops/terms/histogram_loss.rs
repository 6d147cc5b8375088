//! The histogram loss's declaration.

use crate::lang::types::Type;
use crate::ops::refs::{DrawnRef, NetName};

crate::choice! {
    /// What a positive pair of similarity s and a negative one of similarity t cost together.
    pub enum HistogramCost {
        /// 1 if s <= t: the probability of the wrong order.
        Simple = "simple",
        /// max(0, margin - s + t).
        Linear = "linear",
        /// log(1 + exp(slope (margin - s + t))).
        Exp = "exp",
    }
}

crate::choice! {
    /// How the distribution of similarities is estimated.
    pub enum HistogramFit {
        /// Each similarity is shared by the two nodes around it, linearly.
        Bins = "bins",
        /// A Beta distribution over [-1, 1] with the similarities' mean and variance: its density at the nodes, as shares of the sum. (The authors' layer does not
        /// divide by the sum, so that of similarities that lie close together it sees almost nothing, or several times too much.)
        Beta = "beta",
    }
}

crate::operator! {
    /// Histogram loss: sum_ij h+_i cost(t_i, t_j) h-_j over the histograms of the cosines of all positive and of all negative pairs of a batch.
    ///
    /// With the "simple" cost this is sum_r h-_r sum_{q <= r} h+_q. Nodes t lie over [-1, 1], both ends included.
    ///
    /// A batch without positive or without negative pairs is counted as skipped (with "beta" also one with a single such pair).
    ///
    /// Source: Ustinova and Lempitsky, "Learning Deep Embeddings with Histogram Loss", NeurIPS 2016. Their layer has the other costs and the
    /// Beta fit too; ports have the simple cost alone and 150 nodes.
    pub struct HistogramLoss("histogram_loss", 2, |_| Type::Objective) {
        /// What is drawn; best by `pk(identities, images)`.
        data: DrawnRef;
        /// How many nodes.
        nodes: u32 = 150, in 2.0..=100_000.0;
        /// What a positive and a negative pair cost together.
        cost: HistogramCost = HistogramCost::Simple;
        /// How much more similar a positive pair should be; for "linear" and "exp".
        margin: f64 = 0.0, in -2.0..=2.0;
        /// How steep "exp" is (alpha).
        slope: f64 = 1.0, in 1e-3..=1e3;
        /// How the distributions are estimated.
        fit: HistogramFit = HistogramFit::Bins;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
    changes = [(2, "`fit = \"beta\"`: the density at the nodes is divided by its sum, so that narrow distributions are histograms too")];
}

crate::connected!(HistogramLoss, COMPARING);
