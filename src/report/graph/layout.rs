//! Where boxes and lines go: in layers from the data down to the reports.

pub const BOX_WIDTH: f64 = 132.0;
pub const BOX_HEIGHT: f64 = 36.0;
const GAP_X: f64 = 18.0;
const GAP_Y: f64 = 42.0;
/// Room that a line takes that only passes a layer, and on each side of it.
const PASS_WIDTH: f64 = 4.0;
const GAP_PASS: f64 = 6.0;
const MARGIN: f64 = 4.0;

/// Where everything goes.
pub struct Layout {
    /// The upper left corner of each node's box.
    pub places: Vec<(f64, f64)>,
    /// Each edge's points, from the lower side of one box to the upper side of another.
    pub routes: Vec<Vec<(f64, f64)>>,
    /// Width of the drawing.
    pub width: f64,
    /// Height of the drawing.
    pub height: f64,
}

/// A node, or a place where an edge passes a layer.
struct Vertex {
    layer: usize,
    width: f64,
    above: Vec<usize>,
    below: Vec<usize>,
    x: f64, // its centre
}

impl Layout {
    /// Boxes with their edges, in a drawing that is no wider than this where rows can be broken.
    pub fn of(boxes: usize, edges: &[(usize, usize)], width: f64) -> Self {
        let fitting = ((width - 2.0 * MARGIN + GAP_X) / (BOX_WIDTH + GAP_X)).floor().max(1.0) as usize;
        let mut layout = Layout::in_rows(boxes, edges, fitting);
        // lines that pass a row take room too
        for most in (1..fitting).rev() {
            if layout.width <= width {
                break;
            }
            let narrower = Layout::in_rows(boxes, edges, most);
            if narrower.width < layout.width {
                layout = narrower;
            }
        }
        layout
    }

    /// At most so many boxes in a row.
    fn in_rows(n: usize, edges: &[(usize, usize)], most: usize) -> Self {
        let edges: Vec<(usize, usize)> = edges.iter().copied().filter(|&(a, b)| a < n && b < n && a != b).collect();
        let layers = broken(&layers(n, &edges), most);
        // An edge inside a cycle would lead up; a graph of a recipe has none, and a wrong one is drawn without that edge.
        let down = edges.into_iter().filter(|&(a, b)| layers[a] < layers[b]);
        let mut vertices: Vec<Vertex> = layers.iter().map(|&layer| Vertex::new(layer, BOX_WIDTH)).collect();
        let mut paths = Vec::new();
        for (from, to) in down {
            let mut path = vec![from];
            for layer in layers[from] + 1..layers[to] {
                vertices.push(Vertex::new(layer, PASS_WIDTH));
                path.push(vertices.len() - 1);
            }
            path.push(to);
            for pair in path.windows(2) {
                vertices[pair[0]].below.push(pair[1]);
                vertices[pair[1]].above.push(pair[0]);
            }
            paths.push(path);
        }
        let mut rows = vec![Vec::new(); layers.iter().max().map_or(0, |deepest| deepest + 1)];
        for (at, vertex) in vertices.iter().enumerate() {
            rows[vertex.layer].push(at);
        }
        order(&mut rows, &vertices);
        spread(&rows, &mut vertices);
        Layout::finish(n, &rows, &vertices, &paths)
    }

    fn finish(n: usize, rows: &[Vec<usize>], vertices: &[Vertex], paths: &[Vec<usize>]) -> Self {
        let left = vertices.iter().map(|v| v.x - v.width / 2.0).fold(f64::INFINITY, f64::min);
        let right = vertices.iter().map(|v| v.x + v.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
        let margin = MARGIN;
        let top = |layer: usize| margin + layer as f64 * (BOX_HEIGHT + GAP_Y);
        let x = |at: usize| vertices[at].x - left + margin;
        let route = |path: &Vec<usize>| {
            let mut points = Vec::new();
            for (step, &at) in path.iter().enumerate() {
                let y = top(vertices[at].layer);
                if step > 0 {
                    points.push((x(at), y));
                }
                if step + 1 < path.len() {
                    points.push((x(at), y + BOX_HEIGHT));
                }
            }
            points
        };
        Layout {
            places: (0..n).map(|at| (x(at) - BOX_WIDTH / 2.0, top(vertices[at].layer))).collect(),
            routes: paths.iter().map(route).collect(),
            width: if left < right { right - left + 2.0 * margin } else { 2.0 * margin },
            height: rows.len() as f64 * (BOX_HEIGHT + GAP_Y) - GAP_Y.min(rows.len() as f64 * GAP_Y) + 2.0 * margin,
        }
    }
}

impl Vertex {
    fn new(layer: usize, width: f64) -> Self {
        Vertex { layer, width, above: Vec::new(), below: Vec::new(), x: 0.0 }
    }
}

/// Layers of at most so many nodes: one with more becomes several, one below the other.
fn broken(layers: &[usize], most: usize) -> Vec<usize> {
    let deepest = layers.iter().max().map_or(0, |deepest| deepest + 1);
    let (mut found, mut next) = (vec![0; layers.len()], 0);
    for layer in 0..deepest {
        let all: Vec<usize> = (0..layers.len()).filter(|&at| layers[at] == layer).collect();
        let rows = all.len().div_ceil(most).max(1);
        let each = all.len().div_ceil(rows).max(1);
        for (place, at) in all.into_iter().enumerate() {
            found[at] = next + place / each;
        }
        next += rows;
    }
    found
}

/// The layer of each node: below all its inputs, and as near as possible to its first user.
fn layers(n: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0; n];
    // Longest paths; n rounds are enough without a cycle, and with one they end too.
    for _ in 0..n {
        let before = layer.clone();
        for &(from, to) in edges {
            layer[to] = layer[to].max(layer[from] + 1).min(n);
        }
        if layer == before {
            break;
        }
    }
    for _ in 0..n {
        let before = layer.clone();
        for at in 0..n {
            let users = edges.iter().filter(|e| e.0 == at).map(|e| layer[e.1]).min();
            if let Some(nearest) = users.filter(|&u| u > layer[at] + 1) {
                layer[at] = nearest - 1;
            }
        }
        if layer == before {
            break;
        }
    }
    layer
}

