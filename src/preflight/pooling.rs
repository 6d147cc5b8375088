//! Whether a judged model has learned the pooling that its protocol pools by: the plan knows every stage that it was made by.

use super::unknown::Unknown;
use crate::diag::{Code, one_of};
use crate::events::Failure;
use crate::inputs::tables::TableError;
use crate::lang::value::NodeId;
use crate::ops::evals::Protocol;
use crate::ops::node::Node;
use crate::ops::outputs::Judge;
use crate::ops::pooling::Pooling;
use crate::ops::refs::{EvalRef, NetName};
use crate::ops::stages::{Keep, Stop, Train, Watch};
use crate::plan::{Plan, PlanError};
use std::collections::BTreeSet;

/// Refuses a judgement by a pooling that its model has not learned.
pub(super) fn was_learned(plan: &Plan, it: &Judge) -> Result<(), Unknown> {
    if !it.of.is_empty() {
        return Ok(()); // scores that others judge
    }
    let learned = || of_model(plan, it.model.node);
    pools(plan, &format!("`{}`", plan.node(it.model.node).name), it.eval, learned)
}

/// Refuses a stage that judges its own networks on the way by a pooling that they neither have nor learn there.
pub(super) fn is_learned_on_the_way(plan: &Plan, stage: &Train) -> Result<(), Unknown> {
    let nets = || stage.model.all().into_iter().map(|(name, _)| name);
    let named = |of: Option<&NetName>| of.map_or_else(|| nets().next().unwrap_or_default().to_owned(), |net| net.0.clone());
    let mut looks: Vec<(String, EvalRef)> = Vec::new();
    if let Some(Watch::Every(watch)) = &stage.watch {
        looks.extend(nets().flat_map(|net| watch.evals.iter().map(move |eval| (net.to_owned(), *eval))));
    }
    if let Some(Keep::Best(best)) = &stage.keep {
        looks.push((named(best.of.as_ref()), best.metric.eval()));
    }
    if let Some(Stop::Plateau(plateau)) = &stage.stop {
        looks.push((named(plateau.of.as_ref()), plateau.metric.eval()));
    }
    let what = |net: &str| if net.is_empty() { "the network of this stage".to_owned() } else { format!("`{net}` of this stage") };
    looks.into_iter().try_for_each(|(net, eval)| pools(plan, &what(&net), eval, || of_net(plan, stage, &net)))
}

fn pools(plan: &Plan, model: &str, eval: EvalRef, learned: impl FnOnce() -> Result<Vec<Pooling>, PlanError>) -> Result<(), Unknown> {
    let protocol: &Protocol = plan.get(eval.node).map_err(TableError::from)?;
    let Some(pool) = protocol.pool() else { return Ok(()) };
    let learned = learned().map_err(TableError::from)?;
    if learned.iter().any(|other| pool.is_part_of(other)) {
        return Ok(());
    }
    Err(Unknown::Failure(missing(model, Some(&plan.node(eval.node).name), pool, &learned)))
}

