//! What makes a person: the shape of the head and its features, skin, eyes, hair. Lengths are pixels of the 112 pixel crop (1.8 mm).

use super::maths::V3;

/// Everything about a person that does not change from image to image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Identity {
    pub skull: Skull,
    pub eyes: Eyes,
    pub brows: Brows,
    pub nose: Nose,
    pub mouth: Mouth,
    pub skin: Skin,
    pub hair: Hair,
    pub ears: Ears,
    /// Glasses that this person wears on some images.
    pub glasses: Glasses,
}

/// The shape of the bones and of the flesh on the cheeks. Widths are relative, depths are absolute.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Skull {
    pub width: f32,
    pub cranium: f32,
    pub cheek: f32,
    pub jaw: f32,
    pub chin: f32,
    /// How much further the chin reaches down.
    pub chin_length: f32,
    /// How far the chin stands out.
    pub chin_depth: f32,
    pub cleft: f32,
    /// How far the forehead falls back at its top.
    pub slope: f32,
    pub brow_ridge: f32,
    pub socket: f32,
    pub cheekbone: f32,
    pub cheek_fat: f32,
    /// How far the mouth region stands out.
    pub muzzle: f32,
    /// How box-like the horizontal sections are.
    pub fullness: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Eyes {
    /// Half the distance of the pupils.
    pub spacing: f32,
    pub half_width: f32,
    pub upper: f32,
    pub lower: f32,
    /// Rise of the outer corner over the width.
    pub tilt: f32,
    /// Height of the lid crease above the upper lid.
    pub crease: f32,
    pub iris: f32,
    pub colour: V3,
    pub lashes: f32,
    pub bags: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Brows {
    /// Height of the inner end above the eyes.
    pub height: f32,
    pub inner: f32,
    pub outer: f32,
    pub arch: f32,
    /// Rise of the outer end.
    pub tilt: f32,
    pub thickness: f32,
    pub density: f32,
    pub colour: V3,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nose {
    /// Height of the tip (negative: below the eyes).
    pub tip: f32,
    /// How far the bridge stands out between the eyes.
    pub bridge: f32,
    /// How far the tip stands out.
    pub depth: f32,
    pub width: f32,
    pub ridge: f32,
    pub hump: f32,
    pub ball: f32,
    pub nostrils: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mouth {
    pub height: f32,
    pub half_width: f32,
    pub upper: f32,
    pub lower: f32,
    pub bow: f32,
    /// Rise of the corners at rest.
    pub corners: f32,
    pub colour: V3,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Skin {
    pub tone: V3,
    pub flush: f32,
    pub gloss: f32,
    pub freckles: f32,
    pub wrinkles: f32,
    /// Opacity of the beard, and what of it there is.
    pub beard: f32,
    pub beard_style: Beard,
    pub moles: [Mole; 4],
    pub seed: u32,
}

/// Facial hair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beard {
    None,
    Shadow,
    Moustache,
    Goatee,
    Full,
}

/// A mole at a place of the face; a radius of 0 is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mole {
    pub at: [f32; 2],
    pub radius: f32,
}

/// How the hair is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Bald,
    Cropped,
    Short,
    Bob,
    Long,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hair {
    pub cut: Cut,
    pub colour: V3,
    /// Height of the hairline above the eyes.
    pub line: f32,
    /// How much higher the hairline is beside its middle.
    pub recede: f32,
    pub peak: f32,
    pub volume: f32,
    /// 0 hair combed back, 1 a fringe to the brows.
    pub fringe: f32,
    /// Side of the parting, -1..1.
    pub parting: f32,
    pub curl: f32,
    pub seed: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ears {
    pub length: f32,
    pub stand: f32,
    pub height: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Glasses {
    /// Probability that the person wears them on an image.
    pub habit: f32,
    pub half_width: f32,
    pub half_height: f32,
    /// 0 round, 1 rectangular.
    pub square: f32,
    pub thickness: f32,
    pub colour: V3,
}
