//! The plain classifier's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;

crate::operator! {
    /// The plain classifier: logit_j = W_j x (+ b_j).
    pub struct Softmax("softmax", 1, |_| Type::Head) {
        /// Whether each class has a bias.
        bias: bool = false;
    }
}

impl Kinded<Logits> for Softmax {
    const KIND: Logits = Logits::Products;
}
