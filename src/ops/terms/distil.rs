//! Terms by which a teacher, a model that stays as it is, teaches the network that is trained.
//!
//! A teacher runs as it is judged and gets no gradient. Where the images of a batch are the same at every visit, what it says of them is
//! computed once and kept.

use crate::lang::types::Type;
use crate::ops::curves::Curve;
use crate::ops::refs::{DrawnRef, ModelRef, NetName};
use crate::ops::terms::Reduce;

crate::operator! {
    /// What comes out of a named part of a network (`stem`, `stage1`, …, `trunk`): a map `[channels, height, width]` for each image. The parts of each backbone stand in its documentation.
    pub struct Tap("tap", 1, |_| Type::Output) {
        /// The part.
        layer: String;
    }
}

crate::family! {
    /// An output of a network other than its embedding.
    pub enum Output: Type::Output => { Tap }
}

impl Output {
    /// The part that is tapped.
    pub fn layer(&self) -> &str {
        match self {
            Output::Tap(tap) => &tap.layer,
        }
    }
}

crate::choice! {
    /// How logits are made of an embedding and the prototypes, for terms that compare logits: without any margin.
    pub enum PlainLogits {
        /// `scale` times the cosine, as margin heads have them.
        Cosine = "cosine",
        /// The inner product, and the bias where there is one, as `softmax()` has them.
        Linear = "linear",
    }
}

