//! Models: backbones with their first tensors, stages from the store, and what is chosen or averaged of several.

#![allow(clippy::cast_possible_wrap, clippy::cast_precision_loss, reason = "sizes of tensors, which libtorch counts in i64")]

use super::{Exec, Halt, MODELS_KEPT};
use crate::failures;
use crate::model::{HEADS, Head, HeadId, Model, TENSORS};
use crate::nn::NnError;
use crate::nn::heads::PROTOTYPES;
use crate::nn::state::{Role, State, StateError, file};
use crate::train::scoped;
use ddl::diag::Code;
use ddl::events::{Decision, Event, Failure, Sink as _};
use ddl::lang::value::NodeId;
use ddl::nets::fit::Names;
use ddl::nets::{Made, prototypes};
use ddl::ops::nets::Backbone;
use ddl::ops::node::Node;
use ddl::ops::outputs::Started;
use ddl::ops::refs::FilePath;
use ddl::ops::stages::{Averaged, Chosen, Net};
use ddl::preflight::weights;
use ddl::store::Artifact;
use ddl::store::Judged;
use ddl::tensors::TensorFile;
use std::collections::BTreeSet;
use std::rc::Rc;
use tch::{Kind, Tensor};

impl Exec<'_> {
    /// The model of a node.
    pub(super) fn model(&self, id: NodeId) -> Result<Rc<Model>, Halt> {
        let key = self.job.plan.node(id).key;
        if let Some(model) = self.models.borrow().get(&key) {
            return Ok(Rc::clone(model));
        }
        let made = self.made(id)?;
        let model = if let Node::Backbone(backbone) = self.job.plan.work(id)? {
            self.first_tensors(id, backbone)?
        } else if let Node::Extension(extension) = self.job.plan.work(id)? {
            self.model(extension.model().node)?.extended(extension)?
        } else {
            // one of several networks lies in the result of its stage, under its name
            let (stage, name) = match self.job.plan.get::<Net>(id) {
                Ok(net) => (net.stage.node, net.name.clone()),
                Err(_) => (id, String::new()),
            };
            let read = |artifact: Artifact| -> Result<Result<Model, NnError>, Halt> {
                let (tensors, heads) = (artifact.read(&scoped(&name, TENSORS))?, artifact.read(&scoped(&name, HEADS))?);
                Ok(Model::from_files(&made, &tensors, &heads, self.device))
            };
            match read(self.artifact(stage)?)? {
                Err(error) if !error.is_torch() => {
                    let message = format!("the model of `{}` is not one of its network: {error}", self.name(stage));
                    drop(self.unfit(stage, message)?);
                    read(self.compute(stage)?)??
                }
                read => read?,
            }
        };
        self.sound(id, &model)?;
        let model = Rc::new(model);
        let mut kept = self.models.borrow_mut();
        if kept.len() >= MODELS_KEPT {
            kept.pop_first();
        }
        kept.insert(key, Rc::clone(&model));
        Ok(model)
    }

    /// That a model is all numbers, wherever it comes from: nothing is trained from another, judged by it, averaged or exported.
    fn sound(&self, id: NodeId, model: &Model) -> Result<(), Halt> {
        let Some(found) = model.not_finite()? else { return Ok(()) };
        let message = format!("`{}` can't be used: its tensor {found}", self.name(id));
        let help = "weights of a file lie within what 32 bits hold; a stage is trained again with `--again`, at a smaller learning rate";
        Err(Failure::new(Code::WeightsNotFinite, message).help(help).into())
    }

    /// What the network of a model is made of.
    pub(super) fn made(&self, id: NodeId) -> Result<Made, Halt> {
        Ok(self.job.plan.made(id)?)
    }

    fn first_tensors(&self, id: NodeId, backbone: &Backbone) -> Result<Model, Halt> {
        let made = &Made::from(backbone.clone());
        let Some(weights) = backbone.weights() else { return Ok(Model::new(made, None, self.device)?) };
        let it = weights.checkpoint();
        let (mut file, shown) = self.open_weights(id, &it.path)?;
        let named = |error: &StateError, shown: &str| {
            let failure = failures::state(error);
            Failure { message: format!("{shown}: {}", failure.message), ..failure }
        };
        let (place, fit) = weights::taken(&file, &shown, backbone, &it)?;
        let state = State::of_file(&mut file, place, &fit).map_err(|error| named(&error, &shown))?;
        // the tensors have the network's own names now
        let mut model = Model::new(made, Some((&state, &Names::new())), self.device)?;
        let Some(people) = it.prototypes else { return Ok(model) };
        let table = self.tables.table(people.node)?;
        let (mut file, shown, beside) = match &it.head {
            None => (file, shown, Some((place, &fit.network))),
            Some(head) => {
                let (file, shown) = self.open_weights(id, head)?;
                (file, shown, None)
            }
        };
        let found = prototypes::in_file(file.dictionaries(), beside, table.labels().len() as i64, model.width()?);
        let data = &self.job.plan.node(people.node).name;
        let (place, found) = found.map_err(|misfit| misfit.failure(&shown, data))?;
        let rows = file::prototypes(&mut file, place, &found).map_err(|error| named(&error, &shown))?;
        let mut state = State::new();
        state.insert(PROTOTYPES, rows.f_to_device(self.device)?.f_to_kind(Kind::Float)?, Role::Parameter)?;
        let head = HeadId { space: table.labels().id().to_owned(), slot: "main".to_owned() };
        model.heads.insert(head, Head { names: std::sync::Arc::clone(table.labels().names()), state });
        Ok(model)
    }

    /// A file of weights, and how it is called in errors.
    fn open_weights(&self, id: NodeId, path: &FilePath) -> Result<(TensorFile<'static>, String), Halt> {
        let (file, real) = self.tables.open(id, path)?;
        let shown = real.display().to_string();
        let file = TensorFile::pinned(file).map_err(|error| weights::failure(&shown, &error))?;
        Ok((file, shown))
    }

    pub(super) fn chosen(&self, id: NodeId, it: &Chosen) -> Result<Artifact, Halt> {
        let mut best: Option<(f64, NodeId)> = None;
        let mut values = Vec::new();
        let mut seen = BTreeSet::new();
        // a model's number is the mean over its judgements
        let each = it.judged.len() / it.models.len().max(1);
        for (model, judged) in it.models.iter().zip(it.judged.chunks(each.max(1))) {
            if !seen.insert((model.node, judged.iter().map(|it| it.node).collect::<Vec<_>>())) {
                continue; // arms that mean the same are one model
            }
            let mut sum = 0.0;
            for judged in judged {
                sum += Judged::read(&self.artifact(judged.node)?)?.measure(&it.metric)?.value;
            }
            let value = sum / judged.len() as f64;
            values.push((self.name(model.node).to_owned(), value));
            if best.is_none_or(|(best, _)| it.metric.better().improves(value, best)) {
                best = Some((value, model.node));
            }
        }
        let Some((value, model)) = best else { return Err(Failure::new(Code::BadJob, "a choice among no models").into()) };
        let files = self.model(model)?.to_files()?;
        let name = self.name(model).to_owned();
        self.make(id, |draft| {
            write_model(draft, "", &files)?;
            let eval = self.job.plan.node(it.metric.eval().node);
            let label = it.metric.label();
            let metric =
                if each > 1 { format!("{}.{label}, the mean of {each} arms,", eval.bare_name()) } else { format!("{}.{label}", eval.name) };
            self.decided(id, Decision::Chosen { model: name.clone(), metric, values });
            Ok(serde_json::json!({ "chosen": name, "value": value }))
        })
    }

    fn decided(&self, id: NodeId, decision: Decision) {
        self.events.emit(Event::Decided { node: self.name(id).to_owned(), decision });
    }

    pub(super) fn started(&self, id: NodeId, it: &Started) -> Result<Artifact, Halt> {
        let files = self.model(it.model.node)?.to_files()?;
        self.make(id, |draft| {
            write_model(draft, "", &files)?;
            Ok(serde_json::json!({}))
        })
    }

    pub(super) fn averaged(&self, id: NodeId, it: &Averaged) -> Result<Artifact, Halt> {
        let models = it.models.iter().map(|model| self.model(model.node)).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = models.first() else { return Err(Failure::new(Code::BadJob, "a mean of no models").into()) };
        let mut mean = first.copy()?;
        mean.state = average(&models.iter().map(|model| &model.state).collect::<Vec<_>>())?;
        // heads that not all of them have, or whose people differ, have no mean
        let shared: Vec<_> = first
            .heads
            .iter()
            .filter(|(id, head)| models.iter().all(|model| model.heads.get(id).is_some_and(|other| other.names == head.names)))
            .map(|(id, head)| (id.clone(), head.names.clone()))
            .collect();
        mean.heads.clear();
        for (head, names) in shared {
            let states: Vec<&State> = models.iter().filter_map(|model| model.heads.get(&head).map(|head| &head.state)).collect();
            let state = average(&states)?;
            mean.heads.insert(head, Head { names, state });
        }
        self.sound(id, &mean)?;
        let files = mean.to_files()?;
        self.make(id, |draft| {
            write_model(draft, "", &files)?;
            self.decided(id, Decision::Averaged { models: it.models.iter().map(|model| self.name(model.node).to_owned()).collect() });
            Ok(serde_json::json!({ "models": models.len() }))
        })
    }
}

