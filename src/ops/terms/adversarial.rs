//! Terms that play against each other: a critic learns to tell two things apart, and a network learns that it can't.
//!
//! They stand in different `plays` of a stage. What a critic has learned is state of the stage's first network, kept by its slot; a play that
//! updates it names the slot.

use super::about;
use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::ops::curves::Curve;
use crate::ops::refs::{DrawnRef, ModelRef, NetName};
use crate::ops::terms::distil::PlainLogits;

crate::choice! {
    /// What a critic looks at.
    pub enum Sees {
        /// Logits over the people of the data.
        Logits = "logits",
        /// Embeddings; those of both sides must have one width.
        Embedding = "embedding",
        /// Probabilities of people, beside the embedding of the network `by`.
        Labels = "labels",
    }
}

crate::operator! {
    /// A critic: linear layers with leaky rectifiers (slope 0.2) between them, and one number at the end.
    pub struct Critic("critic", 1, |_| Type::Critic) {
        /// Widths of the layers between input and end.
        hidden: Vec<u32> = vec![256], in 1.0..=65_536.0;
        /// What it looks at.
        sees: Sees = Sees::Logits;
        /// The network whose embedding it looks at beside labels.
        by: Option<NetName> = None;
        /// How logits are made.
        logits: PlainLogits = PlainLogits::Cosine;
        /// What cosines are multiplied by.
        scale: f64 = 64.0, in 0.0..=1e4;
        /// The slot of the prototypes that logits are made by.
        prototypes: String = "main".to_owned();
        /// The slot under which it is kept, and by which a play updates it.
        slot: String = "critic".to_owned();
    }
    check = sees_by_a_network;
}

fn sees_by_a_network(call: &Call) -> Vec<Complaint> {
    let labels = matches!(call.args.get("sees"), Some(Value::Text(sees)) if &**sees == "labels");
    let by = call.args.get("by").is_some_and(|by| *by != Value::None);
    match (labels, by) {
        (true, false) => vec![about("sees", "a critic of labels sees the images by a network".to_owned(), "name it: by = a")],
        (false, true) => {
            vec![about("by", "only a critic of labels needs a network to see by".to_owned(), "leave it out, or say: sees = \"labels\"")]
        }
        (true, true) | (false, false) => Vec::new(),
    }
}

crate::family! {
    /// Any critic.
    pub enum AnyCritic: Type::Critic => { Critic }
}

impl AnyCritic {
    /// The critic itself.
    pub fn it(&self) -> &Critic {
        match self {
            AnyCritic::Critic(it) => it,
        }
    }
}

