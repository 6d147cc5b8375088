//! Augments as a recipe says them, and as the data room draws them: each has its pixels, or this does not compile.

use crate::data::DataError;
use crate::data::augment as pixels;
use crate::data::augment::{Augment as Pixels, Seen};
use crate::ops::augments::{Augment, Kernel, Reading};
use crate::ops::curves::{Moment, holds_curve};
use crate::ops::data::Draw;
use crate::ops::samplers::Sampler;
use serde::Serialize;

/// An augment of a recipe as the data room knows it, where nothing of it changes.
///
/// # Errors
/// Values out of range.
pub fn augment(op: &Augment) -> Result<Pixels, DataError> {
    augment_at(op, Moment::NONE)
}

/// An augment of a recipe as it is at a step of a stage.
///
/// # Errors
/// Values out of range, an interval whose ends have met and passed each other.
pub(crate) fn augment_at(op: &Augment, moment: Moment) -> Result<Pixels, DataError> {
    let augment = drawn(op, moment);
    augment.check().map(|()| augment)
}

/// Whether something of an augment changes over a stage: whether there is a curve in what it says.
pub fn varies(op: &Augment) -> bool {
    serde_json::to_value(op).is_ok_and(|json| holds_curve(&json)) // augments always serialise
}

/// What images of a draw go through, as the recipe says it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Changes {
    augment: Option<Augment>,
    second: Option<Augment>,
    seed: i64,
    /// Whether something of them changes over a stage.
    #[serde(skip)]
    vary: bool,
}

impl Changes {
    /// Those of a draw whose seed in its stage is this.
    pub fn new(draw: &Draw, seed: i64) -> Self {
        let second = if let Some(Sampler::PairsSampler(pairs)) = &draw.by { pairs.augment.clone() } else { None };
        let vary = draw.augment.iter().chain(&second).any(varies);
        Changes { augment: draw.augment.clone(), second, seed, vary }
    }

    /// Whether something of them changes over a stage.
    pub fn vary(&self) -> bool {
        self.vary
    }

    /// What they are at a step.
    ///
    /// # Errors
    /// As [`augment_at`].
    pub fn at(&self, moment: Moment) -> Result<Seen, DataError> {
        let now = |op: &Option<Augment>| op.as_ref().map(|op| augment_at(op, moment)).transpose();
        Ok(Seen { augment: now(&self.augment)?, second: now(&self.second)?, seed: self.seed })
    }
}

fn drawn(op: &Augment, now: Moment) -> Pixels {
    let all = |augments: &[Augment]| augments.iter().map(|augment| drawn(augment, now)).collect();
    match op {
        Augment::Flip(it) => Pixels::Flip(pixels::Flip { p: it.p.at(now) }),
        Augment::LowResolution(it) => {
            Pixels::LowResolution(pixels::LowResolution { side: it.side.at(now), down: it.down.pixels(), up: it.up.pixels() })
        }
        Augment::GaussianBlur(it) => Pixels::GaussianBlur(pixels::GaussianBlur { sigma: it.sigma.at(now), window: it.window }),
        Augment::Jpeg(it) => Pixels::Jpeg(pixels::Jpeg { quality: it.quality.at(now) }),
        Augment::Occlude(it) => Pixels::Occlude(pixels::Occlude { area: it.area.at(now), fill: byte(it.fill) }),
        Augment::Crop(it) => {
            let resize = it.resize.map(Kernel::pixels);
            Pixels::Crop(pixels::Crop { area: it.area.at(now), ratio: it.ratio.at(now), resize, fill: byte(it.fill) })
        }
        Augment::Affine(it) => {
            let reading = match it.kernel {
                Reading::Nearest => pixels::Reading::Nearest,
                Reading::Bilinear => pixels::Reading::Bilinear,
            };
            let (rotate, scale, shift, shear) = (it.rotate.at(now), it.scale.at(now), it.shift.at(now), it.shear.at(now));
            Pixels::Affine(pixels::Affine { rotate, scale, shift, shear, reading, fill: byte(it.fill) })
        }
        Augment::MotionBlur(it) => Pixels::MotionBlur(pixels::MotionBlur { length: it.length.at(now), angle: it.angle.at(now) }),
        Augment::GaussianNoise(it) => Pixels::GaussianNoise(pixels::GaussianNoise { sigma: it.sigma.at(now) }),
        Augment::CutOut(it) => Pixels::CutOut(pixels::CutOut { side: it.side.at(now), fill: byte(it.fill) }),
        Augment::Saturation(it) => Pixels::Saturation(pixels::Saturation { by: it.by.at(now) }),
        Augment::Hue(it) => Pixels::Hue(pixels::Hue { by: it.by.at(now) }),
        Augment::Yiq(it) => Pixels::Yiq(pixels::Yiq { hue: it.hue.at(now), saturation: it.saturation.at(now) }),
        Augment::RandAugment(it) => Pixels::RandAugment(pixels::RandAugment { number: it.number, magnitude: it.magnitude.at(now) }),
        Augment::InAnyOrder(it) => Pixels::InAnyOrder(pixels::InAnyOrder { augments: all(&it.augments) }),
        Augment::Brightness(it) => Pixels::Brightness(pixels::Brightness { by: it.by.at(now) }),
        Augment::Contrast(it) => Pixels::Contrast(pixels::Contrast { by: it.by.at(now) }),
        Augment::Grey(it) => Pixels::Grey(pixels::Grey { p: it.p.at(now) }),
        Augment::Sometimes(it) => Pixels::Sometimes(pixels::Sometimes { augment: Box::new(drawn(&it.augment, now)), p: it.p.at(now) }),
        Augment::OneOf(it) => Pixels::OneOf(pixels::OneOf { augments: all(&it.augments) }),
        Augment::Chain(it) => Pixels::Chain(pixels::Chain { augments: all(&it.augments) }),
    }
}

