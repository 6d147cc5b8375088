//! Hopenet (Ruiz et al., CVPR workshops 2018): a `ResNet`-50 whose output is a head's angles, with the names of the authors' `hopenet.py`.

use super::Backbone;
use super::pieces::{conv, ends, norm};
use super::resnet50::{self, Stride};
use crate::nets::{Angles, Bins, Init, Input, Keep, Layer, Module, NetError, Network, Window};
use crate::ops::nets::{Colour, Hopenet};

const INIT: Init = Init::KaimingFanOut;
/// Mean and deviation of ImageNet's colours: red, green, blue.
const IMAGENET: ([f64; 3], [f64; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

/// The layer that gives the bins of all angles, `[n, 3 x 66]`.
pub const BINS: &str = "bins";
/// Yaw, pitch and roll: 66 bins of 3 degrees from -99.
pub const ANGLES: Angles = Angles { count: 3, bins: 66, step: 3.0, first: -99.0 };

impl Backbone for Hopenet {
    fn network(&self) -> Result<Network, NetError> {
        let stem = vec![
            Module::Rescale { factors: IMAGENET.1.map(|deviation| 1.0 / deviation).to_vec() },
            conv("conv1".into(), (3, 64), 7, 2, INIT),
            norm("bn1".into(), 64),
            Module::Relu,
            // zeros lose against what a rectifier gives, as a border of nothing would
            Module::Border { by: 1 },
            Module::Window(Window { keep: Keep::Max, side: 3, stride: 2, ceil: false }),
        ];
        let (mut layers, mut parts) = resnet50::trunk(stem, false, Stride::Second);
        let trunk = layers.len();
        let names = ["fc_yaw", "fc_pitch", "fc_roll"].map(str::to_owned).to_vec();
        let bins = Bins { names, unused: Some("fc_finetune".into()), input: 2048, bins: ANGLES.bins };
        layers.push(Layer { name: BINS.into(), modules: vec![Module::Pool { side: 1 }, Module::Flatten, Module::Bins(bins)] });
        layers.push(Layer { name: "embedding".into(), modules: vec![Module::Angles(ANGLES)] });
        ends(&mut parts, trunk, layers.len());
        let mean = IMAGENET.0.map(|mean| mean * 255.0);
        let side = i64::from(self.side.0);
        let input = Input { height: side, width: side, colour: Colour::Rgb, mean, divisor: 255.0 };
        Ok(Network { name: "hopenet".into(), input, layers, parts, reads: Vec::new() })
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}
