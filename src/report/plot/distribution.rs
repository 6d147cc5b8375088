//! Similarity distributions: one panel for each model over one axis, so that before and after stand under each other.

use super::{Frame, LEFT, RIGHT, Scale, WIDTH, drawing, legend, n};
use crate::eval::Histogram;
use crate::report::model::{Distribution, DistributionPanel, DistributionSet};
use maud::{Markup, html};

const PANEL: f64 = 120.0;
/// Height of a panel's own heading, and the space between two panels.
const HEADING: f64 = 40.0;

/// The figure of one distribution.
pub(in crate::report) fn distribution_plot(plot: &Distribution) -> Markup {
    let merged = bins_per_step(plot);
    let x = similarity_range(plot, merged);
    let densities = all_histograms(plot).flat_map(|h| density(h, merged).into_iter().map(|(_, _, y)| y));
    let top = densities.fold(0.0, f64::max).max(1e-9);
    let panel = |at: usize, panel: &DistributionPanel| {
        let frame =
            Frame { x, y: Scale::Linear { from: 0.0, to: top * 1.06 }, top: HEADING + at as f64 * (PANEL + HEADING), height: PANEL };
        one_panel(&frame, panel, merged, at + 1 == plot.panels.len())
    };
    let body = html! { @for (at, p) in plot.panels.iter().enumerate() { (panel(at, p)) } };
    let height = plot.panels.len() as f64 * (PANEL + HEADING) + 40.0;
    let name = format!("Similarity distributions: {}", plot.title);
    html! {
        figure {
            figcaption { strong { (plot.title) } @if !plot.note.is_empty() { " " span class="note" { (plot.note) } } }
            (drawing(height, &name, &body))
            (legend(&legend_entries(plot)))
        }
    }
}

fn legend_entries(plot: &Distribution) -> Vec<(String, String)> {
    let sets = plot.panels.iter().map(|p| &p.sets).max_by_key(|sets| sets.len());
    let names = sets.into_iter().flatten().enumerate();
    names
        .flat_map(|(at, set)| {
            [("genuine", "same person"), ("impostor", "different people")]
                .map(|(kind, words)| (line_class(kind, at), format!("{}: {words}", set.name)))
        })
        .collect()
}

/// The first set has a filled, solid outline, the others a dashed one.
fn line_class(kind: &str, at: usize) -> String {
    if at == 0 { format!("{kind} area") } else { format!("{kind} dashed") }
}

fn all_histograms(plot: &Distribution) -> impl Iterator<Item = &Histogram> {
    plot.panels.iter().flat_map(|p| &p.sets).flat_map(|set| [&set.genuine, &set.impostor])
}

/// How many bins are drawn as one: fewer pairs, wider steps.
fn bins_per_step(plot: &Distribution) -> usize {
    match all_histograms(plot).map(Histogram::total).filter(|n| *n > 0).min().unwrap_or(0) {
        0..=499 => 5,
        500..=4999 => 4,
        5000..=49_999 => 2,
        50_000.. => 1,
    }
}

/// Steps of a histogram as (from, to, share of pairs per 0.01 of similarity).
fn density(histogram: &Histogram, merged: usize) -> Vec<(f64, f64, f64)> {
    let total = histogram.total().max(1) as f64;
    let width = (histogram.to - histogram.from) / histogram.counts.len().max(1) as f64;
    let step = |(at, counts): (usize, &[u64])| {
        let from = histogram.from + (at * merged) as f64 * width;
        let share = counts.iter().sum::<u64>() as f64 / total;
        (from, from + counts.len() as f64 * width, share / (counts.len() as f64 * width) / 100.0)
    };
    histogram.counts.chunks(merged.max(1)).enumerate().map(step).collect()
}

/// From the first to the last step with pairs in it, at round ends.
fn similarity_range(plot: &Distribution, merged: usize) -> Scale {
    let steps: Vec<(f64, f64, f64)> = all_histograms(plot).flat_map(|h| density(h, merged)).filter(|(_, _, y)| *y > 0.0).collect();
    let low = steps.iter().map(|s| s.0).fold(f64::INFINITY, f64::min);
    let high = steps.iter().map(|s| s.1).fold(f64::NEG_INFINITY, f64::max);
    if low < high {
        Scale::Linear { from: (low * 10.0 + 1e-6).floor() / 10.0, to: (high * 10.0 - 1e-6).ceil() / 10.0 }
    } else {
        Scale::Linear { from: -1.0, to: 1.0 }
    }
}

fn one_panel(frame: &Frame, panel: &DistributionPanel, merged: usize, last: bool) -> Markup {
    let gaps: Vec<String> = panel.sets.iter().map(|set| format!("{} {:.3}", set.name, set.genuine_mean - set.impostor_mean)).collect();
    html! {
        text class="panel" x=(n(LEFT)) y=(n(frame.top - 9.0)) { (panel.model) }
        text class="tick" x=(n(WIDTH - RIGHT)) y=(n(frame.top - 9.0)) text-anchor="end" { "gap of means: " (gaps.join(", ")) }
        (frame.grid(last))
        @for (at, set) in panel.sets.iter().enumerate() {
            (outline(frame, &set.impostor, merged, &line_class("impostor", at), &format!("{}: different people", set.name)))
            (outline(frame, &set.genuine, merged, &line_class("genuine", at), &format!("{}: same person", set.name)))
        }
        @for (at, set) in panel.sets.iter().enumerate() { (means(frame, set, at)) }
        @if last { (frame.x_label("cosine similarity · height: share of pairs per 0.01")) }
    }
}

/// A histogram's outline from axis to axis.
fn outline(frame: &Frame, histogram: &Histogram, merged: usize, class: &str, title: &str) -> Markup {
    let steps = density(histogram, merged);
    let first = steps.iter().position(|s| s.2 > 0.0).unwrap_or(0);
    let end = steps.iter().rposition(|s| s.2 > 0.0).map_or(0, |last| last + 1);
    let used = &steps[first..end.max(first)];
    let corners = used.iter().flat_map(|&(from, to, y)| [(from, y), (to, y)]);
    let closed = used.first().map(|s| (s.0, 0.0)).into_iter().chain(corners).chain(used.last().map(|s| (s.1, 0.0)));
    html! { path class=(format!("line {class}")) d=(frame.path(closed)) { title { (title) ", " (histogram.total()) " pairs" } } }
}

/// A short mark on the axis at each mean.
fn means(frame: &Frame, set: &DistributionSet, at: usize) -> Markup {
    let mark = |mean: f64, kind: &str| {
        let (x, y) = frame.at(mean, 0.0);
        let up = if at == 0 { 10.0 } else { 6.0 };
        html! { line class=(format!("mean {kind}")) x1=(n(x)) x2=(n(x)) y1=(n(y)) y2=(n(y - up)) { title { (set.name) ": mean " (format!("{mean:.3}")) } } }
    };
    html! { (mark(set.impostor_mean, "impostor")) (mark(set.genuine_mean, "genuine")) }
}
