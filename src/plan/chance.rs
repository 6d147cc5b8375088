//! What chance draws anew in the arms of replicates, and what stays in all of them: over which axes a paired difference can be told from
//! noise.
//!
//! A model that was trained once is one draw of chance and no constant, wherever another one is trained in every arm. Over an axis on which
//! protocols alone depend the same people are judged again and again, which tells nothing of others; where each arm judges people of its
//! own, it does. And a number that was chosen is better by luck in every arm.

use super::rows::{Laid, Seen};
use super::{Plan, PlanError};
use crate::eval::{FEWEST_REPLICATES, Parted, Untold};
use crate::lang::value::NodeId;
use crate::ops::node::Node;
use crate::ops::outputs::Judge;
use crate::ops::stages::Train;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The axes that tell no noise of a difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Silent {
    /// Each with the reason.
    pub axes: BTreeMap<String, Untold>,
    /// Whether no other axis is left that tells any.
    pub all: bool,
}

/// Asks a plan where chance lies, by who stands where in its protocols.
pub(crate) struct Chances<'p, P> {
    plan: &'p Plan,
    /// The people of a protocol; nothing where they are not known.
    parted: P,
    /// By model: what of it, and of all that it is made of, is left to chance.
    drawn: BTreeMap<NodeId, Rc<BTreeSet<NodeId>>>,
    /// By judgement: whether its people decided on its model.
    chosen: BTreeMap<NodeId, bool>,
}

