//! Products of feature vectors, summed in one fixed order.
//!
//! Eight running sums in double precision take every eighth product each and are added as a fixed tree at the end. A product of two
//! single-precision numbers is exact in double precision, and nothing is contracted into fused operations, so a score has the same bits on
//! every machine, whatever the batch, block or number of threads.

use super::EvalError;

const LANES: usize = 8;

fn add_lanes(lanes: [f64; LANES]) -> f64 {
    let quarter = |at: usize| lanes[at] + lanes[at + 1];
    (quarter(0) + quarter(2)) + (quarter(4) + quarter(6))
}

/// Σ `term(aᵢ, bᵢ)` in the fixed order.
fn sum_over<T: Copy>(a: &[T], b: &[T], term: impl Fn(T, T) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            lanes[lane] += term(x[lane], y[lane]);
        }
    }
    for (lane, (&x, &y)) in a_rest.iter().zip(b_rest).enumerate() {
        lanes[lane] += term(x, y);
    }
    add_lanes(lanes)
}

/// Σ aᵢ·bᵢ of two vectors of one length.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    sum_over(a, b, |x, y| x * y)
}

/// The cosine of the angle between two vectors of one length, in [-1, 1]; `None` when one of them is all zero, not finite, or of another
/// length.
pub fn cosine(a: &[f32], b: &[f32]) -> Option<f64> {
    let (a_norm, b_norm) = (norm(a)?, norm(b)?);
    (a.len() == b.len()).then(|| clamped(sum_over(a, b, |x, y| (f64::from(x) / a_norm) * (f64::from(y) / b_norm))))
}

/// A dot product of unit vectors as a cosine: rounding may carry it a little past ±1.
pub(crate) fn clamped(product: f64) -> f64 {
    product.clamp(-1.0, 1.0)
}

/// ‖a‖; `None` when it is zero or not finite.
fn norm(a: &[f32]) -> Option<f64> {
    let norm = sum_over(a, a, |x, y| f64::from(x) * f64::from(y)).sqrt();
    (norm.is_finite() && norm > 0.0).then_some(norm)
}

/// ‖a/‖a‖ − b/‖b‖‖², in [0, 4]; `None` as in [`cosine`].
pub fn squared_distance(a: &[f32], b: &[f32]) -> Option<f64> {
    let (a, b) = (l2_normalised(a)?, l2_normalised(b)?);
    (a.len() == b.len()).then(|| sum_over(&a, &b, |x, y| (x - y) * (x - y)).clamp(0.0, 4.0))
}

/// `a / ‖a‖` in double precision; `None` when `a` is all zero or not finite.
pub fn l2_normalised(a: &[f32]) -> Option<Vec<f64>> {
    norm(a).map(|norm| a.iter().map(|&x| f64::from(x) / norm).collect())
}

/// The rows of a `[n, d]` matrix, each L2-normalised.
pub(crate) fn normalised_rows(values: &[f32], d: usize) -> Result<Vec<f64>, EvalError> {
    let mut rows = Vec::with_capacity(values.len());
    for (index, row) in values.chunks_exact(d).enumerate() {
        if let Some(&bad) = row.iter().find(|x| !x.is_finite()) {
            return Err(EvalError::NotFinite { what: "feature of image", index, value: f64::from(bad) });
        }
        rows.extend(l2_normalised(row).ok_or(EvalError::NoDirection { index })?);
    }
    Ok(rows)
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // the compared values are exact
mod tests {
    use super::*;

    #[test]
    fn cosines_of_known_vectors() {
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 2.0]), Some(0.0));
        assert_eq!(cosine(&[3.0, 4.0], &[3.0, 4.0]), Some(1.0));
        assert!((cosine(&[1.0; 19], &[-1.0; 19]).unwrap() + 1.0).abs() < 1e-15);
        assert_eq!(squared_distance(&[1.0, 0.0], &[-5.0, 0.0]), Some(4.0));
    }

    #[test]
    fn a_cosine_has_the_bits_of_the_product_of_unit_rows() {
        let values: Vec<f32> = (0..74).map(|i| (i as f32 * 0.37).sin()).collect();
        let rows = normalised_rows(&values, 37).unwrap();
        assert_eq!(cosine(&values[..37], &values[37..]).unwrap().to_bits(), clamped(dot(&rows[..37], &rows[37..])).to_bits());
    }

    #[test]
    fn what_has_no_direction_has_no_cosine() {
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 0.0]), None);
        assert_eq!(cosine(&[f32::NAN, 0.0], &[1.0, 0.0]), None);
        assert_eq!(cosine(&[1.0], &[1.0, 0.0]), None);
        assert_eq!(squared_distance(&[1.0], &[1.0, 0.0]), None);
    }

    #[test]
    fn the_squared_distance_is_two_minus_twice_the_cosine() {
        let a: Vec<f32> = (0..131).map(|i| (i as f32 * 0.37).sin()).collect();
        let b: Vec<f32> = (0..131).map(|i| (i as f32 * 0.21).cos()).collect();
        let (s, d) = (cosine(&a, &b).unwrap(), squared_distance(&a, &b).unwrap());
        assert!((d - (2.0 - 2.0 * s)).abs() < 1e-14);
    }
}
