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

crate::operator! {
    /// A comparison of two sets of images, landmark by landmark, that is learned: how sure it is that both show one person.
    ///
    /// An embedding is the descriptors of its landmarks, side by side, as `landmarks` gives them. A set's descriptor of a landmark k is the largest of its images' in each number, brought to length 1.
    /// Of two sets, `s_k(a, b) = u . max(W [a_k; b_k; e_k] + c, 0) + d` with e_k a one at the place of k; the logit is the mean over the landmarks of
    /// `(s_k(a, b) + s_k(b, a)) / 2`, and the score twice the probability of one person less 1, `tanh(logit / 2)`.
    ///
    /// It is learned by `compare_sets(data, comparator())` and judges templates in `template_verification(…, pool = comparator())`. What is learned is state of the model
    /// (`compare` and `score`, each a weight and a bias), kept by its slot for all people alike.
    ///
    /// Source: Xie, Shen and Zisserman, "Comparator Networks", ECCV 2018, whose sizes and code are not public: all are options. That both orders count the same, and the lengths of 1, are our choices.
    pub struct Comparator("comparator", 1, |_| Type::Pooling) {
        /// Landmarks in an embedding: as many as its `landmarks` have. With 1 it compares whole embeddings of any network.
        landmarks: u32 = 12, in 1.0..=1024.0;
        /// Numbers between the two layers.
        hidden: u32 = 64, in 1.0..=65_536.0;
        /// The slot under which a model keeps it.
        slot: String = "compare".to_owned();
    }
}

crate::family! {
    /// Any learned pooling.
    pub enum Pooling: Type::Pooling => { Multicolumn, Comparator }
}

impl Pooling {
    /// The slot under which a model keeps it.
    pub fn slot(&self) -> &str {
        match self {
            Pooling::Multicolumn(it) => &it.slot,
            Pooling::Comparator(it) => &it.slot,
        }
    }

    /// Whether a model that has learned `other` has learned all that this one needs.
    pub(crate) fn is_part_of(&self, other: &Pooling) -> bool {
        match (self, other) {
            (Pooling::Multicolumn(it), Pooling::Multicolumn(other)) => it.slot == other.slot && (other.content || !it.content),
            (Pooling::Comparator(it), Pooling::Comparator(other)) => it == other,
            (Pooling::Multicolumn(_), Pooling::Comparator(_)) | (Pooling::Comparator(_), Pooling::Multicolumn(_)) => false,
        }
    }
}
