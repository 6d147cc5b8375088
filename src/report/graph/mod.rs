//! The experiment's graph, drawn in layers from its data down to its reports, so that it fits the page: arms of one name are one box, and
//! where boxes are still too many also what is read and used alike. One drawing is for wide pages, one for narrow ones.

mod fold;
mod layout;

use super::model::GraphDrawing;
use fold::{Alike, Folded, Folding, fold};
use layout::{BOX_HEIGHT, BOX_WIDTH, Layout};
use maud::{Markup, html};
use std::fmt::Write as _;

/// More boxes than this are folded further.
const DRAWN: usize = 48;
/// Widths of the two drawings: of a page on a desk, and of one in a hand.
const WIDE: f64 = 1180.0;
const NARROW: f64 = 352.0;
/// Letters that fit into a box.
const LETTERS: usize = 19;
/// Names of a box that are said when it is pointed at.
const NAMED: usize = 20;

/// The graph as a drawing, and as text node by node.
pub(super) fn graph(graph: &GraphDrawing) -> Markup {
    let folded = folded(graph);
    let drawing = |class: &str, width: f64| {
        let layout = Layout::of(folded.boxes.len(), &folded.edges, width);
        html! {
            svg class=(format!("graph {class}")) viewBox=(format!("0 0 {:.0} {:.0}", layout.width, layout.height))
                width=(format!("{:.0}", layout.width)) height=(format!("{:.0}", layout.height)) role="img" aria-label="The experiment's graph" {
                @for route in &layout.routes { path class="edge" d=(curve(route)) {} }
                @for (of, &(x, y)) in folded.boxes.iter().zip(&layout.places) { (box_of(of, x, y)) }
            }
        }
    };
    html! {
        div class="graph-view" {
            input type="checkbox" id="larger" class="larger";
            label for="larger" { "larger" }
            div class="scroll" tabindex="0" { (drawing("wide", WIDE)) (drawing("narrow", NARROW)) }
        }
        p class="note" { "Filled: computed in this run. Outlined: found in the store. Dashed: described, nothing to compute. × how many nodes are drawn as one." }
        @match &graph.mermaid {
            Some(text) => details { summary { "Every node (" (graph.nodes.len()) "), as Mermaid source" } pre class="source" { (text) } },
            None => p class="note" { (graph.nodes.len()) " nodes: `ddl plan --format mermaid` writes all of them out." },
        }
    }
}

/// The graph with so much drawn as one that it can be looked at.
fn folded(graph: &GraphDrawing) -> Folded {
    let mut found = fold(graph, Alike::Arms);
    for alike in [Alike::Uses, Alike::Operators] {
        if found.boxes.len() <= DRAWN {
            break;
        }
        found = fold(graph, alike);
    }
    found
}

fn box_of(of: &Folding, x: f64, y: f64) -> Markup {
    let (state, said) = match (of.ran, of.cached) {
        (0, 0) => ("described", "described".to_owned()),
        (0, cached) if of.nodes == 1 || cached == of.nodes => ("cached", "from the store".to_owned()),
        (ran, _) if ran == of.nodes => ("ran", "computed in this run".to_owned()),
        (ran, cached) => ("ran some", format!("{ran} computed in this run, {cached} from the store")),
    };
    let fits = |text: &str| {
        if text.chars().count() > LETTERS { format!("{}…", text.chars().take(LETTERS - 1).collect::<String>()) } else { text.to_owned() }
    };
    let centre = format!("{:.1}", x + BOX_WIDTH / 2.0);
    let kind = if of.nodes > 1 { format!("{} × {}", of.kind, of.nodes) } else { of.kind.clone() };
    let more = if of.names.len() > NAMED { ", …" } else { "" };
    let named: Vec<&str> = of.names.iter().take(NAMED).map(String::as_str).collect();
    html! {
        g class=(format!("node {state}")) {
            title { (kind) ": " (named.join(", ")) (more) " (" (said) ")" }
            rect x=(format!("{x:.1}")) y=(format!("{y:.1}")) width=(BOX_WIDTH) height=(BOX_HEIGHT) rx="6" {}
            text class="kind" x=(centre) y=(format!("{:.1}", y + 14.0)) text-anchor="middle" { (fits(&kind)) }
            text class="name" x=(centre) y=(format!("{:.1}", y + 28.0)) text-anchor="middle" { (fits(&of.names.join(", "))) }
        }
    }
}

/// A line through its points with vertical ends.
fn curve(route: &[(f64, f64)]) -> String {
    let mut d = String::new();
    for (at, pair) in route.windows(2).enumerate() {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        if at == 0 {
            d = format!("M{x0:.1} {y0:.1}");
        }
        let middle = f64::midpoint(y0, y1);
        let _ = write!(d, "C{x0:.1} {middle:.1} {x1:.1} {middle:.1} {x1:.1} {y1:.1}"); // writing to a String cannot fail
    }
    d
}

#[cfg(test)]
mod tests {
    use super::super::model::{GraphNode, NodeState};
    use super::*;

    /// A sweep of so many arms, each judged by some protocols.
    fn sweep(arms: usize) -> GraphDrawing {
        let node = |kind: &str, group: &str, label: String| GraphNode {
            label,
            group: group.to_owned(),
            kind: kind.to_owned(),
            state: NodeState::Ran,
        };
        let mut nodes = vec![node("image_folder", "faces", "faces".to_owned()), node("irse", "net", "net".to_owned())];
        nodes.extend((0..arms).map(|arm| node("train", "s", format!("s[k = {arm}]"))));
        nodes.push(node("table", "t", "t".to_owned()));
        let edges = (2..arms + 2).flat_map(|at| [(0, at), (1, at), (at, arms + 2)]).collect();
        GraphDrawing { nodes, edges, mermaid: Some("flowchart TD".to_owned()) }
    }

    #[test]
    fn a_sweep_is_one_box_and_fits_the_page() {
        let page = graph(&sweep(200)).into_string();
        assert!(page.contains("train × 200") && page.contains("flowchart TD"), "{page}");
        let widths: Vec<f64> = page.split("<svg").skip(1).map(|svg| attribute(svg, " width=\"")).collect();
        assert!(widths.len() == 2 && widths[0] <= WIDE && widths[1] <= NARROW, "{widths:?}");
    }

    fn attribute(svg: &str, name: &str) -> f64 {
        svg.split(name).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    }

    #[test]
    fn boxes_say_how_many_of_theirs_were_computed() {
        let mut some = sweep(3);
        some.nodes[2].state = NodeState::Cached;
        assert!(graph(&some).into_string().contains("2 computed in this run, 1 from the store"));
        let mut none = sweep(1);
        none.nodes[2].state = NodeState::Cached;
        assert!(graph(&none).into_string().contains("train: s (from the store)"));
    }
}
