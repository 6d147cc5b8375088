//! What can be known of teachers before anything runs.

use super::heads::FILED;
use super::unknown::Unknown;
use crate::diag::Code;
use crate::events::Failure;
use crate::inputs::tables::{TableError, Tables};
use crate::lang::value::NodeId;
use crate::ops::data::Draw;
use crate::ops::nets::Backbone;
use crate::ops::node::Node;
use crate::ops::refs::DataRef;
use crate::ops::terms::Term;
use crate::plan::Plan;
use std::collections::BTreeSet;

/// Refuses a teacher by logits that was never trained on the people of the data, and whose file brings no prototypes of theirs.
pub(super) fn knows_the_people(plan: &Plan, tables: &Tables, term: &Term) -> Result<(), Unknown> {
    // a term with a teacher that has prototypes itself compares logits
    let (Some((teacher, data)), Some((_, own))) = (term.it().teacher(), term.it().prototypes()) else { return Ok(()) };
    let slot = term.it().teacher_slot().unwrap_or(own);
    let (space, classes) = people(plan, tables, data.node)?;
    if has_prototypes(plan, tables, teacher.node, (&space, slot))? != Some(false) {
        return Ok(());
    }
    let name = |node| &plan.node(node).name;
    let (op, teacher, draw) = (term.name(), name(teacher.node), name(data.node));
    let message = format!("{op}: the teacher `{teacher}` has no prototypes for the {classes} people of `{draw}` (slot \"{slot}\")");
    let help = "train the teacher on these people first, name them where its file has their prototypes (checkpoint(path, prototypes = people)), \
                or let it teach by embeddings: rkd(), sp(), feature()";
    Err(Unknown::Failure(Failure::new(Code::TeacherPrototypes, message).help(help)))
}

/// Refuses a term that draws people to images of theirs which do not exist.
pub(super) fn shows_the_people(plan: &Plan, tables: &Tables, term: &Term) -> Result<(), Unknown> {
    let (Some(shown), Some(&draw)) = (term.it().looks_at(), term.it().draws().first()) else { return Ok(()) };
    let of = |data: NodeId| -> Result<BTreeSet<String>, TableError> {
        Ok(tables.table(data)?.rows().map(|row| row.identity().to_owned()).collect())
    };
    let drawn = plan.get::<Draw>(draw).map_err(TableError::from)?.data.node;
    let (people, known) = (of(drawn)?, of(shown.node)?);
    let mut missing = people.difference(&known);
    let Some(first) = missing.next() else { return Ok(()) };
    let (op, draw, data) = (term.name(), &plan.node(draw).name, &plan.node(shown.node).name);
    let message =
        format!("{op}: {} of the {} people of `{draw}` have no image in `{data}`, `{first}` among them", missing.count() + 1, people.len());
    Err(Unknown::Failure(Failure::new(Code::BadData, message).help("draw only people who have images there")))
}

/// Refuses two models for the two sides of a protocol whose embeddings have different widths.
pub(super) fn comparable(plan: &Plan, (gallery, one): (NodeId, u64), (probe, other): (NodeId, u64)) -> Result<(), Unknown> {
    if one == other {
        return Ok(());
    }
    let [gallery, probe] = [gallery, probe].map(|model| &plan.node(model).name);
    let message = format!("`{gallery}` gives embeddings of {one} numbers, and `{probe}` of {other}: they can't be compared");
    Err(Unknown::Failure(Failure::new(Code::Outputs, message).help("couple networks of one width")))
}

/// The label space of a draw, and how many people it has.
fn people(plan: &Plan, tables: &Tables, draw: NodeId) -> Result<(String, usize), TableError> {
    let table = tables.table(plan.get::<Draw>(draw)?.data.node)?;
    Ok((table.labels().id().to_owned(), table.labels().len()))
}

/// Whether a model has prototypes of a label space and slot; `None` where only its file knows.
fn has_prototypes(plan: &Plan, tables: &Tables, mut model: NodeId, wanted: (&str, &str)) -> Result<Option<bool>, TableError> {
    let mut net = None;
    loop {
        match plan.work(model)? {
            Node::Backbone(it) => {
                let Some(known) = named(it) else { return Ok(Some(false)) };
                return Ok(Some(wanted.1 == FILED && tables.table(known.node)?.labels().id() == wanted.0));
            }
            Node::Net(of) => {
                (model, net) = (of.stage.node, Some(of.name.as_str()));
                continue;
            }
            Node::Train(stage) => {
                for weighted in stage.terms() {
                    let Some((data, slot)) = weighted.term.it().prototypes() else { continue };
                    let of_net = net.is_none_or(|net| weighted.term.it().nets().contains(&net));
                    if of_net && slot == wanted.1 && people(plan, tables, data.node)?.0 == wanted.0 {
                        return Ok(Some(true));
                    }
                }
                let models = stage.model.all();
                let next = net.and_then(|net| models.iter().find(|(name, _)| *name == net)).or(models.first());
                let Some((_, next)) = next.filter(|(_, next)| next.node < model) else { return Ok(None) };
                (model, net) = (next.node, None);
                continue;
            }
            _ => {} // made of others
        }
        let several = plan.one_of_several(model)?;
        if !several.is_empty() {
            let has = several.iter().map(|one| has_prototypes(plan, tables, one.node, wanted)).collect::<Result<Vec<_>, _>>()?;
            let lacks = has.contains(&Some(false)); // which of them it is the run decides, and a mean has what all have
            return Ok(if lacks { Some(false) } else { has.into_iter().collect::<Option<Vec<_>>>().map(|_| true) });
        }
        let Ok(next) = plan.source(model) else { return Ok(None) };
        model = next;
    }
}

