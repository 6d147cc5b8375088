//! Improved `ResNet` in the forms of TFace and face.evoLVe.

use super::Parts;
use super::{Colour, Weights, one_of_depths};
use crate::lang::decl::Kinded;
use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::lang::value::Value;

crate::choice! {
    /// Whose code an [`Ir`] is built as.
    pub enum IrForm {
        /// TFace, and AdaFace after it: a batch norm between the first convolution and its PReLU, the last batch norm without scale and shift, depth 152 of bottlenecks 2048 wide, dropout 0.4.
        Tface = "tface",
        /// face.evoLVe, and CurricularFace and FaceX-Zoo after it: no batch norm before the PReLU, an affine last batch norm, depth 152 of blocks 512 wide, dropout 0.5.
        Evolve = "evolve",
    }
}

crate::operator! {
    /// Improved ResNet (IR, and IR-SE with squeeze and excitation) as TFace and face.evoLVe build it, for 112x112 crops, (x - 127.5) / 127.5. It differs from `iresnet` in the shortcut of stage 1, which has no weights. Depth 101 is what their code builds of `num_layers = 100`. Parts: stem, stage1, stage2, stage3, stage4, trunk (all before the last batch norm), neck, activations.
    ///
    /// Source: Deng et al., "ArcFace", CVPR 2019; Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018; `model_irse.py` of TFace and of face.evoLVe.
    pub struct Ir("ir", 1, |_| Type::Model) {
        /// Number of layers: 18, 34, 50, 101 or 152 (evolve: 50, 101, 152).
        depth: u32, any "only the depths that it has fit";
        /// Whose form.
        form: IrForm = IrForm::Tface;
        /// Whether each block ends in squeeze and excitation (reduction 16).
        se: bool = false;
        /// Width of the embedding.
        embedding: u32 = 512, in 1.0..=65_536.0;
        /// Order of the colours that the network sees; AdaFace's published weights want "bgr".
        colour: Colour = Colour::Rgb;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Share of features dropped before the last linear layer in training; the form's own without.
        dropout: Option<f64> = None, in 0.0..1.0;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
    check = known;
}

impl Kinded<Parts> for Ir {
    const KIND: Parts = Parts::FOUR;
}

/// The depths that [`Ir`] has in a form.
pub fn ir_depths(form: IrForm) -> &'static [i64] {
    match form {
        IrForm::Tface => &[18, 34, 50, 101, 152],
        IrForm::Evolve => &[50, 101, 152],
    }
}

fn known(call: &Call) -> Vec<Complaint> {
    let evolve = matches!(call.args.get("form"), Some(Value::Text(form)) if &**form == "evolve");
    let mut complaints = one_of_depths(call, "ir", ir_depths(if evolve { IrForm::Evolve } else { IrForm::Tface }));
    if matches!(call.args.get("colour"), Some(Value::Text(colour)) if &**colour == "grey") {
        complaints.push(Complaint {
            param: Some("colour"),
            message: "an ir sees three colours".to_owned(),
            help: Some("colour = \"rgb\" or \"bgr\"".to_owned()),
        });
    }
    complaints
}