/// What to say of a model (`` `s` ``) that has not learned a pooling, but these.
pub fn missing(model: &str, eval: Option<&str>, pool: &Pooling, learned: &[Pooling]) -> Failure {
    let (name, slot) = (pool.name(), pool.slot());
    let by = eval.map_or_else(String::new, |eval| format!(", by which `{eval}` pools"));
    let there = learned.iter().find(|other| other.slot() == slot);
    let (message, help) = if let (Some(Pooling::Comparator(other)), Pooling::Comparator(_)) = (there, pool) {
        let sizes = format!("comparator(landmarks = {}, hidden = {})", other.landmarks, other.hidden);
        (format!("{model} has learned `{name}` (slot \"{slot}\") of other sizes{by}"), format!("say those that it has learned: {sizes}"))
    } else if there.is_some_and(|other| other.name() == name) {
        let message = format!("{model} has learned `{name}` (slot \"{slot}\") without content quality{by}");
        (message, format!("pool by what it has: {name}(content = false), or train it with content quality"))
    } else if learned.is_empty() {
        let help = match pool {
            Pooling::Multicolumn(_) => {
                "train it on sets: classify(draw(data, by = pk(identities = 16, images = 3)), head, pool = multicolumn())"
            }
            Pooling::Comparator(_) => "train it on sets: compare_sets(draw(data, by = pk(identities = 16, images = 4)), comparator())",
        };
        let help = help.to_owned();
        (format!("{model} has not learned `{name}` (slot \"{slot}\"){by}"), help)
    } else {
        let slots: BTreeSet<String> = learned.iter().map(|other| format!("{:?}", other.slot())).collect();
        let help = format!("what it has learned is kept under {}", one_of(slots.iter().map(String::as_str)).replace(" or ", " and "));
        (format!("{model} has not learned `{name}` under the slot \"{slot}\"{by}"), help)
    };
    Failure::new(Code::NoPooling, message).help(help)
}

/// The poolings that a model has learned; a file of weights brings none. Of several models that one is made of, those that all of them
/// have.
fn of_model(plan: &Plan, model: NodeId) -> Result<Vec<Pooling>, PlanError> {
    let models = match plan.work(model)? {
        Node::Backbone(_) => return Ok(Vec::new()),
        Node::Net(net) => return of_net(plan, plan.get(net.stage.node)?, &net.name),
        Node::Train(stage) => return of_net(plan, stage, ""),
        _ => plan.one_of_several(model)?,
    };
    if models.is_empty() {
        return of_model(plan, plan.source(model)?);
    }
    let mut of_each = models.iter().map(|model| of_model(plan, model.node));
    let first = of_each.next().transpose()?.unwrap_or_default();
    of_each.try_fold(first, |known, more| {
        let more = more?;
        Ok(known.into_iter().filter(|pool| more.iter().any(|other| pool.is_part_of(other))).collect())
    })
}

