//! The plain classifier's declaration.

use crate::lang::types::Type;

crate::operator! {
    /// The plain classifier: logit_j = W_j x (+ b_j).
    pub struct Softmax("softmax", 1, |_| Type::Head) {
        /// Whether each class has a bias.
        bias: bool = false;
    }
}