crate::operator! {
    /// Adversarial distillation, the critic's side: it learns to tell the teacher's outputs from the student's. The student gets no gradient of it; its side is `fool`.
    ///
    /// `-mean log D(t) - mean log(1 - D(s))`, D the logistic function of the critic's number.
    ///
    /// Source: Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, over logits as in Xu et al., "Training Shallow and Thin Networks for Acceleration via Knowledge Distillation with Conditional Adversarial Networks", 2018 (its class prediction is the student's own `classify`).
    pub struct Adversary("adversary", 1, |_| Type::Objective) {
        /// What both networks see.
        data: DrawnRef;
        /// The critic.
        critic: AnyCritic;
        /// The model that teaches.
        teacher: ModelRef;
        /// The slot of the teacher's prototypes; the critic's without.
        teacher_slot: Option<String> = None;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
    check = not_of_labels;
}

fn not_of_labels(call: &Call) -> Vec<Complaint> {
    let labels = matches!(call.args.get("critic"), Some(Value::Op(critic)) if matches!(critic.args.get("sees"), Some(Value::Text(sees)) if &**sees == "labels"));
    let message = "`adversary` compares two networks, and this critic sees labels".to_owned();
    if labels { vec![about("critic", message, "a critic of labels plays in `kdgan`")] } else { Vec::new() }
}

crate::operator! {
    /// The other side of `adversary` and of `kdgan`: the network learns that the critic can't tell it from the teacher, or from the data. The critic gets no gradient of it.
    ///
    /// `-mean log D(s)`; `saturating` takes the game's own `mean log(1 - D(s))`. Before a critic of labels, s is drawn from the network's probabilities by the Gumbel-softmax relaxation.
    ///
    /// Source: as `adversary` and `kdgan`.
    pub struct Fool("fool", 2, |_| Type::Objective) {
        /// What the network sees.
        data: DrawnRef;
        /// The critic.
        critic: AnyCritic;
        /// Whether the game's own form is taken.
        saturating: bool = false;
        /// The temperature of the Gumbel-softmax relaxation.
        temperature: Curve = Curve::Constant(1.0), in 1e-3..=1e3;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
    changes = [(2, "the critic gets no gradient of it, in a play that updates both sides too")];
}

crate::operator! {
    /// KDGAN, the critic's side: it learns to tell the true people from those that two networks, a classifier c and a teacher t, say. Both play against it by `fool`, and teach each other by `mutual` in the plays that update them.
    ///
    /// `-mean log D(x, y) - alpha mean log(1 - D(x, z_c)) - (1 - alpha) mean log(1 - D(x, z_t))`, z drawn from each network's probabilities by the Gumbel-softmax relaxation.
    ///
    /// Source: Wang et al., "KDGAN: Knowledge Distillation with Generative Adversarial Networks", NeurIPS 2018; their code takes alpha 0.5, a distillation temperature of 3, and a Gumbel temperature that falls from 10 to 0.1.
    pub struct KdGan("kdgan", 1, |_| Type::Objective) {
        /// What all of them see.
        data: DrawnRef;
        /// The critic, of labels.
        critic: AnyCritic;
        /// The classifier and the teacher, by their names in the stage.
        between: Vec<NetName>;
        /// The classifier's share.
        alpha: f64 = 0.5, in 0.0..=1.0;
        /// The temperature of the Gumbel-softmax relaxation.
        temperature: Curve = Curve::Constant(1.0), in 1e-3..=1e3;
    }
    check = of_labels;
}

fn of_labels(call: &Call) -> Vec<Complaint> {
    let labels = match call.args.get("critic") {
        Some(Value::Op(critic)) => matches!(critic.args.get("sees"), Some(Value::Text(sees)) if &**sees == "labels"),
        _ => true, // known later, or wrong already
    };
    let message = "`kdgan` needs a critic that sees labels".to_owned();
    if labels { Vec::new() } else { vec![about("critic", message, "write: critic(sees = \"labels\", by = t)")] }
}

crate::connected!(Adversary, CRITIC, {
    fn teacher(&self) -> Option<(ModelRef, DrawnRef)> {
        Some((self.teacher, self.data))
    }
    fn teacher_slot(&self) -> Option<&str> {
        self.teacher_slot.as_deref()
    }
    fn critic(&self) -> Option<&Critic> {
        Some(self.critic.it())
    }
    fn prototypes(&self) -> Option<(DrawnRef, &str)> {
        by_logits(&self.critic).map(|slot| (self.data, slot))
    }
});
crate::connected!(Fool, SINGLE, {
    fn critic(&self) -> Option<&Critic> {
        Some(self.critic.it())
    }
    fn prototypes(&self) -> Option<(DrawnRef, &str)> {
        by_logits(&self.critic).map(|slot| (self.data, slot))
    }
});
crate::connected_between!(KdGan, CRITIC, {
    fn critic(&self) -> Option<&Critic> {
        Some(self.critic.it())
    }
    fn prototypes(&self) -> Option<(DrawnRef, &str)> {
        by_logits(&self.critic).map(|slot| (self.data, slot))
    }
});

/// The slot of the prototypes that a critic needs, if it sees by them.
fn by_logits(critic: &AnyCritic) -> Option<&str> {
    match critic.it().sees {
        Sees::Logits | Sees::Labels => Some(&critic.it().prototypes),
        Sees::Embedding => None,
    }
}
