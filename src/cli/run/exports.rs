//! The files that a recipe exports.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

use crate::cli::data::source::stopped;
use crate::cli::outcome::{Stop, bad_plan};
use crate::cli::results::reading::Reading;
use crate::data::writers::embeddings::{self as writers, Named};
use crate::diag::{Code, Diagnostic};
use crate::inputs::tables::Tables;
use crate::lang::value::NodeId;
use crate::nets::onnx;
use crate::ops::node::Node;
use crate::ops::outputs::{ExportEmbeddings, ExportOnnx};
use crate::ops::stages::Net;
use crate::plan::Plan;
use crate::store::{FEATURES, TENSORS};
use safetensors::{Dtype, SafeTensors};
use std::path::{Path, PathBuf};

/// The files that the recipe exports, with what they will hold.
pub(crate) fn exports(tables: &Tables, reading: &Reading, out: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, Stop> {
    let plan = tables.plan();
    let mut exports = Vec::new();
    for &sink in plan.sinks.iter().filter(|sink| reading.is_asked_for(**sink)) {
        let file = match plan.work(sink).map_err(bad_plan)? {
            Node::ExportSafetensors(it) => tensors(plan, reading, it.model.node)?.map(|bytes| (&it.to, bytes)),
            Node::ExportOnnx(it) => match tensors(plan, reading, it.model.node)? {
                Some(bytes) => Some((&it.to, network(plan, sink, it, &bytes)?)),
                None => None,
            },
            Node::ExportEmbeddings(it) => {
                exports.extend(embeddings(tables, reading, it)?.into_iter().map(|(to, bytes)| (out.join(to), bytes)));
                None
            }
            _ => None, // tables and claims write no file of their own
        };
        exports.extend(file.map(|(to, bytes)| (out.join(to), bytes)));
    }
    Ok(exports)
}

/// Where the recipe's exports lie in an output folder, of those that are asked for.
pub(crate) fn places(plan: &Plan, is_asked_for: impl Fn(NodeId) -> bool, out: &Path) -> Vec<PathBuf> {
    let to = |sink: &NodeId| match plan.work(*sink) {
        Ok(Node::ExportSafetensors(it)) => vec![out.join(&it.to)],
        Ok(Node::ExportOnnx(it)) => vec![out.join(&it.to)],
        Ok(Node::ExportEmbeddings(it)) => [Some(it.to.clone()), it.index()].into_iter().flatten().map(|to| out.join(to)).collect(),
        _ => Vec::new(), // tables and claims write no file of their own
    };
    plan.sinks.iter().filter(|sink| is_asked_for(**sink)).flat_map(to).collect()
}

/// How many embeddings there are.
#[derive(serde::Deserialize)]
struct Shape {
    images: usize,
    width: usize,
}

/// The files of embeddings; none when the store does not have all of them.
fn embeddings(tables: &Tables, reading: &Reading, it: &ExportEmbeddings) -> Result<Vec<(String, Vec<u8>)>, Stop> {
    let mut views = Vec::new();
    let mut shape = Shape { images: 0, width: 1 };
    for features in &it.features {
        let (Some(bytes), Some(of)) = (reading.file(features.node, FEATURES)?, reading.meta::<Shape>(features.node)?) else {
            return Ok(Vec::new());
        };
        views.push(bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect::<Vec<f32>>());
        shape = of;
    }
    let mut views = views.into_iter();
    let Some(plain) = views.next() else { return Ok(Vec::new()) };
    let (mut numbers, width) = it.embed.of(plain, views.next(), shape.width);
    if it.unit {
        for row in numbers.chunks_exact_mut(width.max(1)) {
            // one without direction stays what it is
            if let Some(unit) = crate::eval::l2_normalised(row) {
                row.iter_mut().zip(unit).for_each(|(x, unit)| *x = unit as f32);
            }
        }
    }
    let table = tables.table(it.data.node).map_err(stopped)?;
    if table.len() != shape.images {
        let message = format!("{} holds embeddings of {} images, and there are {}", it.to, shape.images, table.len());
        return Err(Stop::fail(Diagnostic::error(Code::Unwritable, message).help("run the same command again")));
    }
    let rows: Vec<Named> = table.rows().map(|row| Named { image: row.path().into_owned(), identity: row.identity().to_owned() }).collect();
    let wrong = |error| crate::cli::data::source::wrong(&error);
    Ok(match it.index() {
        Some(index) => {
            vec![(it.to.clone(), crate::tensors::npy::written(rows.len(), width, &numbers)), (index, writers::index(&rows).map_err(wrong)?)]
        }
        None => vec![(it.to.clone(), writers::parquet(&rows, width, &numbers).map_err(wrong)?)],
    })
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
