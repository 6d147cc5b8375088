//! What is known of protocols: how many images and pairs they judge, and whom.

use super::{Gather, Trouble};
use crate::data::Table as Rows;
use crate::data::protocol::{Doubt, Strangers, on_both_sides};
use crate::diag::{Code, Severity};
use crate::eval::parts::{self, Lack};
use crate::eval::{Counted, EvalError, Far, Folding, Joint, Kinds, PairScores, Pairs, Parted, Untold};
use crate::events::Failure;
use crate::inputs::data_codes;
use crate::inputs::people::{self, People};
use crate::lang::value::NodeId;
use crate::ops::evals::{
    At, Decided, MadePairs, Metric, OverPanel, PairSource, PanelBy, Protocol, TemplateIdentification, TemplateVerification, Told,
    Verification,
};
use crate::ops::outputs::{Judge, Table, TableColumn};
use crate::ops::parse_member;
use crate::ops::refs::EvalRef;
use crate::ops::stages::Chosen;
use crate::plan::chance::Chances;
use crate::plan::grid::grouped;
use crate::plan::rows::{Laid, evals_of};
use crate::plan::{Facts, Plan};
use crate::preflight::audit::{Finding, Place};
use crate::preflight::unknown::Unknown;
use indexmap::IndexMap;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