crate::operator! {
    /// Knowledge distillation: the student's class probabilities follow the teacher's, both softened by a temperature T.
    ///
    /// `T^2 KL(softmax(z_t / T) || softmax(z_s / T))` of each image, the mean over the batch unless `reduce` says otherwise. z are logits `[batch, classes]` over the people of the data, without margin, each network's by its own prototypes: the teacher must have been trained on the same people.
    /// RepDistiller weighs it 0.9 beside a classification weighed 0.1.
    ///
    /// Source: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015; RepDistiller's `KD.py` gives T = 4.
    pub struct Kd("kd", 1, |_| Type::Objective) {
        /// What both networks see.
        data: DrawnRef;
        /// The model that teaches.
        teacher: ModelRef;
        /// The temperature T, a number or a curve.
        temperature: Curve = Curve::Constant(4.0), in 1e-3..=1e3;
        /// How logits are made.
        logits: PlainLogits = PlainLogits::Cosine;
        /// What cosines are multiplied by.
        scale: f64 = 64.0, in 0.0..=1e4;
        /// The slot of the student's prototypes.
        slot: String = "main".to_owned();
        /// The slot of the teacher's prototypes; the student's name without.
        teacher_slot: Option<String> = None;
        /// What becomes of the values of single images, T^2 in them.
        reduce: Option<Reduce> = None;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::operator! {
    /// Relational distillation: distances and angles between the student's embeddings follow those between the teacher's. The two may have different widths.
    ///
    /// `distance Huber(d_s / mean+(d_s), d_t / mean+(d_t)) + angle Huber(cos_s, cos_t)`: d over all B^2 pairs of the batch with the zero diagonal, each divided by the mean of its positive entries; cos of the angle at j between i and k over all B^3 triples.
    /// Memory grows as B^3 and B^2 times the width. The authors' own weights for metric learning are 1 and 2.
    ///
    /// Source: Park et al., "Relational Knowledge Distillation", CVPR 2019; RepDistiller and TFace give the weights 25 and 50.
    pub struct Rkd("rkd", 1, |_| Type::Objective) {
        /// What both networks see.
        data: DrawnRef;
        /// The model that teaches.
        teacher: ModelRef;
        /// Weight of the distances; 0 leaves them out.
        distance: f64 = 25.0, in 0.0..=1e6;
        /// Weight of the angles; 0 leaves them out.
        angle: f64 = 50.0, in 0.0..=1e6;
        /// Whether embeddings are brought to length 1 first.
        normalise: bool = false;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::choice! {
    /// What similarity-preserving distillation normalises.
    pub enum SpNorm {
        /// The rows of the similarity matrix (the paper).
        Rows = "rows",
        /// The features, so that similarities are cosines (TFace).
        Features = "features",
    }
}

crate::operator! {
    /// Similarity-preserving distillation: the batch's matrix of similarities under the student follows that under the teacher. The two may have different widths.
    ///
    /// `|G_t - G_s|_F^2 / B^2`, `G = F F^T` with rows of length 1, F the outputs as rows `[batch, numbers]`. RepDistiller weighs it 3000.
    ///
    /// Source: Tung and Mori, "Similarity-Preserving Knowledge Distillation", ICCV 2019.
    pub struct Sp("sp", 1, |_| Type::Objective) {
        /// What both networks see.
        data: DrawnRef;
        /// The model that teaches.
        teacher: ModelRef;
        /// What is normalised.
        normalise: SpNorm = SpNorm::Rows;
        /// The student's output; its embedding without.
        at: Option<Output> = None;
        /// The teacher's output; the one of the same name as the student's without.
        teacher_at: Option<Output> = None;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::choice! {
    /// How far apart two features are.
    pub enum FeatureDistance {
        /// The mean squared difference over all numbers.
        L2 = "l2",
        /// `1 - cos`, the mean over images (and over the places of a map).
        Cosine = "cosine",
    }
}

crate::operator! {
    /// Feature distillation: the student's output follows the teacher's. Where the teacher has more or fewer channels, a linear map `[teacher's, student's]` without bias is learned between them; it is state of the model.
    ///
    /// Of maps, every place counts; the two must have the same height and width.
    ///
    /// Source: Romero et al., "FitNets: Hints for Thin Deep Nets", ICLR 2015; the mean squared difference as in RepDistiller's `FitNet.py`.
    pub struct Feature("feature", 1, |_| Type::Objective) {
        /// What both networks see.
        data: DrawnRef;
        /// The model that teaches.
        teacher: ModelRef;
        /// How far apart two outputs are.
        distance: FeatureDistance = FeatureDistance::L2;
        /// Whether outputs are brought to length 1 first (over channels).
        normalise: bool = false;
        /// The student's output; its embedding without.
        at: Option<Output> = None;
        /// The teacher's output; the one of the same name as the student's without.
        teacher_at: Option<Output> = None;
        /// The learned map is kept by its slot.
        slot: String = "adapter".to_owned();
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::operator! {
    /// Neuron selectivity transfer: the distribution of the student's channels follows that of the teacher's, by the squared maximum mean discrepancy under a polynomial kernel.
    ///
    /// `mean k(t, t') + mean k(s, s') - 2 mean k(s, t)`, `k(a, b) = (a^T b + offset)^2` over all channels of an image, each channel's map as a vector of length 1; the mean over images. The larger map is averaged down to the smaller one's side. RepDistiller weighs it 50.
    ///
    /// Source: Huang and Wang, "Like What You Like: Knowledge Distill via Neuron Selectivity Transfer", 2017.
    pub struct Nst("nst", 1, |_| Type::Objective) {
        /// What both networks see.
        data: DrawnRef;
        /// The model that teaches.
        teacher: ModelRef;
        /// The student's output, a map.
        at: Output;
        /// The teacher's output; the one of the same name as the student's without.
        teacher_at: Option<Output> = None;
        /// What the kernel adds to the inner product.
        offset: f64 = 0.0, in 0.0..=1e3;
        /// Whether `mean k(t, t')` counts, a constant to the student: public code leaves it out.
        teacher_term: bool = true;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::operator! {
    /// Deep mutual learning: networks that are trained together, each of which follows what the others say of the same images.
    ///
    /// Of each network i the sum over the others j of `KL(p_j || p_i)`, the mean over the batch; p are class probabilities by each network's own prototypes, without margin, and p_j is a constant to network i. Beside it stands a classification of each network.
    ///
    /// Source: Zhang et al., "Deep Mutual Learning", CVPR 2018; the released code sums over the others, the paper averages.
    pub struct Mutual("mutual", 1, |_| Type::Objective) {
        /// What all of them see.
        data: DrawnRef;
        /// The networks, by their names in the stage.
        between: Vec<NetName>;
        /// What probabilities are softened by.
        temperature: Curve = Curve::Constant(1.0), in 1e-3..=1e3;
        /// Whether the others are averaged, as in the paper, instead of summed.
        average: bool = false;
        /// How logits are made.
        logits: PlainLogits = PlainLogits::Cosine;
        /// What cosines are multiplied by.
        scale: f64 = 64.0, in 0.0..=1e4;
        /// The slot of the prototypes.
        slot: String = "main".to_owned();
    }
}

crate::connected!(Kd, SINGLE, {
    fn teacher(&self) -> Option<(ModelRef, DrawnRef)> {
        Some((self.teacher, self.data))
    }
    fn teacher_slot(&self) -> Option<&str> {
        self.teacher_slot.as_deref()
    }
    fn prototypes(&self) -> Option<(DrawnRef, &str)> {
        Some((self.data, &self.slot))
    }
});
crate::connected!(Rkd, SINGLE, {
    fn teacher(&self) -> Option<(ModelRef, DrawnRef)> {
        Some((self.teacher, self.data))
    }
});
crate::connected!(Sp, SINGLE, {
    fn teacher(&self) -> Option<(ModelRef, DrawnRef)> {
        Some((self.teacher, self.data))
    }
});
crate::connected!(Feature, SINGLE, {
    fn teacher(&self) -> Option<(ModelRef, DrawnRef)> {
        Some((self.teacher, self.data))
    }
});
crate::connected!(Nst, SINGLE, {
    fn teacher(&self) -> Option<(ModelRef, DrawnRef)> {
        Some((self.teacher, self.data))
    }
});
crate::connected_between!(Mutual, MUTUAL, {
    fn prototypes(&self) -> Option<(DrawnRef, &str)> {
        Some((self.data, &self.slot))
    }
});
