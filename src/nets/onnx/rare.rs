//! The rarer pieces of networks as ONNX operations: locally connected layers, transformers, angles, what reads numbers of the sample.

use super::OnnxError;
use super::writer::{Writer, float, int, ints};
use crate::nets::angles::{Angles, Bins};
use crate::nets::dream::Dream;
use crate::nets::landmarks::Landmarks;
use crate::nets::local::Local;
use crate::nets::transformer::{Attention, LayerNorm};
use crate::nets::{Linear, Shape};

/// `x W' + b` of each token.
pub fn linear(l: &Linear, writer: &mut Writer<'_>, x: &str) -> Result<String, OnnxError> {
    let weight = writer.stored(&format!("{}.weight", l.name))?;
    let weight = writer.transposed(&weight, &[1, 0]);
    let product = writer.node("MatMul", &[x, &weight], Vec::new());
    if l.bias.is_none() {
        return Ok(product);
    }
    let bias = writer.stored(&format!("{}.bias", l.name))?;
    Ok(writer.node("Add", &[&product, &bias], Vec::new()))
}

/// The places of a map as tokens.
pub fn tokens(writer: &mut Writer<'_>, x: &str, shape: Shape) -> String {
    let Shape::Map { channels, height, width } = shape else { return x.to_owned() }; // a shape that `Module::output` refuses
    let flat = writer.reshaped(x, &[0, channels, height * width]);
    writer.transposed(&flat, &[0, 2, 1])
}

/// Over the numbers of each token.
pub fn layer_norm(n: &LayerNorm, writer: &mut Writer<'_>, x: &str) -> Result<String, OnnxError> {
    let (weight, bias) = (writer.stored(&format!("{}.weight", n.name))?, writer.stored(&format!("{}.bias", n.name))?);
    Ok(writer.node("LayerNormalization", &[x, &weight, &bias], vec![int("axis", -1), float("epsilon", n.eps)]))
}

/// `[n, tokens, 3 width]` to `[n, tokens, width]`.
pub fn attention(of: Attention, writer: &mut Writer<'_>, x: &str, shape: Shape) -> String {
    let Shape::Tokens { count, .. } = shape else { return x.to_owned() }; // a shape that `Module::output` refuses
    let each = of.width / of.heads;
    let parts = writer.reshaped(x, &[0, count, 3, of.heads, each]);
    let parts = writer.transposed(&parts, &[2, 0, 3, 1, 4]); // [3, n, heads, tokens, each]
    let [q, k, v] = [0, 1, 2].map(|at| {
        let place = writer.whole(&format!("place_{at}"), &[], &[at]);
        writer.node("Gather", &[&parts, &place], vec![int("axis", 0)])
    });
    let k = writer.transposed(&k, &[0, 1, 3, 2]);
    let seen = writer.node("MatMul", &[&q, &k], Vec::new());
    let scale = writer.number((each as f64).powf(-0.5) as f32);
    let seen = writer.node("Mul", &[&seen, &scale], Vec::new());
    let seen = writer.node("Softmax", &[&seen], vec![int("axis", -1)]);
    let said = writer.node("MatMul", &[&seen, &v], Vec::new());
    let said = writer.transposed(&said, &[0, 2, 1, 3]);
    writer.reshaped(&said, &[0, count, of.width])
}

/// Windows are gathered from the flat map, place by place; each place has its own product.
pub fn local(l: &Local, writer: &mut Writer<'_>, x: &str, shape: Shape) -> Result<String, OnnxError> {
    let Shape::Map { height, width, .. } = shape else { return Ok(x.to_owned()) }; // a shape that `Module::output` refuses
    let (rows, columns) = l.sides;
    let flat = writer.reshaped(x, &[0, l.input * height * width]);
    let at = writer.whole(&format!("{}.windows", l.name), &[rows * columns, l.window()], &windows(l, height, width));
    let windows = writer.node("Gather", &[&flat, &at], vec![int("axis", 1)]); // [n, places, window]
    let windows = writer.transposed(&windows, &[1, 0, 2]);
    let [weight, bias] = [regional(l, writer, "weight")?, regional(l, writer, "bias")?];
    let weight = writer.transposed(&weight, &[0, 2, 1]); // [places, window, out]
    let product = writer.node("MatMul", &[&windows, &weight], Vec::new()); // [places, n, out]
    let bias = writer.reshaped(&bias, &[rows * columns, 1, l.output]);
    let sum = writer.node("Add", &[&product, &bias], Vec::new());
    let sum = writer.transposed(&sum, &[1, 2, 0]);
    Ok(writer.reshaped(&sum, &[0, l.output, rows, columns]))
}

/// A tensor of the layer, region by region, as one of places.
fn regional(l: &Local, writer: &mut Writer<'_>, end: &str) -> Result<String, OnnxError> {
    let tensor = writer.stored(&format!("{}.{end}", l.name))?;
    if l.shared == 1 {
        return Ok(tensor);
    }
    let regions = l.regions();
    let regions = writer.whole(&format!("{}.regions", l.name), &[regions.len() as i64], &regions);
    Ok(writer.node("Gather", &[&tensor, &regions], vec![int("axis", 0)]))
}

