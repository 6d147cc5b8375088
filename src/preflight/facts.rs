//! What is known of a plan's nodes before anything runs: sizes of data, lengths of stages, costs of networks.
//!
//! Facts follow from the plan and from what lies at its paths, never from the machine. No fact is part of a key.

mod protocols;

use super::audit::{self, Finding, Place};
use super::heads::Heads;
use super::sight::Sight;
use super::unknown::Unknown;
use super::{alike, ends, idle, lengths, pooling, reads, sampling, teaching, weights};
use crate::data::Table;
use crate::data::check::CorruptPolicy;
use crate::data::predicate::Expr;
use crate::data::probe::{LeftOut, ProbeCache};
use crate::data::sampler::PassFacts;
use crate::diag::{Code, Severity};
use crate::eval::{Counted, Parted};
use crate::events::Failure;
use crate::inputs::data_codes;
use crate::inputs::people::People;
use crate::inputs::tables::{TableError, Tables};
use crate::lang::decl::Operator as _;
use crate::lang::value::NodeId;
use crate::nets::{Cost, Network};
use crate::ops::curves::Moment;
use crate::ops::data::Draw;
use crate::ops::nets::{Backbone, Embedded, Extension, TrainedOn};
use crate::ops::node::{Gives, Node};
use crate::ops::observers::{HeadAngle, Observer, Saying};
use crate::ops::outputs::{Features, Judge, Measured, Said};
use crate::ops::readers::Reader;
use crate::ops::samplers::Sampler;
use crate::ops::stages::Train;
use crate::ops::terms::Term;
use crate::plan::costs::Costs;
use crate::plan::grid::rounded;
use crate::plan::schedule::{Schedule, ScheduleError};
use crate::plan::{Facts, Paths, Plan, PlanNode, memory, schedule};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Of longer stages, so many steps are looked at.
const STEPS_LOOKED_AT: u64 = 4096;

/// Something that makes a node impossible.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// The node.
    pub node: NodeId,
    /// What is wrong; the message does not name the node.
    pub failure: Failure,
}

/// What came out when the facts of a plan were gathered.
#[derive(Debug)]
pub struct Known {
    /// What makes nodes impossible.
    pub troubles: Vec<Trouble>,
    /// What a reader of the numbers should know.
    pub findings: Vec<Finding>,
}

/// Fills in the facts of every node of which they can be known. What is wrong with data is said once, at the node where it shows;
/// nodes whose paths no parameter gives, and what depends on them, stay without facts.
pub fn fill(plan: &mut Plan, paths: &Paths, cache: ProbeCache) -> Known {
    let (facts, sharing, known) = {
        let mut gather = Gather::new(plan, paths, cache);
        for (id, _) in plan.iter() {
            gather.node(id);
        }
        gather.measurable();
        let mut findings = std::mem::take(&mut gather.findings);
        findings.extend(gather.seen());
        findings.extend(gather.left_out());
        findings.extend(lengths::findings(plan, &gather.facts));
        findings.extend(idle::findings(plan, &gather.facts));
        for (finding, note) in protocols::without_interval(plan, &gather.counted, &gather.parted) {
            gather.facts[finding.at.node.0 as usize].notes.push(note);
            findings.push(finding);
        }
        for (finding, note) in protocols::without_marks(plan, &gather.counted, &gather.parted) {
            gather.facts[finding.at.node.0 as usize].notes.push(note);
            findings.push(finding);
        }
        findings.extend(alike::findings(plan));
        let sharing = audit::sharing(plan, &gather.judged);
        findings.extend(audit::findings(plan, &gather.tables, &gather.judged, &sharing));
        (gather.facts, sharing, Known { troubles: gather.troubles, findings })
    };
    plan.sharing = sharing;
    for (node, facts) in plan.nodes.iter_mut().zip(facts) {
        node.facts = facts;
    }
    known
}

/// How many things can be added to a network, one after the other: whatever is asked of the last one walks through all of them.
const MOST_ADDED: u32 = 64;