/// The people whose prototypes a network's first weights bring along.
fn named(net: &Backbone) -> Option<DataRef> {
    net.weights()?.checkpoint().prototypes // left out where nobody says whose they are
}

#[cfg(test)]
mod tests {
    use crate::compile::{Options, compile};
    use crate::data::probe::ProbeCache;
    use crate::plan::Plan;
    use crate::source::Memory;
    use std::path::Path;

    const COMMON: &str = "ddl 1
dataset faces = synthetic_faces(identities = 8, images = 4)
dataset anew = faces |> relabel()
backbone net = tiny()
backbone big = tiny(width = 32)
backbone filed = tiny(width = 32, weights = checkpoint(\"w.pt\", prototypes = faces))
backbone bare = tiny(width = 32, weights = \"w.pt\")
head arc = arcface()
stage taught = train(big, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))
stage later = train(taught, classify(anew, arc, prototypes = \"fresh\", slot = \"new\"), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))
";

    fn plan(term: &str) -> (Plan, Vec<String>) {
        let text = format!("{COMMON}stage s = train(net, {term}, batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))\n");
        let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
        assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
        let (plan, said) = compiled.known_plan(ProbeCache::none());
        (plan, said.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_teacher_by_logits_must_know_the_people() {
        for term in
            ["kd(faces, filed)", "kd(faces, taught)", "kd(faces, later)", "kd(anew, later, teacher_slot = \"new\")", "rkd(faces, big)"]
        {
            assert_eq!(plan(term).1, Vec::<String>::new(), "{term}");
        }
        for (term, teacher, slot) in [
            ("kd(faces, big)", "big", "main"),
            ("kd(anew, filed)", "filed", "main"),
            ("kd(faces, bare)", "bare", "main"),
            ("kd(anew, taught)", "taught", "main"),
            ("kd(anew, later)", "later", "main"),
            ("kd(faces, taught, teacher_slot = \"new\")", "taught", "new"),
        ] {
            let said = plan(term).1;
            let wanted = format!("the teacher `{teacher}` has no prototypes for the 8 people of");
            assert!(said.len() == 1 && said[0].contains(&wanted) && said[0].contains(&format!("(slot \"{slot}\")")), "{term}: {said:?}");
        }
    }

    #[test]
    fn a_teacher_whose_logits_a_critic_sees_must_know_the_people() {
        let said = |critic: &str, teacher: &str| {
            let text = format!(
                "{COMMON}let judge = critic({critic})
stage s = train({{a = net}}, batch = 8, for = 1 epoch, plays = [
  play(adversary(faces, judge, {teacher}), updates = [critic], optimizer = sgd(lr = 0.1)),
  play(classify(faces, arc) + fool(faces, judge), updates = [a], optimizer = sgd(lr = 0.1))])
"
            );
            let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
            assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
            compiled.known_plan(ProbeCache::none()).1.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        for (critic, teacher) in [("", "teacher = taught"), ("sees = \"embedding\"", "teacher = big"), ("", "teacher = later")] {
            assert_eq!(said(critic, teacher), Vec::<String>::new(), "{critic} {teacher}");
        }
        for (teacher, slot) in [("teacher = big", "main"), ("teacher = taught, teacher_slot = \"new\"", "new")] {
            let said = said("", teacher);
            let wanted = format!("has no prototypes for the 8 people of `draw(faces, size = 8, seed = 0)` (slot \"{slot}\")");
            assert!(said.len() == 1 && said[0].contains("adversary: the teacher") && said[0].contains(&wanted), "{teacher}: {said:?}");
        }
    }

    #[test]
    fn a_teacher_has_its_cost_in_the_plan() {
        let facts = |term: &str| {
            let plan = plan(term).0;
            let stage = plan.nodes.iter().find(|node| node.name == "s").unwrap();
            (stage.facts.memory.unwrap(), stage.facts.notes.clone())
        };
        let ((alone, none), (taught, notes)) =
            (facts("classify(faces, arc)"), facts("classify(faces, arc) + sp(faces, big) + rkd(faces, big)"));
        let numbers = |name: &str| plan("sp(faces, big)").0.nodes.iter().find(|node| node.name == name).unwrap().facts.parameters.unwrap();
        assert_eq!(taught - alone, 4 * (numbers("big") + 8 * (3 * 64 * 64 + 64)));
        assert_eq!(none, Vec::<String>::new());
        assert_eq!(notes.len(), 1);
        assert!(
            notes[0].starts_with("the teacher `big` sees 8 images a step (") && notes[0].contains("multiply-adds each"),
            "{}",
            notes[0]
        );
    }
}
