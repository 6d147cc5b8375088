//! Comparisons of two sets of images, landmark by landmark: comparator networks (Xie, Shen and Zisserman, ECCV 2018).

use ddl::ops::pooling::Comparator;
use tch::Tensor;

use crate::nn::error::NnError;
use crate::nn::heads::unit;
use crate::nn::state::{Spec, State};

/// The first layer, `[hidden, 2 width + landmarks]` and `[hidden]`: of `[a; b; e]`.
const COMPARE: [&str; 2] = ["compare.weight", "compare.bias"];
/// The second layer, `[1, hidden]` and `[1]`.
const SCORE: [&str; 2] = ["score.weight", "score.bias"];

/// The tensors of a comparison of embeddings of this width.
pub fn specs(it: &Comparator, embedding: i64) -> Vec<Spec> {
    let (landmarks, hidden) = (i64::from(it.landmarks), i64::from(it.hidden));
    let inputs = 2 * (embedding / landmarks) + landmarks;
    [Spec::linear(COMPARE, inputs, hidden), Spec::linear(SCORE, hidden, 1)].concat()
}

/// The feature of each set of as many rows of `x` `[images, d]`: of each number the largest, `[sets, d]`.
pub fn largest(x: &Tensor, sets: &[Vec<i64>], images: i64) -> Result<Tensor, NnError> {
    let rows = Tensor::f_from_slice(&sets.concat())?.f_to_device(x.device())?;
    let each = x.f_index_select(0, &rows)?.f_view([sets.len() as i64, images, -1])?;
    Ok(each.f_amax([1], false)?)
}

/// The numbers of a landmark's descriptor in embeddings of this width.
///
/// # Errors
/// Embeddings that are no descriptors of so many landmarks.
pub fn local(it: &Comparator, width: i64) -> Result<i64, NnError> {
    let landmarks = i64::from(it.landmarks);
    if width % landmarks != 0 {
        let expected = format!("descriptors of {landmarks} landmarks, side by side");
        return Err(NnError::Input { what: "sets that are compared".into(), expected, found: format!("{width} numbers") });
    }
    Ok(width / landmarks)
}

/// How sure it is of each two of some sets that they show one person: logits `[sets, sets]` of features `[sets, landmarks width]`, the same
/// in both orders.
///
/// # Errors
/// Features that are no descriptors of so many landmarks.
pub fn logits(it: &Comparator, state: &State, features: &Tensor) -> Result<Tensor, NnError> {
    let (landmarks, local) = (i64::from(it.landmarks), local(it, features.size()[1])?);
    let units = unit(&features.f_reshape([-1, local])?).f_view([-1, landmarks, local])?; // [sets, landmarks, local]
    let parts = state.get(COMPARE[0])?.f_split_with_sizes([local, local, landmarks], 1)?;
    let place = parts[2].f_transpose(0, 1)?.f_add(state.get(COMPARE[1])?)?; // [landmarks, hidden]
    let first = units.f_linear(&parts[0], None::<&Tensor>)?.f_add(&place)?; // [sets, landmarks, hidden]
    let second = units.f_linear(&parts[1], None::<&Tensor>)?;
    let hidden = first.f_unsqueeze(1)?.f_add(&second.f_unsqueeze(0)?)?.f_relu()?; // [sets, sets, landmarks, hidden]
    let scores = hidden.f_linear(state.get(SCORE[0])?, Some(state.get(SCORE[1])?))?.f_squeeze_dim(3)?;
    let logits = scores.f_mean_dim([2i64].as_slice(), false, None)?; // [sets, sets]
    Ok(logits.f_add(&logits.f_transpose(0, 1)?)?.f_mul_scalar(0.5)?)
}

/// What a state has learned, for judgements.
///
/// # Errors
/// When it has not learned this comparison.
pub fn learned(it: &Comparator, state: &State) -> Result<ddl::eval::Comparator, NnError> {
    let (weight, bias, score) = (state.numbers(COMPARE[0])?, state.numbers(COMPARE[1])?, state.numbers(SCORE[0])?);
    let inputs = weight.len() / bias.len().max(1);
    Ok(ddl::eval::Comparator {
        landmarks: it.landmarks as usize,
        weight: weight.chunks_exact(inputs.max(1)).map(<[f64]>::to_vec).collect(),
        bias,
        score,
        offset: state.numbers(SCORE[1])?.first().copied().unwrap_or(0.0), // it has one number
    })
}