/// What is called an image and does not begin as one: its size is not known from its first bytes. Whatever else is wrong with an image shows
/// when it is decoded, before anything is trained.
fn no_images(name: &str, node: NodeId, reader: &Reader, table: &Table) -> Option<Finding> {
    let policy = reader.there()?.said.policy();
    let mut without = table.rows().filter(|row| row.size().is_none());
    let first = without.next()?.source().to_string();
    let what = match (1 + without.count(), policy) {
        (count, CorruptPolicy::Stop) => {
            format!("{count} of the {} images of `{name}` do not begin as images, and a run stops there", table.len())
        }
        (count, CorruptPolicy::Skip) => {
            format!("{count} of the {} images of `{name}` do not begin as images, and are left out", table.len())
        }
    };
    let failure = Failure::new(Code::Corrupt, format!("{what}: {first} is the first"));
    let failure = match policy {
        CorruptPolicy::Stop => failure
            .help("mend or remove them, or leave them out: `on_corrupt = \"skip\"`; `ddl data check` finds all that can't be decoded"),
        CorruptPolicy::Skip => failure.help("`ddl data check` finds all that can't be decoded"),
    };
    Some(Finding { at: Place::argument(node, "path"), label: "here".to_owned(), also: None, severity: Severity::Warning, failure })
}

/// Facts as they are gathered, inputs before what reads them.
struct Gather<'p> {
    plan: &'p Plan,
    tables: Tables<'p>,
    /// Those of each node, in the order of the plan; empty where nothing is known.
    facts: Vec<Facts>,
    passes: BTreeMap<NodeId, PassFacts>,
    /// The people that protocols judge.
    judged: BTreeMap<NodeId, People>,
    /// What protocols judge, counted.
    counted: BTreeMap<NodeId, Counted>,
    /// Who stands in which fold, or is looked for.
    parted: BTreeMap<NodeId, Parted>,
    /// Nodes that can't be known, for want of a path or because something is wrong.
    unknown: BTreeSet<NodeId>,
    troubles: Vec<Trouble>,
    /// What is odd about lists.
    findings: Vec<Finding>,
    sight: Sight,
    /// By network that something is added to: how many such things it has.
    added: BTreeMap<NodeId, u32>,
    costs: Costs,
    weights: weights::Files,
    heads: Heads,
}

impl<'p> Gather<'p> {
    fn new(plan: &'p Plan, paths: &'p Paths, cache: ProbeCache) -> Self {
        Gather {
            plan,
            tables: Tables::new(plan, paths, cache).foreseeing(),
            facts: vec![Facts::default(); plan.nodes.len()],
            passes: BTreeMap::new(),
            judged: BTreeMap::new(),
            counted: BTreeMap::new(),
            parted: BTreeMap::new(),
            unknown: BTreeSet::new(),
            troubles: Vec::new(),
            findings: Vec::new(),
            sight: Sight::default(),
            added: BTreeMap::new(),
            costs: Costs::default(),
            weights: weights::Files::default(),
            heads: Heads::default(),
        }
    }

    fn node(&mut self, id: NodeId) {
        let node = self.plan.node(id);
        let possible = self.of_embeddings_alone(id).and_then(|()| Ok(self.tables.compares_people(id)?));
        if possible.is_err() {
            self.unknown.insert(id);
            return self.trouble(id, possible);
        }
        if node.is_network() {
            return self.network(id);
        }
        let open = node.inputs.iter().any(|input| self.unknown.contains(input));
        if open {
            self.unknown.insert(id);
            self.facts[id.0 as usize].until = self.until(id);
            return;
        }
        let known = match self.plan.work(id) {
            Ok(Node::Draw(it)) => self.draw(id, it),
            Ok(Node::Protocol(it)) => self.protocol(id, it),
            Ok(Node::Decided(it)) => self.decided(id, it),
            Ok(Node::Train(it)) => self.heads.node(self.plan, &self.tables, id).and_then(|()| self.stage(id, it)),
            Ok(Node::Features(it)) => self.features(id, it),
            Ok(Node::Said(it)) => self.said(it),
            Ok(Node::Measured(it)) => self.measured(it),
            Ok(Node::Judge(it)) => pooling::was_learned(self.plan, it).and_then(|()| self.judge(it)),
            Ok(_) if node.is_data() => self.data(id),
            Ok(_) => {
                let one = ends::one_network(self.plan, id);
                one.and_then(|()| self.heads.node(self.plan, &self.tables, id)).map(|()| Facts::default())
            }
            Err(error) => Err(TableError::from(error).into()),
        };
        match known {
            Ok(facts) => {
                let until = if facts.is_empty() { BTreeSet::new() } else { self.until(id) };
                self.facts[id.0 as usize] = Facts { until: &facts.until | &until, ..facts };
            }
            Err(error) => {
                self.unknown.insert(id);
                self.facts[id.0 as usize].until.extend(error.until().map(str::to_owned));
                self.troubles.extend(error.failure().map(|failure| Trouble { node: id, failure }));
            }
        }
    }

