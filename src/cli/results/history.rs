//! What the records of results say: who computed them and when, what was decided and seen on the way. What the store had and what this run
//! computed are told in the same words.

use super::reading::Reading;
use crate::cli::outcome::Stop;
use crate::events::record::RECORD;
use crate::events::{Decision, Event, Machine, Record};
use crate::lang::value::NodeId;
use crate::plan::Plan;
use std::collections::{BTreeMap, BTreeSet};

/// The records of a plan's results.
#[derive(Default)]
pub(crate) struct History {
    records: BTreeMap<NodeId, Record>,
}

/// Something that a stage's watch saw.
pub(crate) struct Seen<'h> {
    /// Steps that were done.
    pub step: u64,
    /// The protocol, with the network's name where there are several.
    pub eval: &'h str,
    /// The metric.
    pub metric: &'h str,
    /// Its value.
    pub value: f64,
}

impl History {
    /// Reads the records of all results that are asked for and that the store has.
    pub(crate) fn read(plan: &Plan, reading: &Reading) -> Result<Self, Stop> {
        let mut records = BTreeMap::new();
        for (id, _) in plan.iter().filter(|(_, node)| node.keeps().is_stored()) {
            // what another version of ddl kept may be in other words: less is told, no number is another
            let record = |bytes: &[u8]| Ok(serde_json::from_slice::<Record>(bytes).unwrap_or_default());
            if let Some(record) = reading.parsed(id, RECORD, record)? {
                records.insert(id, record);
            }
        }
        Ok(History { records })
    }

    /// The records, in the order of the plan.
    pub(crate) fn records(&self) -> impl Iterator<Item = (NodeId, &Record)> {
        self.records.iter().map(|(id, record)| (*id, record))
    }

    /// What nodes decided by themselves, in the order of the plan.
    pub(crate) fn decisions(&self) -> impl Iterator<Item = (NodeId, &Decision)> {
        self.records.keys().flat_map(|id| self.decided(*id).map(move |decision| (*id, decision)))
    }

    /// What a node decided by itself.
    pub(crate) fn decided(&self, id: NodeId) -> impl Iterator<Item = &Decision> {
        self.events(id).filter_map(|event| if let Event::Decided { decision, .. } = event { Some(decision) } else { None })
    }

    /// What was seen of a stage on its way.
    pub(crate) fn watched(&self, id: NodeId) -> impl Iterator<Item = Seen<'_>> {
        self.events(id).filter_map(|event| match event {
            Event::Watched { step, eval, metric, value, .. } => Some(Seen { step: *step, eval, metric, value: *value }),
            _ => None,
        })
    }

    /// All that happened and was kept, in the order of the plan.
    pub(crate) fn all_events(&self) -> impl Iterator<Item = &Event> {
        self.records.values().flat_map(|record| &record.events)
    }

    /// The machines on which the results of these nodes were computed, each once.
    pub(crate) fn machines(&self, of: &BTreeSet<NodeId>) -> BTreeSet<Machine> {
        let records = of.iter().filter_map(|id| self.records.get(id));
        records.flat_map(|record| record.spells.iter().map(|spell| spell.machine.clone())).collect()
    }

    fn events(&self, id: NodeId) -> impl Iterator<Item = &Event> {
        self.records.get(&id).into_iter().flat_map(|record| &record.events)
    }
}
