//! The distribution distillation loss alone.

use ddl::ops::terms::Ddl;
use ddl::random::Draw;
use tch::{Device, Kind, Tensor};

use crate::nn::error::NnError;
use crate::nn::heads::Clock;
use crate::nn::state::State;
use crate::nn::terms::{Context, Term as _, TermInput};

const WIDTH: i64 = 128;

/// The distribution distillation loss on made-up embeddings: its value and their gradient.
pub struct Distillation {
    term: Ddl,
    /// `[size, 128]`: of each branch, the two sides of its pairs and its different people.
    inputs: Vec<Tensor>,
    state: State,
}

impl Distillation {
    /// So many students; `size` pairs and `size` images of different people in each branch, all options as released.
    ///
    /// # Errors
    /// When the term's declaration has a parameter without a default that is not given here.
    pub fn new(students: u32, size: i64) -> Result<Self, NnError> {
        let side = |at: u32| {
            let batches = |node: u32| serde_json::json!({ "node": node });
            serde_json::json!({ "op": "branch", "pairs": batches(2 * at), "negatives": batches(2 * at + 1) })
        };
        let args = serde_json::json!({ "teacher": side(0), "students": (1..=students).map(side).collect::<Vec<_>>() });
        let term: Ddl = ddl::ops::parse(&args).map_err(|error| NnError::Input {
            what: "the arguments of ddl".into(),
            expected: "those of its declaration".into(),
            found: error.to_string(),
        })?;
        let mut inputs = Vec::new();
        for at in (0..=students).map(|at| f64::from(at) * 0.1) {
            let left = wave(size, [0.9 + at, 0.5, 0.3])?;
            let right = &left + wave(size, [1.7 + at, 0.2, 1.1])? * 0.3; // two images of one person are alike
            for tensor in [left, right, wave(size, [0.37 + at, 0.11, 0.73])?] {
                inputs.push(tensor.f_set_requires_grad(true)?);
            }
        }
        Ok(Distillation { term, inputs, state: State::new() })
    }

    /// Forward and backward; the value.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn step(&mut self) -> Result<f64, NnError> {
        let branch = |branch: &[Tensor]| {
            let pairs = TermInput::Pairs { left: branch[0].shallow_clone(), right: branch[1].shallow_clone() };
            [pairs, TermInput::Embeddings(branch[2].shallow_clone())]
        };
        let inputs: Vec<TermInput> = self.inputs.chunks(3).flat_map(branch).collect();
        let noise = Draw::new(0, "bench");
        let value =
            self.term.evaluate(&inputs, &Context { head: &self.state, pool: &State::new(), noise: &noise, clock: Clock::default() })?.value;
        self.inputs.iter_mut().for_each(Tensor::zero_grad);
        value.f_backward()?;
        Ok(value.f_double_value(&[])?)
    }
}

/// `sin(by₀ i + by₁ j + by₂ i j)`, `i` and `j` from 1: embeddings that `PyTorch`'s side can make too.
fn wave(rows: i64, by: [f64; 3]) -> Result<Tensor, NnError> {
    let count = |to: i64| Tensor::f_arange_start(1, to + 1, (Kind::Double, Device::Cpu));
    let (i, j) = (count(rows)?.f_view([-1, 1])?, count(WIDTH)?);
    Ok((&i * by[0] + &j * by[1] + &i * &j * by[2]).f_sin()?.f_to_kind(Kind::Float)?)
}