impl Gather<'_> {
    /// What a protocol judges.
    pub(super) fn protocol(&mut self, id: NodeId, it: &Protocol) -> Result<Facts, Unknown> {
        match it {
            Protocol::Verification(it) => self.pairs(id, it),
            Protocol::Identification(_) => self.search(id),
            Protocol::TemplateVerification(it) => self.templates(id, it),
            Protocol::TemplateIdentification(it) => self.template_search(id, it),
        }
    }

    /// What is known of a protocol that is decided at a threshold: what is known of its own, if the other can tell the threshold.
    pub(super) fn decided(&mut self, id: NodeId, it: &Decided) -> Result<Facts, Unknown> {
        let people: People = it.evals().filter_map(|eval| self.judged.get(&eval.node)).flatten().cloned().collect();
        self.judged.insert(id, people);
        if let Some(parted) = self.parted.get(&it.eval.node).cloned() {
            self.parted.insert(id, parted);
        }
        if let Some(counted) = self.counted.get(&it.eval.node).cloned() {
            self.counted.insert(id, counted);
        }
        if let At::Told(Told::ThresholdAt(told)) = &it.at
            && let Some(there) = self.counted.get(&told.eval.node)
            && let Err(error) = Far::new(told.far.0).and_then(|far| there.rate(far))
        {
            let message = format!("`{}` can't tell a threshold at {}: {error}", self.plan.node(told.eval.node).name, told.far);
            return Err(Unknown::Failure(unmeasurable(message, &error)));
        }
        Ok(Facts::default())
    }

    fn pairs(&mut self, id: NodeId, it: &Verification) -> Result<Facts, Unknown> {
        if let PairSource::Made(MadePairs::AllPairs(all)) = &it.pairs {
            let (first, second) = self.tables.sides(id)?;
            self.judged.insert(id, people::of_table(&first).into_iter().chain(people::of_table(&second)).collect());
            if all.with.is_some() || it.gallery != it.probe {
                self.doubt(id, on_both_sides(&first, &second));
            }
            let (a, b) = (first.len() as u64, second.len() as u64);
            // two views of one set are two sets
            let across = all.with.is_some() || it.probe != it.gallery;
            let images = if all.with.is_some() { a + b } else { a };
            let pairs = if across { a * b } else { a * a.saturating_sub(1) / 2 };
            let genuine = of_one_person(&first, across.then_some(&second));
            self.counts(id, Counted::Pairs(Kinds { genuine, impostor: pairs - genuine }))?;
            return Ok(Facts { pairs: Some(pairs), images: Some(images), ..Facts::default() });
        }
        let protocol = self.tables.protocol(id)?;
        let (first, second) = (protocol.first_rows(), protocol.second_rows());
        let of = |table: &Rows, rows: &[u32]| people::of_rows(table, rows.iter().map(|row| *row as usize));
        let mut judged = of(&protocol.first, &first);
        judged.extend(protocol.second.iter().flat_map(|table| of(table, &second)));
        self.judged.insert(id, judged);
        let images = first.len() + second.len();
        let mut facts = Facts { pairs: Some(protocol.kept.total()), images: Some(images as u64), ..Facts::default() };
        facts.until.extend(self.tables.bucket_waits_for(it).into_iter().map(|said| self.plan.node(said).name.clone()));
        let (kept, listed) = (protocol.kept, protocol.in_file);
        let (folds, same): (Vec<u32>, Vec<bool>) = protocol.pairs.iter().map(|pair| (pair.fold, pair.same)).unzip();
        let scores = PairScores::Cosine(vec![0.0; same.len()]); // which pair stands in which fold hangs on no score
        let pairs = Pairs::new(folds, same, scores).map_err(|error| Unknown::Failure(one_sided(&error)))?;
        let pairs = it.folds.map_or_else(|| pairs.clone(), |folds| pairs.clone().refold(Folding::Stratified(folds)));
        self.counts(id, Counted::Folds(pairs.by_fold()))?;
        self.parted.insert(id, people::of_folds(&protocol, pairs.fold()));
        if kept != listed {
            facts.notes.push(format!(
                "{} of {} pairs are {}: {} of {} same, {} of {} different",
                kept.total(),
                listed.total(),
                if it.by.is_some() { "in this bucket" } else { "within these people" },
                kept.same,
                listed.same,
                kept.different,
                listed.different
            ));
        }
        self.doubt(id, protocol.doubts);
        Ok(facts)
    }

    /// Says what is odd about the lists of a protocol.
    fn doubt(&mut self, node: NodeId, doubts: impl IntoIterator<Item = Doubt>) {
        self.findings.extend(doubts.into_iter().map(|doubt| {
            let failure = data_codes::doubt(&doubt);
            Finding { at: node.into(), label: "judged here".to_owned(), also: None, severity: Severity::Warning, failure }
        }));
    }

    fn search(&mut self, id: NodeId) -> Result<Facts, Unknown> {
        let search = self.tables.search(id)?;
        self.judged.insert(id, people::of_table(&search.gallery).into_iter().chain(people::of_table(&search.probe)).collect());
        let gallery = search.gallery.len() as u64;
        self.parted.insert(id, people::of_probes(&search.probe, &search.gallery, search.strangers));
        self.doubt(id, on_both_sides(&search.gallery, &search.probe));
        let mut facts = Facts { pairs: Some(search.judged() * gallery), images: Some(search.judged() + gallery), ..Facts::default() };
        facts.notes.push(format!(
            "{} probes look for their people among {} people on {gallery} images",
            search.judged(),
            search.gallery.people()
        ));
        self.strangers_of(id, search.strangers, (search.mated, search.unmated, search.gallery.people() as u64), &mut facts);
        Ok(facts)
    }

    /// Remembers what a protocol judges.
    fn counts(&mut self, id: NodeId, counted: Counted) -> Result<(), Unknown> {
        if !matches!(counted, Counted::Search { .. }) {
            counted.both_kinds().map_err(|error| Unknown::Failure(one_sided(&error)))?;
        }
        self.counted.insert(id, counted);
        Ok(())
    }

    /// What is known of the probes without a mate.
    fn strangers_of(&mut self, id: NodeId, strangers: Strangers, (mated, unmated, people): (u64, u64, u64), facts: &mut Facts) {
        let kept = if strangers == Strangers::Keep { unmated } else { 0 };
        self.counted.insert(id, Counted::Search { mated, strangers: kept, people });
        match strangers {
            Strangers::Keep => {
                facts.notes.push(format!("{unmated} of the probes show strangers"));
            }
            Strangers::Drop if unmated > 0 => {
                facts.notes.push(format!("{unmated} more probes show strangers and are left out"));
            }
            Strangers::Drop | Strangers::Refuse => {}
        }
    }

    fn template_search(&mut self, id: NodeId, it: &TemplateIdentification) -> Result<Facts, Unknown> {
        let search = self.tables.template_search(id)?;
        search.expect(&it.counts).map_err(|source| self.tables.data_error(id, source))?;
        let (gallery, images) = (search.gallery.len() as u64, search.of.faces.len() as u64);
        self.parted.insert(id, people::of_templates(&search));
        let mut facts = Facts { pairs: Some(search.judged() * gallery), images: Some(images), ..Facts::default() };
        facts.notes.push(format!(
            "{} probes look for their people among {} people in {} templates; {} templates of {} faces in {} media in all",
            grouped(search.judged()),
            grouped(search.people),
            grouped(gallery),
            grouped(search.of.ids.len() as u64),
            grouped(images),
            grouped(search.of.media)
        ));
        if search.of.unlisted > 0 {
            facts.notes.push(format!("{} images are in no template", search.of.unlisted));
        }
        self.strangers_of(id, search.strangers, (search.mated, search.unmated, search.people), &mut facts);
        self.doubt(id, search.doubts);
        Ok(facts)
    }

    fn templates(&mut self, id: NodeId, it: &TemplateVerification) -> Result<Facts, Unknown> {
        let templates = self.tables.templates(id)?;
        let counted = templates.count().and_then(|(pairs, doubts)| templates.expect(pairs, &it.counts).map(|()| (pairs, doubts)));
        let (pairs, doubts) = counted.map_err(|source| self.tables.data_error(id, source))?;
        self.counts(id, Counted::Pairs(Kinds { genuine: pairs.same, impostor: pairs.different }))?;
        let mut facts = Facts { pairs: Some(pairs.total()), images: Some(templates.of.faces.len() as u64), ..Facts::default() };
        facts.notes.push(format!(
            "{} templates of {} faces in {} media; {} pairs of one person and {} of two",
            grouped(templates.of.ids.len() as u64),
            grouped(templates.of.faces.len() as u64),
            grouped(templates.of.media),
            grouped(pairs.same),
            grouped(pairs.different)
        ));
        if templates.of.unlisted > 0 {
            facts.notes.push(format!("{} images are in no template", templates.of.unlisted));
        }
        self.doubt(id, templates.of.doubts.into_iter().chain(doubts));
        Ok(facts)
    }

    /// Refuses numbers that the protocols can't give, wherever they are asked for.
    pub(super) fn measurable(&mut self) {
        for (id, node) in self.plan.iter() {
            let mut asked = Vec::new();
            metrics_in(node.args(), &mut asked);
            if let Ok(chosen) = self.plan.get::<Chosen>(id) {
                // each arm is judged by the protocol of its own
                let judges = chosen.judged.iter().filter_map(|judged| self.plan.get::<Judge>(judged.node).ok());
                asked.extend(judges.map(|judge| chosen.metric.of(judge.eval)));
            }
            for metric in asked {
                let evals = evals_of(self.plan, &metric);
                let wrong = |eval: &EvalRef| Some((eval.node, metric.it().needs(self.counted.get(&eval.node)?).err()?));
                let Some((eval, error)) = evals.iter().find_map(wrong) else { continue };
                let message = format!("`{}` can't give `{}`: {error}", self.plan.node(eval).name, metric.label());
                let trouble = Trouble { node: id, failure: unmeasurable(message, &error) };
                if !self.troubles.contains(&trouble) {
                    self.troubles.push(trouble);
                }
            }
        }
    }
}

