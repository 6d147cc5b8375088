//! Each piece of a network as ONNX operations.

use super::writer::{Writer, float, int, ints};
use super::{OnnxError, rare};
use crate::nets::{Conv, Keep, Linear, Module, Network, Norm, Scale, Shape, Window};

/// The whole network: gives the name of the embedding.
pub fn network(network: &Network, writer: &mut Writer<'_>, images: String) -> Result<String, OnnxError> {
    let mut at = At { value: images, shape: network.input_shape() };
    for layer in &network.layers {
        at = through(&layer.modules, writer, at)?;
    }
    Ok(at.value)
}

/// A value and the shape of one image's part of it.
#[derive(Clone)]
struct At {
    value: String,
    shape: Shape,
}

fn through(modules: &[Module], writer: &mut Writer<'_>, at: At) -> Result<At, OnnxError> {
    modules.iter().try_fold(at, |at, module| {
        let shape = module.output(at.shape)?;
        Ok(At { value: step(module, writer, at)?, shape })
    })
}

fn step(module: &Module, writer: &mut Writer<'_>, at: At) -> Result<String, OnnxError> {
    match module {
        Module::Conv(c) => conv(c, writer, &at.value),
        Module::Linear(l) => match at.shape {
            Shape::Tokens { .. } => rare::linear(l, writer, &at.value),
            Shape::Vector(_) | Shape::Map { .. } => linear(l, writer, &at.value),
        },
        Module::Norm(n) => norm(n, writer, &at.value),
        Module::Prelu { name, channels } => {
            let dims = if let Shape::Map { .. } = at.shape { vec![*channels, 1, 1] } else { vec![*channels] };
            let slope = writer.stored_as(&format!("{name}.weight"), &dims)?;
            Ok(writer.node("PRelu", &[&at.value, &slope], Vec::new()))
        }
        Module::Residual(r) => {
            let body = through(&r.body, writer, at.clone())?;
            let around = through(&r.shortcut, writer, at)?;
            Ok(writer.node("Add", &[&body.value, &around.value], Vec::new()))
        }
        Module::Pool { side } => Ok(pool(*side, writer, &at)),
        Module::Flatten => Ok(writer.node("Flatten", &[&at.value], vec![int("axis", 1)])),
        Module::Relu => Ok(writer.node("Relu", &[&at.value], Vec::new())),
        Module::Mfm => {
            let [first, second] = writer.halves(&at.value, 1);
            Ok(writer.node("Max", &[&first, &second], Vec::new()))
        }
        Module::Window(w) => Ok(window(*w, writer, &at)),
        Module::Gate(gate) => {
            let gate = through(gate, writer, at.clone())?;
            let gate = writer.node("Sigmoid", &[&gate.value], Vec::new());
            Ok(writer.node("Mul", &[&at.value, &gate], Vec::new()))
        }
        Module::Dropout { .. } | Module::DropPath { .. } | Module::Hide(_) | Module::Fill(_) => Ok(at.value),
        Module::Local(l) => rare::local(l, writer, &at.value, at.shape),
        Module::Tokens => Ok(rare::tokens(writer, &at.value, at.shape)),
        Module::Position { name, .. } => {
            let position = writer.stored(name)?;
            Ok(writer.node("Add", &[&at.value, &position], Vec::new()))
        }
        Module::LayerNorm(n) => rare::layer_norm(n, writer, &at.value),
        Module::Attention(a) => Ok(rare::attention(*a, writer, &at.value, at.shape)),
        Module::Relu6 => {
            let ends = [writer.number(0.0), writer.number(6.0)];
            Ok(writer.node("Clip", &[&at.value, &ends[0], &ends[1]], Vec::new()))
        }
        Module::Rescale { factors } => {
            let numbers: Vec<f32> = factors.iter().map(|factor| *factor as f32).collect();
            let factors = writer.numbers(&format!("factors_{}", at.value), &[1, numbers.len() as i64, 1, 1], &numbers);
            Ok(writer.node("Mul", &[&at.value, &factors], Vec::new()))
        }
        Module::Border { by } => {
            let pads = writer.whole(&format!("border_{by}"), &[8], &[0, 0, *by, *by, 0, 0, *by, *by]);
            Ok(writer.node("Pad", &[&at.value, &pads], Vec::new()))
        }
        Module::Bins(b) => rare::bins(b, writer, &at.value),
        Module::Angles(a) => Ok(rare::angles(*a, writer, &at.value)),
        Module::Dream(d) => rare::dream(d, writer, &at.value),
        Module::Maps(l) => rare::maps(*l, writer, &at.value, at.shape),
        Module::Attend(l) => rare::attend(*l, writer, &at.value, at.shape),
    }
}

