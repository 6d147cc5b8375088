//! Whose prototypes models have, by stage: what new classes start from must be said where a model has others' already.

use super::Plan;
use super::facts::trains;
use super::tables::{TableError, Tables};
use super::unknown::Unknown;
use crate::diag::Code;
use crate::events::Failure;
use crate::lang::decl::Operator as _;
use crate::lang::value::NodeId;
use crate::ops::data::Draw;
use crate::ops::nets::{Backbone, Extension};
use crate::ops::outputs::Started;
use crate::ops::stages::{Averaged, Chosen, Net, Train};
use crate::ops::terms::{Prototypes, Term};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// A label space and a slot.
type Head = (String, String);

/// The prototypes of every model of a plan, inputs before what is made of them; nothing where they are not known.
#[derive(Debug, Default)]
pub(super) struct Heads {
    known: HashMap<(NodeId, String), Option<Rc<BTreeSet<Head>>>>,
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
        let none = || Some(Rc::default());
        let heads = if Backbone::is(&node.op) {
            match plan.backbone(id).ok().and_then(|net| net.weights()?.checkpoint().prototypes) {
                None => none(),
                Some(people) => {
                    let space = tables.table(people.node).ok().map(|table| table.labels().id().to_owned());
                    space.map(|space| Rc::new(BTreeSet::from([(space, FILED.to_owned())])))
                }
            }
        } else if Extension::is(&node.op) {
            let replaces = plan.made(id).ok().and_then(|made| Some(made.extensions.last()?.replaces_the_embedding()));
            match (replaces, plan.source(id)) {
                (Some(true), _) => none(),
                (Some(false), Ok(source)) => self.of(source),
                _ => None, // arguments of another make: the engine says so
            }
        } else {
            match node.op.as_str() {
                Train::NAME => return self.stage(plan, tables, id),
                Net::NAME => plan.parse::<Net>(id).ok().and_then(|it| self.known.get(&(it.stage.node, it.name)).cloned().flatten()),
                Started::NAME => plan.parse::<Started>(id).ok().and_then(|it| self.of(it.model.node)),
                // those that all of them have
                Averaged::NAME => plan.parse::<Averaged>(id).ok().and_then(|it| {
                    let all = it.models.iter().map(|model| self.of(model.node)).collect::<Option<Vec<_>>>()?;
                    let shared = all.into_iter().map(|heads| (*heads).clone()).reduce(|a, b| &a & &b);
                    shared.map(Rc::new)
                }),
                // which of them it is the run decides
                Chosen::NAME => plan.parse::<Chosen>(id).ok().and_then(|it| {
                    let all = it.models.iter().map(|model| self.of(model.node)).collect::<Option<Vec<_>>>()?;
                    all.iter().all(|heads| *heads == all[0]).then(|| all.first().cloned()).flatten()
                }),
                _ => return Ok(()), // no model
            }
        };
        self.known.insert((id, String::new()), heads);
        Ok(())
    }

    fn of(&self, model: NodeId) -> Option<Rc<BTreeSet<Head>>> {
        self.known.get(&(model, String::new())).cloned().flatten()
    }

    fn stage(&mut self, plan: &Plan, tables: &Tables, id: NodeId) -> Result<(), Unknown> {
        let stage: Train = plan.parse(id).map_err(TableError::from)?;
        for (net, model) in stage.model.all() {
            let source = self.of(model.node);
            let mut heads = source.as_deref().cloned();
            let mut new: Vec<(Head, NodeId, usize, Option<Prototypes>)> = Vec::new();
            for weighted in stage.terms().filter(|weighted| trains(&weighted.term, net)) {
                let Some((draw, slot)) = weighted.term.it().prototypes() else { continue };
                let table = tables.table(plan.parse::<Draw>(draw.node).map_err(TableError::from)?.data.node)?;
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
            let elsewhere = source.as_ref().is_some_and(|source| !source.is_empty());
            let unsaid_one = new
                .iter()
                .find(|(head, .., said)| elsewhere && said.is_none() && source.as_ref().is_some_and(|source| !source.contains(head)));
            if let Some(((_, slot), draw, classes, _)) = unsaid_one {
                return Err(Unknown::Failure(unsaid(&plan.node(*draw).name, *classes, slot)));
            }
            if let Some(heads) = &mut heads {
                heads.extend(new.into_iter().map(|(head, ..)| head));
            }
            self.known.insert((id, net.to_owned()), heads.map(Rc::new));
        }
        Ok(())
    }
}

/// The slot of prototypes that come with a file.
pub(super) const FILED: &str = "main";