/// The numbers of tables that will have no interval, whatever they come to: said once of a protocol, with what it has too little of, and as
/// a note beside its name.
pub(super) fn without_interval(
    plan: &Plan,
    counted: &BTreeMap<NodeId, Counted>,
    parted: &BTreeMap<NodeId, Parted>,
) -> Vec<(Finding, String)> {
    let none = Parted::default();
    let of = |eval: &EvalRef| parted.get(&eval.node).unwrap_or(&none);
    let mut lacking: BTreeMap<NodeId, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let mut lacks = |eval: NodeId, lack: String, metric: &Metric| {
        let metrics = lacking.entry(eval).or_default().entry(lack).or_default();
        let label = format!("`{}`", metric.label());
        if !metrics.contains(&label) {
            metrics.push(label);
        }
    };
    for TableColumn { metric, .. } in plan.all::<Table>().flat_map(|(_, table)| &table.columns) {
        let evals: Vec<EvalRef> = match plan.get::<OverPanel>(metric.eval().node) {
            Ok(panel) if matches!(panel.by, PanelBy::Mean | PanelBy::Pooled) => panel.evals.values().copied().collect(),
            Ok(_) => continue, // a spread and the worst of several never have one
            Err(_) => vec![metric.eval()],
        };
        let mut told = true;
        for eval in &evals {
            let Some(counted) = counted.get(&eval.node) else {
                told = false;
                continue;
            };
            if let Err(lack) = tells(metric, counted, of(eval)) {
                told = false;
                if lack != Lack::Any {
                    lacks(eval.node, lack.to_string(), metric);
                }
            }
        }
        let joint = Parted::joint(&evals.iter().map(of).collect::<Vec<_>>());
        if let (true, Joint::Tangled { between: [a, b], people }) = (told, joint) {
            let name = |at: usize| plan.node(evals[at].node).bare_name();
            let who = if people == 1 { "a person".to_owned() } else { format!("{people} people") };
            let stand = if people == 1 { "stands" } else { "stand" };
            lacks(metric.eval().node, format!("{who} of `{}` {stand} in another fold, or group, of `{}`", name(a), name(b)), metric);
        }
    }
    let mut said = BTreeSet::new();
    let mut found = Vec::new();
    for (eval, lacks) in lacking {
        let name = plan.node(eval).bare_name();
        let lacks: Vec<String> = lacks.into_iter().map(|(lack, of)| format!("{} ({lack})", of.join(", "))).collect();
        let note = format!("too little to tell an interval of {}", lacks.join(" and of "));
        let message = format!("`{name}` has {note}");
        if !said.insert(message.clone()) {
            continue; // another arm of it
        }
        let failure = Failure::new(Code::NoInterval, message)
            .help("without an interval a difference of one run has no mark; a spread over a `replicate` is told all the same");
        let at = Place { node: eval, path: vec!["pairs".to_owned(), "folds".to_owned()] };
        found.push((Finding { at, label: "judged here".to_owned(), also: None, severity: Severity::Advice, failure }, note));
    }
    found
}

