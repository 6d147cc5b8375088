//! Before anything is computed: every image of the data in use is decoded once.

use super::{Exec, Halt};
use crate::nn::backbone::Backbone as _;
use ddl::data::check::{CorruptPolicy, check_all};
use ddl::events::Event;
use ddl::lang::value::NodeId;
use ddl::ops::data::{ImageFolder, ImageList, OnCorrupt};
use ddl::ops::stages::Train;
use ddl::plan::data_codes;
use std::collections::BTreeSet;

/// Corrupt images that an event names.
const NAMED: usize = 10;

impl Exec<'_> {
    /// Looks at every image of the data that will be used, so that a broken one does not stop the run an hour later.
    pub(super) fn check_data(&self, compute: &[NodeId]) -> Result<(), Halt> {
        let size = self.input_size(compute)?;
        for id in ddl::store::due::sources(&self.job.plan, compute) {
            self.halt_if_asked()?;
            let node = self.job.plan.node(id);
            let policy = match node.op.as_str() {
                "image_folder" => self.job.plan.parse::<ImageFolder>(id)?.on_corrupt,
                _ => self.job.plan.parse::<ImageList>(id)?.on_corrupt,
            };
            let policy = match policy {
                OnCorrupt::Stop => CorruptPolicy::Stop,
                OnCorrupt::Skip => CorruptPolicy::Skip,
            };
            let table = self.tables.table(id)?;
            let failed = |error| Halt::Failed(Some(node.name.clone()), data_codes::failure(None, &error));
            let checked = check_all(&table, policy, size).map_err(failed)?;
            self.events.emit(Event::Dataset {
                node: node.name.clone(),
                images: checked.table.len() as u64,
                people: checked.table.people() as u64,
                skipped: checked.corrupt.iter().take(NAMED).map(ToString::to_string).collect(),
                skipped_count: checked.corrupt.len() as u64,
            });
            if !checked.corrupt.is_empty() {
                self.tables.replace(id, checked.table);
            }
        }
        Ok(())
    }

    /// The one size of images that all networks in use want, if it is one.
    fn input_size(&self, compute: &[NodeId]) -> Result<Option<(u32, u32)>, Halt> {
        let mut sizes = Vec::new();
        for id in compute {
            let models: BTreeSet<NodeId> = match self.job.plan.node(*id).op.as_str() {
                "train" => {
                    let train: Train = self.job.plan.parse(*id)?;
                    let nets = train.model.all().into_iter().map(|(_, model)| model.node);
                    crate::train::teachers(&train).into_iter().chain(nets).collect()
                }
                "features" => BTreeSet::from([*id]),
                _ => continue, // sees no images
            };
            for model in models {
                sizes.push(self.made(model)?.network()?.input.size());
            }
        }
        sizes.sort_unstable();
        sizes.dedup();
        Ok(if sizes.len() == 1 { sizes.pop() } else { None })
    }
}
