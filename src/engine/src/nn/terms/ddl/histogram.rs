//! Soft histograms of similarities, and how far apart two of them are.

use ddl::ops::terms::{Divergence, Grid as Nodes, Normalisation};
use tch::Tensor;

use super::similarity::Similarities;

/// Added to probabilities before their logarithm, as in the released code.
const FLOOR: f64 = 1e-9;

/// The places `t_r` of a histogram's nodes.
pub(super) struct Grid {
    /// `[nodes]`
    nodes: Tensor,
    /// The distance between two of them.
    step: f64,
}

impl Grid {
    /// So many nodes (at least 2), on the device and of the kind of `like`.
    pub fn new(of: Nodes, count: i64, like: &Tensor) -> Self {
        let places = Tensor::arange(count, (tch::Kind::Double, like.device()));
        let (nodes, step) = match of {
            Nodes::Unit => (places / count as f64, 1.0 / count as f64),
            Nodes::Symmetric => (places * (2.0 / (count - 1) as f64) - 1.0, 2.0 / (count - 1) as f64),
        };
        Grid { nodes: nodes.to_kind(like.kind()), step }
    }
}

/// `h_r = sum_i exp(-gamma (s_i - t_r)²)` over the similarities that count, normalised; `[nodes]`. All zero if none counts.
pub(super) fn histogram(of: &Similarities, grid: &Grid, gamma: f64, normalisation: Normalisation) -> Tensor {
    let kernel = ((of.values.unsqueeze(1) - grid.nodes.unsqueeze(0)).square() * -gamma).exp(); // [n, nodes]
    let sum = of.counted.unsqueeze(0).matmul(&kernel).squeeze_dim(0); // [nodes]
    let whole = match normalisation {
        // A sum so small that it is 0 in this precision divides zeros: the guard only keeps them zeros.
        Normalisation::L1 => sum.sum(sum.kind()).clamp_min(f64::from(f32::MIN_POSITIVE)),
        Normalisation::Count => of.count().clamp_min(1.0),
    };
    sum / whole
}

/// How far students' histograms `q` `[…, nodes]` are from the teacher's `p`, `[…]`.
pub(super) fn divergence(by: Divergence, p: &Tensor, q: &Tensor, grid: &Grid) -> Tensor {
    match by {
        Divergence::Kl => kl(p, q),
        Divergence::Js => {
            let middle = (p + q) * 0.5;
            (kl(p, &middle) + kl(q, &middle)) * 0.5
        }
        // Both are integrals over the difference of the two distribution functions.
        Divergence::Emd => over_nodes(&(p - q).cumsum(-1, None).abs()) * grid.step,
        Divergence::Energy => over_nodes(&(p - q).cumsum(-1, None).square()) * (2.0 * grid.step),
    }
}

/// `sum_r p_r log(p_r / q_r)`
fn kl(p: &Tensor, q: &Tensor) -> Tensor {
    let (p, q) = (p + FLOOR, q + FLOOR);
    over_nodes(&(&p * (p.log() - q.log())))
}

fn over_nodes(of: &Tensor) -> Tensor {
    of.sum_dim_intlist([-1].as_slice(), false, None)
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    fn of(values: &[f64], grid: &Grid) -> Tensor {
        let values = Tensor::from_slice(values);
        histogram(&Similarities { counted: values.ones_like(), values }, grid, 50.0, Normalisation::L1)
    }

    fn near(found: &Tensor, expected: f64) {
        let found = found.double_value(&[]);
        assert!((found - expected).abs() < 1e-12 * expected.abs().max(1.0), "{found}, expected {expected}");
    }

    const EASY: [f64; 4] = [0.80, 0.65, 0.72, 0.55];
    const HARD: [f64; 4] = [0.40, 0.25, 0.52, 0.10];

    #[test]
    fn histograms_and_divergences_are_those_of_the_spec() {
        let grid = Grid::new(Nodes::Unit, 1000, &Tensor::from(0f64));
        let (p, q) = (of(&EASY, &grid), of(&HARD, &grid));
        assert_eq!((p.argmax(0, false).int64_value(&[]), q.argmax(0, false).int64_value(&[])), (689, 418));
        near(&p.max(), 0.002_811_279_892_476_371_7);
        near(&p.get(500), 0.001_312_205_635_550_820_2);
        near(&q.max(), 0.001_901_488_849_538_914_5);
        near(&kl(&p, &q), 2.505_356_312_118_075_3);
        near(&kl(&q, &p), 3.955_878_684_296_691_5);
        for (nodes, expected) in [(101, 2.557_290_168_912_028), (201, 2.552_867_895_922_785), (1001, 2.549_129_427_516_055)] {
            let grid = Grid::new(Nodes::Symmetric, nodes, &Tensor::from(0f64));
            let (p, q) = (of(&EASY, &grid), of(&HARD, &grid));
            near(&(&p * (p.log() - q.log())).sum(Kind::Double), expected); // given without the floor
        }
    }

    #[test]
    fn distances_over_the_grid_are_those_of_its_distribution_functions() {
        let grid = Grid::new(Nodes::Unit, 4, &Tensor::from(0f64));
        let (p, q) = (Tensor::from_slice(&[0.5, 0.5, 0.0, 0.0]), Tensor::from_slice(&[0.0, 0.0, 0.5, 0.5]));
        near(&divergence(Divergence::Emd, &p, &q, &grid), 0.5); // every half moves two nodes of 1/4
        near(&divergence(Divergence::Energy, &p, &q, &grid), 2.0 * 0.25 * (0.25 + 1.0 + 0.25));
        near(&divergence(Divergence::Emd, &p, &p, &grid), 0.0);
        let js = divergence(Divergence::Js, &p, &q, &grid).double_value(&[]);
        assert!((js - 2f64.ln()).abs() < 1e-7, "{js}"); // disjoint histograms
    }

    #[test]
    fn counted_samples_alone_make_the_histogram() {
        let grid = Grid::new(Nodes::Unit, 100, &Tensor::from(0f64));
        let values = Tensor::from_slice(&[0.8, 0.65, -0.3, 0.1]);
        let some = Similarities { values: values.shallow_clone(), counted: Tensor::from_slice(&[1.0, 1.0, 0.0, 0.0]) };
        for normalisation in [Normalisation::L1, Normalisation::Count] {
            let two = Similarities { values: values.narrow(0, 0, 2), counted: Tensor::from_slice(&[1.0, 1.0]) };
            let apart = histogram(&some, &grid, 50.0, normalisation) - histogram(&two, &grid, 50.0, normalisation);
            assert!(apart.abs().max().double_value(&[]) < 1e-15);
        }
        let none = Similarities { values: values.shallow_clone(), counted: values.zeros_like() };
        assert_eq!(histogram(&none, &grid, 50.0, Normalisation::L1), Tensor::zeros_like(&grid.nodes));
    }
}
