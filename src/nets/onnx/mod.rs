//! A network and its tensors as an ONNX file, for other programs to run.
//!
//! The file has one input, `images` `[n, channels, height, width]`, and one output, `embedding` `[n, d]`; `n` is free. A network that reads
//! numbers of the sample has a second input, `attributes` `[n, numbers]`. It uses ONNX's own operators
//! of set 17. Weights lie in the file under their names; batch norms use their running statistics, dropout is left out.

mod modules;
mod proto;
mod rare;
mod writer;

use super::backbone::{Backbone, fitting};
use super::{Colour, NetError, Network};
use crate::data::Schema;
use crate::ops::evals::Embed;
use prost::Message;
use proto::{Dimension, GraphProto, ModelProto, OperatorSetId, StringEntry, TensorShape, TensorType, TypeProto, ValueInfoProto, element};
use safetensors::tensor::TensorView;
use safetensors::{SafeTensorError, SafeTensors};
use writer::Writer;

/// The version of the format, and of the set of operators: what runtimes of 2022 and later read.
const FORMAT: i64 = 8;
const OPERATORS: i64 = 17;
/// The input of what a network reads of samples.
const ATTRIBUTES: &str = "attributes";
/// The largest file that protobuf can hold.
const LARGEST: usize = i32::MAX as usize;
/// The least length that is divided by, as `torch.nn.functional.normalize` has it.
const LEAST_LENGTH: f32 = 1e-12;
/// Shares of red, green and blue in grey, as [`Colour::Grey`] has them.
const GREY: [f32; 3] = [0.299, 0.587, 0.114];

/// What the file does besides the network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Around<'a> {
    /// The input is pixels 0..255, red first, and is normalised inside; without it, it is normalised already, in the network's colour
    /// order.
    pub pixels: bool,
    /// What is done with the image's flip.
    pub embed: &'a Embed,
    /// The output is brought to length 1.
    pub unit: bool,
}

/// A network that can't be written.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// The description does not fit together.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The file of its tensors is damaged, or lacks one.
    #[error("the model's tensors can't be read: {0}")]
    Tensors(#[from] SafeTensorError),
    /// The tensors are of no network that the backbone may be.
    #[error("the model's tensors are not those of its network")]
    Unfitting,
    /// A tensor that does not hold 32-bit floats.
    #[error("`{name}` holds {found}, and 32-bit floats are written")]
    Kind {
        /// The tensor.
        name: String,
        /// What it holds.
        found: String,
    },
    /// A file above protobuf's limit.
    #[error("the file would have {0} bytes, and one ONNX file can hold {LARGEST}")]
    TooLarge(usize),
}

/// The bytes of the ONNX file of a model: of which form of its backbone it is, its tensors say (the bytes of a safetensors file).
///
/// # Errors
/// When the tensors are of another network, not 32-bit floats, or too many for one file.
pub fn file<B: Backbone>(backbone: &B, tensors: &[u8], around: Around<'_>) -> Result<Vec<u8>, OnnxError> {
    let tensors = SafeTensors::deserialize(tensors)?;
    let sides = |(name, view): (String, TensorView)| (name, view.shape().iter().map(|side| *side as i64).collect());
    let network = &fitting(backbone, &tensors.tensors().into_iter().map(sides).collect())?.ok_or(OnnxError::Unfitting)?;
    let mut writer = Writer::new(tensors);
    let mut value = "images".to_owned();
    if around.pixels {
        value = normalised(network, &mut writer, value);
    }
    value = match around.embed {
        Embed::Plain(_) => modules::network(network, &mut writer, value)?,
        Embed::FlipSum(_) => {
            let [plain, flipped] = both(network, &mut writer, value)?;
            writer.node("Add", &[&plain, &flipped], Vec::new())
        }
        Embed::FlipConcat(_) => {
            let both = both(network, &mut writer, value)?;
            writer.node("Concat", &[&both[0], &both[1]], vec![writer::int("axis", 1)])
        }
    };
    if around.unit {
        value = unit(&mut writer, &value);
    }
    writer.rename(&value, "embedding");
    let width = network.embedding()? * if matches!(around.embed, Embed::FlipConcat(_)) { 2 } else { 1 };
    let channels = if around.pixels { 3 } else { network.input.channels() };
    let mut inputs = vec![tensor("images", &[channels, network.input.height, network.input.width])];
    if !network.reads.is_empty() {
        inputs.push(tensor(ATTRIBUTES, &[network.reads.len() as i64]));
    }
    bytes(&model(network, writer, inputs, tensor("embedding", &[width]), around))
}

