//! Random things say who they are: every draw is a pure function of a seed and of what it is for.
//!
//! There is no generator whose position could be lost. A [`Draw`] is a name made of a seed and of parts (what for, which sample,
//! which visit); from it come a rank, a number, or a short stream. Equal names give equal bits on every machine.

#![allow(clippy::cast_possible_wrap, clippy::cast_precision_loss, reason = "lengths and places in files that were read")]

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The name of one random draw.
#[derive(Clone)]
pub struct Draw(blake3::Hasher);

impl Draw {
    /// A draw of `seed` for the purpose `what` ("sampler", "low_resolution", "parameter", …).
    pub fn new(seed: i64, what: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"ddl draw 1\0");
        hasher.update(&seed.to_le_bytes());
        Draw(hasher).text(what)
    }

    /// The same draw, narrowed by a text (a sample's path, a parameter's name).
    #[must_use]
    pub fn text(mut self, part: &str) -> Self {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part.as_bytes());
        self
    }

    /// The same draw, narrowed by a number (a visit, a step, an epoch).
    #[must_use]
    pub fn number(mut self, part: u64) -> Self {
        self.0.update(b"#");
        self.0.update(&part.to_le_bytes());
        self
    }

    /// The 256 bits of this name.
    pub fn bits(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }

    /// A place in an order: things sorted by their ranks are shuffled.
    pub fn rank(&self) -> u64 {
        let bits = self.bits();
        u64::from_le_bytes([bits[0], bits[1], bits[2], bits[3], bits[4], bits[5], bits[6], bits[7]])
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub fn unit(&self) -> f64 {
        (self.rank() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A stream for draws that need many numbers (a tensor's first values, an occluder's shape).
    pub fn stream(&self) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.bits())
    }
}

/// The seed of one of several things that have one seed and must not share what they draw: the first keeps it, each other has its own.
pub fn apart(seed: i64, what: &str, place: u64) -> i64 {
    if place == 0 { seed } else { Draw::new(seed, what).number(place).rank() as i64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_every_part_and_on_nothing_else() {
        let draw = |seed, sample: &str, visit| Draw::new(seed, "flip").text(sample).number(visit).rank();
        assert_eq!(draw(1, "a.jpg", 3), draw(1, "a.jpg", 3));
        assert_ne!(draw(1, "a.jpg", 3), draw(2, "a.jpg", 3));
        assert_ne!(draw(1, "a.jpg", 3), draw(1, "b.jpg", 3));
        assert_ne!(draw(1, "a.jpg", 3), draw(1, "a.jpg", 4));
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Draw::new(0, "x").text("ab").text("c").rank(), Draw::new(0, "x").text("a").text("bc").rank());
    }

    #[test]
    fn a_known_draw_keeps_its_bits() {
        assert!((0.0..1.0).contains(&Draw::new(0, "known").unit()));
    }
}
