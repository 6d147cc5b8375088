//! Every head and every term: what it minimises falls, a stage of it goes on with the same bits, and none is forgotten.

use super::methods::assert_falls;
use super::*;
use ddl::lang::decl::Call;
use ddl::lang::types::Type;
use ddl::lang::value::Args;
use ddl::ops::terms::Term;
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Heads, with what else `classify` is told and the learning rate that suits their scale.
const HEADS: &[(&str, &str, f64)] = &[
    ("softmax()", "", 0.05),
    ("arcface(scale = 8, margin = 0.1rad)", "", 0.05),
    ("combined(scale = 8, angle = 0.1rad, cosine = 0.05)", "", 0.05),
    ("lsoftmax(factor = 2, blend = 10 |> inverse(gamma = 0.1, to = 1))", "", 0.02),
    ("sphereface(factor = 2, blend = 10 |> inverse(gamma = 0.1, to = 1))", "", 0.02),
    ("sphereface_r(scale = 8, factor = 1.4)", "", 0.05),
    ("normface(scale = 8, learn_scale = true)", "", 0.05),
    ("amsoftmax(scale = 8, margin = 0.1)", "", 0.05),
    ("subcentre_arcface(centres = 2, scale = 8, margin = 0.1rad)", "", 0.05),
    ("sv_softmax(form = \"am\", scale = 8, margin = 0.1)", "", 0.05),
    ("mv_softmax(form = \"arc\", weight = \"fixed\", scale = 8, margin = 0.1)", "", 0.05),
    ("curricularface(scale = 8, margin = 0.1rad)", "", 0.05),
    ("magface(scale = 8, shortest = 1, longest = 20, least = 0.1rad, most = 0.2rad, regulariser = 1)", "", 0.02),
    ("adaface(scale = 8, margin = 0.1)", "", 0.05),
    ("cosface(scale = 8, margin = 0.1)", ", sample = 50%", 0.05),
    ("cosface(scale = 8, margin = 0.1)", ", filter = 0.5", 0.05),
    ("cosface(scale = 8, margin = 0.1)", ", reduce = ohem(keep = 75%)", 0.05),
    ("cosface(scale = 8, margin = 0.1)", ", reduce = focal()", 0.05),
];

/// Terms over several images of each person, with what falls and a learning rate.
const METRIC: &[(&str, &str, f64)] = &[
    ("contrastive(b)", "loss", 0.05),
    ("contrastive(b, hinge = \"square\", reduce = ohem(keep = 50%))", "loss", 0.05),
    ("triplet(b, mining = \"all\", margin = 0.5)", "loss", 0.05),
    ("triplet(b, mining = \"hardest\", distance = \"euclidean\", soft = true)", "loss", 0.05),
    ("triplet(b, mining = \"violating\", distance = \"angle\", margin = 0.35)", "loss", 0.05),
    ("marginal(b, reduce = focal(gamma = 1))", "loss", 0.05),
    ("range_loss(b, intra = 0.1, inter = 1, margin = 1, normalise = true)", "loss", 0.05),
    ("histogram_loss(b)", "loss", 0.05),
    ("histogram_loss(b, fit = \"beta\", cost = \"linear\", margin = 0.5)", "loss", 0.05),
    ("n_pair(b, normalise = true, scale = 8)", "loss", 0.05),
    ("classify(b, arc, pool = multicolumn())", "loss", 0.05),
    ("classify(b, arc, pool = multicolumn(content = false), set_size = 2)", "loss", 0.05),
    ("compare_sets(b, comparator(landmarks = 4, hidden = 16))", "loss", 1.0),
    ("classify(b, arc) + 0.1 * center(b)", "center", 0.02),
    ("classify(b, arc) + 0.1 * center(b, form = \"whole\", step = \"gradient\", centres = \"class_means\")", "center", 0.02),
    ("classify(b, arc) + 0.1 * center(b) + 0.1 * center(b, slot = \"other\", rate = 0.1)", "loss", 0.02),
    (
        "classify(b, arc)
         + ddl(teacher = branch(pairs = draw(easy, by = pairs(), size = 8), negatives = draw(easy, by = balanced(), size = 12)),
               students = [branch(pairs = draw(hard, by = pairs(), size = 8), negatives = draw(hard, by = balanced(), size = 12))])",
        "loss",
        0.05,
    ),
];

