//! Plots as inline SVG: axes, scales and ticks that all of them share. Colours come from the page's style sheet by class, so that light and
//! dark need no second drawing.

mod cmc;
mod curves;
mod distribution;
mod roc;

pub(super) use cmc::cmc_plot;
pub(super) use curves::curve_plot;
pub(super) use distribution::distribution_plot;
pub(super) use roc::roc_plot;

use maud::{Markup, html};
use std::fmt::Write as _;

/// Width of every plot in user units; text is sized for about one unit a pixel.
const WIDTH: f64 = 440.0;
/// Room for the vertical axis' numbers.
const LEFT: f64 = 46.0;
const RIGHT: f64 = 12.0;

/// Smaller values are drawn as 0 is.
const SMALLEST: f64 = 1e-30;

/// A scale of one axis.
#[derive(Clone, Copy)]
enum Scale {
    Linear {
        from: f64,
        to: f64,
    },
    /// Powers of ten; both ends positive.
    Log {
        from: f64,
        to: f64,
    },
}

impl Scale {
    /// Where `value` lies between the ends, 0 to 1; values beyond are drawn at the ends.
    fn part(self, value: f64) -> f64 {
        let part = match self {
            Scale::Linear { from, to } => (value - from) / (to - from),
            Scale::Log { from, to } => (value.max(from) / from).log10() / (to / from).log10(),
        };
        if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// A linear scale that holds all finite values, with ends at round numbers.
    fn around(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        // what is one value throughout stands in the middle of its own size
        let own = if high.abs() > SMALLEST { high.abs() * 0.1 } else { 0.5 };
        let pad = if high - low > 0.0 { 0.0 } else { own };
        let step = round_step(high - low + 2.0 * pad, 5.0);
        Scale::Linear { from: ((low - pad) / step).floor() * step, to: ((high + pad) / step).ceil() * step }
    }

    fn ticks(self) -> Vec<(f64, String)> {
        match self {
            Scale::Linear { from, to } => {
                let step = round_step(to - from, 7.0);
                let decimals = (-step.log10().floor()).max(0.0) as usize;
                let first = (from / step - 1e-9).ceil() as i64;
                let last = (to / step + 1e-9).floor() as i64;
                (first..=last.min(first + 20)).map(|i| (i as f64 * step, short(i as f64 * step, decimals))).collect()
            }
            Scale::Log { from, to } => {
                let (first, last) = ((from.log10() - 1e-9).ceil() as i32, (to.log10() + 1e-9).floor() as i32);
                (first..=last).map(|e| (10f64.powi(e), if e == 0 { "1".to_owned() } else { format!("1e{e}") })).collect()
            }
        }
    }
}

/// The round step (1, 2 or 5 times a power of ten) that parts `range` into about `parts`.
fn round_step(range: f64, parts: f64) -> f64 {
    let rough = range / parts;
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough * 0.999).unwrap_or(10.0 * power)
}

/// A tick's number; thousands as `12k`, minus as its own sign.
fn short(value: f64, decimals: usize) -> String {
    let text = if value.abs() >= 1000.0 && value.rem_euclid(100.0) < 1e-9 {
        format!("{}k", value / 1000.0)
    } else {
        format!("{:.*}", decimals, if value.abs() < 1e-12 { 0.0 } else { value })
    };
    text.replace('-', "−")
}

/// A rectangle of the drawing with a scale on each side.
struct Frame {
    x: Scale,
    y: Scale,
    top: f64,
    height: f64,
}

