//! Stages: trained, and their results written.

use super::common::Begun;
use super::models::write_model;
use super::{Exec, Halt, halted};
use crate::model::Model;
use crate::train::{self, Group, Stage, Surroundings, TrainError, Trainee};
use ddl::lang::value::NodeId;
use ddl::ops::refs::ModelRef;
use ddl::ops::stages::Train;
use ddl::store::{Artifact, TRAINING_LOG};

/// The images of a stage's first step in its artifact: a list of [`ddl::events::PictureGroup`].
pub const FIRST_BATCH: &str = "first_batch.json";

impl Exec<'_> {
    pub(super) fn train(&self, id: NodeId, it: &Train) -> Result<Artifact, Halt> {
        let node = self.job.plan.node(id);
        let work = match self.begin(id)? {
            Begun::Made(artifact) => return Ok(artifact),
            Begun::Due(work) => work,
        };
        let trainee = |(name, model): (&str, ModelRef)| {
            let source = self.model(model.node)?;
            Ok(Trainee { name: name.to_owned(), node: model.node, source })
        };
        let nets = it.model.all().into_iter().map(trainee).collect::<Result<Vec<_>, Halt>>()?;
        let taught = train::teachers(it).into_iter().map(|node| Ok((node, self.model(node)?)));
        let teachers = taught.collect::<Result<_, Halt>>()?;
        let around = Surroundings {
            device: self.device,
            group: Group::default(),
            store: &self.store,
            made_of: work.made_of(),
            loading: self.loading(),
            workers: &self.workers,
            banks: &self.banks,
            every: self.job.checkpoint,
            events: &self.events,
            interrupted: self.stop,
        };
        let judge = |model: &Model, eval: NodeId| {
            self.judge_now(id, model, eval).map_err(|halt| match halt {
                Halt::Failed(_, failure) => TrainError::Failed(failure),
                Halt::Interrupted(_) => TrainError::Asked,
                Halt::Missing(id) => TrainError::Internal(format!("a judgement on the way read the result of `{}`", self.name(id))), // it reads none
            })
        };
        let stage = Stage { node: id, train: it, tables: &self.tables, nets: &nets, teachers: &teachers, around: &around, judge: &judge };
        let trained = train::run(&stage).map_err(|error| halted(&node.name, error))?;
        let mut draft = work.draft()?;
        for (net, model) in nets.iter().zip(&trained.models) {
            write_model(&mut draft, &net.name, &model.to_files()?)?;
        }
        draft.write(TRAINING_LOG, &trained.log.to_bytes()?)?;
        draft.write_json(FIRST_BATCH, &trained.first_batch)?;
        trained.samples.write(&mut draft).map_err(|error| halted(&node.name, error))?;
        let meta = serde_json::json!({
            "steps": trained.steps, "steps_per_epoch": trained.per_epoch, "kept": trained.kept, "spent": trained.spent,
        });
        let artifact = self.commit(&work, draft, meta)?;
        self.store.checkpoints(node.key).clear()?;
        Ok(artifact)
    }
}
