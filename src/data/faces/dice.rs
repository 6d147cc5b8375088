//! Named numbers of one identity or one image: a new parameter never shifts the others.

use super::maths::V3;
use ddl_base::random::Draw;

/// Where the numbers of one identity or one image come from; each is a pure function of the draw and the number's own name.
pub(super) struct Dice(Draw);

impl Dice {
    pub fn new(draw: Draw) -> Self {
        Dice(draw)
    }

    fn draw(&self, name: &str) -> Draw {
        self.0.clone().text(name)
    }

    /// A seed for [`super::maths::noise`].
    pub fn seed(&self, name: &str) -> u32 {
        self.draw(name).rank() as u32
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&self, name: &str) -> f64 {
        self.draw(name).unit()
    }

    /// Uniform in `[from, to)`.
    pub fn between(&self, name: &str, from: f32, to: f32) -> f32 {
        from + (to - from) * self.unit(name) as f32
    }

    /// True with probability `p`.
    pub fn chance(&self, name: &str, p: f64) -> bool {
        self.unit(name) < p
    }

    /// Bell-shaped around 0 with deviation 1, never beyond 3.47: the sum of four uniform numbers.
    pub fn bell(&self, name: &str) -> f32 {
        let bits = self.draw(name).bits();
        let mut sum = 0.0;
        for quarter in bits.chunks_exact(8) {
            sum += f64::from(u32::from_le_bytes([quarter[0], quarter[1], quarter[2], quarter[3]])) / 4_294_967_296.0;
        }
        ((sum - 2.0) * 1.732_050_807_568_877_2) as f32
    }

    /// [`Dice::bell`] with a mean and a deviation.
    pub fn about(&self, name: &str, mean: f32, deviation: f32) -> f32 {
        mean + deviation * self.bell(name)
    }

    /// One of `choices` by its weight.
    pub fn pick<T: Copy>(&self, name: &str, first: T, others: &[(f64, T)]) -> T {
        let mut left = self.unit(name);
        for &(weight, choice) in others {
            if left < weight {
                return choice;
            }
            left -= weight;
        }
        first
    }

    /// `colour` with each channel moved by a relative `deviation`.
    pub fn colour(&self, name: &str, colour: V3, deviation: f32) -> V3 {
        let channel = |part: &str, value: f32| {
            let step = self.draw(name).text(part).unit() as f32 * 2.0 - 1.0;
            (value * (1.0 + deviation * step)).clamp(0.0, 1.0)
        };
        V3 { x: channel("r", colour.x), y: channel("g", colour.y), z: channel("b", colour.z) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bells_have_mean_zero_and_deviation_one() {
        let values: Vec<f64> = (0..4000).map(|i| f64::from(Dice::new(Draw::new(i, "dice")).bell("x"))).collect();
        let mean = values.iter().sum::<f64>() / 4000.0;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.06 && (variance - 1.0).abs() < 0.08, "{mean} {variance}");
    }

    #[test]
    fn a_pick_follows_its_weights() {
        let picks = (0..2000).filter(|&i| Dice::new(Draw::new(i, "dice")).pick("p", 'a', &[(0.25, 'b')]) == 'b').count();
        assert!((400..600).contains(&picks), "{picks}");
    }
}