impl<'p, P: Fn(NodeId) -> Option<&'p Parted>> Chances<'p, P> {
    /// Of a plan.
    pub fn new(plan: &'p Plan, parted: P) -> Self {
        Chances { plan, parted, drawn: BTreeMap::new(), chosen: BTreeMap::new() }
    }

    /// The silent axes of all differences of a table, by the places of row and column; those of which all axes tell are left out.
    ///
    /// # Errors
    /// Judgements whose arguments don't fit.
    pub fn of_table(&mut self, laid: &Laid) -> Result<BTreeMap<(usize, usize), Silent>, PlanError> {
        let mut all = BTreeMap::new();
        for (row, base) in laid.against.iter().enumerate().filter_map(|(row, base)| Some((row, (*base)?))) {
            let (base_name, name) = (laid.rows[base].0.name(), laid.rows[row].0.name());
            for column in 0..laid.columns.len() {
                let (base, it) = (laid.seen(self.plan, base, column)?, laid.seen(self.plan, row, column)?);
                let silent = self.silent(laid.replicates, [&base_name, &name], &base, &it)?;
                if !silent.axes.is_empty() {
                    all.insert((row, column), silent);
                }
            }
        }
        Ok(all)
    }

    /// An axis of two values that tells of both numbers of a row in a column, if there is one: however many values others have, there is no
    /// mark.
    ///
    /// # Errors
    /// Judgements whose arguments don't fit.
    pub fn few(
        &self,
        laid: &Laid,
        (row, base): (usize, usize),
        column: usize,
        silent: Option<&Silent>,
    ) -> Result<Option<Untold>, PlanError> {
        if laid.replicates.is_empty() {
            return Ok(None);
        }
        let seen = [laid.seen(self.plan, base, column)?, laid.seen(self.plan, row, column)?];
        if seen.iter().any(Vec::is_empty) {
            return Ok(None);
        }
        let values = |axis: &String| seen.iter().flatten().filter_map(|it| it.arm.get(axis)).collect::<BTreeSet<_>>().len();
        let tells = |axis: &&String| silent.is_none_or(|silent| !silent.axes.contains_key(*axis));
        let few = laid.replicates.iter().filter(tells).find(|axis| (2..FEWEST_REPLICATES).contains(&values(axis)));
        Ok(few.cloned().map(Untold::Few))
    }

    /// The silent ones of these axes in the difference of two rows; none where there are no arms to compare over.
    fn silent(&mut self, axes: &[String], names: [&str; 2], base: &[Seen], row: &[Seen]) -> Result<Silent, PlanError> {
        let both = || base.iter().chain(row);
        let axes: Vec<&str> = axes.iter().map(String::as_str).filter(|axis| several(both().filter_map(|it| it.arm.get(*axis)))).collect();
        if axes.is_empty() || base.is_empty() || row.is_empty() {
            return Ok(Silent::default());
        }
        for id in both().flat_map(|it| &it.judged) {
            if self.chosen(*id)? {
                let axes = axes.into_iter().map(|axis| (axis.to_owned(), Untold::Chosen)).collect();
                return Ok(Silent { axes, all: true });
            }
        }
        let sides = [
            Side { name: names[0], models: self.models(base)?, seen: base },
            Side { name: names[1], models: self.models(row)?, seen: row },
        ];
        let once = self.once(&sides, &axes);
        let mut silent = BTreeMap::new();
        for &axis in &axes {
            if self.people_of_its_own(axis, base, row)? {
                continue;
            }
            let why = if sides.iter().any(|side| side.is_drawn_anew(axis, &axes)) {
                once.clone().map(Untold::Once)
            } else {
                let again = sides.iter().find(|side| side.varies(axis)).map(|side| Untold::Once(side.name.to_owned()));
                Some(again.unwrap_or(Untold::SamePeople))
            };
            silent.extend(why.map(|why| (axis.to_owned(), why)));
        }
        Ok(Silent { all: silent.len() == axes.len(), axes: silent })
    }

    /// What chance drew once for all arms of one of two rows, and the other has no part in.
    fn once(&mut self, sides: &[Side; 2], axes: &[&str]) -> Option<String> {
        let stay = |nodes: &[BTreeSet<NodeId>], side: &Side| -> BTreeSet<NodeId> {
            places(nodes, side.seen).into_iter().filter(|(_, arms)| stays(arms, axes)).map(|(node, _)| node).collect()
        };
        let models = sides.each_ref().map(|side| stay(&side.models, side));
        for (at, side) in sides.iter().enumerate() {
            if models[at].difference(&models[1 - at]).any(|model| !self.drawn(*model).is_empty()) {
                return Some(side.name.to_owned());
            }
        }
        let mut of_all = |models: &BTreeSet<NodeId>| models.iter().flat_map(|model| (*self.drawn(*model)).clone()).collect();
        let parts = sides.each_ref().map(|side| stay(&side.models.iter().map(&mut of_all).collect::<Vec<_>>(), side));
        let alone = [0, 1].map(|at| parts[at].difference(&parts[1 - at]).copied().collect::<Vec<_>>());
        let trained = alone.iter().flatten().find(|part| self.plan.node(**part).is::<Train>()).copied();
        // first weights are given with a recipe, but of two drawings one may be the lucky one
        let drawn = || if alone[1].is_empty() { None } else { alone[0].first().copied() };
        trained.or_else(drawn).map(|part| self.plan.node(part).name.clone())
    }

    /// Whether nobody is judged at two values of an axis.
    fn people_of_its_own(&self, axis: &str, base: &[Seen], row: &[Seen]) -> Result<bool, PlanError> {
        let mut evals: BTreeMap<NodeId, &str> = BTreeMap::new();
        for it in base.iter().chain(row) {
            let Some(value) = it.arm.get(axis) else { continue };
            for id in &it.judged {
                let eval = self.plan.get::<Judge>(*id)?.eval.node;
                if *evals.entry(eval).or_insert(value) != value {
                    return Ok(false);
                }
            }
        }
        let mut seen: BTreeMap<u64, &str> = BTreeMap::new();
        for (eval, value) in evals {
            let Some(parted) = (self.parted)(eval).filter(|it| !it.is_empty()) else { return Ok(false) };
            if parted.people().any(|person| *seen.entry(person).or_insert(value) != value) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The models that each number is of.
    fn models(&self, seen: &[Seen]) -> Result<Vec<BTreeSet<NodeId>>, PlanError> {
        let of_one = |it: &Seen| {
            let mut models = BTreeSet::new();
            for id in &it.judged {
                models.extend(self.plan.get::<Judge>(*id)?.models());
            }
            Ok(models)
        };
        seen.iter().map(of_one).collect()
    }

    /// What of a model is left to chance: its training, and that of all that it is made of or was shown, and first weights that are in no
    /// file.
    fn drawn(&mut self, model: NodeId) -> Rc<BTreeSet<NodeId>> {
        let plan = self.plan;
        let is_drawn = |id: &NodeId| match plan.node(*id).work() {
            Some(Node::Train(_) | Node::Extension(_)) => true,
            Some(Node::Backbone(net)) => net.weights().is_none(),
            _ => false, // made of these
        };
        let of_one = || Rc::new(plan.made_of([model]).into_iter().filter(is_drawn).collect());
        self.drawn.entry(model).or_insert_with(of_one).clone()
    }

    /// Whether people of a judgement decided on what its model is made of: numbers of a model that was chosen for them are better by luck,
    /// too.
    ///
    /// # Errors
    /// A node that is no judgement.
    pub fn chosen(&mut self, judgement: NodeId) -> Result<bool, PlanError> {
        if let Some(known) = self.chosen.get(&judgement) {
            return Ok(*known);
        }
        let judge: &Judge = self.plan.get(judgement)?;
        let chosen = self.plan.deciding(judge.models()).into_iter().any(|decides| self.same_people(judge.eval.node, decides));
        self.chosen.insert(judgement, chosen);
        Ok(chosen)
    }

    /// Whether a protocol judges somebody whom another one, that decides on its models, judges too: as it is known of the data before a
    /// run, or by what judgements say.
    fn same_people(&self, here: NodeId, there: NodeId) -> bool {
        if let Some(&shared) = self.plan.sharing.get(&(here, there)) {
            return here == there || shared > 0;
        }
        match ((self.parted)(here), (self.parted)(there)) {
            (Some(one), Some(other)) if !one.is_empty() && !other.is_empty() => one.meets(other),
            _ => self.plan.node(here).inputs == self.plan.node(there).inputs,
        }
    }
}

/// One of two rows that are compared: its name, its numbers, and the models that each is of.
struct Side<'s> {
    name: &'s str,
    models: Vec<BTreeSet<NodeId>>,
    seen: &'s [Seen],
}

