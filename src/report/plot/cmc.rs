//! Cumulative match characteristics: how often the right person is among the first k.

use super::{Frame, Scale, colour, drawing, legend};
use crate::report::model::{CmcCurve, CmcPlot};
use maud::{Markup, html};

/// The figure of one identification's curves.
pub(in crate::report) fn cmc_plot(plot: &CmcPlot) -> Markup {
    let last = plot.curves.iter().map(|curve| curve.rates.len()).max().unwrap_or(0).max(2);
    let lowest = plot.curves.iter().flat_map(|curve| &curve.rates).copied().fold(1.0, f64::min);
    let y = Scale::Linear { from: (lowest * 10.0 + 1e-9).floor().clamp(0.0, 9.0) / 10.0, to: 1.0 };
    let frame = Frame { x: Scale::Linear { from: 1.0, to: last as f64 }, y, top: 24.0, height: 240.0 };
    let body = html! {
        (frame.grid(true))
        (frame.y_label("share of probes"))
        (frame.x_label("own person among the first k"))
        @for (at, curve) in plot.curves.iter().enumerate() { (line(&frame, curve, at)) }
    };
    let entries: Vec<(String, String)> = plot.curves.iter().enumerate().map(|(at, curve)| (colour(at), curve.label.clone())).collect();
    html! {
        figure {
            figcaption { strong { (plot.title) } }
            (drawing(304.0, &format!("Cumulative match characteristics: {}", plot.title), &body))
            (legend(&entries))
        }
    }
}

fn line(frame: &Frame, curve: &CmcCurve, at: usize) -> Markup {
    let points = curve.rates.iter().enumerate().map(|(at, rate)| ((at + 1) as f64, *rate));
    html! { path class=(format!("line {}", colour(at))) d=(frame.path(points)) { title { (curve.label) } } }
}
