//! Similarity distributions: one panel for each model over one axis, so that before and after stand under each other.

use super::{Frame, LEFT, RIGHT, Scale, WIDTH, drawing, legend, n};
use crate::eval::Histogram;
use crate::report::model::{Distribution, DistributionPanel, DistributionSet};
use maud::{Markup, html};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const PANEL: f64 = 120.0;
/// Height of a panel's own heading, and the space between two panels.
const HEADING: f64 = 40.0;
/// Width of a letter of a model's name, on average.
const LETTER: f64 = 6.9;
/// Width of a letter of the line beside or below it.
const SMALL_LETTER: f64 = 5.8;
/// Where the lines of a heading stand above the panel.
const LINES: [f64; 2] = [23.0, 9.0];

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
    let gaps = format!("gap of means: {}", gaps.join(", "));
    let room = WIDTH - LEFT - RIGHT;
    let (name, gap) = (panel.model.width() as f64 * LETTER, gaps.width() as f64 * SMALL_LETTER);
    // both on one line where there is room for both, else one above the other
    let [above, below] = LINES;
    let up = if name + LETTER + gap <= room { below } else { above };
    let shown = cut(&panel.model, (room / LETTER) as usize);
    html! {
        text class="panel" x=(n(LEFT)) y=(n(frame.top - up)) { @if shown != panel.model { title { (panel.model) } } (shown) }
        text class="tick" x=(n(WIDTH - RIGHT)) y=(n(frame.top - below)) text-anchor="end" { (gaps) }
        (frame.grid(last))
        @for (at, set) in panel.sets.iter().enumerate() {
            (outline(frame, &set.impostor, merged, &line_class("impostor", at), &format!("{}: different people", set.name)))
            (outline(frame, &set.genuine, merged, &line_class("genuine", at), &format!("{}: same person", set.name)))
        }
        @for (at, set) in panel.sets.iter().enumerate() { (means(frame, set, at)) }
        @if last { (frame.x_label("cosine similarity · height: share of pairs per 0.01")) }
    }
}

/// A text of at most so many columns.
fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |letter: &char| {
        let rest = left.checked_sub(letter.width().unwrap_or(0));
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    text.chars().take_while(fits).chain(['…']).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of a heading: where each begins and ends, and its line.
    fn heading(model: &str, sets: &[&str]) -> Vec<(f64, f64, f64)> {
        let histogram = || Histogram { from: -1.0, to: 1.0, counts: vec![1; 200] };
        let set = |name: &&str| DistributionSet {
            name: (*name).to_owned(),
            genuine: histogram(),
            impostor: histogram(),
            genuine_mean: 0.5,
            impostor_mean: 0.0,
        };
        let panel = DistributionPanel { model: model.to_owned(), sets: sets.iter().map(set).collect() };
        let plot = Distribution { title: String::new(), note: String::new(), panels: vec![panel] };
        let drawn = distribution_plot(&plot).into_string();
        let texts = drawn.split("<text class=").skip(1).filter(|it| it.starts_with("\"panel\"") || it.contains("gap of means"));
        let number = |text: &str, name: &str| -> f64 {
            text.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
        };
        texts
            .map(|it| {
                let words = it.split("</text>").next().unwrap().rsplit('>').next().unwrap();
                let letter = if it.starts_with("\"panel\"") { LETTER } else { SMALL_LETTER };
                let (x, width) = (number(it, "x"), words.width() as f64 * letter);
                let from = if it.contains("text-anchor") { x - width } else { x };
                (from, from + width, number(it, "y"))
            })
            .collect()
    }

    #[test]
    fn no_heading_overlaps() {
        for length in [1, 20, 33, 34, 40, 55, 90, 200] {
            for sets in [&["easy"][..], &["easy", "hard"]] {
                let texts = heading(&"w".repeat(length), sets);
                let [(_, end, y), (from, _, other)] = texts[..] else { panic!("{texts:?}") };
                assert!(end <= WIDTH && y > 0.0 && (end < from || (y - other).abs() > 12.0), "{length}: {texts:?}");
            }
        }
    }
}
