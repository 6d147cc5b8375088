//! ROC curves, with false-accept rates on a logarithmic axis.

use super::{Frame, Scale, colour, drawing, legend};
use crate::report::model::{RocCurve, RocPlot};
use maud::{Markup, html};

/// The figure of one eval's ROC curves.
pub(in crate::report) fn roc_plot(plot: &RocPlot) -> Markup {
    let points = || plot.curves.iter().flat_map(|c| &c.points);
    let lowest = points().map(|p| p.far).filter(|far| *far > 0.0 && far.is_finite()).fold(1.0, f64::min).max(1e-9);
    let from = 10f64.powf((lowest.log10() + 1e-9).floor()).min(0.1);
    let lowest_tar = points().filter(|p| p.far >= from).map(|p| p.tar).fold(1.0, f64::min);
    let y = Scale::Linear { from: (lowest_tar * 10.0 + 1e-9).floor().clamp(0.0, 9.0) / 10.0, to: 1.0 };
    let frame = Frame { x: Scale::Log { from, to: 1.0 }, y, top: 24.0, height: 240.0 };
    let body = html! {
        (frame.grid(true))
        (frame.y_label("true-accept rate"))
        (frame.x_label("false-accept rate"))
        @for (at, curve) in plot.curves.iter().enumerate() { (line(&frame, curve, at)) }
    };
    let entries: Vec<(String, String)> = plot.curves.iter().enumerate().map(|(at, curve)| (colour(at), curve.label.clone())).collect();
    html! {
        figure {
            figcaption { strong { (plot.title) } }
            (drawing(304.0, &format!("ROC curves: {}", plot.title), &body))
            (legend(&entries))
        }
    }
}

/// Steps, because nothing lies between two corners: TAR holds until the next false accept.
fn line(frame: &Frame, curve: &RocCurve, at: usize) -> Markup {
    let seen = curve.points.iter().filter(|p| p.far > 0.0);
    let corners = seen.scan(None, |last: &mut Option<f64>, p| {
        let before = last.replace(p.tar).unwrap_or(p.tar);
        Some([(p.far, before), (p.far, p.tar)])
    });
    html! { path class=(format!("line {}", colour(at))) d=(frame.path(corners.flatten())) { title { (curve.label) } } }
}