/// Terms with a teacher over the draw `e`, with a learning rate.
const TAUGHT: &[(&str, f64)] = &[
    ("kd(e, teacher = taught, temperature = 2, scale = 16)", 0.05),
    ("kd(e, teacher = taught, temperature = 2, scale = 16, reduce = focal())", 0.05),
    ("kd(e, teacher = taught, temperature = 4 |> ramp(to = 1, over = 50%), logits = \"linear\", reduce = ohem(keep = 75%))", 0.01),
    ("rkd(e, teacher = taught)", 0.01),
    ("10 * sp(e, teacher = taught)", 0.05),
    ("sp(e, teacher = other, normalise = \"features\")", 0.05),
    ("sp(e, teacher = taught, at = tap(\"stage3\"), teacher_at = tap(\"stage2\"))", 0.05),
    ("feature(e, teacher = taught)", 0.05),
    ("feature(e, teacher = taught, distance = \"cosine\", at = tap(\"trunk\"), slot = \"maps\")", 0.05),
    ("feature(e, teacher = other, normalise = true)", 0.5),
    ("nst(e, teacher = taught, at = tap(\"stage2\"))", 0.05),
    ("nst(e, teacher = other, at = tap(\"stage1\"), teacher_at = tap(\"stage2\"), teacher_term = false)", 0.05),
];

/// Games: whoever is to win plays against others that stand still.
const GAMES: &[(&str, &str, &str)] = &[
    (
        "{a = net}",
        "play(adversary(d, judge, teacher = taught), updates = [critic], optimizer = adam(lr = 0.002)),
         play(classify(d, arc), updates = [a], optimizer = sgd(lr = 0.0))",
        "play1.adversary",
    ),
    (
        "{a = net}",
        "play(adversary(d, judge, teacher = taught), updates = [critic], optimizer = sgd(lr = 0.0)),
         play(fool(d, judge), updates = [a], optimizer = sgd(lr = 0.1, momentum = 0.9))",
        "play2.fool",
    ),
    (
        "{a = net, t = other}",
        "play(kdgan(d, three, between = [a, t]), updates = [critic], optimizer = adam(lr = 0.02)),
         play(classify(d, arc, of = a) + classify(d, arc, of = t), updates = [a, t], optimizer = sgd(lr = 0.0))",
        "play1.kdgan",
    ),
];

/// Steps of a stage, and the step of the checkpoint from which it goes on.
const STEPS: u64 = 40;
const SAVED: u64 = 33;

/// A stage of some operators.
struct Row {
    bench: Bench,
    stage: &'static str,
    /// What falls.
    column: &'static str,
    /// What it is called in messages.
    text: String,
}

impl Row {
    fn new(bench: Bench, stage: &'static str, column: &'static str, text: &str) -> Self {
        Row { bench: bench.every(SAVED), stage, column, text: text.to_owned() }
    }

    fn heads() -> Vec<Row> {
        let row = |(head, more, lr): &(&str, &str, f64)| {
            Row::new(super::methods::bench(head, more, *lr, STEPS), "s", "loss", &format!("{head}{more}"))
        };
        HEADS.iter().map(row).collect()
    }

    fn metric() -> Vec<Row> {
        METRIC.iter().map(|(term, column, lr)| Row::new(super::methods::over_pk(term, *lr, STEPS), "s", column, term)).collect()
    }

    fn taught() -> Vec<Row> {
        let bench = |term, lr| super::distil::recipe(term, STEPS, &super::distil::sgd(lr), ", augment = [flip()]");
        TAUGHT.iter().map(|(term, lr)| Row::new(bench(term, *lr), "s", "loss", term)).collect()
    }