    /// What must have run before a node's data is counted: whom a model learned of is no question of what it is given.
    fn until(&self, id: NodeId) -> BTreeSet<String> {
        let gives = |input: &&NodeId| !matches!(self.plan.node(**input).gives(), Some(Gives::Network | Gives::Model) | None);
        let inputs = self.plan.node(id).inputs.iter().filter(gives);
        inputs.flat_map(|input| self.facts[input.0 as usize].until.iter().cloned()).collect()
    }

    /// Refuses what needs a network where embeddings of a file stand for a model.
    fn of_embeddings_alone(&self, id: NodeId) -> Result<(), Unknown> {
        let node = self.plan.node(id);
        let file = node.inputs.iter().find(|input| self.plan.node(**input).is::<Embedded>());
        let Some(file) = file.filter(|_| !matches!(node.gives(), Some(Gives::Numbers | Gives::Files | Gives::Samples))) else {
            return Ok(());
        };
        if matches!(node.work(), Some(Node::Table(_) | Node::Expect(_) | Node::ExportEmbeddings(_))) {
            return Ok(());
        }
        let message = format!("`{}` is embeddings of a file, and no network", self.plan.node(*file).name);
        let help = "judge it, ask it by predict(…), or write what it says; train from a network: backbone net = iresnet(50, weights = …)";
        Err(Unknown::Failure(Failure::new(Code::Outputs, message).help(help)))
    }

    /// Remembers what is wrong with a node.
    fn trouble(&mut self, node: NodeId, done: Result<(), Unknown>) {
        self.troubles.extend(done.err().and_then(|error| error.failure()).map(|failure| Trouble { node, failure }));
    }

    fn network(&mut self, id: NodeId) {
        let added = self.added(id);
        if added > MOST_ADDED {
            self.unknown.insert(id);
            if added == MOST_ADDED + 1 {
                let failure =
                    Failure::new(Code::TooLarge, format!("more than {MOST_ADDED} things are added to one network, one after the other"));
                self.troubles.push(Trouble { node: id, failure: failure.help("end the network in fewer") });
            }
            return;
        }
        let Ok(backbone) = self.plan.backbone(id) else { return }; // arguments of another make: the engine says so
        let fits = self.weights.fit(self.plan, &self.tables, id);
        self.trouble(id, fits);
        if let Some(TrainedOn::Names(file)) = audit::trained_on(backbone) {
            let names = self.tables.names(id, &file).map(drop).map_err(Unknown::from);
            self.trouble(id, names);
        }
        let heads = self.heads.node(self.plan, &self.tables, id);
        self.trouble(id, heads);
        let Some(cost) = self.costs.of(self.plan, id) else { return };
        let mut facts = Facts { parameters: Some(cost.parameters()), multiply_adds: Some(cost.multiply_adds()), ..Facts::default() };
        if let Backbone::MobileFaceNet(it) = backbone
            && it.variant.is_none()
            && it.weights.is_some()
        {
            facts.notes.push("the weights tell which variant it is; parameters are counted for \"classic\"".to_owned());
        }
        self.facts[id.0 as usize] = facts;
    }

    /// How many things are added to a network, one after the other; counted no further than what is refused.
    fn added(&mut self, id: NodeId) -> u32 {
        if !self.plan.node(id).is::<Extension>() {
            return 0;
        }
        let source = self.plan.source(id).and_then(|source| self.plan.network_node(source));
        let before = source.map_or(0, |source| self.added.get(&source).copied().unwrap_or(0));
        let added = (before + 1).min(MOST_ADDED + 2);
        self.added.insert(id, added);
        added
    }

