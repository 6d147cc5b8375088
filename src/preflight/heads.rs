//! Whose prototypes models have, by stage: what new classes start from must be said where a model has others' already.

use super::unknown::Unknown;
use crate::diag::Code;
use crate::events::Failure;
use crate::inputs::tables::{TableError, Tables};
use crate::lang::value::NodeId;
use crate::ops::data::Draw;
use crate::ops::node::Node;
use crate::ops::refs::ModelRef;
use crate::ops::stages::Train;
use crate::ops::terms::{Prototypes, Term};
use crate::plan::Plan;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// A label space and a slot.
type Head = (String, String);

/// What a model may bring along.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Brought {
    /// The prototypes that it has.
    heads: BTreeSet<Head>,
    /// Whether a model that it was made of has others, which are not in it.
    dropped: bool,
}

/// All that a model may bring along: of a model that the run chooses, what each of them does.
type May = Rc<BTreeSet<Brought>>;

/// The prototypes of every model of a plan, inputs before what is made of them; nothing where they are not known.
#[derive(Debug, Default)]
pub(super) struct Heads {
    known: HashMap<(NodeId, String), Option<May>>,
}

fn only(heads: BTreeSet<Head>) -> May {
    Rc::new(BTreeSet::from([Brought { heads, dropped: false }]))
}

/// What the mean of several models brings along: the prototypes that all of them have.
fn mean(all: &[May]) -> Option<May> {
    let each: Vec<&Brought> = all.iter().flat_map(|may| may.iter()).collect();
    let heads = each.iter().map(|it| it.heads.clone()).reduce(|a, b| &a & &b)?;
    let dropped = each.iter().any(|it| it.dropped || it.heads != heads);
    Some(Rc::new(BTreeSet::from([Brought { heads, dropped }])))
}

/// What is said where the first rows of new prototypes are not.
pub fn unsaid(draw: &str, classes: usize, slot: &str) -> Failure {
    let message = format!("the source model has prototypes, but none for the {classes} people of `{draw}` (slot \"{slot}\")");
    Failure::new(Code::PrototypesUnsaid, message).help("say it: `prototypes = \"fresh\"`, `\"class_means\"` or `\"by_name\"`")
}

impl Heads {
    /// Notes the prototypes of a model, and refuses a stage that does not say what its new ones start from.
    pub(super) fn node(&mut self, plan: &Plan, tables: &Tables, id: NodeId) -> Result<(), Unknown> {
        let node = plan.node(id);
        let none = || Some(only(BTreeSet::new()));
        let all = |models: &[ModelRef]| models.iter().map(|model| self.of(model.node)).collect::<Option<Vec<_>>>();
        let heads = match node.work() {
            Some(Node::Backbone(net)) => match net.weights().and_then(|weights| weights.checkpoint().prototypes) {
                None => none(),
                Some(people) => {
                    let space = tables.table(people.node).ok().map(|table| table.labels().id().to_owned());
                    space.map(|space| only(BTreeSet::from([(space, FILED.to_owned())])))
                }
            },
            Some(Node::Extension(it)) if it.replaces_the_embedding() => none(),
            Some(Node::Extension(it)) => self.of(it.model().node),
            Some(Node::Train(it)) => return self.stage(plan, tables, id, it),
            Some(Node::Net(it)) => self.known.get(&(it.stage.node, it.name.clone())).cloned().flatten(),
            Some(Node::Started(it)) => self.of(it.model.node),
            Some(Node::Averaged(it)) => all(&it.models).and_then(|all| mean(&all)),
            // which of them it is the run decides
            Some(Node::Chosen(it)) => {
                all(&it.models).map(|all| Rc::new(all.iter().flat_map(|may| may.iter().cloned()).collect::<BTreeSet<_>>()))
            }
            _ => return Ok(()), // no model
        };
        self.known.insert((id, String::new()), heads);
        Ok(())
    }

    fn of(&self, model: NodeId) -> Option<May> {
        self.known.get(&(model, String::new())).cloned().flatten()
    }

