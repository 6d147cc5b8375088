//! Drawings of a DAG as text for other programs: Graphviz dot and Mermaid. Equal drawings give equal bytes.

use std::fmt::Write as _; // a String takes all that is written to it

/// What a node is drawn as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Samples and batches of them.
    Data,
    /// A network or a trained model.
    Model,
    /// A protocol.
    Eval,
    /// What is computed on the way.
    Step,
    /// What the run is for.
    Result,
}

/// A node of a drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnNode {
    /// The first line.
    pub title: String,
    /// Smaller lines below it.
    pub lines: Vec<String>,
    /// How it looks.
    pub shape: Shape,
}

/// A DAG to draw; edges are pairs of places in `nodes`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawing {
    /// The nodes.
    pub nodes: Vec<DrawnNode>,
    /// From what is read to what reads it.
    pub edges: Vec<(usize, usize)>,
}

impl Shape {
    const ALL: [Shape; 5] = [Shape::Data, Shape::Model, Shape::Eval, Shape::Step, Shape::Result];

    const fn dot(self) -> &'static str {
        match self {
            Shape::Data => "shape=cylinder, fillcolor=\"#dbeafe\"",
            Shape::Model => "shape=box, style=\"rounded,filled\", fillcolor=\"#fde68a\"",
            Shape::Eval => "shape=hexagon, fillcolor=\"#ddd6fe\"",
            Shape::Step => "shape=box, fillcolor=\"#f3f4f6\"",
            Shape::Result => "shape=note, fillcolor=\"#bbf7d0\"",
        }
    }

    const fn mermaid(self) -> (&'static str, &'static str) {
        match self {
            Shape::Data => ("[(", ")]"),
            Shape::Model => ("(", ")"),
            Shape::Eval => ("{{", "}}"),
            Shape::Step => ("[", "]"),
            Shape::Result => ("([", "])"),
        }
    }

    const fn class(self) -> (&'static str, &'static str) {
        match self {
            Shape::Data => ("data", "#dbeafe"),
            Shape::Model => ("model", "#fde68a"),
            Shape::Eval => ("eval", "#ddd6fe"),
            Shape::Step => ("step", "#f3f4f6"),
            Shape::Result => ("result", "#bbf7d0"),
        }
    }
}

impl Drawing {
    /// For `dot -Tsvg`.
    pub fn dot(&self, name: &str) -> String {
        let mut out = format!("digraph {} {{\n", quoted(name));
        out.push_str("  rankdir=LR;\n  node [fontname=\"Helvetica\", fontsize=11, style=filled];\n");
        for (at, node) in self.nodes.iter().enumerate() {
            let label = std::iter::once(&node.title).chain(&node.lines).map(String::as_str).collect::<Vec<_>>().join("\n");
            let _ = writeln!(out, "  n{at} [label={}, {}];", quoted(&label), node.shape.dot());
        }
        for (from, to) in &self.edges {
            let _ = writeln!(out, "  n{from} -> n{to};");
        }
        out.push_str("}\n");
        out
    }

    /// For a ```` ```mermaid ```` block.
    pub fn mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        for (at, node) in self.nodes.iter().enumerate() {
            let (open, close) = node.shape.mermaid();
            let label = std::iter::once(&node.title).chain(&node.lines).map(|line| entities(line)).collect::<Vec<_>>().join("<br/>");
            let _ = writeln!(out, "  n{at}{open}\"{label}\"{close}:::{}", node.shape.class().0);
        }
        for (from, to) in &self.edges {
            let _ = writeln!(out, "  n{from} --> n{to}");
        }
        for shape in Shape::ALL {
            if self.nodes.iter().any(|node| node.shape == shape) {
                let (class, fill) = shape.class();
                let _ = writeln!(out, "  classDef {class} fill:{fill},stroke:#6b7280,color:#111827");
            }
        }
        out
    }
}

/// A quoted string of dot; newlines become line breaks.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// A text inside a Mermaid label.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing() -> Drawing {
        let node = |title: &str, lines: &[&str], shape| DrawnNode {
            title: title.to_owned(),
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
            shape,
        };
        Drawing {
            nodes: vec![node("easy", &["where(faces, abs(.yaw) < 10deg)"], Shape::Data), node("a \"b\" \\ #1", &[], Shape::Model)],
            edges: vec![(0, 1)],
        }
    }

    #[test]
    fn a_drawing_for_graphviz() {
        insta::assert_snapshot!(drawing().dot("r.ddl"));
    }

    #[test]
    fn a_drawing_for_mermaid() {
        insta::assert_snapshot!(drawing().mermaid());
    }
}