    fn data(&mut self, id: NodeId) -> Result<Facts, Unknown> {
        let table = self.tables.table(id)?;
        let mut facts = Facts { images: Some(table.len() as u64), identities: Some(table.labels().len() as u64), ..Facts::default() };
        let absent = table.labels().len() - table.people();
        if absent > 0 {
            facts.notes.push(format!("{absent} of {} people have no image here", table.labels().len()));
        }
        facts.notes.extend(self.tables.notes(id));
        let foreseen = self.tables.foreseen(id);
        if foreseen.at_most {
            facts.until.extend(foreseen.until.iter().map(|said| self.plan.node(*said).name.clone()));
        }
        let left_out = self.tables.left_out(id);
        if left_out.files() > 0 {
            facts.notes.push(format!("left out: {left_out}"));
        }
        if let Ok(reader) = self.plan.get::<Reader>(id) {
            self.findings.extend(no_images(&self.plan.node(id).name, id, reader, &table));
        }
        if self.plan.node(id).is_on_disk() && table.stream().alignment.is_none() {
            facts.notes.push("how these faces are aligned is not known".to_owned());
        }
        Ok(facts)
    }

    fn draw(&mut self, id: NodeId, it: &Draw) -> Result<Facts, Unknown> {
        let table = self.tables.table(it.data.node)?;
        let pass = self.tables.batches(id, 0)?.facts();
        let mut facts = Facts {
            images: Some(table.len() as u64),
            identities: Some(table.labels().len() as u64),
            batch: Some(pass.images_per_batch as u64),
            steps_per_epoch: Some(pass.batches as u64),
            ..Facts::default()
        };
        if pass.people_left_out > 0 {
            let (people, images) = (pass.people_left_out, pass.images_left_out);
            facts.notes.push(format!("people who make no pair are never drawn: {people}, with {images} of the images"));
        }
        if let (Some(Sampler::Pk(pk)), 1..) = (&it.by, pass.people_repeated) {
            let failure = sampling::repeated(pk, pass.people_repeated, table.people());
            self.findings.push(Finding { at: id.into(), label: "drawn here".to_owned(), also: None, severity: Severity::Warning, failure });
        }
        for doubt in self.tables.draw_doubts(id)? {
            let failure = data_codes::doubt(&doubt);
            self.findings.push(Finding { at: id.into(), label: "drawn here".to_owned(), also: None, severity: Severity::Warning, failure });
        }
        self.passes.insert(id, pass);
        Ok(facts)
    }

    /// Refuses an augment whose curves leave what it allows at a step of a stage: ends of a range that pass each other.
    fn varies_within_limits(&self, stage: NodeId, draw: NodeId, schedule: Schedule) -> Result<(), Unknown> {
        let changes = self.tables.changes(draw, 0)?;
        if !changes.vary() {
            return Ok(());
        }
        let apart = schedule.steps.div_ceil(STEPS_LOOKED_AT).max(1);
        let last = schedule.steps.saturating_sub(1);
        let steps = (0..schedule.steps).step_by(usize::try_from(apart).unwrap_or(usize::MAX)).chain([last]);
        for step in steps {
            let now = Moment { step, per_epoch: schedule.per_epoch, total: schedule.steps };
            if let Err(error) = changes.at(now) {
                let (stage, draw) = (self.plan.node(stage).bare_name(), self.plan.node(draw).bare_name());
                let shown = step + 1;
                let message = format!("at step {shown} of `{stage}` the augment of `{draw}` can't be drawn: {error}");
                let help = "both ends of a range may change, and the first stays the smaller one";
                return Err(Unknown::Failure(Failure::new(Code::EmptyRange, message).help(help)));
            }
        }
        Ok(())
    }