    fn stage(&mut self, plan: &Plan, tables: &Tables, id: NodeId, stage: &Train) -> Result<(), Unknown> {
        for (net, model) in stage.model.all() {
            let source = self.of(model.node);
            let mut new: Vec<(Head, NodeId, usize, Option<Prototypes>)> = Vec::new();
            for weighted in stage.terms().filter(|weighted| weighted.term.trains(net)) {
                let Some((draw, slot)) = weighted.term.it().prototypes() else { continue };
                let table = tables.table(plan.get::<Draw>(draw.node).map_err(TableError::from)?.data.node)?;
                let head = (table.labels().id().to_owned(), slot.to_owned());
                let said = if let Term::Classify(it) = &weighted.term { it.prototypes } else { None };
                match new.iter_mut().find(|(known, ..)| *known == head) {
                    Some((.., Some(first))) if said.is_some_and(|said| said != *first) => {
                        let message = "two terms share their prototypes (one label space, one slot) and say different first ones";
                        let help = "say the same, or keep them apart: slot = \"another\"";
                        return Err(Unknown::Failure(Failure::new(Code::NotYetRun, message).help(help)));
                    }
                    Some((.., first)) => *first = first.or(said),
                    None => new.push((head, draw.node, table.labels().len(), said)),
                }
            }
            let others = |may: &Brought| may.dropped || !may.heads.is_empty();
            let lacks = |head: &Head| source.iter().flat_map(|may| may.iter()).any(|may| others(may) && !may.heads.contains(head));
            if let Some(((_, slot), draw, classes, _)) = new.iter().find(|(head, .., said)| said.is_none() && lacks(head)) {
                return Err(Unknown::Failure(unsaid(&plan.node(*draw).name, *classes, slot)));
            }
            let learned: BTreeSet<Head> = new.into_iter().map(|(head, ..)| head).collect();
            let with = |may: &Brought| Brought { heads: &may.heads | &learned, dropped: may.dropped };
            self.known.insert((id, net.to_owned()), source.map(|source| Rc::new(source.iter().map(with).collect())));
        }
        Ok(())
    }
}

/// The slot of prototypes that come with a file.
pub(super) const FILED: &str = "main";

#[cfg(test)]
mod tests {
    use crate::compile::{Options, compile};
    use crate::data::probe::ProbeCache;
    use crate::source::Memory;
    use std::path::Path;

    /// Prototypes of a model that is made of several, each trained on people of its own: new ones must say what they start from wherever
    /// one of them lacks them.
    #[test]
    fn prototypes_that_one_of_several_models_lacks_are_said() {
        let codes = |axis: &str, made: &str, last: &str| {
            let text = format!(
                "ddl 1
                 dataset faces = synthetic_faces(identities = 16, images = 4, size = 32px)
                 let people = faces |> split({{x = 40%, y = 40%, t = 20%}}, by = .identity)
                 backbone net = tiny(embedding = 8, side = 32px, width = 8)
                 eval all = verification(people.t, pairs = all_pairs())
                 sweep d in {axis}
                 stage z = train(net, classify(d, arcface()), batch = 4, for = 2 steps, optimizer = sgd(lr = 0.1))
                 stage q = {made}
                 stage last = train(q, classify({last}), batch = 4, for = 2 steps, optimizer = sgd(lr = 0.1))"
            );
            let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
            assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
            let (_, said) = compiled.known_plan(ProbeCache::none());
            said.iter().filter(|it| it.code.text() == "ddl::run::prototypes_unsaid").count()
        };
        for made in ["select(z, by = all.gap, over = [d])", "average(z, over = [d])"] {
            for last in ["people.x, arcface()", "people.y, arcface()", "people.t, arcface()"] {
                assert_eq!(codes("[people.x, people.y]", made, last), 1, "{made}, {last}");
            }
            assert_eq!(codes("[people.x, people.y]", made, "people.x, arcface(), prototypes = \"fresh\""), 0, "{made}");
            // the same people in all of them
            assert_eq!(codes("[people.x, people.x |> where(.yaw < 200deg)]", made, "people.x, arcface()"), 0, "{made}");
        }
    }
}
