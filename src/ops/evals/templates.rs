//! Templates, sets of faces of one person: 1:1 verification and 1:N search, the IJB benchmarks.

use super::{Embed, FlipConcat, FlipSum, Judging, Strangers};
use crate::data::protocol::{COUNTS, SEARCH_COUNTS};
use crate::diag::{did_you_mean, one_of};
use crate::lang::decl::{Call, Complaint, Operator as _};
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::ops::augments::Augment;
use crate::ops::pooling::Pooling;
use crate::ops::refs::{DataRef, FilePath};
use indexmap::IndexMap;

crate::choice! {
    /// What a face's feature is before it is pooled.
    pub enum FaceNorm {
        /// It keeps the length that the network gives it, so that a face that the network is sure of counts more (flag N1 of `eval_ijbc.py`;
        /// `use_norm_score = False` of `ijb_evals.py`).
        Keep = "keep",
        /// It is brought to length 1, so that each face counts the same (flag N0 of `eval_ijbc.py`; `use_norm_score = True` of `ijb_evals.py`).
        Unit = "unit",
    }
}

crate::choice! {
    /// Which point of the ROC curve stands for a false accept rate.
    pub enum FarPoint {
        /// The one whose measured rate is nearest, which may exceed what was asked for: the public scripts.
        Nearest = "nearest",
        /// The last whose measured rate does not exceed it.
        Conservative = "conservative",
    }
}

crate::operator! {
    /// 1:1 verification of templates, sets of faces of one person: IJB-B and IJB-C (insightface `eval_ijbc.py`).
    ///
    /// The faces of a medium are averaged, the media of a template summed up, and the sum is brought to length 1; two templates score by their dot
    /// product. Pairs are read as a stream, so fifteen million take no more memory than one. The data are aligned crops under the names that the lists
    /// say; cutting them out by their landmarks is not done here. Flags of the scripts: F is `embed`, N is `norm`, D is `scores`.
    ///
    /// With `pool` the qualities that the judged model has learned weigh in place of these means: within a medium a_i weighs the faces; the medium
    /// counts by the mean of its a_i times its b, which is read from its feature beside the template's. Qualities are read from features
    /// as the network gives them (of `flip_sum`, half the sum); what they weigh is as `norm` says, a medium's feature then at length 1 again.
    ///
    /// With a `comparator` there the score of two templates is what the judged model has learned of comparing two sets, between -1 and 1; a template's features are the largest of its faces in each number.
    pub struct TemplateVerification("template_verification", 1, |_| Type::Eval) {
        /// The aligned crops; paths below their folder are the names in the lists: `image_folder(crops, identity = "(?P<identity>.+)")`.
        data: DataRef;
        /// The list of faces, a line each: `name template medium` (`ijbc_face_tid_mid.txt`).
        templates: FilePath;
        /// The pairs, a line each: `template template label`, 1 for one person (`ijbc_template_pair_label.txt`).
        pairs: FilePath;
        /// A detector's scores, a line for each face: `name x1 y1 … x5 y5 score` (`ijbc_name_5pts_score.txt`). With it each face weighs its score, without it 1.
        scores: Option<FilePath> = None;
        /// How an embedding is made of an image and its flip.
        embed: Embed = Embed::FlipSum(FlipSum {});
        /// What a face's feature is before it is pooled: "keep" leaves it as long as the network makes it, so that faces that the network is sure of count
        /// more (N1 of `eval_ijbc.py`, `use_norm_score = False` of `ijb_evals.py`); "unit" makes each count the same (N0; the other script's True).
        norm: FaceNorm = FaceNorm::Keep;
        /// What the judged model has learned of weighing the images of a set, `classify(…, pool = multicolumn())`, or of comparing two sets,
        /// `compare_sets(data, comparator())`. It takes the place of a detector's scores.
        pool: Option<Pooling> = None;
        /// Which point of the ROC curve stands for a false accept rate: the one whose measured rate is nearest, which may exceed it (the public scripts), or the
        /// last that does not exceed it.
        threshold: FarPoint = FarPoint::Nearest;
        /// How often something must be there, so that a file that was cut off is found: any of faces, templates, media, pairs, genuine.
        counts: IndexMap<String, u64> = IndexMap::new(), in 1.0..=1e12;
    }
    check = sensible;
}