    fn stage(&mut self, id: NodeId, it: &Train) -> Result<Facts, Unknown> {
        sampling::shows_people_again(self.plan, &self.tables, &self.passes, it)?;
        pooling::is_learned_on_the_way(self.plan, it)?;
        ends::trains_one_network(self.plan, it)?;
        let nets = it.model.all();
        let costs: Option<Vec<Rc<Cost>>> = nets.iter().map(|(_, model)| self.costs.of(self.plan, model.node)).collect();
        let draws = self.plan.draws(id).map_err(TableError::from)?;
        let passes = || draws.iter().filter_map(|draw| self.passes.get(draw));
        let schedule = Schedule::new(it, passes())?;
        for draw in &draws {
            if !self.facts[draw.0 as usize].until.is_empty() {
                continue; // at which step what is drawn, the run knows
            }
            self.varies_within_limits(id, *draw, schedule)?;
        }
        let images_per_step = draws
            .iter()
            .filter_map(|draw| {
                Some((self.plan.node(*draw).name.clone(), self.passes.get(draw)?.images_per_batch as u64 * u64::from(it.accumulate)))
            })
            .collect();
        let mut facts =
            Facts { steps: Some(schedule.steps), steps_per_epoch: Some(schedule.per_epoch), images_per_step, ..Facts::default() };
        for (place, (net, model)) in nets.iter().enumerate() {
            let own: BTreeSet<NodeId> = it.draws_of(net).collect();
            let images = own.iter().filter_map(|draw| self.passes.get(draw)).map(|pass| pass.images_per_batch as u64).sum();
            schedule::divides(it, images)?;
            let classes = self.classes(it, net)?;
            let Some(cost) = costs.as_ref().and_then(|costs| costs.get(place)) else { continue };
            let fixed = self.plan.frozen(it, model.node);
            schedule::counts_over_images(it, net, &cost.network, &cost.frozen(&fixed).0, images)?;
            *facts.memory.get_or_insert(0) += memory::of_stage(it, &fixed, cost, classes * cost.embedding, images);
            self.heads(it, net, cost.embedding, &mut facts)?;
            for weighted in it.terms().filter(|weighted| weighted.term.trains(net)) {
                ends::fits(self.plan, (net, model.node), cost, &weighted.term)?;
                let teacher = weighted.term.it().teacher().map(|(teacher, _)| teacher.node);
                let teacher = teacher.and_then(|teacher| Some((self.plan.node(teacher).name.as_str(), self.costs.of(self.plan, teacher)?)));
                let teacher = teacher.as_ref().map(|(name, cost)| (*name, &cost.network));
                let name = if net.is_empty() { &self.plan.node(model.node).name } else { *net };
                ends::comparable((name, &cost.network), teacher, &weighted.term)?;
            }
            let also = it.terms().filter(|weighted| weighted.term.trains(net)).filter_map(|weighted| weighted.term.it().looks_at());
            own.into_iter().chain(also.map(|data| data.node)).for_each(|images| self.sees(model.node, images, cost));
        }
        if let Some(costs) = &costs {
            let networks: Vec<(&str, &Network)> = nets.iter().map(|(name, _)| *name).zip(costs.iter().map(|cost| &cost.network)).collect();
            it.terms().try_for_each(|weighted| ends::one_width(&networks, &weighted.term))?;
            let models: Vec<(NodeId, &Network)> = nets.iter().zip(costs).map(|((_, model), cost)| (model.node, &cost.network)).collect();
            ends::something_learns(self.plan, it, &models)?;
        }
        self.teachers(it, &mut facts)?;
        Ok(facts)
    }

    /// What a term is given of samples.
    fn pose(&self, term: &Term) -> Result<(), Unknown> {
        let wanted: Vec<Expr> = term.it().reads().into_iter().cloned().collect();
        for draw in term.it().draws() {
            reads::known(&self.tables, &wanted, draw)?;
        }
        let Term::HeadPose(pose) = term else { return Ok(()) };
        reads::have_bins(&self.tables, pose)
    }

    /// What the heads of a network of a stage compute, and what sampling classes saves of it.
    fn heads(&self, it: &Train, net: &str, embedding: u64, facts: &mut Facts) -> Result<(), Unknown> {
        for weighted in it.terms().filter(|weighted| weighted.term.trains(net)) {
            let Term::Classify(classify) = &weighted.term else { continue };
            let (draw, images) = (classify.data.node, self.passes.get(&classify.data.node).map_or(0, |pass| pass.images_per_batch as u64));
            let data: &Draw = self.plan.get(draw).map_err(TableError::from)?;
            let classes = self.tables.table(data.data.node)?.labels().len() as u64;
            let bytes = |part| memory::of_head(images, classes, part, embedding);
            let part = classify.sample.0;
            facts.memory = facts.memory.map(|memory| memory + bytes(part));
            let competing = memory::competing(classes, part);
            if competing < classes {
                let (name, saved) = (&self.plan.node(draw).name, crate::plan::grid::bytes(bytes(1.0).saturating_sub(bytes(part))));
                let (competing, classes) = (crate::plan::grid::grouped(competing), crate::plan::grid::grouped(classes));
                facts.notes.push(format!("`{name}`: {competing} of {classes} people compete at each step, which saves {saved}"));
            }
        }
        Ok(())
    }

