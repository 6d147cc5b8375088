//! Draws a person: every parameter of an [`Identity`] by its own name, with traits that features share so that a person is of a piece.

use super::dice::Dice;
use super::identity::{Beard, Brows, Cut, Ears, Eyes, Glasses, Hair, Identity, Mole, Mouth, Nose, Skin, Skull};
use super::maths::{V3, blend, v3};
use ddl_base::random::Draw;

/// From the fairest skin to the darkest, in linear light.
const SKIN: [V3; 5] = [v3(0.76, 0.53, 0.42), v3(0.68, 0.44, 0.32), v3(0.52, 0.31, 0.20), v3(0.31, 0.17, 0.10), v3(0.15, 0.078, 0.048)];
const IRIS: [V3; 6] = [
    v3(0.035, 0.016, 0.008),
    v3(0.10, 0.045, 0.018),
    v3(0.16, 0.11, 0.04),
    v3(0.11, 0.17, 0.09),
    v3(0.11, 0.21, 0.34),
    v3(0.20, 0.24, 0.27),
];
const HAIR: [V3; 5] =
    [v3(0.012, 0.010, 0.009), v3(0.045, 0.024, 0.014), v3(0.11, 0.055, 0.026), v3(0.40, 0.26, 0.12), v3(0.24, 0.075, 0.025)];
const GREY: V3 = v3(0.40, 0.40, 0.40);
const FRAMES: [V3; 4] = [v3(0.01, 0.01, 0.012), v3(0.09, 0.035, 0.015), v3(0.35, 0.33, 0.30), v3(0.12, 0.02, 0.03)];

/// The colour at `at` (0..1) along a palette.
fn along(palette: &[V3], at: f32) -> V3 {
    let place = at.clamp(0.0, 1.0) * (palette.len() - 1) as f32;
    let first = (place as usize).min(palette.len() - 2);
    blend(palette[first], palette[first + 1], place - first as f32)
}

/// Traits that many features share, so that a person is of a piece.
struct Traits {
    /// 0 feminine, 1 masculine.
    male: f32,
    /// 0 young, 1 old.
    age: f32,
    /// 0 fair, 1 dark.
    dark: f32,
}

impl Identity {
    /// The person that a draw names.
    pub fn new(draw: Draw) -> Self {
        let dice = Dice::new(draw);
        let male = if dice.chance("male", 0.5) { dice.between("masculinity", 0.55, 1.0) } else { dice.between("masculinity", 0.0, 0.45) };
        let traits = Traits { male, age: dice.between("age", 0.0, 1.0), dark: dice.between("dark", 0.0, 1.0) };
        let hair = Hair::new(&dice, &traits);
        Identity {
            skull: Skull::new(&dice, &traits),
            eyes: Eyes::new(&dice, &traits),
            brows: Brows::new(&dice, &traits, hair.colour),
            nose: Nose::new(&dice, &traits),
            mouth: Mouth::new(&dice, &traits),
            skin: Skin::new(&dice, &traits),
            ears: Ears {
                length: dice.about("ear length", 16.0 + 2.0 * traits.age, 1.6),
                stand: dice.between("ear stand", 0.15, 0.75),
                height: dice.about("ear height", -6.0, 2.0),
            },
            glasses: Glasses::new(&dice),
            hair,
        }
    }
}

impl Skull {
    fn new(dice: &Dice, traits: &Traits) -> Self {
        let male = traits.male - 0.5;
        Skull {
            width: dice.about("skull width", 0.965, 0.05),
            cranium: dice.about("cranium", 0.0, 0.035),
            cheek: dice.about("cheek", 0.0, 0.04),
            jaw: dice.about("jaw", 0.10 * male, 0.075),
            chin: dice.about("chin", 0.16 * male, 0.14),
            chin_length: dice.about("chin length", 3.0 * male, 2.6),
            chin_depth: dice.about("chin depth", 1.5 + 1.5 * male, 1.9),
            cleft: if dice.chance("cleft", 0.15) { dice.between("cleft depth", 0.6, 1.6) } else { 0.0 },
            slope: dice.about("slope", 4.0 * traits.male, 2.6),
            brow_ridge: dice.about("brow ridge", 1.2 + 3.2 * traits.male, 0.9).max(0.0),
            socket: dice.about("socket", 5.2, 1.2).max(2.0),
            cheekbone: dice.about("cheekbone", 2.4, 1.4),
            cheek_fat: dice.about("cheek fat", 0.4 - 1.2 * traits.age, 1.9),
            muzzle: dice.about("muzzle", 2.6 + 1.5 * traits.dark, 1.2),
            fullness: dice.about("fullness", 0.10, 0.06),
        }
    }
}