/// The rows of tables whose differences will have no mark, since no axis of their replicates tells noise, and as a note beside the table's
/// name.
pub(super) fn without_marks(plan: &Plan, counted: &BTreeMap<NodeId, Counted>, parted: &BTreeMap<NodeId, Parted>) -> Vec<(Finding, String)> {
    let mut chances = Chances::new(plan, |eval| parted.get(&eval));
    let mut found = Vec::new();
    for (id, table) in plan.all::<Table>() {
        let Ok(laid) = Laid::of(table) else { continue };
        let Ok(silent) = chances.of_table(&laid) else { continue };
        let known = |column: &TableColumn| evals_of(plan, &column.metric).iter().all(|eval| counted.contains_key(&eval.node));
        let mut rows: BTreeMap<Untold, IndexMap<String, Vec<&str>>> = BTreeMap::new();
        for (row, base) in laid.against.iter().enumerate().filter_map(|(row, base)| Some((row, (*base)?))) {
            for (column, columns) in laid.columns.iter().enumerate().filter(|(_, columns)| columns.iter().all(|column| known(column))) {
                let silent = silent.get(&(row, column));
                let why = match silent {
                    Some(silent) if silent.all => silent.axes.values().min().cloned(),
                    silent => chances.few(&laid, (row, base), column, silent).ok().flatten(),
                };
                if let Some(why) = why {
                    rows.entry(why).or_default().entry(laid.rows[row].0.name()).or_default().push(&columns[0].label);
                }
            }
        }
        for (why, rows) in rows {
            // rows that lack marks in the same columns together
            let mut alike: IndexMap<Vec<&str>, Vec<String>> = IndexMap::new();
            rows.into_iter().for_each(|(row, columns)| alike.entry(columns).or_default().push(row));
            let told = alike.into_iter().map(|(columns, rows)| {
                let all = columns.len() == laid.columns.len();
                let of = if all { String::new() } else { format!(" in {}", quoted(columns)) };
                format!("no differences of {} can have a mark{of}", quoted(rows))
            });
            let note = format!("{}: {why}", told.collect::<Vec<_>>().join(", "));
            let failure = Failure::new(Code::NoInterval, format!("`{}`: {note}", plan.node(id).bare_name())).help(match why {
                Untold::Chosen => "choose on people of their own: split({train = 70%, choose = 10%, test = 20%}, by = .identity)",
                Untold::Once(_) => {
                    "let its seed be that of the replicate, or compare it without the replicate: folds then tell of other people"
                }
                Untold::Few(_) => "let the replicate run over three values or more",
                Untold::SamePeople => "replicate the seed of the training, or the people: parts of a `split` that are judged one by one",
            });
            found.push((
                Finding { at: id.into(), label: "compared here".to_owned(), also: None, severity: Severity::Advice, failure },
                note,
            ));
        }
    }
    found
}

