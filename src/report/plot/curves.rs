//! Losses and watched metrics over training steps.

use super::{Frame, Scale, colour, drawing, legend};
use crate::report::model::{CurvePlot, Series};
use maud::{Markup, html};

/// Steps are gathered into at most so many means, with their lowest and highest value as a band.
const BUCKETS: usize = 160;

/// Steps drawn as one point.
struct Bucket {
    step: f64,
    mean: f64,
    low: f64,
    high: f64,
}

/// The figure of one loss term or metric.
pub(in crate::report) fn curve_plot(plot: &CurvePlot) -> Markup {
    let series: Vec<Vec<Bucket>> = plot.series.iter().map(buckets).collect();
    let all = || series.iter().flatten();
    let y = Scale::around(all().flat_map(|b| [b.low, b.high]));
    let last = all().map(|b| b.step).fold(1.0, f64::max);
    let first = all().map(|b| b.step).fold(last, f64::min);
    let x = if last > first {
        Scale::Linear { from: if first < last * 0.1 { 0.0 } else { first }, to: last }
    } else {
        let around = (first * 0.1).max(0.5); // steps are whole
        Scale::around([first - around, first + around].into_iter())
    };
    let frame = Frame { x, y, top: 24.0, height: 150.0 };
    let body = html! {
        (frame.grid(true))
        (frame.y_label(&plot.y_label))
        (frame.x_label("step"))
        @for (at, buckets) in series.iter().enumerate() { (line(&frame, buckets, &colour(at), &plot.series[at].label)) }
    };
    let named = plot.series.iter().any(|s| !s.label.is_empty());
    let entries: Vec<(String, String)> = plot.series.iter().enumerate().map(|(at, s)| (colour(at), s.label.clone())).collect();
    let gathered = plot.series.iter().any(|s| s.points.len() > BUCKETS);
    html! {
        figure {
            figcaption { strong { (plot.title) } @if gathered { " " span class="note" { "means of neighbouring steps; band: lowest to highest" } } }
            (drawing(214.0, &format!("{} over steps: {}", plot.y_label, plot.title), &body))
            @if named { (legend(&entries)) }
        }
    }
}

fn buckets(series: &Series) -> Vec<Bucket> {
    let finite: Vec<(u64, f64)> = series.points.iter().copied().filter(|(_, v)| v.is_finite()).collect();
    let size = finite.len().div_ceil(BUCKETS).max(1);
    let gather = |points: &[(u64, f64)]| {
        let n = points.len() as f64;
        let of = |pick: fn(f64, f64) -> f64| points.iter().map(|p| p.1).reduce(pick).unwrap_or(0.0);
        Bucket {
            step: points.iter().map(|p| p.0 as f64).sum::<f64>() / n,
            mean: points.iter().map(|p| p.1).sum::<f64>() / n,
            low: of(f64::min),
            high: of(f64::max),
        }
    };
    finite.chunks(size).map(gather).collect()
}

fn line(frame: &Frame, buckets: &[Bucket], class: &str, title: &str) -> Markup {
    let banded = buckets.iter().any(|b| b.high > b.low);
    let there = buckets.iter().map(|b| (b.step, b.high));
    let back = buckets.iter().rev().map(|b| (b.step, b.low));
    html! {
        @if banded { path class=(format!("band {class}")) d=(frame.path(there.chain(back))) {} }
        @if let [only] = buckets {
            @let (x, y) = frame.at(only.step, only.mean);
            circle class=(format!("dot {class}")) cx=(super::n(x)) cy=(super::n(y)) r="3" {}
        } @else {
            path class=(format!("line {class}")) d=(frame.path(buckets.iter().map(|b| (b.step, b.mean)))) { title { (title) } }
        }
    }
}
