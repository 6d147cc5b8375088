//! Learned poolings: how the features of a set of images become one.

use crate::lang::types::Type;

crate::operator! {
    /// Multicolumn pooling: the feature of a set of images of one person is a weighted mean of theirs, and the weights are learned.
    ///
    /// `a_i = sigmoid(W_a . v_i + b_a)` is an image's visual quality, told by its own feature v_i alone; `v_m = sum a_i v_i / sum a_i`;
    /// `b_i = sigmoid(W_b . [v_i; v_m] + b_b)` is its content quality, told beside the whole set. The set's feature is
    /// `sum a_i b_i v_i / sum a_i b_i`.
    ///
    /// It is learned by `classify(data, head, pool = multicolumn())` and pools templates in `template_verification(…, pool = multicolumn())`. What is
    /// learned is state of the model (`alpha`, `beta`, each a weight and a bias), kept by its slot for all people alike.
    ///
    /// Source: Xie and Zisserman, "Multicolumn Networks for Face Recognition", BMVC 2018; how media are pooled is the authors' script for IJB-B.
    pub struct Multicolumn("multicolumn", 1, |_| Type::Pooling) {
        /// Whether content quality weighs too (MN-vc of the paper); without it visual quality alone does (MN-v).
        content: bool = true;
        /// The slot under which a model keeps it.
        slot: String = "set".to_owned();
    }
}

crate::family! {
    /// Any learned pooling.
    pub enum Pooling: Type::Pooling => { Multicolumn }
}

impl Pooling {
    /// The slot under which a model keeps it.
    pub fn slot(&self) -> &str {
        match self {
            Pooling::Multicolumn(it) => &it.slot,
        }
    }

    /// Whether a model that has learned `other` has learned all that this one needs.
    pub fn is_part_of(&self, other: &Pooling) -> bool {
        match (self, other) {
            (Pooling::Multicolumn(it), Pooling::Multicolumn(other)) => it.slot == other.slot && (other.content || !it.content),
        }
    }
}