fn bytes(model: &ModelProto) -> Result<Vec<u8>, OnnxError> {
    let size = model.encoded_len();
    if size > LARGEST {
        return Err(OnnxError::TooLarge(size));
    }
    Ok(model.encode_to_vec())
}

/// Pixels as the network wants them: its colour order, `(value - mean) / divisor`.
fn normalised(network: &Network, writer: &mut Writer<'_>, pixels: String) -> String {
    let input = &network.input;
    let channels = input.channels() as usize;
    let ordered = match input.colour {
        Colour::Rgb => pixels,
        Colour::Bgr => writer.reversed(&pixels, 1),
        Colour::Grey => {
            let shares = writer.numbers("grey", &[1, 3, 1, 1], &GREY);
            // said in full: not every runtime knows the defaults
            let window = [("kernel_shape", &[1, 1][..]), ("strides", &[1, 1]), ("pads", &[0; 4])];
            let window = window.map(|(name, sides)| writer::ints(name, sides)).to_vec();
            let grey = writer.node("Conv", &[&pixels, &shares], window);
            writer.node("Round", &[&grey], Vec::new())
        }
    };
    let mean: Vec<f32> = input.mean[..channels].iter().map(|mean| *mean as f32).collect();
    let mean = writer.numbers("mean", &[1, channels as i64, 1, 1], &mean);
    let divisor = writer.numbers("divisor", &[], &[input.divisor as f32]);
    let centred = writer.node("Sub", &[&ordered, &mean], Vec::new());
    writer.node("Div", &[&centred, &divisor], Vec::new())
}

/// The embeddings of the images and of their flips, by one pass over both.
fn both(network: &Network, writer: &mut Writer<'_>, images: String) -> Result<[String; 2], OnnxError> {
    let flips = writer.reversed(&images, 3);
    let all = writer.node("Concat", &[&images, &flips], vec![writer::int("axis", 0)]);
    if !network.reads.is_empty() {
        // a flip's yaw is the other way round, and its amount counts
        writer.readings = writer.node("Concat", &[ATTRIBUTES, ATTRIBUTES], vec![writer::int("axis", 0)]);
    }
    let embedded = modules::network(network, writer, all)?;
    Ok(writer.halves(&embedded, 0))
}

/// `x / max(|x|, 1e-12)`.
fn unit(writer: &mut Writer<'_>, value: &str) -> String {
    let length = writer.node("ReduceL2", &[value], vec![writer::ints("axes", &[1]), writer::int("keepdims", 1)]);
    let least = writer.numbers("least", &[], &[LEAST_LENGTH]);
    let length = writer.node("Max", &[&length, &least], Vec::new());
    writer.node("Div", &[value, &length], Vec::new())
}

/// A value of 32-bit floats, `[n, sides...]`.
fn tensor(name: &str, sides: &[i64]) -> ValueInfoProto {
    let free = Dimension { dim_value: None, dim_param: Some("n".to_owned()) };
    let known = sides.iter().map(|side| Dimension { dim_value: Some(*side), dim_param: None });
    let shape = TensorShape { dim: std::iter::once(free).chain(known).collect() };
    let tensor = TensorType { elem_type: element::FLOAT, shape: Some(shape) };
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type: Some(tensor) }) }
}

fn model(network: &Network, writer: Writer<'_>, input: Vec<ValueInfoProto>, output: ValueInfoProto, around: Around<'_>) -> ModelProto {
    let note = |key: &str, value: String| StringEntry { key: key.to_owned(), value };
    let reads = network.reads.iter().map(|read| format!("{} (radians)", read.text(&Schema::default()))).collect::<Vec<_>>().join(", ");
    let reads = (!reads.is_empty()).then(|| note(ATTRIBUTES, reads));
    let taken = if around.pixels { "pixels 0..255, red first".to_owned() } else { network.input.to_string() };
    let (nodes, constants) = writer.parts();
    ModelProto {
        ir_version: FORMAT,
        producer_name: "ddl".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: format!("{}: face embedding", network.name),
        graph: Some(GraphProto { node: nodes, name: network.name.clone(), initializer: constants, input, output: vec![output] }),
        opset_import: vec![OperatorSetId { domain: String::new(), version: OPERATORS }],
        metadata_props: [
            note("input", taken),
            note("embedding", around.embed.name().to_owned()),
            note("length", if around.unit { "1" } else { "as the network gives it" }.to_owned()),
        ]
        .into_iter()
        .chain(reads)
        .collect(),
    }
}
