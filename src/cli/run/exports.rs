//! The files that a recipe exports.

use crate::cli::outcome::{Stop, bad_plan};
use crate::cli::results::reading::Reading;
use crate::diag::{Code, Diagnostic};
use crate::lang::value::NodeId;
use crate::nets::onnx;
use crate::ops::node::Node;
use crate::ops::outputs::ExportOnnx;
use crate::ops::stages::Net;
use crate::plan::Plan;
use safetensors::{Dtype, SafeTensors};
use std::path::{Path, PathBuf};

/// The name of a model's tensors in the artifact of a stage.
const TENSORS: &str = "model.safetensors";

/// The files that the recipe exports, with what they will hold.
pub(crate) fn exports(plan: &Plan, reading: &Reading, out: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, Stop> {
    let mut exports = Vec::new();
    for &sink in plan.sinks.iter().filter(|sink| reading.is_asked_for(**sink)) {
        let file = match plan.work(sink).map_err(bad_plan)? {
            Node::ExportSafetensors(it) => tensors(plan, reading, it.model.node)?.map(|bytes| (&it.to, bytes)),
            Node::ExportOnnx(it) => match tensors(plan, reading, it.model.node)? {
                Some(bytes) => Some((&it.to, network(plan, sink, it, &bytes)?)),
                None => None,
            },
            _ => None, // tables and claims write no file of their own
        };
        exports.extend(file.map(|(to, bytes)| (out.join(to), bytes)));
    }
    Ok(exports)
}

/// Where the recipe's exports lie in an output folder, of those that are asked for.
pub(crate) fn places(plan: &Plan, is_asked_for: impl Fn(NodeId) -> bool, out: &Path) -> Vec<PathBuf> {
    let to = |sink: &NodeId| match plan.work(*sink) {
        Ok(Node::ExportSafetensors(it)) => Some(out.join(&it.to)),
        Ok(Node::ExportOnnx(it)) => Some(out.join(&it.to)),
        _ => None, // tables and claims write no file of their own
    };
    plan.sinks.iter().filter(|sink| is_asked_for(**sink)).filter_map(to).collect()
}

/// The safetensors file of a model; `None` when the store does not have it.
///
/// # Errors
/// Values that are NaN or infinite, which an earlier version may have stored.
fn tensors(plan: &Plan, reading: &Reading, model: NodeId) -> Result<Option<Vec<u8>>, Stop> {
    // one of several networks lies in the result of its stage, under its name
    let bytes = match plan.get::<Net>(model) {
        Ok(net) => reading.file(net.stage.node, &format!("{}.{TENSORS}", net.name))?,
        Err(_) => reading.file(model, TENSORS)?,
    };
    if let Some(tensor) = bytes.as_deref().and_then(not_finite) {
        let name = &plan.node(model).name;
        let message = format!("`{name}` is not exported: its tensor `{tensor}` holds NaN or infinite values");
        let diagnostic = Diagnostic::error(Code::WeightsNotFinite, message);
        return Err(Stop::fail(diagnostic.help(format!("train it again at a smaller learning rate, or compute it anew: --again {name}"))));
    }
    Ok(bytes)
}

/// The first tensor of a safetensors file that holds NaN or an infinity.
fn not_finite(bytes: &[u8]) -> Option<String> {
    let file = SafeTensors::deserialize(bytes).ok()?; // whole: the store has looked at its digest
    let mut tensors = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    tensors.into_iter().find(|(_, tensor)| !finite(tensor.dtype(), tensor.data())).map(|(name, _)| name)
}

/// Whether numbers of some form are finite: an exponent of ones alone is NaN or an infinity.
fn finite(dtype: Dtype, data: &[u8]) -> bool {
    match dtype {
        Dtype::F32 => data.as_chunks::<4>().0.iter().all(|bytes| f32::from_le_bytes(*bytes).is_finite()),
        Dtype::F64 => data.as_chunks::<8>().0.iter().all(|bytes| f64::from_le_bytes(*bytes).is_finite()),
        Dtype::F16 => data.as_chunks::<2>().0.iter().all(|bytes| u16::from_le_bytes(*bytes) & 0x7c00 != 0x7c00),
        Dtype::BF16 => data.as_chunks::<2>().0.iter().all(|bytes| u16::from_le_bytes(*bytes) & 0x7f80 != 0x7f80),
        _ => true, // whole numbers; a model has no other kinds
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

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::TensorView;

    #[test]
    fn a_tensor_that_is_no_number_is_named_in_every_form() {
        let forms: [(Dtype, &[u8], &[u8]); 5] = [
            (Dtype::F32, &1.5f32.to_le_bytes(), &f32::NAN.to_le_bytes()),
            (Dtype::F32, &f32::MAX.to_le_bytes(), &f32::NEG_INFINITY.to_le_bytes()),
            (Dtype::F64, &f64::MIN.to_le_bytes(), &f64::INFINITY.to_le_bytes()),
            (Dtype::F16, &0x7bff_u16.to_le_bytes(), &0x7c00_u16.to_le_bytes()), // 65504 and infinity
            (Dtype::BF16, &0x7f7f_u16.to_le_bytes(), &0xff80_u16.to_le_bytes()),
        ];
        for (dtype, good, bad) in forms {
            let file = |numbers: &[u8]| {
                let whole = 0i64.to_le_bytes();
                let views = [
                    ("a", TensorView::new(Dtype::I64, vec![1], &whole).unwrap()),
                    ("b", TensorView::new(dtype, vec![numbers.len() / good.len()], numbers).unwrap()),
                ];
                safetensors::serialize(views, None).unwrap()
            };
            assert_eq!(not_finite(&file(good)), None, "{dtype:?}");
            assert_eq!(not_finite(&file(&[good, bad].concat())), Some("b".to_owned()), "{dtype:?}");
        }
    }
}
