//! Multiples of an angle: what L-Softmax, A-Softmax and SphereFace-R share.

use std::f64::consts::PI;

use tch::Tensor;

use super::cosine::angle;

/// `psi(theta) = (-1)^k cos(m theta) - 2 k` for `theta` in `[k pi / m, (k + 1) pi / m]`, m from 1 to 4, of cosines `[n]`.
///
/// `cos(m theta)` is the polynomial in `cos(theta)`, so that its gradient is finite everywhere.
pub(super) fn psi(cosine: &Tensor, m: u32) -> Tensor {
    let c2 = cosine.square();
    let multiple = match m {
        1 => cosine.shallow_clone(),
        2 => &c2 * 2.0 - 1.0,
        3 => (&c2 * 4.0 - 3.0) * cosine,
        _ => (&c2 - 1.0) * &c2 * 8.0 + 1.0, // the declaration allows no more than 4
    };
    fold(&multiple, cosine, f64::from(m))
}

/// The same for any m from 1, of angles that have no polynomial.
pub(super) fn psi_of_angle(cosine: &Tensor, m: f64) -> Tensor {
    fold(&(angle(cosine) * m).cos(), cosine, m)
}

/// `(-1)^k value - 2 k`, k the interval in which the angle lies.
fn fold(value: &Tensor, cosine: &Tensor, m: f64) -> Tensor {
    let theta = cosine.detach().clamp(-1.0, 1.0).acos();
    let k = (theta * (m / PI)).floor().clamp(0.0, (m.ceil() - 1.0).max(0.0));
    let sign = k.remainder(2.0) * -2.0 + 1.0;
    value * sign - k * 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psi_falls_from_one_without_a_jump() {
        let theta: Vec<f64> = (0..=1000).map(|i| PI * f64::from(i) / 1000.0).collect();
        let cosine = Tensor::from_slice(&theta).cos();
        for m in 1..=4u32 {
            let values = Vec::<f64>::try_from(psi(&cosine, m)).unwrap();
            let same = Vec::<f64>::try_from(psi_of_angle(&cosine, f64::from(m))).unwrap();
            assert!((values[0] - 1.0).abs() < 1e-12 && (values[1000] - (1.0 - 2.0 * f64::from(m))).abs() < 1e-9, "{m}: {}", values[1000]);
            assert!(values.windows(2).all(|two| two[1] <= two[0] + 1e-9 && two[0] - two[1] < 0.02), "{m}");
            assert!(values.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-5), "{m}");
        }
    }
}