impl Eyes {
    fn new(dice: &Dice, traits: &Traits) -> Self {
        let colours = if traits.dark > 0.55 { [0.9, 0.95] } else { [0.25, 0.5] };
        let place = dice.between("eye colour", 0.0, 1.0);
        let shade = if place < colours[0] { 0.25 * place } else { place };
        Eyes {
            spacing: dice.about("eye spacing", 17.6, 1.15),
            half_width: dice.about("eye width", 8.3, 0.65),
            upper: dice.about("eye upper", 3.9 - 0.5 * traits.age, 0.6).max(2.2),
            lower: dice.about("eye lower", 2.3, 0.4).max(1.2),
            tilt: dice.about("eye tilt", 0.06, 0.07),
            crease: dice.between("crease", 0.9, 3.6),
            iris: dice.about("iris", 3.45, 0.18),
            colour: dice.colour("iris tint", along(&IRIS, shade), 0.2),
            lashes: dice.between("lashes", 0.5, 0.75) + 0.35 * (1.0 - traits.male),
            bags: dice.between("bags", 0.0, 0.5) * (0.3 + traits.age),
        }
    }
}

impl Brows {
    fn new(dice: &Dice, traits: &Traits, hair: V3) -> Self {
        Brows {
            height: dice.about("brow height", 8.6 - 1.6 * traits.male, 1.1),
            inner: dice.about("brow inner", 6.4, 1.3).max(2.0),
            outer: dice.about("brow outer", 28.0, 1.4),
            arch: dice.about("brow arch", 2.4 - 1.4 * traits.male, 1.1),
            tilt: dice.about("brow tilt", 0.6, 1.7),
            thickness: dice.about("brow thickness", 1.35 + 0.75 * traits.male, 0.42).max(0.6),
            density: dice.between("brow density", 0.5, 0.95),
            colour: dice.colour("brow tint", hair * 0.7, 0.15),
        }
    }
}

impl Nose {
    fn new(dice: &Dice, traits: &Traits) -> Self {
        Nose {
            tip: dice.about("nose tip", -20.1, 1.7),
            bridge: dice.about("nose bridge", 5.6 - 2.6 * traits.dark, 1.2).max(1.5),
            depth: dice.about("nose depth", 14.6 - 1.8 * traits.dark + 0.8 * traits.male, 1.5),
            width: dice.about("nose width", 8.6 + 1.6 * traits.dark + 0.6 * traits.male, 0.85),
            ridge: dice.about("nose ridge", 4.7, 0.6),
            hump: dice.about("nose hump", -0.4 + 1.2 * traits.male, 1.1),
            ball: dice.about("nose ball", 1.8, 0.9),
            nostrils: dice.about("nostrils", 1.0, 0.16),
        }
    }
}

impl Mouth {
    fn new(dice: &Dice, traits: &Traits) -> Self {
        let made_up = traits.male < 0.5 && dice.chance("lipstick", 0.3);
        let lips = if made_up { v3(0.42, 0.06, 0.07) } else { blend(v3(0.50, 0.20, 0.17), v3(0.17, 0.06, 0.05), traits.dark) };
        Mouth {
            height: dice.about("mouth height", -40.2, 1.4),
            half_width: dice.about("mouth width", 14.2, 1.25),
            upper: dice.about("lip upper", 2.5 + 0.8 * traits.dark - 0.5 * traits.male, 0.65).max(0.9),
            lower: dice.about("lip lower", 3.6 + 0.7 * traits.dark, 0.75).max(1.6),
            bow: dice.between("lip bow", 0.1, 1.0),
            corners: dice.about("mouth corners", 0.0, 0.8),
            colour: dice.colour("lip tint", lips, 0.22),
        }
    }
}

