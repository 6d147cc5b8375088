//! What networks made of a batch.

use super::draws::BatchLayout;
use crate::model::Model;
use std::collections::BTreeMap;
use std::rc::Rc;
use tch::{TchError, Tensor};

/// Of one network: the outputs of the layers that terms want, over all draws that it sees.
#[derive(Debug, Default)]
pub struct Outputs {
    layout: BatchLayout,
    layers: BTreeMap<usize, Tensor>,
}

impl Outputs {
    /// None yet, of a batch that is laid out so.
    pub fn new(layout: &BatchLayout) -> Self {
        Outputs { layout: layout.clone(), layers: BTreeMap::new() }
    }

    /// Adds a layer's output, `[images, …]`.
    pub fn insert(&mut self, layer: usize, output: Tensor) {
        self.layers.insert(layer, output);
    }

    /// A layer's output over all draws, `[images, …]`.
    pub fn layer(&self, layer: usize) -> Option<&Tensor> {
        self.layers.get(&layer)
    }

    /// A layer's output over one draw, `[images, …]`; none of a layer that was not wanted.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn of_draw(&self, layer: usize, draw: usize) -> Result<Option<Tensor>, TchError> {
        let rows = self.layout.rows(draw);
        self.layer(layer).map(|output| output.f_narrow(0, rows.start as i64, rows.len() as i64)).transpose()
    }
}

/// Of a teacher.
#[derive(Debug)]
pub struct TeacherOutputs {
    /// The teacher.
    pub model: Rc<Model>,
    /// What it made.
    pub outputs: Outputs,
}

/// Of all networks of a stage.
#[derive(Debug)]
pub struct BatchOutputs {
    /// Of those that learn.
    pub nets: Vec<Outputs>,
    /// Of the teachers.
    pub teachers: Vec<TeacherOutputs>,
}
