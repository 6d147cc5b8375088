//! What is known of protocols: how many images and pairs they judge, and whom.

use super::{Gather, Trouble};
use crate::data::Table;
use crate::data::protocol::{Doubt, Oddity, Strangers, on_both_sides};
use crate::diag::{Code, Severity};
use crate::eval::Far;
use crate::events::Failure;
use crate::lang::value::NodeId;
use crate::ops::evals::{MadePairs, Metric, OverPanel, PairSource, Protocol, TemplateIdentification, TemplateVerification, Verification};
use crate::plan::audit::Finding;
use crate::plan::grid::grouped;
use crate::plan::tables::TableError;
use crate::plan::unknown::Unknown;
use crate::plan::{Facts, data_codes, people};
use serde_json::Value as Json;

impl Gather<'_> {
    /// What a protocol judges.
    pub(super) fn protocol(&mut self, id: NodeId) -> Result<Facts, Unknown> {
        match self.plan.eval(id).map_err(TableError::from)? {
            Protocol::Verification(it) => self.pairs(id, &it),
            Protocol::Identification(_) => self.search(id),
            Protocol::Templates(it) => self.templates(id, &it),
            Protocol::TemplateSearch(it) => self.template_search(id, &it),
        }
    }

    fn pairs(&mut self, id: NodeId, it: &Verification) -> Result<Facts, Unknown> {
        if let PairSource::Made(MadePairs::AllPairs(all)) = &it.pairs {
            let (first, second) = self.tables.sides(id)?;
            self.judged.insert(id, people::of_table(&first).into_iter().chain(people::of_table(&second)).collect());
            if all.with.is_some() && it.gallery == it.probe {
                self.doubt(id, on_both_sides(&first, &second));
            }
            let (a, b) = (first.len() as u64, second.len() as u64);
            let (pairs, images) = if all.with.is_some() { (a * b, a + b) } else { (a * a.saturating_sub(1) / 2, a) };
            return Ok(Facts { pairs: Some(pairs), images: Some(images), ..Facts::default() });
        }
        let protocol = self.tables.protocol(id)?;
        let (first, second) = (protocol.first_rows(), protocol.second_rows());
        let of = |table: &Table, rows: &[u32]| people::of_rows(table, rows.iter().map(|row| *row as usize));
        let mut judged = of(&protocol.first, &first);
        judged.extend(protocol.second.iter().flat_map(|table| of(table, &second)));
        self.judged.insert(id, judged);
        let images = first.len() + second.len();
        let mut facts = Facts { pairs: Some(protocol.kept.total()), images: Some(images as u64), ..Facts::default() };
        let (kept, listed) = (protocol.kept, protocol.in_file);
        if kept != listed {
            facts.notes.push(format!(
                "{} of {} pairs are within these people: {} of {} same, {} of {} different",
                kept.total(),
                listed.total(),
                kept.same,
                listed.same,
                kept.different,
                listed.different
            ));
        }
        // an image that is seen in two ways is two images
        let one_way = it.gallery == it.probe;
        self.doubt(id, protocol.doubts.into_iter().filter(|doubt| one_way || doubt.oddity != Oddity::Itself));
        Ok(facts)
    }

    /// Says what is odd about the lists of a protocol.
    fn doubt(&mut self, node: NodeId, doubts: impl IntoIterator<Item = Doubt>) {
        self.findings.extend(doubts.into_iter().map(|doubt| {
            let failure = data_codes::doubt(&doubt);
            Finding { node, label: "judged here".to_owned(), also: None, severity: Severity::Warning, failure }
        }));
    }

    fn search(&mut self, id: NodeId) -> Result<Facts, Unknown> {
        let search = self.tables.search(id)?;
        self.judged.insert(id, people::of_table(&search.gallery).into_iter().chain(people::of_table(&search.probe)).collect());
        let gallery = search.gallery.len() as u64;
        let mut facts = Facts { pairs: Some(search.judged() * gallery), images: Some(search.judged() + gallery), ..Facts::default() };
        facts.notes.push(format!(
            "{} probes look for their people among {} people on {gallery} images",
            search.judged(),
            search.gallery.people()
        ));
        self.strangers_of(id, search.strangers, search.unmated, &mut facts);
        Ok(facts)
    }

    /// What is known of the probes without a mate.
    fn strangers_of(&mut self, id: NodeId, strangers: Strangers, unmated: u64, facts: &mut Facts) {
        match strangers {
            Strangers::Keep => {
                self.strangers.insert(id, unmated);
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
        self.strangers_of(id, search.strangers, search.unmated, &mut facts);
        self.doubt(id, search.doubts);
        Ok(facts)
    }

    fn templates(&mut self, id: NodeId, it: &TemplateVerification) -> Result<Facts, Unknown> {
        let templates = self.tables.templates(id)?;
        let counted = templates.count().and_then(|(pairs, doubts)| templates.expect(pairs, &it.counts).map(|()| (pairs, doubts)));
        let (pairs, doubts) = counted.map_err(|source| self.tables.data_error(id, source))?;
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

    /// Refuses rates that a protocol's strangers can't support, wherever they are asked for.
    pub(super) fn rates(&mut self) {
        for (id, node) in self.plan.iter() {
            let mut asked = Vec::new();
            metrics_in(&node.args, &mut asked);
            for metric in asked {
                let Metric::Tpir(tpir) = &metric else { continue };
                let Ok(fpir) = Far::new(tpir.fpir.0) else { continue };
                let needed = fpir.impostors_needed();
                let panel = self.plan.parse::<OverPanel>(tpir.eval.node);
                let evals = panel.map_or_else(|_| vec![tpir.eval], |panel| panel.evals.into_values().collect());
                let fewest = evals.iter().filter_map(|eval| Some((*self.strangers.get(&eval.node)?, eval.node))).min();
                if let Some((strangers, eval)) = fewest.filter(|(strangers, _)| *strangers < needed) {
                    let eval = &self.plan.node(eval).name;
                    let message = format!(
                        "an FPIR of {fpir} needs at least {needed} probes of strangers, and `{eval}` has {strangers}: fewer than one of them would decide"
                    );
                    let failure = Failure::new(Code::Unmeasurable, message).help("ask for a larger rate, or give more probes of strangers");
                    let trouble = Trouble { node: id, failure };
                    if !self.troubles.contains(&trouble) {
                        self.troubles.push(trouble);
                    }
                }
            }
        }
    }
}

/// The metrics that a node's arguments hold.
fn metrics_in(json: &Json, found: &mut Vec<Metric>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| metrics_in(item, found)),
        Json::Object(map) if map.get("op").and_then(Json::as_str).is_some_and(Metric::is) => {
            found.extend(serde_json::from_value::<Metric>(json.clone())); // one that can't be read is told where it is used
        }
        Json::Object(map) => map.values().for_each(|value| metrics_in(value, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