crate::operator! {
    /// 1:N identification of templates, sets of faces of one person: IJB-B and IJB-C (insightface `ijb_evals.py`).
    ///
    /// Templates are pooled as a `template_verification` pools them; a person of the gallery scores by their best template, and everything else is as in
    /// an `identification`. IJB has two galleries that share the probes, and each probe has its mate in one of them. A `panel` of both gives what
    /// `ijb_evals.py` prints: the mean of `tpir`, and the ranks of all probes counted together, which are no mean where the galleries have other numbers of
    /// probes: `n.mean.tpir(1%)` and `n.pooled.rank(1)` of `eval n = panel({g1 = …, g2 = …})`. `ijb_1n.py` searches both galleries as one: `gallery = g1,
    /// with = g2`, then `recall(1%)`.
    pub struct TemplateIdentification("template_identification", 1, |_| Type::Eval) {
        /// The aligned crops; paths below their folder are the names in the list of faces: `image_folder(crops, identity = "(?P<identity>.+)")`.
        data: DataRef;
        /// The list of faces, a line each: `name template medium` (`ijbc_face_tid_mid.txt`).
        templates: FilePath;
        /// The templates that are searched: a csv with a header whose first columns are template and person (`ijbc_1N_gallery_G1.csv`).
        gallery: FilePath;
        /// The templates whose people are looked for, in the same form (`ijbc_1N_probe_mixed.csv`).
        probe: FilePath;
        /// A detector's scores, a line for each face: `name x1 y1 … x5 y5 score` (`ijbc_name_5pts_score.txt`). With it each face weighs its score, without it 1.
        scores: Option<FilePath> = None;
        /// What happens to probes of people who have no template in the gallery.
        strangers: Strangers = Strangers::Refuse;
        /// How an embedding is made of an image and its flip.
        embed: Embed = Embed::FlipSum(FlipSum {});
        /// What a face's feature is before it is pooled, as in a `template_verification`.
        norm: FaceNorm = FaceNorm::Keep;
        /// What the judged model has learned of weighing the images of a set, or of comparing two sets, as in a `template_verification`.
        pool: Option<Pooling> = None;
        /// A second list of templates that are searched together with the first: a closed set over both galleries (`ijb_1n.py`), every probe with a mate.
        with: Option<FilePath> = None;
        /// How often something must be there, so that a file that was cut off is found: any of faces, templates, media, gallery, probe.
        counts: IndexMap<String, u64> = IndexMap::new(), in 1.0..=1e12;
    }
    check = search_sensible;
}

fn sensible(call: &Call) -> Vec<Complaint> {
    [counted(call, &COUNTS), pools(call)].concat()
}

fn search_sensible(call: &Call) -> Vec<Complaint> {
    [counted(call, &SEARCH_COUNTS), pools(call)].concat()
}

/// A learned pooling is told how faces weigh by nothing else, and reads embeddings as networks give them.
fn pools(call: &Call) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let given = |name: &str| call.args.get(name).is_some_and(|value| *value != Value::None);
    if given("pool") && given("scores") {
        let message = "a learned pooling weighs faces itself, and so would a detector's scores".to_owned();
        complaints.push(Complaint { param: Some("scores"), message, help: Some("leave one of `scores` and `pool` out".to_owned()) });
    }
    if given("pool") && matches!(call.args.get("embed"), Some(Value::Op(embed)) if embed.op() == FlipConcat::NAME) {
        let message = "a pooling is learned of embeddings, and these are two side by side".to_owned();
        complaints.push(Complaint { param: Some("embed"), message, help: Some("take flip_sum() or plain()".to_owned()) });
    }
    complaints
}

/// Only what can be counted is.
pub(super) fn counted(call: &Call, known: &[&'static str]) -> Vec<Complaint> {
    let Some(Value::Record(counts)) = call.args.get("counts") else { return Vec::new() };
    let complain = |message: String, help: Option<String>| Complaint { param: Some("counts"), message, help };
    let wrong = |name: &String| {
        let near = || {
            did_you_mean(name, known.iter().copied())
                .map_or_else(|| format!("one of {}", one_of(known.iter().copied())), |near| format!("did you mean `{near}`?"))
        };
        (!known.contains(&name.as_str())).then(|| complain(format!("nothing is counted as `{name}`"), Some(near())))
    };
    counts.keys().filter_map(wrong).collect()
}

macro_rules! of_templates {
    ($($protocol:ident gives $metrics:expr;)*) => {$(
        impl Judging for $protocol {
            const METRICS: &'static [&'static str] = &$metrics;
            fn embed(&self) -> &Embed {
                &self.embed
            }
            fn pool(&self) -> Option<&Pooling> {
                self.pool.as_ref()
            }
            fn augments(&self) -> [Option<(&Augment, i64)>; 2] {
                [None, None]
            }
        }
    )*};
}

of_templates! {
    TemplateVerification gives ["tar", "eer", "auc", "gap", "d_prime", "fmr", "fnmr"];
    TemplateIdentification gives ["rank", "tpir", "recall"];
}
