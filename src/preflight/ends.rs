//! Whether networks end in what terms learn of them: landmarks that are compared and kept apart, bins of angles.

use super::unknown::Unknown;
use crate::diag::Code;
use crate::events::Failure;
use crate::inputs::tables::TableError;
use crate::lang::value::NodeId;
use crate::nets::backbone::hopenet::BINS;
use crate::nets::{Cost, Landmarks, Module, NetError, Network, Role, Shape};
use crate::ops::pooling::Pooling;
use crate::ops::stages::{Chosen, Train};
use crate::ops::terms::{CompareSets, Output, Sees, Term};
use crate::plan::{Plan, costs};

/// Refuses terms over what a network, called so, does not give.
pub(super) fn fits(plan: &Plan, (net, model): (&str, NodeId), cost: &Cost, term: &Term) -> Result<(), Unknown> {
    let name = || if net.is_empty() { &plan.node(model).name } else { net };
    let wrong = |message: String, help: String| Err(Unknown::Failure(Failure::new(Code::Outputs, message).help(help)));
    let (op, wanted) = match term {
        Term::HeadPose(_) if cost.network.tap(BINS).is_err() => {
            let message = format!("`head_pose` learns bins of angles, and `{}` gives none", name());
            return wrong(message, "train a hopenet()".to_owned());
        }
        term if term.it().prototypes().is_some() => {
            describes_faces(name(), &cost.network, &format!("`{}` compares with prototypes", term.name()))?;
            return Ok(());
        }
        Term::Diversity(it) => ("diversity", i64::from(it.landmarks)),
        Term::CompareSets(CompareSets { by: Pooling::Comparator(it), .. }) => ("compare_sets", i64::from(it.landmarks)),
        _ => return Ok(()), // no other term looks at landmarks
    };
    match (landmarks(&cost.network), term) {
        (Some(has), _) if has != wanted => {
            let said = if op == "diversity" { "diversity(data, landmarks = " } else { "comparator(landmarks = " };
            wrong(format!("`{op}` looks at {wanted} landmarks, and `{}` has {has}", name()), format!("say as many: {said}{has})"))
        }
        (None, Term::Diversity(_)) => {
            let message = format!("`diversity` keeps attention maps apart, and `{}` has none", name());
            wrong(message, "end the network in some: landmarks(net, at = tap(\"stage3\"))".to_owned())
        }
        (None, _) if !cost.embedding.is_multiple_of(wanted.unsigned_abs()) => {
            let (name, width) = (name(), cost.embedding);
            let message = format!(
                "`{op}` looks at {wanted} landmarks, and embeddings of `{name}` are {width} numbers, which are no {wanted} descriptors of one length"
            );
            let help = "end the network in landmarks(net, at = tap(\"stage3\")), or compare whole embeddings: comparator(landmarks = 1)";
            wrong(message, help.to_owned())
        }
        (Some(_) | None, _) => Ok(()),
    }
}

/// Refuses models of different networks where one model is made of them: which network it has must be known before they are trained.
pub(super) fn one_network(plan: &Plan, id: NodeId) -> Result<(), Unknown> {
    let Some([one, another]) = unlike(plan, id, false)? else { return Ok(()) };
    let node = plan.node(id);
    let what = if node.is::<Chosen>() { "chosen from" } else { "the mean of" };
    let message = format!("`{}` is {what} different networks: {one}, and {another}", node.name);
    let help = "take models of one network; those of different networks are rows of `compare`";
    Err(Unknown::Failure(Failure::new(Code::SeveralNetworks, message).help(help)))
}

/// Refuses to train a model on of which the run decides how it is trained: one that is chosen from, or the mean of, networks with other
/// dropout.
pub(super) fn trains_one_network(plan: &Plan, stage: &Train) -> Result<(), Unknown> {
    for (_, model) in stage.model.all() {
        let way = std::iter::successors(Some(model.node), |at| plan.source(*at).ok());
        for id in way.take_while(|id| !plan.node(*id).is::<Train>()) {
            let Some([one, another]) = unlike(plan, id, true)? else { continue };
            let message = format!("how `{}` is trained on is not known: {one}, and {another}", plan.node(id).name);
            let help = "train on a model of one of these, named for itself";
            return Err(Unknown::Failure(Failure::new(Code::SeveralNetworks, message).help(help)));
        }
    }
    Ok(())
}

/// The first of the models that one is made of and another whose network differs from it, each with what it has (`` `s` has side = 16px
/// ``).
fn unlike(plan: &Plan, id: NodeId, trained: bool) -> Result<Option<[String; 2]>, Unknown> {
    let models = plan.one_of_several(id).map_err(TableError::from)?;
    let Some((first, others)) = models.split_first() else { return Ok(None) };
    for other in others {
        if let Some([one, another]) = costs::unlike(plan, first.node, other.node, trained).map_err(TableError::from)? {
            let [first, other] = [first.node, other.node].map(|model| &plan.node(model).name);
            return Ok(Some([format!("`{first}` has {one}"), format!("`{other}` {another}")]));
        }
    }
    Ok(None)
}