/// A value of a channel: the declaration says at most 255.
fn byte(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Options, compile};
    use crate::data::probe::ProbeCache;
    use crate::quantity::{Fraction, Interval};
    use crate::source::Memory;
    use std::path::Path;

    const STAGE: &str = "stage s = train(net, classify(b, cosface()), for = 100 steps, optimizer = sgd(lr = 0.1))";

    fn recipe(augment: &str) -> String {
        format!(
            "ddl 1
             dataset faces = synthetic_faces(identities = 10, images = 4, size = 32px)
             backbone net = tiny(embedding = 16, side = 32px, width = 8)
             batches b = draw(faces, size = 8, augment = {augment})
             {STAGE}"
        )
    }

    /// The augment of the recipe's draw, as a plan that was written and read again has it.
    fn planned(augment: &str) -> Augment {
        let sources = Memory::new().with("recipe.ddl", recipe(augment));
        let compiled = compile(&sources, Path::new("recipe.ddl"), &Options::default()).unwrap();
        assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
        let (plan, said) = compiled.known_plan(ProbeCache::none());
        assert!(said.is_empty(), "{said:?}");
        let draws: Vec<Augment> = plan.all::<Draw>().filter_map(|(_, draw)| draw.augment.clone()).collect();
        let [of] = draws.as_slice() else { panic!("{draws:?}") };
        let json = serde_json::to_string(of).unwrap();
        assert_eq!(serde_json::from_str::<Augment>(&json).unwrap(), *of, "{json}");
        of.clone()
    }

    fn at(op: &Augment, step: u64) -> Pixels {
        augment_at(op, Moment { step, per_epoch: 5, total: 100 }).unwrap()
    }

    #[test]
    fn ends_and_probabilities_are_those_of_the_step() {
        let side = |augment: &str, step| match at(&planned(augment), step) {
            Pixels::LowResolution(low) => (low.side.from.0, low.side.to.0),
            other => panic!("{other:?}"),
        };
        // with brackets and without
        for text in ["32px |> ramp(to = 8px, over = 50%)..112px", "(32px |> ramp(to = 8px, over = 50%))..112px"] {
            let augment = format!("low_resolution(side = {text})");
            assert_eq!([0, 25, 50, 99].map(|step| side(&augment, step)), [(32, 112), (20, 112), (8, 112), (8, 112)], "{text}");
        }
        // one curve is both ends
        assert_eq!(side("low_resolution(side = 32px |> ramp(to = 8px, over = 4 epochs))", 10), (20, 20));
        let flip = planned("flip(p = 0.0 |> ramp(to = 100%, over = 50 steps))");
        assert!(varies(&flip) && !varies(&planned("flip()")));
        assert_eq!(at(&flip, 25), Pixels::Flip(pixels::Flip { p: Fraction(0.5) }));
        let turn = planned("affine(rotate = -(10deg)..(0deg |> ramp(to = 10deg, over = 100%)))");
        assert!(matches!(at(&turn, 50), Pixels::Affine(affine) if (affine.rotate.to.as_degrees() - 5.0).abs() < 1e-9));
        let deep = planned("[sometimes(one_of([jpeg(quality = 90 |> ramp(to = 30, over = 100%)..95)]), p = 50%)]");
        let quality = |step| {
            format!("{:?}", at(&deep, step)).contains(&format!("{:?}", Interval { from: if step == 0 { 90i64 } else { 60 }, to: 95 }))
        };
        assert!(varies(&deep) && quality(0) && quality(50), "{deep:?}");
    }

    #[test]
    fn ends_that_pass_each_other_are_refused_before_the_run() {
        let sources = Memory::new().with("recipe.ddl", recipe("low_resolution(side = 8px |> ramp(to = 24px, over = 100%)..16px)"));
        let compiled = compile(&sources, Path::new("recipe.ddl"), &Options::default()).unwrap();
        assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
        let said = compiled.known_plan(ProbeCache::none()).1;
        assert!(said.len() == 1 && said[0].code == crate::diag::Code::EmptyRange, "{said:?}");
        assert!(said[0].message.contains("at step 55 of `s` the augment of `b`"), "{said:?}");
    }
}
