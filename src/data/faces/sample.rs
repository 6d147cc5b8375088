//! What differs between two images of one person: pose, light, expression, camera, background, how the hair fell.

use super::dice::Dice;
use super::identity::Identity;
use super::maths::{V3, v3};
use ddl_base::quantity::{Angle, Interval};
use ddl_base::random::Draw;
use serde::{Deserialize, Serialize};

/// Where the key light stands, as seen from the camera, and how much of the light comes from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Light {
    /// Positive: from the image's right.
    pub azimuth: Angle,
    /// Positive: from above.
    pub elevation: Angle,
    /// 0 all light is diffuse, 1 all comes from the key light.
    pub strength: f64,
}

/// What the face does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Expression {
    /// 0 none, 1 a broad smile; slightly negative: a sulk.
    pub smile: f64,
    /// 0 closed, 1 the mouth wide open.
    pub open: f64,
    /// -1 frowning, 1 brows raised.
    pub brows: f64,
    /// 0 eyes shut, 1 as wide as at rest.
    pub eyes: f64,
}

/// Everything that one image adds to its identity.
#[derive(Clone)]
pub(super) struct Setting {
    pub yaw: Angle,
    pub pitch: Angle,
    pub roll: Angle,
    pub light: Light,
    pub expression: Expression,
    pub gaze: [f32; 2],
    pub glasses: bool,
    /// Factors on the identity's hair: the same head, combed differently.
    pub hair_volume: f32,
    pub hair_shift: f32,
    pub camera: Camera,
    pub scene: Scene,
}

/// The camera and the detector behind it.
#[derive(Clone)]
pub(super) struct Camera {
    /// Distance from the head, in head units.
    pub distance: f32,
    /// Errors of the five landmarks, in pixels of the 112 pixel crop.
    pub slips: [[f32; 2]; 5],
    pub exposure: f32,
    /// White balance of the whole image.
    pub balance: V3,
    pub contrast: f32,
    pub noise: f32,
    pub noise_stream: Draw,
}

/// Background, cloth and the light's colours.
#[derive(Clone)]
pub(super) struct Scene {
    pub key: V3,
    pub sky: V3,
    pub ground: V3,
    pub backdrop: [V3; 3],
    pub clutter: f32,
    pub cloth: V3,
    pub seed: u32,
}

/// The yaw of the image that a draw names; it depends on no person.
pub(super) fn yaw(draw: &Draw, yaw: Interval<Angle>) -> Angle {
    let (from, to) = (yaw.from.as_radians(), yaw.to.as_radians());
    Angle::radians((from + (to - from) * Dice::new(draw.clone()).unit("yaw")).clamp(from, to))
}

/// The pitch of the image that a draw names; it depends on no person either.
pub(super) fn pitch(draw: &Draw) -> Angle {
    Angle::degrees(f64::from(Dice::new(draw.clone()).about("pitch", -1.0, 6.5)).clamp(-20.0, 20.0))
}

impl Setting {
    /// The setting that a draw names, for a person, with a yaw uniform in an interval.
    pub fn new(draw: Draw, person: &Identity, yaw: Interval<Angle>) -> Self {
        let dice = Dice::new(draw.clone());
        let (yaw, pitch) = (self::yaw(&draw, yaw), pitch(&draw));
        let smile = (f64::from(dice.between("smile", -0.5, 1.0)) * if dice.chance("smiling", 0.6) { 1.0 } else { 0.25 }).max(-0.25);
        Setting {
            yaw,
            pitch,
            roll: Angle::degrees(f64::from(dice.about("roll", 0.0, 6.0))),
            light: Light {
                azimuth: Angle::degrees(f64::from(dice.between("light azimuth", -75.0, 75.0))),
                elevation: Angle::degrees(f64::from(dice.between("light elevation", -5.0, 60.0))),
                strength: f64::from(dice.between("light strength", 0.25, 0.85)),
            },
            expression: Expression {
                smile,
                open: if dice.chance("opens", 0.4) { f64::from(dice.between("open", 0.0, 1.0)) } else { 0.0 },
                brows: f64::from(dice.about("brows", 0.0, 0.45)).clamp(-1.0, 1.0),
                eyes: if dice.chance("blink", 0.02) { 0.15 } else { f64::from(dice.between("eyes", 0.78, 1.0)) },
            },
            gaze: [dice.about("gaze x", 0.0, 0.9), dice.about("gaze y", 0.0, 0.35)],
            glasses: dice.chance("glasses", f64::from(person.glasses.habit)),
            hair_volume: dice.between("hair volume", 0.75, 1.25),
            hair_shift: dice.about("hair shift", 0.0, 1.0),
            camera: Camera::new(&dice, draw, yaw),
            scene: Scene::new(&dice),
        }
    }
}

impl Camera {
    /// Detectors miss more on turned faces, whose far landmarks they can only guess.
    fn new(dice: &Dice, draw: Draw, yaw: Angle) -> Self {
        let slip = 0.6 + 1.3 * (yaw.as_degrees().abs() / 90.0) as f32;
        let point = |x: &str, y: &str| [dice.about(x, 0.0, slip), dice.about(y, 0.0, slip)];
        Camera {
            distance: dice.between("distance", 300.0, 900.0),
            slips: [point("ax", "ay"), point("bx", "by"), point("cx", "cy"), point("dx", "dy"), point("ex", "ey")],
            exposure: 1.0 + 0.22 * dice.bell("exposure").clamp(-2.2, 2.8),
            balance: dice.colour("balance", v3(0.92, 0.92, 0.92), 0.085),
            contrast: dice.between("contrast", 0.8, 1.2),
            noise: dice.between("noise", 1.0, 7.0),
            noise_stream: draw.text("noise"),
        }
    }
}

impl Scene {
    fn new(dice: &Dice) -> Self {
        let any = |name: &str| {
            let bright = dice.between(&format!("{name} bright"), 0.0, 0.8);
            dice.colour(name, v3(bright * bright, bright * bright, bright * bright), 0.6)
        };
        let warm = dice.between("key warmth", -0.10, 0.15);
        let cool = dice.between("sky warmth", -0.10, 0.10);
        Scene {
            key: v3(1.0 + warm, 1.0, 1.0 - 1.3 * warm),
            sky: v3(1.0 + cool, 1.0, 1.0 - 1.3 * cool),
            ground: dice.colour("ground", v3(0.45, 0.42, 0.4), 0.3),
            backdrop: [any("backdrop a"), any("backdrop b"), any("backdrop c")],
            clutter: dice.between("clutter", 0.0, 1.0),
            cloth: any("cloth"),
            seed: dice.seed("scene"),
        }
    }
}