impl Side<'_> {
    /// Whether other models stand at each value of an axis, beside those that are the same in all arms.
    fn is_drawn_anew(&self, axis: &str, axes: &[&str]) -> bool {
        let places = places(&self.models, self.seen);
        let mut drawn = places.values().filter(|arms| !stays(arms, axes)).peekable();
        drawn.peek().is_some() && drawn.all(|arms| stands_once(axis, arms))
    }

    /// Whether not the same models stand at all values of an axis.
    fn varies(&self, axis: &str) -> bool {
        let mut at: BTreeMap<&str, BTreeSet<NodeId>> = BTreeMap::new();
        for (models, it) in self.models.iter().zip(self.seen) {
            at.entry(it.arm.get(axis).map_or("", String::as_str)).or_default().extend(models);
        }
        several(at.into_values())
    }
}

/// Whether there are two different ones among these.
fn several<T: PartialEq>(mut all: impl Iterator<Item = T>) -> bool {
    all.next().is_some_and(|first| all.any(|it| it != first))
}

/// The numbers in which each node has a part.
fn places<'s>(nodes: &[BTreeSet<NodeId>], seen: &'s [Seen]) -> BTreeMap<NodeId, Vec<&'s Seen>> {
    let mut places: BTreeMap<NodeId, Vec<&Seen>> = BTreeMap::new();
    for (nodes, it) in nodes.iter().zip(seen) {
        nodes.iter().for_each(|node| places.entry(*node).or_default().push(it));
    }
    places
}

/// Whether all these numbers stand at one value of an axis: what they have in common is drawn anew at each.
fn stands_once(axis: &str, arms: &[&Seen]) -> bool {
    let mut values = arms.iter().map(|it| it.arm.get(axis));
    values.next().flatten().is_some_and(|first| values.all(|it| it == Some(first)))
}

/// Whether no axis draws anew what all these numbers have in common.
fn stays(arms: &[&Seen], axes: &[&str]) -> bool {
    !axes.iter().any(|axis| stands_once(axis, arms))
}
