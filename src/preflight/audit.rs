//! What makes a number say more than it should: judged people whom a model was trained on, and models that were chosen by what is reported.

use crate::diag::{Code, Severity};
use crate::events::Failure;
use crate::inputs::people::{People, of_table};
use crate::inputs::tables::{TableError, Tables};
use crate::lang::value::NodeId;
use crate::ops::data::{Draw, Relabel};
use crate::ops::nets::{AnyWeights, Backbone, TrainedOn, Weights};
use crate::ops::node::Node;
use crate::ops::outputs::Judge;
use crate::ops::samplers::Sampler;
use crate::ops::stages::{Net, Train};
use crate::plan::Plan;
use std::collections::{BTreeMap, BTreeSet};

/// People who are named as examples.
const EXAMPLES: usize = 5;

/// What to do about people who are trained on and judged.
const KEEP_APART: &str = "keep them apart: split({train = 80%, test = 20%}, by = .identity), or train on data |> without(test)";

/// The same of what is made of several arms.
const APART: &str = "what is made of several arms has seen what any of them saw: judge it by people whom none of them saw";

/// Something that a reader of the numbers should know.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is about.
    pub at: Place,
    /// What is to be said there.
    pub label: String,
    /// What explains it, and what is to be said there.
    pub also: Option<(Place, String)>,
    /// How much it matters.
    pub severity: Severity,
    /// What it is.
    pub failure: Failure,
}

/// A node, or what stands inside of its arguments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The node.
    pub node: NodeId,
    /// The way to the argument through names and places in lists (`optimizer`, `lr`, `at`); empty for the node as a whole.
    pub path: Vec<String>,
}

impl Place {
    /// An argument of a node.
    pub fn argument(node: NodeId, name: &str) -> Self {
        Place { node, path: vec![name.to_owned()] }
    }
}

impl From<NodeId> for Place {
    fn from(node: NodeId) -> Self {
        Place { node, path: Vec::new() }
    }
}

/// How many people two protocols judge both.
pub(crate) type Sharing = BTreeMap<(NodeId, NodeId), usize>;

/// Everything that is to be said of a plan whose protocols judge these people, and share so many.
pub(crate) fn findings(plan: &Plan, tables: &Tables, judged: &BTreeMap<NodeId, People>, sharing: &Sharing) -> Vec<Finding> {
    let mut audit = Audit { plan, tables, judged, sharing, trained: BTreeMap::new() };
    let judgements = audit.judgements();
    let mut found = audit.leaks(&judgements);
    found.extend(audit.unknown(&judgements));
    found.extend(audit.selected(&judgements));
    found
}

/// Of each protocol that is judged, and each that decides on what it judges, how many people both judge, as far as these are known.
pub fn sharing(plan: &Plan, judged: &BTreeMap<NodeId, People>) -> Sharing {
    let mut found = BTreeMap::new();
    let mut deciding: BTreeMap<Vec<NodeId>, BTreeSet<NodeId>> = BTreeMap::new();
    for (_, judge) in plan.all::<Judge>() {
        let models: Vec<NodeId> = judge.models().collect();
        let decides = deciding.entry(models).or_insert_with_key(|models| plan.deciding(models.iter().copied()));
        for decides in decides.iter().copied() {
            let (here, there) = (judge.eval.node, decides);
            if let (Some(people), Some(others)) = (judged.get(&here), judged.get(&there)) {
                found.entry((here, there)).or_insert_with(|| people.intersection(others).count());
            }
        }
    }
    found
}

struct Audit<'a> {
    plan: &'a Plan,
    tables: &'a Tables<'a>,
    judged: &'a BTreeMap<NodeId, People>,
    sharing: &'a Sharing,
    /// The people of the data that a stage draws, by these data: many stages draw the same.
    trained: BTreeMap<BTreeSet<NodeId>, People>,
}

/// What results judge by a protocol.
struct Judged {
    /// The models.
    models: BTreeSet<NodeId>,
    /// The models and all that they are made of.
    parts: BTreeSet<NodeId>,
}

/// The same of every protocol.
type Judgements = BTreeMap<NodeId, Judged>;