/// Writes the two files of a model, under the name of its network where there are several.
pub fn write_model(draft: &mut ddl::store::Draft, net: &str, files: &(Vec<u8>, Vec<u8>)) -> Result<(), Halt> {
    draft.write(&scoped(net, TENSORS), &files.0)?;
    draft.write(&scoped(net, HEADS), &files.1)?;
    Ok(())
}

/// The mean of each tensor in float64, in its own precision; whole numbers are the first's.
fn average(states: &[&State]) -> Result<State, crate::nn::NnError> {
    let mut mean = State::new();
    let Some(first) = states.first() else { return Ok(mean) };
    for (name, entry) in first.iter() {
        if !entry.tensor.is_floating_point() {
            mean.insert(name, entry.tensor.f_detach()?.f_clone(&entry.tensor)?, entry.role)?;
            continue;
        }
        let mut sum = Tensor::f_zeros_like(&entry.tensor.f_detach()?.f_to_kind(Kind::Double)?)?;
        for state in states {
            let _ = sum.f_add_(&state.get(name)?.f_detach()?.f_to_kind(Kind::Double)?)?;
        }
        let scaled = sum.f_div_scalar(states.len() as i64)?;
        mean.insert(name, scaled.f_to_kind(entry.tensor.kind())?, entry.role)?;
    }
    Ok(mean)
}
