//! The files that a recipe exports.

use super::reading::Reading;
use super::{bad_plan, wanted};
use crate::cli::args::RunArgs;
use crate::cli::outcome::Stop;
use crate::diag::{Code, Diagnostic};
use crate::lang::decl::Operator;
use crate::lang::value::NodeId;
use crate::nets::onnx;
use crate::ops::outputs::{ExportOnnx, ExportSafetensors};
use crate::ops::stages::Net;
use crate::plan::Plan;
use std::path::{Path, PathBuf};

/// The name of a model's tensors in the artifact of a stage.
const TENSORS: &str = "model.safetensors";

/// The files that the recipe exports, with what they will hold.
pub fn exports(args: &RunArgs, plan: &Plan, reading: &Reading, out: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, Stop> {
    let mut exports = Vec::new();
    for &sink in plan.sinks.iter().filter(|sink| wanted(args, &plan.node(**sink).name)) {
        let file = match plan.node(sink).op.as_str() {
            ExportSafetensors::NAME => {
                let it: ExportSafetensors = plan.parse(sink).map_err(bad_plan)?;
                tensors(plan, reading, it.model.node)?.map(|bytes| (it.to, bytes))
            }
            ExportOnnx::NAME => {
                let it: ExportOnnx = plan.parse(sink).map_err(bad_plan)?;
                match tensors(plan, reading, it.model.node)? {
                    Some(bytes) => Some((it.to.clone(), network(plan, sink, &it, &bytes)?)),
                    None => None,
                }
            }
            _ => None, // tables and claims write no file of their own
        };
        exports.extend(file.map(|(to, bytes)| (out.join(to), bytes)));
    }
    Ok(exports)
}

/// The safetensors file of a model; `None` when the store does not have it.
fn tensors(plan: &Plan, reading: &Reading, model: NodeId) -> Result<Option<Vec<u8>>, Stop> {
    // one of several networks lies in the result of its stage, under its name
    match plan.parse::<Net>(model) {
        Ok(net) => reading.file(net.stage.node, &format!("{}.{TENSORS}", net.name)),
        Err(_) => reading.file(model, TENSORS),
    }
}

fn network(plan: &Plan, sink: NodeId, it: &ExportOnnx, tensors: &[u8]) -> Result<Vec<u8>, Stop> {
    let made = plan.made(it.model.node).map_err(bad_plan)?;
    let around = onnx::Around { pixels: it.pixels, embed: &it.embed, unit: it.unit };
    onnx::file(&made, tensors, around).map_err(|error| {
        let message = format!("`{}` can't be written: {error}", plan.node(sink).name);
        Stop::fail(Diagnostic::error(Code::Unwritable, message))
    })
}
