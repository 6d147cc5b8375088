//! One image: the head is built, posed, drawn sample by sample, shaded, and taken by the camera.

use super::camera::View;
use super::hair;
use super::head::Head;
use super::identity::Identity;
use super::light::Lighting;
use super::maths::{V3, blend, mix, noise, smooth, v3};
use super::mesh::{Detail, Material, Mesh};
use super::paint::{Paint, Painter, Place};
use super::parts;
use super::pose::Face;
use super::raster::{self, Hit, NOTHING};
use super::sample::{Camera, Scene, Setting};
use rand_chacha::rand_core::Rng;

/// Draws a person at a setting: `size` x `size` pixels, row by row, three bytes (red, green, blue) each.
pub(super) fn render(person: &Identity, setting: &Setting, size: usize) -> Vec<u8> {
    let face = Face::new(person, setting);
    let mesh = build(person, &face, setting, size);
    let scene = Posed::new(&mesh, person, &face, setting, size);
    let painter = Painter { person, face: &face, cloth: setting.scene.cloth };
    let exposure = 0.95 * setting.camera.exposure / (0.35 + 0.65 * scene.lighting.meter());
    let mut light = Vec::with_capacity(size * size);
    for row in 0..size {
        for column in 0..size {
            let seen = scene.pixel(&painter, row, column);
            let behind = if seen.open > 0.0 {
                backdrop(&setting.scene, (column as f32 + 0.5) / size as f32, (row as f32 + 0.5) / size as f32)
            } else {
                BLACK
            };
            light.push((seen.colour * exposure + behind * seen.open).tint(setting.camera.balance));
        }
    }
    develop(&light, &setting.camera)
}

/// Samples along each side of a pixel.
fn samples_per_pixel(size: usize) -> usize {
    if size < 64 { 3 } else { 2 }
}

/// The mesh of a person in an expression.
fn build(person: &Identity, face: &Face, setting: &Setting, size: usize) -> Mesh {
    let detail = if size < 80 { Detail::Coarse } else { Detail::Fine };
    let mut mesh = Mesh::new();
    let head = Head::new(person, face);
    head.build(&mut mesh, detail);
    parts::ears(&head, &mut mesh);
    parts::neck(&head, &mut mesh);
    hair::build(&head, setting, &mut mesh, detail);
    if face.glasses {
        parts::glasses(&head, &mut mesh);
    }
    mesh
}

/// A mesh before the camera.
struct Posed<'a> {
    mesh: &'a Mesh,
    turned: Vec<V3>,
    normals: Vec<V3>,
    hits: Vec<Hit>,
    lighting: Lighting,
    /// Samples along a side of the image, and of a pixel.
    side: usize,
    grid: usize,
}

impl<'a> Posed<'a> {
    fn new(mesh: &'a Mesh, person: &Identity, face: &Face, setting: &Setting, size: usize) -> Self {
        let grid = samples_per_pixel(size);
        let side = size * grid;
        let view = View::new(&Head::new(person, face), setting, side as f32);
        let turned: Vec<V3> = mesh.vertices.iter().map(|vertex| view.turned(vertex.at)).collect();
        let normals = mesh.vertices.iter().map(|vertex| view.direction(vertex.normal)).collect();
        let points: Vec<V3> = turned.iter().map(|&at| view.pixel(at)).collect();
        let hits = raster::draw(mesh, &mesh.triangles, &points, side);
        let lighting = Lighting::new(setting, mesh, &turned);
        Posed { mesh, turned, normals, hits, lighting, side, grid }
    }

    /// What a pixel shows. Where all its samples see one material, it is lit once, and painted once unless its paint is fine.
    fn pixel(&self, painter: &Painter<'_>, row: usize, column: usize) -> Seen {
        let first = (row * self.grid) * self.side + column * self.grid;
        let hits = || (0..self.grid).flat_map(|down| &self.hits[first + down * self.side..][..self.grid]);
        let share = 1.0 / (self.grid * self.grid) as f32;
        let leading = self.material(&self.hits[first]);
        if hits().all(|hit| hit.triangle == self.hits[first].triangle || self.material(hit) == leading) {
            let Some(material) = leading else { return Seen { colour: BLACK, open: 1.0 } };
            let middle = &self.hits[first + (self.grid / 2) * (self.side + 1)];
            let place = self.place(middle);
            let paint = if painter.is_plain(material, place.at) {
                painter.paint(material, place)
            } else {
                Paint::mean(hits().map(|hit| painter.paint(material, self.place(hit))), share)
            };
            return Seen { colour: self.lit(middle, material, &paint), open: 0.0 };
        }
        let mut seen = Seen { colour: BLACK, open: 0.0 };
        for hit in hits() {
            match self.material(hit) {
                None => seen.open += share,
                Some(material) => {
                    let paint = painter.paint(material, self.place(hit));
                    seen.colour = seen.colour + self.lit(hit, material, &paint) * share;
                }
            }
        }
        seen
    }