impl Frame {
    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (LEFT + self.x.part(x) * (WIDTH - LEFT - RIGHT), self.top + (1.0 - self.y.part(y)) * self.height)
    }

    fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Grid lines, with numbers at the left, and at the bottom where `numbered`.
    fn grid(&self, numbered: bool) -> Markup {
        let (left, right) = (LEFT, WIDTH - RIGHT);
        html! {
            @for (value, text) in self.y.ticks() {
                @let (_, y) = self.at(0.0, value);
                line class="grid" x1=(n(left)) x2=(n(right)) y1=(n(y)) y2=(n(y)) {}
                text class="tick" x=(n(left - 6.0)) y=(n(y + 3.5)) text-anchor="end" { (text) }
            }
            @for (value, text) in self.x.ticks() {
                @let (x, _) = self.at(value, 0.0);
                line class="grid" x1=(n(x)) x2=(n(x)) y1=(n(self.top)) y2=(n(self.bottom())) {}
                @if numbered { text class="tick" x=(n(x)) y=(n(self.bottom() + 15.0)) text-anchor="middle" { (text) } }
            }
            line class="axis" x1=(n(left)) x2=(n(right)) y1=(n(self.bottom())) y2=(n(self.bottom())) {}
        }
    }

    /// The label under the horizontal axis.
    fn x_label(&self, label: &str) -> Markup {
        html! { text class="label" x=(n(f64::midpoint(LEFT, WIDTH - RIGHT))) y=(n(self.bottom() + 32.0)) text-anchor="middle" { (label) } }
    }

    /// The label above the vertical axis, which reads without turning one's head.
    fn y_label(&self, label: &str) -> Markup {
        html! { text class="label" x="2" y=(n(self.top - 8.0)) { (label) } }
    }

    /// The `d` of a path through data points.
    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut d = String::new();
        for (i, (x, y)) in points.enumerate() {
            let (x, y) = self.at(x, y);
            let _ = write!(d, "{}{} {}", if i == 0 { "M" } else { "L" }, n(x), n(y)); // writing to a String cannot fail
        }
        d
    }
}

/// A coordinate with one decimal at most.
fn n(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    if rounded.fract() == 0.0 { format!("{rounded:.0}") } else { format!("{rounded:.1}") }
}

/// A drawing of the given height that scales with its column and has a name for those who do not see it.
fn drawing(height: f64, name: &str, body: &Markup) -> Markup {
    html! { svg viewBox=(format!("0 0 {} {}", n(WIDTH), n(height))) role="img" aria-label=(name) { (body) } }
}

/// Colours and line patterns of the style sheet; later curves repeat them.
const PALETTE: usize = 7;

fn colour(at: usize) -> String {
    format!("c{}", at % PALETTE)
}

/// A legend under a drawing: a sample of each line with its label.
fn legend(entries: &[(String, String)]) -> Markup {
    html! {
        ul class="legend" {
            @for (class, label) in entries {
                li {
                    svg class="swatch" viewBox="0 0 28 12" aria-hidden="true" {
                        @if class.contains("area") { rect class=(class) x="0" y="1" width="28" height="10" {} }
                        @else { line class=(format!("line {class}")) x1="0" x2="28" y1="6" y2="6" {} }
                    }
                    (label)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let texts = |scale: Scale| scale.ticks().into_iter().map(|t| t.1).collect::<Vec<_>>().join(" ");
        assert_eq!(texts(Scale::Linear { from: -0.4, to: 1.0 }), "−0.4 −0.2 0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(texts(Scale::Linear { from: -0.2, to: 0.8 }), "−0.2 0.0 0.2 0.4 0.6 0.8");
        assert_eq!(texts(Scale::Linear { from: 0.0, to: 12000.0 }), "0 2k 4k 6k 8k 10k 12k");
        assert_eq!(texts(Scale::Log { from: 1e-4, to: 1.0 }), "1e-4 1e-3 1e-2 1e-1 1");
    }

    #[test]
    fn one_value_throughout_has_a_scale_of_its_size() {
        for value in [0.1, -0.1, 1e-4, 3.0, 250.0, 1e6] {
            let Scale::Linear { from, to } = Scale::around([value, value].into_iter()) else { panic!("not linear") };
            assert!(from < value && value < to && to - from <= value.abs() * 0.5, "{value}: {from} to {to}");
        }
        let Scale::Linear { from, to } = Scale::around([0.0].into_iter()) else { panic!("not linear") };
        assert!(from <= -0.5 && to >= 0.5, "{from} to {to}");
    }

    #[test]
    fn a_scale_holds_whatever_it_is_given() {
        for values in [vec![], vec![3.0], vec![0.0], vec![f64::NAN, 1.0, f64::INFINITY], vec![-1e9, 1e9], vec![1e-12, 2e-12]] {
            let scale = Scale::around(values.iter().copied());
            assert!(!scale.ticks().is_empty(), "{values:?}");
            for v in values {
                assert!((0.0..=1.0).contains(&scale.part(v)));
            }
        }
    }
}
