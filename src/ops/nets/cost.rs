//! What backbones cost, counted from their declarations alone: parameters, multiply-adds, and numbers that training keeps.
//!
//! The engine builds the same networks and tests that it counts the same; totals are those of spec 5.1 and 5.3.

use super::{Backbone, IResNet, MobileFaceNet, MobileVariant, Tiny};

/// What a backbone costs, by its consecutive parts from the stem to the neck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Side of the square input in pixels.
    pub side: u32,
    /// Numbers of an embedding.
    pub embedding: u64,
    /// The parts, first to last; what lies before the last one is the trunk.
    pub parts: Vec<PartCost>,
}

/// What a part costs for one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartCost {
    /// Its name (`stage2`).
    pub name: String,
    /// Numbers in its parameters.
    pub parameters: u64,
    /// Those of them that are PReLU slopes.
    pub slopes: u64,
    /// Those of them that never learn (a last batch norm's scale).
    pub fixed: u64,
    /// Multiply-adds of convolutions and linear layers.
    pub multiply_adds: u64,
    /// Numbers that come out of its layers, which a backward pass needs.
    pub activations: u64,
}

impl Cost {
    /// Numbers in all parameters.
    pub fn parameters(&self) -> u64 {
        self.parts.iter().map(|part| part.parameters).sum()
    }

    /// Multiply-adds of one image.
    pub fn multiply_adds(&self) -> u64 {
        self.parts.iter().map(|part| part.multiply_adds).sum()
    }

    /// For each part, whether `freeze = [parts]` fixes it, and whether all PReLU slopes are fixed.
    pub fn frozen<S: AsRef<str>>(&self, names: &[S]) -> (Vec<bool>, bool) {
        let said = |name: &str| names.iter().any(|known| known.as_ref() == name);
        let last = self.parts.len().saturating_sub(1);
        let fixed = self.parts.iter().enumerate().map(|(at, part)| said(&part.name) || (said("trunk") && at < last));
        (fixed.collect(), said("activations"))
    }
}

impl Backbone {
    /// What it costs; nothing for a depth that does not exist, and for networks that are not counted here yet.
    pub fn cost(&self) -> Option<Cost> {
        match self {
            Backbone::MobileFaceNet(it) if matches!(it.variant, Some(MobileVariant::Mbf | MobileVariant::MbfLarge)) => None,
            Backbone::MobileFaceNet(it) => Some(mobilefacenet(it)),
            Backbone::Ir(_) | Backbone::LightCnn(_) | Backbone::Vgg16(_) | Backbone::SphereNet(_) | Backbone::ResNet50(_) => None,
            Backbone::IResNet(it) => iresnet(it),
            Backbone::Tiny(it) => Some(tiny(it)),
        }
    }
}

/// A walk through a network's layers.
struct Walk {
    channels: u64,
    side: u64,
    parts: Vec<PartCost>,
}

impl Walk {
    fn new(side: u64) -> Self {
        Walk { channels: 3, side, parts: Vec::new() }
    }

    fn part(&mut self, name: &str) {
        self.parts.push(PartCost { name: name.to_owned(), parameters: 0, slopes: 0, fixed: 0, multiply_adds: 0, activations: 0 });
    }

    /// Counts in the part that was begun last.
    fn count(&mut self, parameters: u64, multiply_adds: u64) {
        let kept = self.channels * self.side * self.side;
        if let Some(part) = self.parts.last_mut() {
            part.parameters += parameters;
            part.multiply_adds += multiply_adds;
            part.activations += kept;
        }
    }

    /// A convolution without bias. `window` is its kernel, stride and padding.
    fn conv(&mut self, output: u64, window: (u64, u64, u64), groups: u64) {
        let (kernel, stride, padding) = window;
        let each = self.channels / groups * kernel * kernel;
        self.side = (self.side + 2 * padding - kernel) / stride + 1;
        self.channels = output;
        self.count(output * each, output * self.side * self.side * each);
    }

    /// A batch norm with scale and shift.
    fn norm(&mut self) {
        self.count(2 * self.channels, 0);
    }

    fn prelu(&mut self) {
        self.count(self.channels, 0);
        if let Some(part) = self.parts.last_mut() {
            part.slopes += self.channels;
        }
    }

    /// A sum of two ways of this shape.
    fn sum(&mut self) {
        self.count(0, 0);
    }

    fn pool(&mut self, side: u64) {
        self.side = side;
        self.count(0, 0);
    }

    fn linear(&mut self, output: u64, bias: bool) {
        let input = self.channels * self.side * self.side;
        (self.channels, self.side) = (output, 1);
        self.count(input * output + if bias { output } else { 0 }, input * output);
    }

    fn cost(self, side: u64) -> Cost {
        Cost { side: side as u32, embedding: self.channels, parts: self.parts }
    }
}

