//! Triangles with smooth normals, built from grids.

use super::maths::{V3, v3};

/// What a surface is made of; the painter knows each one's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Material {
    /// The front and sides of the head.
    Skin,
    /// Ears, which have no features painted on them.
    Ear,
    /// Neck and, below it, cloth.
    Neck,
    /// Hair on the head; shows only where a vertex's `cover` is positive.
    Hair,
    /// The frame of a pair of glasses.
    Frame,
}

/// A corner of triangles, in head space (one unit is one pixel of the 112 pixel crop, the origin between the eyes).
#[derive(Debug, Clone, Copy)]
pub(super) struct Vertex {
    pub at: V3,
    pub normal: V3,
    /// Distance into the hair from its edge (hair only).
    pub cover: f32,
    /// Place around the head: 0 front, 1 side, 2 back, signed by side (hair only).
    pub around: f32,
}

/// Three vertices of one material.
#[derive(Debug, Clone, Copy)]
pub(super) struct Triangle {
    pub corners: [u32; 3],
    pub material: Material,
}

/// A surface.
#[derive(Debug)]
pub(super) struct Mesh {
    pub vertices: Vec<Vertex>,
    pub triangles: Vec<Triangle>,
    /// The same surfaces in fewer triangles, without thin things: good enough to cast shadows.
    pub coarse: Vec<Triangle>,
}

/// How closely surfaces are cut into triangles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// For images below 80 pixels.
    Coarse,
    Fine,
}

impl Detail {
    /// One of two numbers.
    pub fn of<T>(self, coarse: T, fine: T) -> T {
        match self {
            Detail::Coarse => coarse,
            Detail::Fine => fine,
        }
    }
}

/// The size of a grid of vertices, at least two of each; its last column joins its first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub rows: usize,
    pub columns: usize,
    pub material: Material,
}

impl Mesh {
    /// An empty mesh with room for a head.
    pub fn new() -> Self {
        Mesh { vertices: Vec::with_capacity(6_400), triangles: Vec::with_capacity(12_600), coarse: Vec::with_capacity(3_200) }
    }

    /// Adds a grid whose rows run down and whose columns run to the right when seen from outside; `place` gives each vertex's
    /// position, cover and place around.
    pub fn grid(&mut self, grid: Grid, mut place: impl FnMut(usize, usize) -> (V3, f32, f32)) {
        let first = self.vertices.len();
        for row in 0..grid.rows {
            for column in 0..grid.columns {
                let (at, cover, around) = place(row, column);
                self.vertices.push(Vertex { at, normal: v3(0.0, 0.0, 0.0), cover, around });
            }
        }
        self.set_normals(grid, first);
        join(grid, first, 1, &mut self.triangles);
        if grid.material != Material::Frame {
            join(grid, first, 2, &mut self.coarse);
        }
    }

    /// Normals from the differences of neighbours in the grid.
    fn set_normals(&mut self, grid: Grid, first: usize) {
        let at = |vertices: &[Vertex], row: usize, column: usize| vertices[first + row * grid.columns + column].at;
        for row in 0..grid.rows {
            let (above, below) = (row.saturating_sub(1), (row + 1).min(grid.rows - 1));
            for column in 0..grid.columns {
                let (left, right) = ((column + grid.columns - 1) % grid.columns, (column + 1) % grid.columns);
                let down = at(&self.vertices, below, column) - at(&self.vertices, above, column);
                let across = at(&self.vertices, row, right) - at(&self.vertices, row, left);
                self.vertices[first + row * grid.columns + column].normal = down.cross(across).unit();
            }
        }
    }
}

/// Two triangles for every cell of every `step`th row and column.
fn join(grid: Grid, first: usize, step: usize, triangles: &mut Vec<Triangle>) {
    let index = |row: usize, column: usize| (first + row * grid.columns + column % grid.columns) as u32;
    let material = grid.material;
    for row in (0..grid.rows - 1).step_by(step) {
        let next_row = (row + step).min(grid.rows - 1);
        for column in (0..grid.columns).step_by(step) {
            let next = (column + step).min(grid.columns);
            let (a, b) = (index(row, column), index(row, next));
            let (c, d) = (index(next_row, column), index(next_row, next));
            triangles.push(Triangle { corners: [a, c, b], material });
            triangles.push(Triangle { corners: [b, c, d], material });
        }
    }
}