/// Names in a row.
fn quoted(names: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Whether what is counted can tell an interval of a metric, if its value is one with the most errors and successes.
fn tells(metric: &Metric, counted: &Counted, parted: &Parted) -> Result<(), Lack> {
    let told = metric.it().tells(0.5, counted);
    if told == Err(Lack::Any) || metric.it().needs(counted).is_err() {
        return Err(Lack::Any); // there is no such number, which is said elsewhere
    }
    parts::parted(counted, parted).and(told)?;
    if counted.without_each().iter().any(|rest| metric.it().needs(rest).is_err()) { Err(Lack::Spare) } else { Ok(()) }
}

/// What to do about a number that can't be had.
fn help(error: &EvalError) -> Option<&'static str> {
    match error {
        EvalError::TooFewProbes { .. } => Some("ask for a larger rate, or give more probes"),
        EvalError::OnePerson => Some("give a gallery of several people"),
        EvalError::FarNotSupported { unit: "probes", .. } => Some("ask for a larger rate, or give more probes of strangers"),
        EvalError::FarNotSupported { .. } => Some("ask for a larger rate, or give more pairs of two people"),
        EvalError::OneSided { .. } => Some("give pairs of both kinds, in every fold where folds are judged apart"),
        _ => None, // the message says it
    }
}

fn one_sided(error: &EvalError) -> Failure {
    unmeasurable(error.to_string(), error)
}

