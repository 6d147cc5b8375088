//! The declarations of what trains comparator networks.

use super::about;
use crate::lang::decl::{Call, Complaint, Operator as _};
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::ops::pooling::{Comparator, Pooling};
use crate::ops::refs::{DrawnRef, NetName};

crate::operator! {
    /// Cross-entropy of a learned comparison of sets: whether two sets of images show one person.
    ///
    /// Sets are made of a batch as `classify` makes them with a pooling: of each person the first `set_size` images, the next ones, and so on. With z the logits of all pairs of sets,
    /// `(mean over pairs of one person of log(1 + e^-z) + mean over pairs of two of log(1 + e^z)) / 2`: both kinds of pairs weigh the same, however many there are. Best over
    /// `pk(identities, images)` with at least two sets of each person.
    ///
    /// Source: Xie, Shen and Zisserman, "Comparator Networks", ECCV 2018.
    pub struct CompareSets("compare_sets", 1, |_| Type::Objective) {
        /// Of whose images sets are made.
        data: DrawnRef;
        /// The comparison, a `comparator`.
        by: Pooling;
        /// Images of a set. Those that fill no set are left out.
        set_size: u32 = 2, in 1.0..=100_000.0;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
    check = compares;
}

fn compares(call: &Call) -> Vec<Complaint> {
    match call.args.get("by") {
        Some(Value::Op(by)) if by.op() != Comparator::NAME => {
            let message = format!("`{}` pools a set and compares nothing", by.op());
            vec![about("by", message, "compare sets by a comparator(); a pooling is learned by classify(data, head, pool = …)")]
        }
        _ => Vec::new(), // a comparison, or a parameter decides it
    }
}

crate::connected!(CompareSets, COMPARING, {
    fn pool(&self) -> Option<&Pooling> {
        Some(&self.by)
    }
});

crate::operator! {
    /// Keeps the attention maps of `landmarks` apart: the mean over the images of `1 - 1/K sum over places of max_k p_k`, p_k the map of landmark k of K. It is 0 where no two maps
    /// share a place, and 1 - 1/K where all are the same.
    ///
    /// Source: the diversity regulariser of Xie, Shen and Zisserman, "Comparator Networks", ECCV 2018, whose form is not public code: it stands here as we read it, over K.
    pub struct Diversity("diversity", 1, |_| Type::Objective) {
        /// The images.
        data: DrawnRef;
        /// How many maps: as many as the network's `landmarks` have.
        landmarks: u32 = 12, in 1.0..=1024.0;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::connected!(Diversity, SINGLE);