impl Skin {
    fn new(dice: &Dice, traits: &Traits) -> Self {
        let beard_style = if traits.male < 0.5 {
            Beard::None
        } else {
            dice.pick("beard", Beard::None, &[(0.32, Beard::Shadow), (0.09, Beard::Moustache), (0.10, Beard::Goatee), (0.16, Beard::Full)])
        };
        let beard = match beard_style {
            Beard::None => 0.0,
            Beard::Shadow => dice.between("beard depth", 0.12, 0.38),
            Beard::Moustache | Beard::Goatee | Beard::Full => dice.between("beard depth", 0.6, 0.95),
        };
        let mole = |name: &str| {
            let radius = if dice.chance(name, 0.22) { dice.between(&format!("{name} size"), 0.6, 1.25) } else { 0.0 };
            let at = [dice.between(&format!("{name} x"), -28.0, 28.0), dice.between(&format!("{name} y"), -54.0, 26.0)];
            Mole { at, radius }
        };
        Skin {
            tone: dice.colour("skin tint", along(&SKIN, traits.dark), 0.07),
            flush: dice.between("flush", 0.0, 0.5),
            gloss: dice.between("gloss", 0.03, 0.12),
            freckles: if traits.dark < 0.35 && dice.chance("freckled", 0.3) { dice.between("freckles", 0.3, 0.9) } else { 0.0 },
            wrinkles: (traits.age * 1.3 - 0.35).max(0.0) * dice.between("wrinkles", 0.6, 1.1),
            beard,
            beard_style,
            moles: [mole("mole a"), mole("mole b"), mole("mole c"), mole("mole d")],
            seed: dice.seed("skin"),
        }
    }
}

impl Hair {
    fn new(dice: &Dice, traits: &Traits) -> Self {
        let male = traits.male > 0.5;
        let cut = if male {
            let bald = if traits.age > 0.5 { 0.20 } else { 0.04 };
            dice.pick("cut", Cut::Short, &[(bald, Cut::Bald), (0.28, Cut::Cropped), (0.06, Cut::Long), (0.04, Cut::Bob)])
        } else {
            dice.pick("cut", Cut::Long, &[(0.30, Cut::Bob), (0.15, Cut::Short), (0.03, Cut::Cropped)])
        };
        let fair = if traits.dark > 0.5 { 0.35 } else { 1.0 };
        let natural = along(&HAIR, dice.between("hair colour", 0.0, 1.0) * fair);
        let grey = (traits.age * 2.2 - 1.2).clamp(0.0, 1.0) * dice.between("grey", 0.2, 1.0);
        let volume = match cut {
            Cut::Bald => 0.0,
            Cut::Cropped => dice.between("volume", 0.8, 1.8),
            Cut::Short => dice.between("volume", 2.5, 7.5),
            Cut::Bob | Cut::Long => dice.between("volume", 3.0, 8.0),
        };
        let fringed = if male { 0.25 } else { 0.35 };
        Hair {
            cut,
            colour: dice.colour("hair tint", blend(natural, GREY, grey), 0.15),
            line: dice.about("hairline", 35.5 + if male { 3.0 * traits.age } else { 0.0 }, 2.2),
            recede: if male { dice.between("recede", 0.0, 10.0) * (0.3 + traits.age) } else { dice.between("recede", -1.0, 3.0) },
            peak: if dice.chance("peaked", 0.3) { dice.between("peak", 1.0, 4.0) } else { 0.0 },
            volume,
            fringe: if volume > 2.0 && dice.chance("fringed", fringed) { dice.between("fringe", 0.35, 1.0) } else { 0.0 },
            parting: dice.between("parting", -1.0, 1.0),
            curl: if dice.chance("curly", 0.3 + 0.4 * f64::from(traits.dark)) { dice.between("curl", 0.4, 1.0) } else { 0.0 },
            seed: dice.seed("hair"),
        }
    }
}

impl Glasses {
    fn new(dice: &Dice) -> Self {
        let metal = dice.chance("metal", 0.4);
        Glasses {
            habit: if dice.chance("wearer", 0.28) { 0.85 } else { 0.03 },
            half_width: dice.about("lens width", 13.3, 0.9),
            half_height: dice.between("lens height", 7.0, 10.5),
            square: dice.between("lens square", 0.0, 1.0),
            thickness: if metal { 0.55 } else { dice.between("frame thickness", 0.9, 1.5) },
            colour: along(&FRAMES, dice.between("frame colour", 0.0, 1.0)),
        }
    }
}