    /// What the teachers of a stage cost.
    fn teachers(&mut self, it: &Train, facts: &mut Facts) -> Result<(), Unknown> {
        let mut seen: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        for weighted in it.terms() {
            if let Some((teacher, data)) = weighted.term.it().teacher() {
                seen.entry(teacher.node).or_default().insert(data.node);
            }
            teaching::knows_the_people(self.plan, &self.tables, &weighted.term)?;
            teaching::shows_the_people(self.plan, &self.tables, &weighted.term)?;
            self.pose(&weighted.term)?;
        }
        for (teacher, draws) in seen {
            let images = draws.iter().filter_map(|draw| self.passes.get(draw)).map(|pass| pass.images_per_batch as u64).sum();
            let name = &self.plan.node(teacher).name;
            let a_step = images * u64::from(it.accumulate);
            let cost = self.costs.of(self.plan, teacher);
            let each = cost.as_ref().map_or_else(String::new, |cost| format!(" ({} multiply-adds each)", rounded(cost.multiply_adds())));
            facts
                .notes
                .push(format!("the teacher `{name}` sees {a_step} images a step{each}; what it says of images that stay the same is kept"));
            if let Some(cost) = cost {
                facts.memory = facts.memory.map(|memory| memory + memory::of_teacher(&cost, images));
                draws.iter().for_each(|draw| self.sees(teacher, *draw, &cost));
            }
        }
        Ok(())
    }

    /// Classes of all heads of a network of a stage; heads of one label space and slot share their prototypes.
    fn classes(&self, it: &Train, net: &str) -> Result<u64, Unknown> {
        let mut heads = BTreeMap::new();
        for weighted in it.terms().filter(|weighted| weighted.term.trains(net)) {
            let Some((data, slot)) = weighted.term.it().prototypes() else { continue };
            let draw: &Draw = self.plan.get(data.node).map_err(TableError::from)?;
            let table = self.tables.table(draw.data.node)?;
            let classes = table.labels().len();
            if classes < 2 {
                let draw = self.plan.node(data.node).name.clone();
                return Err(ScheduleError::OneClass { draw, classes }.into());
            }
            heads.insert((table.labels().id().to_owned(), slot.to_owned()), classes as u64);
        }
        Ok(heads.values().sum())
    }

    fn features(&mut self, id: NodeId, it: &Features) -> Result<Facts, Unknown> {
        if let Ok(file) = self.plan.get::<Embedded>(it.model.node) {
            self.tables.in_file(it, it.model.node, file)?;
        }
        if let Some(cost) = self.costs.of(self.plan, id) {
            self.sees(id, it.data.node, &cost);
        }
        let images = self.tables.table(it.data.node)?.len() as u64;
        Ok(Facts { images: Some(images), ..Facts::default() })
    }

    /// What a model is asked must be what it says: angles of one for poses, the rest of one that describes faces.
    fn said(&mut self, it: &Said) -> Result<Facts, Unknown> {
        let images = self.tables.table(it.data.node)?.len() as u64;
        let Observer::Predict(predict) = &it.by else { return Ok(Facts { images: Some(images), ..Facts::default() }) };
        for (attribute, saying) in &predict.says {
            if let Saying::KMeans(means) = saying
                && means.k > images
            {
                let message = format!(
                    "`{attribute}` is one of {} clusters of {} images",
                    crate::plan::grouped(means.k),
                    crate::plan::grouped(images)
                );
                return Err(Unknown::Failure(Failure::new(Code::BadData, message).help("ask for fewer clusters than there are images")));
            }
        }
        if let Some(cost) = self.costs.of(self.plan, predict.model.node) {
            let name = &self.plan.node(predict.model.node).name;
            for (attribute, saying) in &predict.says {
                match saying {
                    Saying::HeadAngle(_) => ends::gives_angles(name, &cost.network, &format!("`{attribute}` is a `{}`", HeadAngle::NAME))?,
                    saying => ends::describes_faces(name, &cost.network, &format!("`{attribute}` is told by `{}` of", saying.name()))?,
                }
            }
        }
        Ok(Facts { images: Some(images), ..Facts::default() })
    }