impl Audit<'_> {
    fn judgements(&self) -> Judgements {
        let mut judged: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        let sinks = self.plan.sinks.iter().filter(|sink| matches!(self.plan.node(**sink).work(), Some(Node::Table(_) | Node::Expect(_))));
        let results = sinks.flat_map(|sink| self.plan.node(*sink).inputs.iter().copied());
        let mut todo: BTreeSet<NodeId> = results.collect();
        while let Some(id) = todo.pop_first() {
            if let Ok(judge) = self.plan.get::<Judge>(id) {
                if !judge.of.is_empty() {
                    todo.extend(judge.of.iter().map(|of| of.node)); // what is decided at a threshold is judged there, and where that is told
                    continue;
                }
                let models = [Some(judge.model), judge.gallery_model].into_iter().flatten();
                judged.entry(judge.eval.node).or_default().extend(models.map(|model| model.node));
            }
        }
        let judged = judged.into_iter();
        judged.map(|(eval, models)| (eval, Judged { models: models.iter().copied().collect(), parts: self.plan.made_of(models) })).collect()
    }

    /// Whether a model is made of one of these.
    fn is_made_of(&self, model: NodeId, parts: &[NodeId]) -> bool {
        let made_of = self.plan.made_of(vec![model]);
        parts.iter().any(|part| made_of.contains(part))
    }

    /// Judged people that a stage was trained on, or that a checkpoint is said to be.
    fn leaks(&mut self, judgements: &Judgements) -> Vec<Finding> {
        let mut found = Vec::new();
        for (&eval, Judged { models: whole, parts }) in judgements {
            let Some(judged) = self.judged.get(&eval) else { continue };
            let mut leaked = BTreeSet::new();
            let mut by: Vec<NodeId> = Vec::new();
            let mut looked_at: BTreeMap<BTreeSet<NodeId>, bool> = BTreeMap::new(); // data, and whether people of them are judged
            for &model in parts {
                let names: Vec<_> = if self.plan.node(model).is::<Backbone>() {
                    let Some(Ok(names)) = self.trained_on(model) else { continue };
                    judged.iter().filter(|person| names.contains(&*person.name)).map(|person| person.name.clone()).collect()
                } else {
                    let Some(drawn) = self.drawn(model) else { continue };
                    if let Some(&leaks) = looked_at.get(&drawn) {
                        by.extend(leaks.then_some(model));
                        continue;
                    }
                    let Some(trained) = self.trained(&drawn) else { continue };
                    let names: Vec<_> = judged.intersection(trained).map(|person| person.name.clone()).collect();
                    looked_at.insert(drawn, !names.is_empty());
                    names
                };
                if !names.is_empty() {
                    leaked.extend(names);
                    by.push(model);
                }
            }
            let Some(&first) = by.first() else { continue };
            let name = self.plan.node(eval).bare_name();
            let models = listed(by.iter().map(|id| self.plan.node(*id).bare_name()));
            // what saw them may be judged only as a part of something
            let is_whole = |model: &NodeId| !by.contains(model) && !self.plan.node(*model).is::<Net>();
            let made: Vec<NodeId> = whole.iter().copied().filter(is_whole).filter(|model| self.is_made_of(*model, &by)).collect();
            let sees = (first.into(), format!("`{}` sees them", self.plan.node(first).bare_name()));
            let (of_what, help, also) = match made.first() {
                Some(&it) if by.iter().all(|part| !whole.contains(part)) => {
                    let names = listed(made.iter().map(|id| self.plan.node(*id).bare_name()));
                    let of_what = format!(", of which {names} {} made", if names.contains(" and ") { "are" } else { "is" });
                    // each arm may be clean under the protocol of its own
                    let of_arms = self.plan.one_of_several(it).is_ok_and(|several| !several.is_empty());
                    let made_of = || (it.into(), format!("`{}` is made of {models}", self.plan.node(it).bare_name()));
                    if of_arms { (of_what, APART, made_of()) } else { (of_what, KEEP_APART, sees) }
                }
                _ => (String::new(), KEEP_APART, sees),
            };
            let message = format!(
                "{} of the {} people that `{name}` judges were trained on by {models}{of_what}: {}",
                leaked.len(),
                judged.len(),
                some(&leaked)
            );
            let failure = Failure::new(Code::Leak, message).help(help);
            let also = Some(also);
            found.push(Finding { at: eval.into(), label: "judged here".to_owned(), also, severity: Severity::Warning, failure });
        }
        found
    }

    /// Checkpoints of which nobody said whom they were trained on: one line for all of them.
    fn unknown(&self, judgements: &Judgements) -> Vec<Finding> {
        let mut nets: BTreeSet<NodeId> = BTreeSet::new();
        for judged in judgements.values() {
            for &model in judged.parts.iter().filter(|model| self.plan.node(**model).is::<Backbone>()) {
                let said = self.plan.backbone(model).ok().is_none_or(|net| net.weights().is_none() || trained_on(net).is_some());
                if !said {
                    nets.insert(model);
                }
            }
        }
        let Some(&first) = nets.first() else { return Vec::new() };
        let of = listed(nets.iter().map(|net| self.plan.node(*net).bare_name()));
        let message = format!("whom the weights of {of} saw is unknown: checkpoint(…, trained_on = …) says it");
        let failure = Failure::new(Code::Leak, message);
        let label = "nobody says whom these saw".to_owned();
        vec![Finding { at: Place::argument(first, "weights"), label, also: None, severity: Severity::Advice, failure }]
    }

    /// Stages and choices that are decided by the people, or by the very protocol, whose numbers are then reported.
    fn selected(&self, judgements: &Judgements) -> Vec<Finding> {
        let mut by_choice: BTreeMap<(&str, NodeId), (NodeId, BTreeSet<&str>, usize)> = BTreeMap::new();
        let models: BTreeSet<NodeId> = judgements.values().flat_map(|judged| &judged.parts).copied().collect();
        let decided: BTreeMap<NodeId, BTreeSet<NodeId>> = models.into_iter().map(|model| (model, self.plan.decides(model))).collect();
        for (&eval, judged) in judgements {
            for &model in &judged.parts {
                for &decides in &decided[&model] {
                    let shared = self.sharing.get(&(eval, decides)).copied().unwrap_or(0); // of people that are not known nothing is said
                    if eval == decides || shared > 0 {
                        let entry = by_choice.entry((self.plan.node(model).bare_name(), decides)).or_insert((model, BTreeSet::new(), 0));
                        entry.1.insert(self.plan.node(eval).bare_name());
                        entry.2 = entry.2.max(shared);
                    }
                }
            }
        }
        let finding = |((choice, decides), (node, evals, shared)): ((&str, NodeId), (NodeId, BTreeSet<&str>, usize))| {
            let by = self.plan.node(decides).bare_name();
            let people = if shared > 0 { format!(", which judges {shared} of the same people") } else { String::new() };
            let message = if evals.len() == 1 && evals.contains(by) {
                format!("`{choice}` is chosen by `{by}`, and `{by}` is what is reported of it")
            } else {
                format!("`{choice}` is chosen by `{by}`, and reported by {}{people}", listed(evals))
            };
            let failure = Failure::new(Code::SelectedOnTest, message)
                .help("choose on people of their own: split({train = 70%, choose = 10%, test = 20%}, by = .identity)");
            let also = Some((decides.into(), "decides here".to_owned()));
            Finding { at: node.into(), label: "chosen here".to_owned(), also, severity: Severity::Warning, failure }
        };
        by_choice.into_iter().map(finding).collect()
    }

    /// The data that a stage draws; nothing of what is no stage, or draws what is not known.
    fn drawn(&self, stage: NodeId) -> Option<BTreeSet<NodeId>> {
        self.plan.get::<Train>(stage).ok()?;
        let mut drawn = BTreeSet::new();
        for draw in self.plan.draws(stage).ok()? {
            let it: &Draw = self.plan.get(draw).ok()?;
            let with = if let Some(Sampler::PairsSampler(pairs)) = &it.by { pairs.with } else { None };
            drawn.extend([Some(it.data), with].into_iter().flatten().map(|data| data.node));
        }
        Some(drawn)
    }

    /// The people of some data; nothing where these are not known.
    fn trained(&mut self, drawn: &BTreeSet<NodeId>) -> Option<&People> {
        if !self.trained.contains_key(drawn) {
            let mut people = People::new();
            for data in drawn {
                // who is in a group of images is no longer known by name: all who were there before
                let before = self.tables.groups(*data).and_then(|by| self.plan.get::<Relabel>(by).ok()).map(|it| it.data.node);
                people.extend(of_table(&self.tables.table(before.unwrap_or(*data)).ok()?));
            }
            self.trained.insert(drawn.clone(), people);
        }
        self.trained.get(drawn)
    }

    /// The names of the people that a checkpoint is said to be trained on.
    fn trained_on(&self, net: NodeId) -> Option<Result<BTreeSet<String>, TableError>> {
        let said = trained_on(self.plan.backbone(net).ok()?)?;
        Some(match said {
            TrainedOn::Names(file) => self.tables.names(net, &file),
            TrainedOn::Data(data) => {
                self.tables.table(data.node).map(|table| of_table(&table).into_iter().map(|it| it.name.to_string()).collect())
            }
        })
    }
}

/// Whom the weights of a network are said to be trained on.
pub(super) fn trained_on(net: &Backbone) -> Option<TrainedOn> {
    match net.weights()? {
        // whose prototypes a file has, these it was trained on
        Weights::With(AnyWeights::Checkpoint(it)) => it.trained_on.clone().or(it.prototypes.map(TrainedOn::Data)),
        Weights::Path(_) => None,
    }
}

/// `a`, `b` and `c`, each once.
fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: BTreeSet<&str> = names.into_iter().collect();
    crate::diag::one_of(names).replace(" or ", " and ")
}

/// The first of some names.
fn some<T: AsRef<str> + Ord>(names: &BTreeSet<T>) -> String {
    let mut said = names.iter().take(EXAMPLES).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > EXAMPLES {
        said += ", …";
    }
    said
}
