//! Operations and constants as they come, each under a name of its own.

use super::proto::{AttributeProto, NodeProto, TensorProto, attribute, element};
use super::{ATTRIBUTES, OnnxError};
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeSet;

/// A graph in the making.
pub struct Writer<'t> {
    tensors: SafeTensors<'t>,
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    known: BTreeSet<String>,
    /// The value that holds what the network reads of each sample.
    pub readings: String,
}

impl<'t> Writer<'t> {
    /// An empty graph over these tensors.
    pub fn new(tensors: SafeTensors<'t>) -> Self {
        Writer { tensors, nodes: Vec::new(), constants: Vec::new(), known: BTreeSet::new(), readings: ATTRIBUTES.to_owned() }
    }

    /// Adds an operation and gives the name of what it makes.
    pub fn node(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let output = format!("{}_{}", op.to_lowercase(), self.nodes.len());
        self.add(op, inputs, vec![output.clone()], attributes);
        output
    }

    fn add(&mut self, op: &str, inputs: &[&str], output: Vec<String>, attribute: Vec<AttributeProto>) {
        let name = format!("{op}_{}", self.nodes.len());
        let input = inputs.iter().map(|&input| input.to_owned()).collect();
        self.nodes.push(NodeProto { input, output, name, op_type: op.to_owned(), attribute });
    }

    /// Both halves of a value along an axis.
    pub fn halves(&mut self, value: &str, axis: i64) -> [String; 2] {
        let halves = [0, 1].map(|half| format!("split_{}_{half}", self.nodes.len()));
        self.add("Split", &[value], halves.to_vec(), vec![int("axis", axis)]);
        halves
    }

    /// A value backwards along an axis.
    pub(crate) fn reversed(&mut self, value: &str, axis: i64) -> String {
        // from the last to before the first, which no index but the least one says
        let whole = [("starts", -1), ("ends", i64::MIN), ("axes", axis), ("steps", -1)];
        let [starts, ends, axes, steps] = whole.map(|(name, number)| self.whole(&format!("reversed_{axis}.{name}"), &[1], &[number]));
        self.node("Slice", &[value, &starts, &ends, &axes, &steps], Vec::new())
    }

    /// A tensor of the model, by its name; it stays under that name.
    ///
    /// # Errors
    /// When there is none, or it does not hold 32-bit floats.
    pub fn stored(&mut self, name: &str) -> Result<String, OnnxError> {
        if self.known.insert(name.to_owned()) {
            let tensor = self.tensors.tensor(name)?;
            if tensor.dtype() != Dtype::F32 {
                return Err(OnnxError::Kind { name: name.to_owned(), found: format!("{:?}", tensor.dtype()) });
            }
            let dims = tensor.shape().iter().map(|side| *side as i64).collect();
            let raw_data = tensor.data().to_vec();
            self.constants.push(TensorProto { dims, data_type: element::FLOAT, name: name.to_owned(), raw_data });
        }
        Ok(name.to_owned())
    }

    /// A tensor of the model in another shape of as many numbers.
    ///
    /// # Errors
    /// As [`Writer::stored`].
    pub(crate) fn stored_as(&mut self, name: &str, dims: &[i64]) -> Result<String, OnnxError> {
        self.stored(name)?;
        if let Some(constant) = self.constants.iter_mut().find(|constant| constant.name == name) {
            constant.dims = dims.to_vec();
        }
        Ok(name.to_owned())
    }

    /// Numbers under a name, unless it is known.
    pub fn numbers(&mut self, name: &str, dims: &[i64], numbers: &[f32]) -> String {
        let raw_data = || numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, dims, element::FLOAT, raw_data)
    }

    /// Whole numbers under a name, unless it is known.
    pub fn whole(&mut self, name: &str, dims: &[i64], numbers: &[i64]) -> String {
        let raw_data = || numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, dims, element::INT64, raw_data)
    }

    /// A value in another shape; 0 keeps a side.
    pub(crate) fn reshaped(&mut self, value: &str, sides: &[i64]) -> String {
        let words: Vec<String> = sides.iter().map(i64::to_string).collect();
        let shape = self.whole(&format!("shape_{}", words.join("_")), &[sides.len() as i64], sides);
        self.node("Reshape", &[value, &shape], Vec::new())
    }

    /// A value with its axes in another order.
    pub(crate) fn transposed(&mut self, value: &str, axes: &[i64]) -> String {
        self.node("Transpose", &[value], vec![ints("perm", axes)])
    }

    /// A number under a name of its own.
    pub fn number(&mut self, x: f32) -> String {
        self.numbers(&format!("number_{x}"), &[], &[x])
    }

    /// The names of constants that are no tensors of the model begin with `ddl.`, which no public network uses.
    fn constant(&mut self, name: &str, dims: &[i64], data_type: i32, raw_data: impl FnOnce() -> Vec<u8>) -> String {
        let name = format!("ddl.{name}");
        if self.known.insert(name.clone()) {
            self.constants.push(TensorProto { dims: dims.to_vec(), data_type, name: name.clone(), raw_data: raw_data() });
        }
        name
    }

    /// Gives a value that an operation made another name.
    pub fn rename(&mut self, from: &str, to: &str) {
        for name in self.nodes.iter_mut().flat_map(|node| node.input.iter_mut().chain(&mut node.output)).filter(|name| *name == from) {
            to.clone_into(name);
        }
    }

    /// The operations and the constants.
    pub fn parts(self) -> (Vec<NodeProto>, Vec<TensorProto>) {
        (self.nodes, self.constants)
    }
}

/// A whole number as an option of an operation.
pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), i: Some(i), r#type: attribute::INT, ..AttributeProto::default() }
}

/// Whole numbers as an option.
pub(crate) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.to_owned(), ints: ints.to_vec(), r#type: attribute::INTS, ..AttributeProto::default() }
}

/// A number as an option.
pub fn float(name: &str, f: f64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), f: Some(f as f32), r#type: attribute::FLOAT, ..AttributeProto::default() }
}