/// Refuses terms that compare outputs of two networks which can't be compared: maps of different height or width, embeddings of different
/// widths.
pub(super) fn comparable(student: (&str, &Network), teacher: Option<(&str, &Network)>, term: &Term) -> Result<(), Unknown> {
    let Some(teacher) = teacher else { return Ok(()) };
    let (at, teacher_at) = match term {
        Term::Feature(it) => (it.at.as_ref(), it.teacher_at.as_ref().or(it.at.as_ref())),
        Term::Nst(it) => (Some(&it.at), it.teacher_at.as_ref().or(Some(&it.at))),
        Term::Adversary(it) if it.critic.it().sees == Sees::Embedding => (None, None),
        _ => return Ok(()), // no other term compares outputs number by number
    };
    let sides = |(name, network): (&str, &Network), at: Option<&Output>| {
        let no = |error: NetError| Unknown::Failure(Failure::new(Code::Outputs, format!("{}: `{name}`: {error}", term.name())));
        let shapes = network.shapes().map_err(no)?;
        let layer = at.map_or(Ok(shapes.len().saturating_sub(1)), |at| network.tap(at.layer())).map_err(no)?;
        Ok::<_, Unknown>(shapes.get(layer).copied().map(Shape::sides).unwrap_or_default())
    };
    let (own, other) = (sides(student, at)?, sides(teacher, teacher_at)?);
    let compares = match term {
        // channels may differ: a map between them is learned
        Term::Feature(_) => !own.is_empty() && own.len() == other.len() && own[1..] == other[1..],
        // the larger map is averaged down
        Term::Nst(_) => own.len() == 3 && other.len() == 3,
        _ => own == other && own.len() == 1,
    };
    if compares {
        return Ok(());
    }
    let (op, student, teacher) = (term.name(), student.0, teacher.0);
    let message = format!("{op}: `{student}` gives {own:?}, and `{teacher}` gives {other:?}: these can't be compared");
    let help =
        if matches!(term, Term::Adversary(_)) { "take networks of one width" } else { "tap parts whose outputs have one height and width" };
    Err(Unknown::Failure(Failure::new(Code::Outputs, message).help(help)))
}

/// Refuses a stage in which every part of every network stays, and no term has anything of its own that learns.
pub(super) fn something_learns(plan: &Plan, it: &Train, networks: &[(NodeId, &Network)]) -> Result<(), Unknown> {
    let learns = |(model, network): &(NodeId, &Network)| {
        // parts that the network does not have were said by the compiler
        let Ok(frozen) = network.freeze(&plan.frozen(it, *model)) else { return true };
        network.specs().iter().any(|spec| spec.role == Role::Parameter && frozen.trains(&spec.name))
    };
    let brings = |term: &Term| {
        let has = term.it();
        has.prototypes().is_some() || has.critic().is_some() || has.pool().is_some() || matches!(term, Term::Feature(_))
    };
    if it.terms().any(|weighted| brings(&weighted.term)) || networks.iter().any(learns) {
        return Ok(());
    }
    let message = "nothing learns: every part of the network is frozen and no term has prototypes";
    Err(Unknown::Failure(Failure::new(Code::NothingLearns, message).help("freeze less")))
}

/// Refuses a term that brings embeddings of several networks of a stage together whose widths differ.
pub(super) fn one_width(networks: &[(&str, &Network)], term: &Term) -> Result<(), Unknown> {
    if !matches!(term, Term::CoupledMapping(_)) {
        return Ok(()); // others compare what networks say of people, not their numbers
    }
    let between = term.it().nets();
    let of = |name: &&str| networks.iter().find(|(known, _)| known == name).map(|(_, network)| network.embedding().unwrap_or_default());
    let widths: Vec<i64> = between.iter().filter_map(of).collect();
    if widths.windows(2).all(|pair| pair[0] == pair[1]) {
        return Ok(());
    }
    let message = format!("{}: its networks give embeddings of {widths:?} numbers: these can't be compared", term.name());
    Err(Unknown::Failure(Failure::new(Code::Outputs, message).help("take networks of one width")))
}

/// Refuses a network that gives something else than a face's descriptor where one is looked at.
pub(super) fn describes_faces(net: &str, network: &Network, who: &str) -> Result<(), Unknown> {
    if network.tap(BINS).is_err() {
        return Ok(());
    }
    let message = format!("{who} descriptors of faces, and `{net}` gives the angles of a head");
    let help = "train it by head_pose(…), and take another network for who a face is";
    Err(Unknown::Failure(Failure::new(Code::Outputs, message).help(help)))
}