    /// Images that go through something do so at a size.
    fn measured(&mut self, it: &Measured) -> Result<Facts, Unknown> {
        let table = self.tables.table(it.data.node)?;
        let Observer::Measure(measure) = &it.by else { return Ok(Facts::default()) };
        if measure.side.is_none() && table.rows().any(|row| row.treatment().is_some()) {
            let message =
                format!("the images of `{}` go through something, and at which size is not said", self.plan.node(it.data.node).name);
            return Err(Unknown::Failure(
                Failure::new(Code::BadData, message).help("say it: measure({…}, side = 112px), or measure before"),
            ));
        }
        Ok(Facts { images: Some(table.len() as u64), ..Facts::default() })
    }

    /// Two models whose embeddings are compared give as many numbers.
    fn judge(&mut self, it: &Judge) -> Result<Facts, Unknown> {
        for model in [Some(it.model.node), it.gallery_model.map(|model| model.node)].into_iter().flatten() {
            if let Some(cost) = self.costs.of(self.plan, model) {
                ends::describes_faces(&self.plan.node(model).name, &cost.network, "a protocol judges")?;
            }
        }
        let Some(gallery) = it.gallery_model else { return Ok(Facts::default()) };
        let width = |this: &mut Self, model: NodeId| this.costs.of(this.plan, model).map(|cost| (model, cost.embedding));
        let (Some(gallery), Some(probe)) = (width(self, gallery.node), width(self, it.model.node)) else { return Ok(Facts::default()) };
        teaching::comparable(self.plan, gallery, probe)?;
        Ok(Facts::default())
    }

    /// Remembers that the network of a model sees the images that a node is made of.
    fn sees(&mut self, model: NodeId, node: NodeId, cost: &Cost) {
        if let Ok(network) = self.plan.network_node(model) {
            self.sight.sees(self.plan, network, cost.input().size(), node);
            let read = reads::known(&self.tables, &cost.network.reads, node);
            self.troubles.extend(read.err().and_then(|error| error.failure()).map(|failure| Trouble { node: network, failure }));
        }
    }

    /// Pictures that folders hold and data sets don't, and files beside those that hold images.
    fn left_out(&self) -> Vec<Finding> {
        let folders = self.plan.iter().map(|(id, node)| (id, node, self.tables.left_out(id)));
        let finding = |(node, it, left_out): (NodeId, &PlanNode, LeftOut)| {
            Finding {
            at: Place::argument(node, "path"),
            label: "this folder".to_owned(),
            also: None,
            severity: Severity::Warning,
            failure: Failure::new(Code::LeftOut, format!("`{}` leaves out {left_out}", it.name))
                .help(if left_out.beside_holders {
                    "files in folders are not looked for, and what is compressed is not read: unpack it, name each folder by itself, or take it away"
                } else {
                    "convert them to PNG or JPEG, name them by what they are, or take them away"
                }),
        }
        };
        folders.filter(|(_, _, left_out)| left_out.pictures() > 0).map(finding).collect()
    }

    /// Says what is to be said of the images that networks see.
    fn seen(&mut self) -> Vec<Finding> {
        let (troubles, findings) = self.sight.sizes(&self.tables, &mut self.facts);
        self.troubles.extend(troubles);
        self.troubles.extend(self.sight.alignments(&self.tables));
        self.troubles.sort_by_key(|trouble| trouble.node);
        findings
    }
}

#[cfg(test)]
mod tests {
    use crate::compile::{Options, compile};
    use crate::data::probe::ProbeCache;
    use crate::source::Memory;
    use std::path::Path;

