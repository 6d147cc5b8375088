//! The similarity sets of a branch.

use ddl::ops::terms::Negatives;
use tch::Tensor;

use crate::nn::error::{NnError, shape};
use crate::nn::heads::unit;

/// Similarities, and which of them count: nothing here depends on how many do, so that no value travels to the host.
pub(super) struct Similarities {
    /// `[n]`
    pub values: Tensor,
    /// `[n]`, 1 where the value counts and 0 elsewhere.
    pub counted: Tensor,
}

impl Similarities {
    /// How many count, a scalar.
    pub fn count(&self) -> Tensor {
        self.counted.sum(self.counted.kind())
    }

    /// 1 if any counts, else 0.
    pub fn any(&self) -> Tensor {
        self.count().clamp_max(1.0)
    }

    /// The mean of those that count; 0 if none does.
    pub fn mean(&self) -> Tensor {
        (&self.values * &self.counted).sum(self.values.kind()) / self.count().clamp_min(1.0)
    }
}

/// `s_i = cos(a_i, b_i)`; those above the threshold count.
pub(super) fn positives(left: &Tensor, right: &Tensor, threshold: f64) -> Result<Similarities, NnError> {
    let size = left.size();
    if size != right.size() || size.len() != 2 || size[0] < 1 {
        let found = format!("{} and {}", shape(&size), shape(&right.size()));
        return Err(NnError::Input { what: "pairs of ddl".into(), expected: "two tensors [n, d], n >= 1".into(), found });
    }
    let values = (unit(left) * unit(right)).sum_dim_intlist([1].as_slice(), false, None);
    let counted = values.detach().gt(threshold).to_kind(values.kind());
    Ok(Similarities { values, counted })
}

/// Of each image of different people, its largest similarity to the others.
pub(super) fn negatives(x: &Tensor, of: Negatives) -> Result<Similarities, NnError> {
    let size = x.size();
    if size.len() != 2 || size[0] < 2 {
        let expected = "a tensor [n, d], n >= 2".to_string();
        return Err(NnError::Input { what: "different people of ddl".into(), expected, found: shape(&size) });
    }
    let x = unit(x);
    let all = x.f_matmul(&x.tr())?; // [n, n]
    let values = match of {
        // The released code: what lies not above the diagonal is 0, and takes part in the maximum.
        Negatives::UpperTriangle => all.f_triu(1)?.f_max_dim(1, false)?.0,
        Negatives::FullRow => {
            let itself = Tensor::f_eye(size[0], (tch::Kind::Bool, x.device()))?;
            all.f_masked_fill(&itself, f64::NEG_INFINITY)?.f_max_dim(1, false)?.0
        }
    };
    let counted = values.detach().f_ones_like()?;
    Ok(Similarities { values, counted })
}
