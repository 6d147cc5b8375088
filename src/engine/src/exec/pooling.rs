//! What models have learned of pooling sets of images, apart from them: judgements need no libtorch.

use super::common::Common;
use super::{Exec, Halt};
use crate::model::{HeadId, Model};
use crate::nn::pooling;
use ddl::diag::Code;
use ddl::eval::Learned;
use ddl::events::Failure;
use ddl::lang::value::NodeId;
use ddl::ops::outputs::Pooled;
use ddl::ops::pooling::Pooling;
use ddl::preflight::pooling::missing;
use ddl::store::Artifact;

/// The name of the pooling in its artifact: a [`Learned`].
const FILE: &str = "pooling.json";

impl Exec<'_> {
    pub(super) fn pooling(&self, id: NodeId, it: &Pooled) -> Result<Artifact, Halt> {
        self.make(id, |draft| {
            let model = self.model(it.model.node)?;
            let learned = learned(&format!("`{}`", self.name(it.model.node)), &model, &it.pool)?;
            draft.write_json(FILE, &learned)?;
            Ok(serde_json::json!({}))
        })
    }
}

impl Common<'_> {
    /// The pooling of a node.
    pub fn read_pooling(&self, id: NodeId) -> Result<Learned, Halt> {
        let read =
            |error: ddl::misread::Misread| Failure::new(Code::DamagedArtifact, format!("the pooling of `{}`: {error}", self.name(id)));
        Ok(ddl::misread::json(&self.artifact(id)?.read(FILE)?).map_err(read)?)
    }
}

/// What a model has learned of a pooling; messages call the model so.
///
/// # Errors
/// When it has not learned it.
pub fn learned(name: &str, model: &Model, pool: &Pooling) -> Result<Learned, Halt> {
    let wanted = pooling::specs(pool, model.width()?);
    let head = model.heads.get(&HeadId::of_nobody(pool.slot()));
    match head.filter(|head| wanted.iter().all(|spec| head.state.entry(&spec.name).is_some())) {
        Some(head) => Ok(pooling::learned(pool, &head.state)?),
        None => Err(missing(name, None, pool, &[]).into()),
    }
}