/// The poolings that a network has after a stage: what the stage teaches it, and what it had before.
fn of_net(plan: &Plan, stage: &Train, net: &str) -> Result<Vec<Pooling>, PlanError> {
    let models = stage.model.all();
    let source = models.iter().find(|(name, _)| *name == net).or(models.first());
    let mut found = source.map_or_else(|| Ok(Vec::new()), |(_, model)| of_model(plan, model.node))?;
    let teaches = |nets: Vec<&str>| nets.is_empty() || nets.contains(&net);
    let taught = stage.terms().map(|weighted| weighted.term.it()).filter(|term| teaches(term.nets()));
    found.extend(taught.filter_map(|term| term.pool().cloned()));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::compile::{Options, compile};
    use crate::data::probe::ProbeCache;
    use crate::source::Disk;
    use std::fmt::Write as _; // a String takes all that is written to it

    const COMMON: &str = "ddl 1
dataset faces = synthetic_faces(identities = 4, images = 4, size = 32px)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
backbone filed = tiny(embedding = 16, side = 32px, width = 8, weights = \"w.safetensors\")
backbone other = tiny(embedding = 16, side = 32px, width = 8, seed = 1)
batches b = draw(faces, by = pk(identities = 4, images = 4))
head arc = arcface()
let slow = sgd(lr = 0.1)
stage plain = train(net, classify(b, arc), for = 1 epoch, optimizer = slow)
stage sets = train(net, classify(b, arc, pool = multicolumn()), for = 1 epoch, optimizer = slow)
stage later = train(sets, classify(b, arc), for = 1 epoch, optimizer = slow)
stage visual = train(net, classify(b, arc, pool = multicolumn(content = false)), for = 1 epoch, optimizer = slow)
stage both = train({x = net, y = other}, classify(b, arc, pool = multicolumn(), of = x) + classify(b, arc, of = y), for = 1 epoch, optimizer = slow)
eval e = template_verification(faces, templates = \"faces.txt\", pairs = \"pairs.txt\", pool = multicolumn())
eval slot = template_verification(faces, templates = \"faces.txt\", pairs = \"pairs.txt\", pool = multicolumn(slot = \"other\"))
eval v = template_verification(faces, templates = \"faces.txt\", pairs = \"pairs.txt\", pool = multicolumn(content = false))
eval mean = template_verification(faces, templates = \"faces.txt\", pairs = \"pairs.txt\")
";

    /// What is said of a recipe's lines before it runs.
    fn said(lines: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut list = String::new();
        for (person, image) in (1..=4).flat_map(|person| (1..=4).map(move |image| (person, image))) {
            writeln!(list, "id_{person:04}/{image:04}.png {} {image}", 2 * person + image / 3).unwrap();
        }
        std::fs::write(folder.path().join("faces.txt"), list).unwrap();
        std::fs::write(folder.path().join("pairs.txt"), "2 3 1\n2 4 0\n").unwrap();
        std::fs::write(folder.path().join("w.safetensors"), "").unwrap();
        std::fs::write(folder.path().join("r.ddl"), format!("{COMMON}{lines}\n")).unwrap();
        let compiled = compile(&Disk, &folder.path().join("r.ddl"), &Options::default()).unwrap();
        assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
        let said = compiled.known_plan(ProbeCache::none()).1;
        said.iter().filter(|it| it.code == crate::diag::Code::NoPooling).map(|it| it.message.clone()).collect()
    }

    #[test]
    fn a_model_must_have_learned_the_pooling_that_it_is_judged_by() {
        let judged = |model: &str, eval: &str| said(&format!("report t = compare([{model}], columns = [{eval}.auc])"));
        for (model, eval) in
            [("sets", "e"), ("later", "e"), ("sets", "v"), ("visual", "v"), ("both.x", "e"), ("plain", "mean"), ("filed", "mean")]
        {
            assert_eq!(judged(model, eval), Vec::<String>::new(), "{model} {eval}");
        }
        for (model, eval) in [("plain", "e"), ("filed", "e"), ("net", "v"), ("both.y", "e")] {
            let wanted = format!("`{model}` has not learned `multicolumn` (slot \"set\"), by which `{eval}` pools");
            assert_eq!(judged(model, eval), [wanted]);
        }
        assert_eq!(judged("later", "slot"), ["`later` has not learned `multicolumn` under the slot \"other\", by which `slot` pools"]);
        assert_eq!(
            judged("visual", "e"),
            ["`visual` has learned `multicolumn` (slot \"set\") without content quality, by which `e` pools"]
        );
    }

    #[test]
    fn a_model_made_of_several_has_what_all_of_them_have() {
        let chosen = |terms: &str| {
            said(&format!(
                "sweep lr in [0.1, 0.2]
                 stage s = train(net, classify(b, arc{terms}), for = 1 epoch, optimizer = sgd(lr = lr))
                 stage mean_of = average(s, over = [lr])
                 report t = compare([mean_of], columns = [e.auc])"
            ))
        };
        assert_eq!(chosen(", pool = multicolumn()"), Vec::<String>::new());
        assert_eq!(chosen(""), ["`mean_of` has not learned `multicolumn` (slot \"set\"), by which `e` pools"]);
    }

    #[test]
    fn a_stage_that_looks_by_a_pooling_has_or_learns_it() {
        let stage = |pool: &str, more: &str| {
            said(&format!("stage s = train(net, classify(b, arc{pool}), for = 1 epoch, optimizer = sgd(lr = 0.2), {more})"))
        };
        let why = "the network of this stage has not learned `multicolumn` (slot \"set\"), by which `e` pools";
        for more in ["watch = every(1 epoch, [e])", "keep = best(e.auc, every = 1 epoch)", "stop = plateau(e.auc)"] {
            assert_eq!(stage(", pool = multicolumn()", more), Vec::<String>::new(), "{more}");
            assert_eq!(stage("", more), [why], "{more}");
        }
    }
}
