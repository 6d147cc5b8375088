//! Learned poolings of sets of images: Multicolumn (Xie and Zisserman, BMVC 2018). Comparisons of sets have a file of their own.

use ddl::eval::{Learned, Linear};
use ddl::ops::pooling::{Multicolumn, Pooling};
use tch::{Kind, Tensor};

use crate::nn::comparator;
use crate::nn::error::NnError;
use crate::nn::state::{Spec, State};

/// What tells visual quality, `[1, d]` and `[1]`.
const ALPHA: [&str; 2] = ["alpha.weight", "alpha.bias"];
/// What tells content quality, `[1, 2d]` and `[1]`: of `[v; v_m]`.
const BETA: [&str; 2] = ["beta.weight", "beta.bias"];

/// The tensors of a pooling of embeddings of this width.
pub fn specs(pooling: &Pooling, embedding: i64) -> Vec<Spec> {
    match pooling {
        Pooling::Multicolumn(it) => qualities(it, embedding),
        Pooling::Comparator(it) => comparator::specs(it, embedding),
    }
}

fn qualities(it: &Multicolumn, embedding: i64) -> Vec<Spec> {
    let mut specs = Spec::linear(ALPHA, embedding, 1).to_vec();
    if it.content {
        specs.extend(Spec::linear(BETA, 2 * embedding, 1));
    }
    specs
}

/// Sets of images, pooled.
#[derive(Debug)]
pub struct Pooled {
    /// `[sets, d]`
    pub features: Tensor,
    /// Visual quality of each image of the sets, `[images]`.
    pub alpha: Tensor,
    /// Content quality of each image of the sets, `[images]`; none where visual quality weighs alone.
    pub beta: Option<Tensor>,
}

/// The feature of each set of rows of `x` `[n, d]`; each set has at least one row.
///
/// What weighs is the softmax over a set of the logarithms of qualities, which is finite where qualities are too small to be numbers.
pub fn pool(it: &Multicolumn, state: &State, x: &Tensor, sets: &[Vec<i64>]) -> Result<Pooled, NnError> {
    let place = |rows: &[i64]| Ok::<_, NnError>(Tensor::f_from_slice(rows)?.f_to_device(x.device())?);
    let x = x.f_index_select(0, &place(&sets.concat())?)?; // [images, d]
    let owners: Vec<i64> = sets.iter().zip(0..).flat_map(|(rows, set)| rows.iter().map(move |_| set)).collect();
    let owners = place(&owners)?;
    let all = Tensor::f_arange(sets.len() as i64, (Kind::Int64, x.device()))?;
    let foreign = all.f_unsqueeze(1)?.f_ne_tensor(&owners.f_unsqueeze(0)?)?; // [sets, images]
    let number =
        |[weight, bias]: [&str; 2], x: &Tensor| Ok::<_, NnError>(x.f_linear(state.get(weight)?, Some(state.get(bias)?))?.f_squeeze_dim(1)?);
    let mean = |logs: &Tensor| {
        let logs = logs.f_unsqueeze(0)?.f_expand(foreign.size(), false)?.f_masked_fill(&foreign, f64::NEG_INFINITY)?;
        Ok::<_, NnError>(logs.f_softmax(1, x.kind())?.f_matmul(&x)?) // [sets, d]
    };
    let alpha = number(ALPHA, &x)?;
    let visual = alpha.f_log_sigmoid()?;
    let whole = mean(&visual)?;
    if !it.content {
        return Ok(Pooled { features: whole, alpha: alpha.sigmoid(), beta: None });
    }
    let beta = number(BETA, &Tensor::f_cat(&[&x, &whole.f_index_select(0, &owners)?], 1)?)?;
    let features = mean(&(visual + beta.f_log_sigmoid()?))?;
    Ok(Pooled { features, alpha: alpha.sigmoid(), beta: Some(beta.sigmoid()) })
}

/// What a state has learned, for judgements.
///
/// # Errors
/// When it has not learned this pooling.
pub fn learned(pooling: &Pooling, state: &State) -> Result<Learned, NnError> {
    match pooling {
        Pooling::Multicolumn(it) => {
            let linear = |[weight, bias]: [&str; 2]| {
                let bias = state.numbers(bias)?.first().copied().unwrap_or(0.0); // it has one number
                Ok::<_, NnError>(Linear { weight: state.numbers(weight)?, bias })
            };
            let beta = if it.content { Some(linear(BETA)?) } else { None };
            Ok(Learned::Multicolumn(ddl::eval::Multicolumn { alpha: linear(ALPHA)?, beta }))
        }
        Pooling::Comparator(it) => Ok(Learned::Comparator(comparator::learned(it, state)?)),
    }
}