/// Refuses a network that says no angles of a head where one is asked for.
pub(super) fn gives_angles(net: &str, network: &Network, who: &str) -> Result<(), Unknown> {
    if network.tap(BINS).is_ok() {
        return Ok(());
    }
    let message = format!("{who}, and `{net}` says no angles of a head");
    Err(Unknown::Failure(Failure::new(Code::Outputs, message).help("ask a hopenet(weights = …)")))
}

/// How many landmarks a network ends in.
fn landmarks(network: &Network) -> Option<i64> {
    match network.layers.last()?.modules.last()? {
        Module::Attend(Landmarks { count }) => Some(*count),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::compile::{Options, compile};
    use crate::data::probe::ProbeCache;
    use crate::source::Memory;
    use std::path::Path;

    /// The errors of a plan, each with its first line.
    fn said(text: &str) -> Vec<String> {
        let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
        assert!(!compiled.has_errors(), "{text}: {:?}", compiled.diagnostics);
        let (_, said) = compiled.known_plan(ProbeCache::none());
        let errors = said.into_iter().filter(|it| it.severity == crate::diag::Severity::Error);
        errors.map(|it| format!("{} {}", it.code.text(), it.message)).collect()
    }

    /// Every argument of networks that changes what they compute, by which models of two arms may differ; what they start from is none.
    #[test]
    fn one_model_is_made_of_models_of_one_network_alone() {
        let of = |axis: &str, net: &str, made: &str| {
            said(&format!(
                "ddl 1
                 dataset faces = synthetic_faces(identities = 8, images = 4, size = 32px)
                 sweep x in {axis}
                 eval e = verification(faces, pairs = random_pairs(folds = 2, per_fold = 4))
                 stage z = train({net}, classify(faces, arcface()), batch = 8, for = 2 steps, optimizer = sgd(lr = 0.1))
                 stage q = {made}
                 report t = compare({{\"q\" = q}}, columns = [e.eer])"
            ))
        };
        let select = "select(z, by = e.eer, over = [x])";
        for made in [select, "average(z, over = [x])"] {
            for (axis, net) in [
                ("[48px, 16px]", "tiny(embedding = 8, side = x, width = 8)"),
                ("[8, 16]", "tiny(embedding = x, side = 32px, width = 8)"),
                ("[8, 16]", "tiny(embedding = 8, side = 32px, width = x)"),
                ("[tiny(embedding = 8), ir(18)]", "x"),
                ("[tiny(embedding = 8), mapping(tiny(embedding = 8))]", "x"),
                ("[20deg, 40deg]", "dream(tiny(embedding = 8), yaw = .yaw, from = x)"),
                ("[\"rgb\", \"bgr\"]", "ir(18, colour = x)"),
                ("[1, 2]", "vit(\"t\", heads = x)"),
            ] {
                let said = of(axis, net, made);
                assert!(matches!(said.as_slice(), [one] if one.starts_with("ddl::run::several_networks")), "{net} {made}: {said:#?}");
            }
            let rates = of("[0.1, 0.3]", "ir(18, dropout = x)", made);
            assert_eq!(rates, Vec::<String>::new(), "{made}: a rate of training alone");
            let on =
                "\n                 stage on = train(q, classify(faces, arcface()), batch = 8, for = 2 steps, optimizer = sgd(lr = 0.1))";
            let said = of("[0.1, 0.3]", "ir(18, dropout = x)", &format!("{made}{on}"));
            assert!(matches!(said.as_slice(), [one] if one.starts_with("ddl::run::several_networks")), "{made}: {said:#?}");
            let seeds = of("[1, 2]", "tiny(embedding = 8, side = 32px, width = 8, seed = x)", made);
            assert_eq!(seeds, Vec::<String>::new(), "{made}");
        }
    }

    #[test]
    fn a_network_has_an_end_and_a_chain_of_stages_is_no_longer_than_it_is() {
        let chain = |count: usize| (1..=count).fold(String::new(), |all, at| all + &format!("backbone n{at} = mapping(n{})\n", at - 1));
        let of = |count: usize| {
            said(&format!(
                "ddl 1\ndataset faces = synthetic_faces(identities = 8, images = 4)\nbackbone n0 = tiny(embedding = 8)\n{}
                 stage s = train(n{count}, classify(faces, arcface()), batch = 8, for = 2 steps, optimizer = sgd(lr = 0.1))",
                chain(count)
            ))
        };
        assert_eq!(of(64), Vec::<String>::new());
        for count in [65, 3_000] {
            let said = of(count);
            assert!(matches!(said.as_slice(), [one] if one.starts_with("ddl::graph::too_large")), "{count}: {said:#?}");
        }
    }
}