    fn material(&self, hit: &Hit) -> Option<Material> {
        (hit.triangle != NOTHING).then(|| self.mesh.triangles[hit.triangle as usize].material)
    }

    /// The place that a hit shows.
    fn place(&self, hit: &Hit) -> Place {
        let [p, q, r] = self.mesh.triangles[hit.triangle as usize].corners.map(|corner| &self.mesh.vertices[corner as usize]);
        let number = |a: f32, b: f32, c: f32| a + (b - a) * hit.b + (c - a) * hit.c;
        let at = p.at + (q.at - p.at) * hit.b + (r.at - p.at) * hit.c;
        Place { at, cover: number(p.cover, q.cover, r.cover), around: number(p.around, q.around, r.around) }
    }

    /// The light from a painted place.
    fn lit(&self, hit: &Hit, material: Material, paint: &Paint) -> V3 {
        let corners = self.mesh.triangles[hit.triangle as usize].corners.map(|corner| corner as usize);
        let between = |of: &[V3]| of[corners[0]] + (of[corners[1]] - of[corners[0]]) * hit.b + (of[corners[2]] - of[corners[0]]) * hit.c;
        let mut normal = between(&self.normals).unit();
        if normal.z < 0.0 && matches!(material, Material::Hair | Material::Frame) {
            normal = normal * -1.0;
        }
        self.lighting.shade(paint, between(&self.turned), normal)
    }
}

/// What one pixel sees: light from surfaces, and the part of it that is background.
struct Seen {
    colour: V3,
    open: f32,
}

const BLACK: V3 = v3(0.0, 0.0, 0.0);

/// The blurred background: a gradient with soft shapes.
fn backdrop(scene: &Scene, x: f32, y: f32) -> V3 {
    let [start, end, shapes] = scene.backdrop;
    let lean = (scene.seed % 7) as f32 / 6.0;
    let shape = smooth(0.45, 0.6, noise(x * 3.1 + lean, y * 2.3, scene.seed)) * scene.clutter;
    let fine = 0.88 + 0.24 * noise(x * 9.0, y * 9.0, scene.seed ^ 0x4d);
    blend(blend(start, end, mix(x, y, lean)), shapes, shape) * fine
}

/// From linear light to bytes: gamma 2 (its square root is exact everywhere), contrast, noise of the sensor.
fn develop(light: &[V3], camera: &Camera) -> Vec<u8> {
    let mut grain = vec![0u8; light.len() * 6];
    camera.noise_stream.stream().fill_bytes(&mut grain);
    let strength = camera.noise / 104.0;
    let mut bytes = Vec::with_capacity(light.len() * 3);
    for (pixel, grain) in light.iter().zip(grain.chunks_exact(6)) {
        for (value, pair) in [pixel.x, pixel.y, pixel.z].into_iter().zip(grain.chunks_exact(2)) {
            let bright = value.max(0.0).sqrt();
            let rolled = if bright > 0.8 { 1.0 - 0.2 * 0.2 / (bright - 0.6) } else { bright };
            let contrasted = (rolled - 0.45) * camera.contrast + 0.45;
            let noise = (f32::from(pair[0]) + f32::from(pair[1]) - 255.0) * strength;
            bytes.push((contrasted * 255.0 + noise + 0.5).clamp(0.0, 255.0) as u8);
        }
    }
    bytes
}

/// The samples of an image, right and down, that show a place of the head that a test asks for.
#[cfg(test)]
pub(super) fn showing(person: &Identity, setting: &Setting, size: usize, wanted: impl Fn(&Face, Material, V3) -> bool) -> Vec<[f32; 2]> {
    let face = Face::new(person, setting);
    let mesh = build(person, &face, setting, size);
    let scene = Posed::new(&mesh, person, &face, setting, size);
    let samples = scene.hits.iter().enumerate().filter(|(_, hit)| hit.triangle != NOTHING);
    samples
        .filter(|(_, hit)| wanted(&face, mesh.triangles[hit.triangle as usize].material, scene.place(hit).at))
        .map(|(at, _)| [at % scene.side, at / scene.side].map(|place| (place as f32 + 0.5) / scene.grid as f32))
        .collect()
}