fn conv(c: &Conv, writer: &mut Writer<'_>, x: &str) -> Result<String, OnnxError> {
    let mut inputs = vec![x.to_owned(), writer.stored(&format!("{}.weight", c.name))?];
    if c.bias {
        inputs.push(writer.stored(&format!("{}.bias", c.name))?);
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let attributes =
        vec![ints("kernel_shape", &[c.kernel; 2]), ints("strides", &[c.stride; 2]), ints("pads", &[c.padding; 4]), int("group", c.groups)];
    Ok(writer.node("Conv", &inputs, attributes))
}

fn linear(l: &Linear, writer: &mut Writer<'_>, x: &str) -> Result<String, OnnxError> {
    let mut inputs = vec![x.to_owned(), writer.stored(&format!("{}.weight", l.name))?];
    if l.bias.is_some() {
        inputs.push(writer.stored(&format!("{}.bias", l.name))?);
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    Ok(writer.node("Gemm", &inputs, vec![int("transB", 1)]))
}

fn norm(n: &Norm, writer: &mut Writer<'_>, x: &str) -> Result<String, OnnxError> {
    let of = |end: &str| format!("{}.{end}", n.name);
    let [weight, bias] = match n.scale {
        Scale::Learned | Scale::ShiftOnly => [writer.stored(&of("weight"))?, writer.stored(&of("bias"))?],
        Scale::None => {
            let same = |number: f32| vec![number; n.channels.unsigned_abs() as usize];
            [writer.numbers(&of("ones"), &[n.channels], &same(1.0)), writer.numbers(&of("zeros"), &[n.channels], &same(0.0))]
        }
    };
    let (mean, var) = (writer.stored(&of("running_mean"))?, writer.stored(&of("running_var"))?);
    Ok(writer.node("BatchNormalization", &[x, &weight, &bias, &mean, &var], vec![float("epsilon", n.eps)]))
}

/// The mean over `side` x `side` windows that cover the map as libtorch's adaptive pooling lays them: two matrix products, whatever the
/// sides.
fn pool(side: i64, writer: &mut Writer<'_>, at: &At) -> String {
    let Shape::Map { height, width, .. } = at.shape else { return at.value.clone() }; // a shape that `Module::output` refuses
    if side == 1 {
        return writer.node("GlobalAveragePool", &[&at.value], Vec::new());
    }
    if (height, width) == (side, side) {
        return at.value.clone();
    }
    let rows = writer.numbers(&format!("rows_{height}_{side}"), &[side, height], &means(height, side));
    let columns = transposed(&means(width, side), width);
    let columns = writer.numbers(&format!("columns_{width}_{side}"), &[width, side], &columns);
    let by_row = writer.node("MatMul", &[&rows, &at.value], Vec::new());
    writer.node("MatMul", &[&by_row, &columns], Vec::new())
}

/// `[windows, length]`: each row holds the weights of one window's mean.
fn means(length: i64, windows: i64) -> Vec<f32> {
    let weight = |window: i64, at: i64| {
        let (start, end) = (window * length / windows, ((window + 1) * length + windows - 1) / windows);
        if (start..end).contains(&at) { 1.0 / (end - start) as f32 } else { 0.0 }
    };
    (0..windows).flat_map(|window| (0..length).map(move |at| weight(window, at))).collect()
}

/// A matrix of rows of `width` numbers, its rows as columns.
fn transposed(matrix: &[f32], width: i64) -> Vec<f32> {
    let width = width.unsigned_abs() as usize;
    (0..width).flat_map(|column| matrix.iter().skip(column).step_by(width.max(1)).copied()).collect()
}

/// Windows that hang over the edge are padded there: every runtime agrees on that, and not on `ceil_mode`.
fn window(w: Window, writer: &mut Writer<'_>, at: &At) -> String {
    let Shape::Map { height, width, .. } = at.shape else { return at.value.clone() }; // a shape that `Module::output` refuses
    let over = |side: i64| ((w.output(side) - 1) * w.stride + w.side - side).max(0);
    let attributes =
        vec![ints("kernel_shape", &[w.side; 2]), ints("strides", &[w.stride; 2]), ints("pads", &[0, 0, over(height), over(width)])];
    let op = match w.keep {
        Keep::Max => "MaxPool",
        Keep::Mean => "AveragePool",
    };
    writer.node(op, &[&at.value], attributes)
}