/// Where the numbers of each place's window lie in the flat map: channel by channel, row by row.
fn windows(l: &Local, height: i64, width: i64) -> Vec<i64> {
    let mut at = Vec::new();
    for place in 0..l.sides.0 * l.sides.1 {
        let (top, left) = (place / l.sides.1 * l.stride, place % l.sides.1 * l.stride);
        for channel in 0..l.input {
            for row in top..top + l.kernel {
                let start = (channel * height + row) * width + left;
                at.extend(start..start + l.kernel);
            }
        }
    }
    at
}

/// `[n, numbers]` to `[n, angles bins]`.
pub fn bins(b: &Bins, writer: &mut Writer<'_>, x: &str) -> Result<String, OnnxError> {
    let mut all = Vec::with_capacity(b.names.len());
    for name in &b.names {
        let (weight, bias) = (writer.stored(&format!("{name}.weight"))?, writer.stored(&format!("{name}.bias"))?);
        all.push(writer.node("Gemm", &[x, &weight, &bias], vec![int("transB", 1)]));
    }
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    Ok(writer.node("Concat", &all, vec![int("axis", 1)]))
}

/// `[n, angles bins]` to `[n, angles]`, in degrees.
pub fn angles(a: Angles, writer: &mut Writer<'_>, x: &str) -> String {
    let degrees: Vec<f32> = (0..a.bins).map(|bin| (bin as f64 * a.step + a.first) as f32).collect();
    let degrees = writer.numbers("degrees", &[a.bins, 1], &degrees);
    let apart = writer.reshaped(x, &[0, a.count, a.bins]);
    let shares = writer.node("Softmax", &[&apart], vec![int("axis", -1)]);
    let means = writer.node("MatMul", &[&shares, &degrees], Vec::new()); // [n, angles, 1]
    writer.reshaped(&means, &[0, a.count])
}

/// `x + sigmoid(steepness (|angle| / from - 1)) R(x)`, the angle a column of the readings.
pub fn dream(d: &Dream, writer: &mut Writer<'_>, x: &str) -> Result<String, OnnxError> {
    let readings = writer.readings.clone();
    let column = writer.whole(&format!("{}.column", d.name), &[1], &[d.column as i64]);
    let angle = writer.node("Gather", &[&readings, &column], vec![int("axis", 1)]); // [n, 1]
    let angle = writer.node("Abs", &[&angle], Vec::new());
    let [slope, steepness] = [d.steepness / d.from, d.steepness].map(|number| writer.number(number as f32));
    let risen = writer.node("Mul", &[&angle, &slope], Vec::new());
    let risen = writer.node("Sub", &[&risen, &steepness], Vec::new());
    let gate = writer.node("Sigmoid", &[&risen], Vec::new());
    let mut correction = x.to_owned();
    for layer in d.layers() {
        let (weight, bias) = (writer.stored(&format!("{layer}.weight"))?, writer.stored(&format!("{layer}.bias"))?);
        let product = writer.node("Gemm", &[&correction, &weight, &bias], vec![int("transB", 1)]);
        correction = writer.node("Relu", &[&product], Vec::new());
    }
    let correction = writer.node("Mul", &[&gate, &correction], Vec::new());
    Ok(writer.node("Add", &[x, &correction], Vec::new()))
}

/// Scores of landmarks, the last channels, as shares of the places.
pub fn maps(of: Landmarks, writer: &mut Writer<'_>, x: &str, shape: Shape) -> Result<String, OnnxError> {
    let Shape::Map { height, width, .. } = shape else { return Ok(x.to_owned()) }; // a shape that `Module::output` refuses
    let [local, scores] = apart(of, writer, x, shape)?;
    let flat = writer.reshaped(&scores, &[0, of.count, height * width]);
    let shares = writer.node("Softmax", &[&flat], vec![int("axis", -1)]);
    let shares = writer.reshaped(&shares, &[0, of.count, height, width]);
    Ok(writer.node("Concat", &[&local, &shares], vec![int("axis", 1)]))
}

/// `[n, local + landmarks, height, width]` to `[n, landmarks local]`: of each channel the largest product with a landmark's map.
pub fn attend(of: Landmarks, writer: &mut Writer<'_>, x: &str, shape: Shape) -> Result<String, OnnxError> {
    let Shape::Map { height, width, .. } = shape else { return Ok(x.to_owned()) }; // a shape that `Module::output` refuses
    let (channels, places) = (of.local(shape)?, height * width);
    let [local, shares] = apart(of, writer, x, shape)?;
    let local = writer.reshaped(&local, &[0, 1, channels, places]);
    let shares = writer.reshaped(&shares, &[0, of.count, 1, places]);
    let products = writer.node("Mul", &[&local, &shares], Vec::new());
    let largest = writer.node("ReduceMax", &[&products], vec![ints("axes", &[-1]), int("keepdims", 0)]);
    Ok(writer.reshaped(&largest, &[0, of.count * channels]))
}

/// Features, and what says where the landmarks lie.
fn apart(of: Landmarks, writer: &mut Writer<'_>, x: &str, shape: Shape) -> Result<[String; 2], OnnxError> {
    let local = of.local(shape)?;
    let mut channels = |name: &str, from: i64, to: i64| {
        let at = writer.whole(&format!("{name}_{from}_{to}"), &[to - from], &(from..to).collect::<Vec<_>>());
        writer.node("Gather", &[x, &at], vec![int("axis", 1)])
    };
    Ok([channels("channels", 0, local), channels("channels", local, local + of.count)])
}