    fn several() -> Vec<Row> {
        let mined = "co_mining(d, between = [a, b], scale = 8, margin = 0.1rad, drop = 0.3)";
        let together = [super::mutual::MUTUAL, mined].map(|terms| (super::mutual::recipe(terms, STEPS, ""), "loss", terms));
        let games = GAMES.iter().map(|(nets, plays, column)| (super::plays::recipe(nets, plays, STEPS, ""), *column, *plays));
        together.into_iter().chain(games).map(|(bench, column, text)| Row::new(bench, "both", column, text)).collect()
    }

    /// What is added to networks, and what reads the samples' pose.
    fn added() -> Vec<Row> {
        let rows = super::extended::RECIPES.iter();
        rows.map(|(recipe, stage, column)| Row::new(super::extended::recipe(recipe, STEPS), stage, column, recipe)).collect()
    }

    /// The operators of its stage.
    fn operators(&self) -> BTreeSet<String> {
        let train: &Train = self.bench.plan.get(self.bench.node(self.stage)).unwrap();
        let mut found = BTreeSet::new();
        for weighted in train.terms() {
            found.insert(weighted.term.name().to_owned());
            if let Term::Classify(classify) = &weighted.term {
                found.insert(classify.head.name().to_owned());
            }
        }
        found
    }

    fn train(&self) -> Trained {
        self.bench.train_from(self.stage, &self.bench.source_of(self.stage)).unwrap()
    }

    fn holds(&self) {
        let whole = self.train();
        let column = whole.log.column(self.column).unwrap();
        // a loss may lie below 0 (`nst` without the teacher's own part): what matters is how far it falls
        let least = column.iter().copied().fold(f32::MAX, f32::min).min(0.0);
        let shifted: Vec<f32> = column.iter().map(|x| x - least + if least < 0.0 { 0.01 } else { 0.0 }).collect();
        assert_falls(&self.text, &shifted);
        // the checkpoint is still there, as if the run had been killed before its end
        let resumed = self.train();
        assert!(self.bench.events().iter().any(|event| matches!(event, Event::Resumed { step: SAVED, .. })), "{}", self.text);
        let all = |trained: &Trained| trained.models.iter().map(bits).collect::<Vec<_>>();
        assert_eq!(all(&resumed), all(&whole), "{}", self.text);
        assert_eq!(resumed.log.column(self.column), whole.log.column(self.column), "{}", self.text);
    }
}

#[test]
fn no_head_and_no_term_is_forgotten() {
    let rows = [Row::heads(), Row::metric(), Row::taught(), Row::several(), Row::added()];
    let trained: BTreeSet<String> = rows.iter().flatten().flat_map(Row::operators).collect();
    let declared = ddl::ops::registry().values().filter(|decl| !decl.hidden).filter(|decl| {
        let call = Call { types: &IndexMap::new(), args: &Args::new() };
        matches!((decl.result)(&call), Type::Head | Type::Objective)
    });
    let declared: Vec<&str> = declared.map(|decl| decl.name).collect();
    assert!(declared.len() > 30, "{declared:?}");
    let forgotten: Vec<&&str> = declared.iter().filter(|name| !trained.contains(**name)).collect();
    assert!(forgotten.is_empty(), "no stage trains {forgotten:?}: give each a row in this file");
}

#[test]
fn every_head_learns_and_goes_on_with_the_same_bits() {
    Row::heads().iter().for_each(Row::holds);
}

#[test]
fn every_metric_term_learns_and_goes_on_with_the_same_bits() {
    Row::metric().iter().for_each(Row::holds);
}

#[test]
fn every_term_with_a_teacher_learns_and_goes_on_with_the_same_bits() {
    Row::taught().iter().for_each(Row::holds);
}

#[test]
fn every_term_of_several_networks_learns_and_goes_on_with_the_same_bits() {
    Row::several().iter().for_each(Row::holds);
}

#[test]
fn what_is_added_to_networks_learns_and_goes_on_with_the_same_bits() {
    Row::added().iter().for_each(Row::holds);
}