fn mobilefacenet(it: &MobileFaceNet) -> Cost {
    const SIDE: u64 = 112;
    // channels out, channels inside the first unit, residual units, channels inside these
    const STAGES: [(u64, u64, u64, u64); 3] = [(64, 128, 4, 128), (128, 256, 6, 256), (128, 512, 2, 256)];
    let mut walk = Walk::new(SIDE);
    let block = |walk: &mut Walk, output: u64, window: (u64, u64, u64), groups: u64, active: bool| {
        walk.conv(output, window, groups);
        walk.norm();
        if active {
            walk.prelu();
        }
    };
    let unit = |walk: &mut Walk, output: u64, inside: u64, stride: u64| {
        block(walk, inside, (1, 1, 0), 1, true);
        block(walk, inside, (3, stride, 1), inside, true);
        block(walk, output, (1, 1, 0), 1, false);
    };
    walk.part("stem");
    block(&mut walk, 64, (3, 2, 1), 1, true);
    block(&mut walk, 64, (3, 1, 1), 64, true);
    for (at, (output, inside, units, unit_inside)) in STAGES.into_iter().enumerate() {
        walk.part(&format!("stage{}", at + 1));
        unit(&mut walk, output, inside, 2);
        for _ in 0..units {
            unit(&mut walk, output, unit_inside, 1);
            walk.sum();
        }
    }
    walk.part("neck");
    block(&mut walk, 512, (1, 1, 0), 1, true);
    block(&mut walk, 512, (7, 1, 0), 512, false);
    let variant = it.variant.unwrap_or(MobileVariant::Classic);
    walk.linear(u64::from(it.embedding), variant == MobileVariant::Mxnet);
    match variant {
        MobileVariant::Classic | MobileVariant::Mxnet => walk.norm(),
        MobileVariant::Mbf | MobileVariant::MbfLarge => walk.norm(),
        MobileVariant::Tface => walk.count(0, 0),
    }
    walk.cost(SIDE)
}

/// Blocks in each stage of an iresnet.
pub fn iresnet_blocks(depth: u32) -> Option<[usize; 4]> {
    match depth {
        18 => Some([2, 2, 2, 2]),
        34 => Some([3, 4, 6, 3]),
        50 => Some([3, 4, 14, 3]),
        100 => Some([3, 13, 30, 3]),
        200 => Some([6, 26, 60, 6]),
        _ => None,
    }
}

fn iresnet(it: &IResNet) -> Option<Cost> {
    const SIDE: u64 = 112;
    const WIDTHS: [u64; 4] = [64, 128, 256, 512];
    let mut walk = Walk::new(SIDE);
    walk.part("stem");
    walk.conv(WIDTHS[0], (3, 1, 1), 1);
    walk.norm();
    walk.prelu();
    for (stage, (blocks, width)) in iresnet_blocks(it.depth)?.into_iter().zip(WIDTHS).enumerate() {
        walk.part(&format!("stage{}", stage + 1));
        for at in 0..blocks {
            let (input, side, stride) = (walk.channels, walk.side, if at == 0 { 2 } else { 1 });
            walk.norm();
            walk.conv(width, (3, 1, 1), 1);
            walk.norm();
            walk.prelu();
            walk.conv(width, (3, stride, 1), 1);
            walk.norm();
            if at == 0 {
                let after = walk.side;
                (walk.channels, walk.side) = (input, side);
                walk.conv(width, (1, 2, 0), 1);
                walk.norm();
                walk.side = after;
            }
            walk.sum();
        }
    }
    walk.part("neck");
    walk.norm();
    if it.dropout > 0.0 {
        walk.sum();
    }
    let embedding = u64::from(it.embedding);
    walk.linear(embedding, true);
    walk.norm();
    if let Some(neck) = walk.parts.last_mut() {
        neck.fixed = embedding; // the last scale stays 1
    }
    Some(walk.cost(SIDE))
}

fn tiny(it: &Tiny) -> Cost {
    let side = u64::from(it.side.0);
    let mut walk = Walk::new(side);
    for stage in 1..=4 {
        if stage <= 2 {
            walk.part(if stage == 1 { "stem" } else { "middle" });
        }
        walk.conv(u64::from(it.width) * stage, (3, 2, 1), 1);
        walk.norm();
        walk.prelu();
    }
    walk.part("neck");
    walk.pool(2);
    walk.linear(u64::from(it.embedding), false);
    walk.norm();
    walk.cost(side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Pixels;

    #[test]
    fn totals_are_those_of_the_spec() {
        let total = |cost: &Cost| (cost.parameters(), format!("{:.4}", cost.multiply_adds() as f64 / 1e9));
        for (depth, parameters, multiply_adds) in [
            (18, 24_025_600, "2.6100"),
            (34, 34_139_328, "4.4596"),
            (50, 43_590_848, "6.3093"),
            (100, 65_156_160, "12.0896"),
            (200, 118_833_920, "23.4189"),
        ] {
            let net = IResNet { depth, embedding: 512, weights: None, dropout: 0.0, seed: 0 };
            assert_eq!(total(&iresnet(&net).unwrap()), (parameters, multiply_adds.to_owned()), "iresnet({depth})");
        }
        let mobile =
            |embedding, variant| total(&mobilefacenet(&MobileFaceNet { embedding, weights: None, variant: Some(variant), seed: 0 }));
        assert_eq!(mobile(512, MobileVariant::Classic), (1_200_512, "0.2212".to_owned()));
        assert_eq!(mobile(512, MobileVariant::Tface), (1_199_488, "0.2212".to_owned()));
        assert_eq!(mobile(128, MobileVariant::Tface), (1_002_880, "0.2210".to_owned()));
    }

    #[test]
    fn the_trunk_is_all_before_the_neck() {
        let net = Tiny { embedding: 64, side: Pixels(48), width: 24, weights: None, seed: 0 };
        let cost = tiny(&net);
        assert_eq!(cost.frozen(&["trunk"]), (vec![true, true, false], false));
        assert_eq!(cost.frozen(&["stem", "activations"]), (vec![true, false, false], true));
        assert_eq!((cost.side, cost.embedding), (48, 64));
    }

    #[test]
    fn no_depth_no_cost() {
        assert_eq!(Backbone::IResNet(IResNet { depth: 51, embedding: 512, weights: None, dropout: 0.0, seed: 0 }).cost(), None);
    }
}