/// Orders each row by the mean place of its neighbours, sweeping down and up, so that few lines cross.
fn order(rows: &mut [Vec<usize>], vertices: &[Vertex]) {
    let mut place = vec![0.0; vertices.len()];
    let number = |row: &[usize], place: &mut [f64]| row.iter().enumerate().for_each(|(i, &at)| place[at] = i as f64);
    for row in rows.iter() {
        number(row, &mut place);
    }
    for sweep in 0..8 {
        let down = sweep % 2 == 0;
        let visit: Vec<usize> = if down { (0..rows.len()).collect() } else { (0..rows.len()).rev().collect() };
        for layer in visit {
            let row = &mut rows[layer];
            let neighbours = |at: usize| if down { &vertices[at].above } else { &vertices[at].below };
            let mut keyed: Vec<(f64, usize)> = row.iter().map(|&at| (mean(neighbours(at), &place).unwrap_or(place[at]), at)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            *row = keyed.into_iter().map(|(_, at)| at).collect();
            number(row, &mut place);
        }
    }
}

fn mean(of: &[usize], place: &[f64]) -> Option<f64> {
    (!of.is_empty()).then(|| of.iter().map(|&at| place[at]).sum::<f64>() / of.len() as f64)
}

/// Gives every vertex its x: near its neighbours, never nearer to another of its row than they are wide.
fn spread(rows: &[Vec<usize>], vertices: &mut [Vertex]) {
    for row in rows {
        let mut x = 0.0;
        for &at in row {
            vertices[at].x = x + vertices[at].width / 2.0;
            x += vertices[at].width + GAP_X;
        }
        for &at in row {
            vertices[at].x -= x / 2.0;
        }
    }
    for sweep in 0..12 {
        let visit: Vec<usize> = if sweep % 2 == 0 { (0..rows.len()).collect() } else { (0..rows.len()).rev().collect() };
        for layer in visit {
            let centres: Vec<f64> = vertices.iter().map(|v| v.x).collect();
            let wish = |at: usize| {
                let all: Vec<usize> = vertices[at].above.iter().chain(&vertices[at].below).copied().collect();
                mean(&all, &centres).unwrap_or(centres[at])
            };
            let wishes: Vec<f64> = rows[layer].iter().map(|&at| wish(at)).collect();
            for (at, x) in rows[layer].iter().zip(apart(&rows[layer], &wishes, vertices)) {
                vertices[*at].x = x;
            }
        }
    }
}

/// The wishes moved apart as far as needed: the mean of pushing all to the right and pushing all to the left, which keeps every distance.
fn apart(row: &[usize], wishes: &[f64], vertices: &[Vertex]) -> Vec<f64> {
    let need = |i: usize| {
        let (a, b) = (vertices[row[i]].width, vertices[row[i + 1]].width);
        f64::midpoint(a, b) + if a.min(b) < BOX_WIDTH { GAP_PASS } else { GAP_X }
    };
    let (mut rightward, mut leftward) = (wishes.to_vec(), wishes.to_vec());
    for i in 1..row.len() {
        rightward[i] = rightward[i].max(rightward[i - 1] + need(i - 1));
    }
    for i in (0..row.len().saturating_sub(1)).rev() {
        leftward[i] = leftward[i].min(leftward[i + 1] - need(i));
    }
    rightward.iter().zip(&leftward).map(|(r, l)| f64::midpoint(*r, *l)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_follow_the_edges_and_inputs_stay_near_their_users() {
        assert_eq!(layers(5, &[(0, 1), (1, 2), (2, 3), (4, 3)]), [0, 1, 2, 3, 2]);
        assert_eq!(layers(0, &[]), [0usize; 0]);
        assert_eq!(broken(&[0, 0, 1, 0, 2], 2), [0, 0, 2, 1, 3]);
    }

    #[test]
    fn boxes_of_a_row_never_overlap_and_rows_are_as_wide_as_wanted() {
        let edges: Vec<(usize, usize)> = (0..20).flat_map(|a| [(a, a * 7 % 13 + 20), (a, a * 5 % 17 + 23)]).collect();
        for width in [1180.0, 340.0] {
            let layout = Layout::of(40, &edges, width);
            for (i, a) in layout.places.iter().enumerate() {
                for b in &layout.places[..i] {
                    assert!((a.1 - b.1).abs() > 1.0 || (a.0 - b.0).abs() >= BOX_WIDTH - 1e-6);
                }
                assert!(a.0 >= 0.0 && a.0 + BOX_WIDTH <= layout.width && a.1 + BOX_HEIGHT <= layout.height);
            }
            assert!(layout.width <= width.max(900.0), "{} for {width}", layout.width);
        }
    }

    #[test]
    fn wrong_graphs_are_laid_out_as_far_as_they_go() {
        for (n, edges) in [(0, vec![]), (1, vec![(0, 0), (0, 9)]), (3, vec![(0, 1), (1, 2), (2, 0)])] {
            let layout = Layout::of(n, &edges, 1000.0);
            assert!(layout.width.is_finite() && layout.height > 0.0 && layout.places.len() == n);
        }
    }
}
