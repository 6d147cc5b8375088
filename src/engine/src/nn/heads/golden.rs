//! The inputs of the golden numbers of spec 4.1 and 4.2, and finite differences.

use tch::{Kind, Tensor};

use crate::nn::state::{Role, State};

/// `W[k, j] = cos(0.7 k + 0.2 j k)`, one row per class, `[5, 6]`.
pub fn prototypes() -> Tensor {
    table(5, 6, |k, j| (0.7 * k + 0.2 * j * k).cos())
}

/// `y = [0, 3, 4, 2]`.
pub fn labels() -> Tensor {
    Tensor::from_slice(&[0i64, 3, 4, 2])
}

/// `X[i] = W[y_i] + 0.5 sin(1.3 i + 0.9 j)`, `[4, 6]`.
pub fn features() -> Tensor {
    prototypes().index_select(0, &labels()) + table(4, 6, |i, j| 0.5 * (1.3 * i + 0.9 * j).sin())
}

/// A head's state with these class vectors.
pub fn state(prototypes: Tensor) -> State {
    let mut state = State::new();
    state.insert(super::PROTOTYPES, prototypes, Role::Parameter).unwrap();
    state
}

/// A float64 matrix from its 1-based places.
pub fn table(rows: i64, columns: i64, of: impl Fn(f64, f64) -> f64) -> Tensor {
    let values: Vec<f64> = (1..=rows).flat_map(|i| (1..=columns).map(move |j| (i, j))).map(|(i, j)| of(i as f64, j as f64)).collect();
    Tensor::from_slice(&values).view([rows, columns])
}

/// Asserts that the gradient of the scalar `value` at `x` (float64) is its central difference.
pub fn assert_gradient(x: &Tensor, value: impl Fn(&Tensor) -> Tensor) {
    let leaf = x.copy().set_requires_grad(true);
    value(&leaf).backward();
    let (gradient, h) = (leaf.grad(), 1e-6);
    for at in 0..x.numel() as i64 {
        let moved = |by: f64| {
            let moved = x.copy();
            let _ = moved.view(-1).narrow(0, at, 1).g_add_scalar_(by);
            value(&moved).double_value(&[])
        };
        let (found, expected) = (gradient.view(-1).double_value(&[at]), (moved(h) - moved(-h)) / (2.0 * h));
        assert!((found - expected).abs() <= 1e-6 * (1.0 + expected.abs()), "element {at}: gradient {found}, difference {expected}");
    }
    assert_eq!(gradient.isfinite().all().to_kind(Kind::Int64).int64_value(&[]), 1);
}
