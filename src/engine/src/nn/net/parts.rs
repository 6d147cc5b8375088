//! The rarer modules: locally connected layers, transformers, angles.

use tch::{Kind, Tensor};

use super::{Angles, Attention, Bins, Dream, Landmarks, LayerNorm, Local, Pass};
use crate::nn::error::{NnError, shape};
use crate::nn::state::State;

/// `out[:, :, place] = W[region of the place] window(place) + b[region of the place]`, `[n, channels, height, width]` in and out.
pub fn local(l: &Local, state: &State, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
    let get = |end: &str| -> Result<Tensor, NnError> {
        let tensor = state.get(&format!("{}.{end}", l.name))?;
        if l.shared == 1 {
            return Ok(tensor.shallow_clone());
        }
        let regions = Tensor::f_from_slice(&l.regions())?.f_to_device(tensor.device())?;
        Ok(tensor.f_index_select(0, &regions)?) // [places, ...]
    };
    let windows = x.f_contiguous()?.f_im2col([l.kernel; 2], [1, 1], [0, 0], [l.stride; 2])?; // [n, window, places]
    let windows = pass.operand(&windows.f_permute([2, 1, 0])?)?; // [places, window, n]
    let out = pass.operand(&get("weight")?)?.f_bmm(&windows)?.f_to_kind(x.kind())?; // [places, out, n]
    let out = out.f_add(&get("bias")?.f_unsqueeze(-1)?)?;
    Ok(out.f_permute([2, 1, 0])?.f_reshape([-1, l.output, l.sides.0, l.sides.1])?)
}

/// Over the last side of `[n, tokens, width]`.
pub fn layer_norm(n: &LayerNorm, state: &State, x: &Tensor) -> Result<Tensor, NnError> {
    let get = |end: &str| state.get(&format!("{}.{end}", n.name));
    Ok(x.f_layer_norm([n.width], Some(get("weight")?), Some(get("bias")?), n.eps, true)?)
}

/// `[n, tokens, 3 width]` to `[n, tokens, width]`.
pub fn attention(of: Attention, x: &Tensor) -> Result<Tensor, NnError> {
    let (images, count, each) = (x.size()[0], x.size()[1], of.width / of.heads);
    let parts = x.f_reshape([images, count, 3, of.heads, each])?.f_permute([2, 0, 3, 1, 4])?; // [3, n, heads, tokens, each]
    let [q, k, v] = [0, 1, 2].map(|at| parts.f_select(0, at));
    let seen = q?.f_matmul(&k?.f_transpose(-2, -1)?)?.f_mul_scalar((each as f64).powf(-0.5))?; // [n, heads, tokens, tokens]
    let kind = seen.kind();
    Ok(seen.f_softmax(-1, kind)?.f_matmul(&v?)?.f_transpose(1, 2)?.f_reshape([images, count, of.width])?)
}

/// `[n, numbers]` to `[n, angles bins]`.
pub fn bins(b: &Bins, state: &State, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
    let input = pass.operand(x)?;
    let mut all = Vec::with_capacity(b.names.len());
    for name in &b.names {
        let [weight, bias] = ["weight", "bias"].map(|end| state.get(&format!("{name}.{end}")));
        let (weight, bias) = (pass.operand(weight?)?, pass.operand(bias?)?);
        all.push(input.f_linear(&weight, Some(&bias))?.f_to_kind(x.kind())?);
    }
    Ok(Tensor::f_cat(&all, 1)?)
}

/// `[n, angles bins]` to `[n, angles]`, in degrees.
pub fn angles(a: Angles, x: &Tensor) -> Result<Tensor, NnError> {
    let degrees = Tensor::f_arange(a.bins, (Kind::Float, x.device()))?.f_to_kind(x.kind())?; // [bins]
    let shares = x.f_reshape([-1, a.count, a.bins])?.f_softmax(-1, x.kind())?;
    Ok(shares.f_matmul(&degrees)?.f_mul_scalar(a.step)?.f_add_scalar(a.first)?)
}

/// `[n, local + landmarks, height, width]` with scores of the landmarks last, which become shares of the places.
pub fn maps(of: Landmarks, x: &Tensor) -> Result<Tensor, NnError> {
    let (local, scores) = apart(of, x)?;
    let shares = scores.f_flatten(2, -1)?.f_softmax(-1, x.kind())?.f_reshape(scores.size())?;
    Ok(Tensor::f_cat(&[local, shares], 1)?)
}

/// `[n, local + landmarks, height, width]` to `[n, landmarks local]`: of each channel the largest product with a landmark's map.
pub fn attend(of: Landmarks, x: &Tensor) -> Result<Tensor, NnError> {
    let (local, shares) = apart(of, x)?;
    let (local, shares) = (local.f_flatten(2, -1)?.f_unsqueeze(1)?, shares.f_flatten(2, -1)?.f_unsqueeze(2)?);
    let products = local.f_mul(&shares)?; // [n, landmarks, local, places]
    Ok(products.f_amax([-1], false)?.f_flatten(1, -1)?)
}

/// Features, and what says where the landmarks lie.
fn apart(of: Landmarks, x: &Tensor) -> Result<(Tensor, Tensor), NnError> {
    let local = x.size()[1] - of.count;
    Ok((x.f_narrow(1, 0, local)?, x.f_narrow(1, local, of.count)?))
}

/// `[n, width]` to `[n, width]`, with the angles of the n samples.
pub fn dream(d: &Dream, state: &State, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
    let fits = |read: &&Tensor| matches!(read.size()[..], [n, columns] if n == x.size()[0] && columns > d.column as i64);
    let read = pass.readings().filter(fits).ok_or_else(|| NnError::Input {
        what: format!("what {} reads of samples", d.name),
        expected: format!("[{}, at least {}]", x.size()[0], d.column + 1),
        found: pass.readings().map_or_else(|| "nothing".to_owned(), |read| shape(&read.size())),
    })?;
    let angle = read.f_select(1, d.column as i64)?.f_to_kind(x.kind())?.f_abs()?; // [n]
    let gate = angle.f_div_scalar(d.from)?.f_sub_scalar(1.0)?.f_mul_scalar(d.steepness)?.f_sigmoid()?.f_unsqueeze(1)?; // [n, 1]
    let mut correction = x.shallow_clone();
    for layer in d.layers() {
        let [weight, bias] = ["weight", "bias"].map(|end| state.get(&format!("{layer}.{end}")));
        let (weight, bias) = (pass.operand(weight?)?, pass.operand(bias?)?);
        correction = pass.operand(&correction)?.f_linear(&weight, Some(&bias))?.f_to_kind(x.kind())?.f_relu()?;
    }
    Ok(x.f_add(&gate.f_mul(&correction)?)?)
}

#[cfg(test)]
mod tests;