fn unmeasurable(message: String, error: &EvalError) -> Failure {
    let failure = Failure::new(Code::Unmeasurable, message);
    match help(error) {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// How many pairs of a set, or across two, show one person: people of two sets are the same by name.
fn of_one_person(first: &Rows, second: Option<&Rows>) -> u64 {
    let images = |table: &Rows| {
        let mut people: BTreeMap<String, u64> = BTreeMap::new();
        table.rows().for_each(|row| *people.entry(row.identity().to_owned()).or_default() += 1);
        people
    };
    let own = images(first);
    match second.map(images) {
        Some(others) => own.iter().map(|(name, images)| images * others.get(name).copied().unwrap_or(0)).sum(),
        None => own.values().map(|images| images * (images - 1) / 2).sum(),
    }
}

/// The metrics that a node's arguments hold.
fn metrics_in(json: &Json, found: &mut Vec<Metric>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| metrics_in(item, found)),
        Json::Object(map) if map.get("op").and_then(Json::as_str).is_some_and(Metric::is) => {
            let op = map.get("op").and_then(Json::as_str).unwrap_or_default();
            found.extend(parse_member::<Metric>(op, json)); // one that can't be read is told where it is used
        }
        Json::Object(map) => map.values().for_each(|value| metrics_in(value, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::compile::{Options, compile};
    use crate::data::probe::ProbeCache;
    use crate::diag::Code;
    use crate::ops::evals::Metric;
    use crate::source::Memory;
    use std::path::Path;

    /// What a plan says of a metric of a protocol that is asked for in some way.
    fn said(protocol: &str, asked: &str) -> Option<String> {
        let text = format!(
            "ddl 1
             dataset faces = synthetic_faces(identities = 100, images = 12, size = 16px)
             dataset small = synthetic_faces(identities = 24, images = 4, size = 16px, seed = 1)
             let people = small |> split({{a = 50%, b = 50%}}, by = .identity)
             backbone net = tiny(side = 16px)
             eval v = {protocol}
             {asked}"
        );
        let compiled = compile(&Memory::new().with("recipe.ddl", text.as_str()), Path::new("recipe.ddl"), &Options::default()).unwrap();
        if compiled.has_errors() {
            return Some("no such metric".to_owned()); // of another kind of protocol
        }
        let (_, said) = compiled.known_plan(ProbeCache::none());
        let wrong: Vec<String> =
            said.iter().filter(|it| it.severity == crate::diag::Severity::Error).map(|it| format!("{}: {}", it.code, it.message)).collect();
        assert!(wrong.len() <= 1 && said.iter().all(|it| it.code != Code::BadJob), "{text}: {said:?}");
        let follows = said.iter().any(|it| it.code == Code::NoInterval);
        assert!(wrong.is_empty() || !follows, "an interval of what can't be had: {said:?}");
        wrong.into_iter().next()
    }

    /// A metric means the same whether its default is said or not, and so does what can't be measured, wherever it is asked for.
    #[test]
    fn what_can_not_be_measured_is_known_of_defaults_too() {
        let protocols = [
            "verification(people.a, pairs = random_pairs(folds = 2, per_fold = 30))",
            "verification(faces, pairs = random_pairs(folds = 2, per_fold = 1500))",
            "verification(people.a, pairs = all_pairs())",
            "verification(faces, pairs = all_pairs())",
            "identification(gallery = people.a |> where(.index < 1), probe = small |> where(.index >= 1), strangers = \"keep\")",
        ];
        let (mut defaults, mut refused, mut fine) = (0, 0, 0);
        for protocol in protocols {
            for decl in Metric::decls() {
                let point = decl.params.iter().find(|param| param.name != "eval");
                let default = point.and_then(|param| param.default.as_ref()).map(ToString::to_string);
                let points = default.iter().cloned().chain(["1e-2".to_owned(), "5e-4".to_owned()]);
                let said_in_full: Vec<String> = match point {
                    None => vec![String::new()],
                    Some(param) if param.name == "k" => vec!["(1)".to_owned()],
                    Some(_) => points.map(|point| format!("({point})")).collect(),
                };
                for (at, point) in said_in_full.iter().enumerate() {
                    let metric = format!("v.{}{point}", decl.name);
                    let column = |metric: &str| said(protocol, &format!("report t = compare([net], columns = [{metric}])"));
                    let told = column(&metric);
                    if default.is_some() && at == 0 {
                        defaults += 1;
                        assert_eq!(column(&format!("v.{}", decl.name)), told, "{protocol}: {}", decl.name);
                        assert_eq!(column(&format!("v.{}()", decl.name)), told, "{protocol}: {}", decl.name);
                    }
                    let claim = said(protocol, &format!("expect e = score(net, {metric}) > 0.5"));
                    assert_eq!(claim, told, "{protocol}: {metric} of a claim");
                    match told.as_deref() {
                        Some("no such metric") => {}
                        Some(told) => {
                            assert!(told.starts_with("ddl::run::unmeasurable"), "{told}");
                            refused += 1;
                        }
                        None => fine += 1,
                    }
                }
            }
        }
        assert!(defaults >= 4 && refused >= 8 && fine >= 12, "{defaults} defaults, {refused} refused, {fine} not");
    }
}