    /// The stage's memory, and what is noted of it.
    fn stage(sample: &str) -> (u64, Vec<String>) {
        let text = format!(
            "ddl 1
             dataset faces = synthetic_faces(identities = 2000, images = 2, size = 32px)
             backbone net = tiny(embedding = 16, side = 32px, width = 8)
             stage s = train(net, classify(faces, cosface(), sample = {sample}), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))"
        );
        let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
        let (plan, said) = compiled.known_plan(ProbeCache::none());
        assert!(said.is_empty() && !compiled.has_errors(), "{said:?} {:?}", compiled.diagnostics);
        let stage = plan.nodes.into_iter().find(|node| node.name == "s").unwrap();
        (stage.facts.memory.unwrap(), stage.facts.notes)
    }

    /// Every network with batch norms, in every way in which one image can come in; and none without them.
    #[test]
    fn batch_norm_over_a_single_image_is_refused_by_the_plan() {
        let codes = |net: &str, train: &str| {
            let text = format!(
                "ddl 1
                 dataset faces = synthetic_faces(identities = 8, images = 4, size = 32px)
                 backbone net = {net}
                 backbone other = tiny(side = 32px, seed = 7)
                 batches one = draw(faces, size = 1)
                 batches two = draw(faces, size = 1, seed = 5)
                 stage s = train({train}, for = 2 steps, optimizer = sgd(lr = 0.1))"
            );
            let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
            assert!(!compiled.has_errors(), "{net}, {train}: {:?}", compiled.diagnostics);
            let (_, said) = compiled.known_plan(ProbeCache::none());
            said.iter().map(|it| it.code.text()).filter(|code| *code == "ddl::run::one_image").count()
        };
        let plain = "net, classify(one, arcface())";
        for (net, norms) in [
            ("tiny()", true),
            ("mobilefacenet()", true),
            ("iresnet(18)", true),
            ("ir(18)", true),
            ("vit(\"t\")", true),
            ("resnet50()", true),
            ("vgg16()", false),
            ("spherenet()", false),
            ("lightcnn(\"9\")", false),
            ("deepid()", false),
            ("deepface()", false),
        ] {
            assert_eq!(codes(net, plain), usize::from(norms), "{net}");
        }
        for (train, refused) in [
            ("net, classify(faces, arcface()), batch = 1", true),
            ("net, classify(faces, arcface()), batch = 1, accumulate = 8", true),
            ("net, classify(one, arcface()) + classify(two, arcface())", false),
            ("net, classify(one, arcface()), batch_norm = \"frozen\"", false),
            ("net, classify(one, arcface()), freeze = [net.trunk]", true),
            ("net, classify(one, arcface()), freeze = [net.trunk, net.neck, net.activations]", false),
            (
                "{a = net, b = other}, classify(one, arcface(), of = a) + classify(one, arcface(), of = b) + classify(two, arcface(), of = b)",
                true,
            ),
        ] {
            assert_eq!(codes("tiny(side = 32px)", train), usize::from(refused), "{train}");
        }
    }

    #[test]
    fn a_plan_says_what_sampling_classes_saves() {
        let ((all, none), (some, notes)) = (stage("100%"), stage("10%"));
        assert_eq!(none, Vec::<String>::new());
        // 2,000 rows of 16 and 4 x 8 numbers against 200 rows of 2 x 16 and 4 x 8
        assert_eq!(all - some, 4 * (2000 * 48 - 200 * 64));
        assert_eq!(notes.len(), 1);
        assert!(notes[0].contains("200 of 2,000 people compete at each step, which saves 325 KiB"), "{}", notes[0]);
    }

    #[test]
    fn the_memory_of_several_networks_is_that_of_each_with_its_own_frozen_parts() {
        let memory = |model: &str, terms: &str, more: &str| {
            let text = format!(
                "ddl 1
                 dataset faces = synthetic_faces(identities = 20, images = 2, size = 32px)
                 backbone net = tiny(embedding = 16, side = 32px, width = 8)
                 backbone other = tiny(embedding = 24, side = 48px, width = 12)
                 batches d = draw(faces, size = 8)
                 stage s = train({model}, {terms}, for = 1 epoch, optimizer = sgd(lr = 0.1){more})"
            );
            let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
            let (plan, said) = compiled.known_plan(ProbeCache::none());
            assert!(said.is_empty() && !compiled.has_errors(), "{said:?} {:?}", compiled.diagnostics);
            plan.nodes.into_iter().find(|node| node.op == "train").unwrap().facts.memory.unwrap()
        };
        let both = |more: &str| memory("{a = net, b = other}", "classify(d, cosface(), of = a) + classify(d, cosface(), of = b)", more);
        let (a, b) =
            (|more: &str| memory("net", "classify(d, cosface())", more), |more: &str| memory("other", "classify(d, cosface())", more));
        assert_eq!(both(""), a("") + b(""));
        assert_eq!(both(", freeze = [other.trunk]"), a("") + b(", freeze = [other.trunk]"));
        assert!(b(", freeze = [other.trunk]") < b(""));
    }
}
