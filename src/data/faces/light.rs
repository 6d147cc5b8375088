//! Light on surfaces: a key light with its shadows, light from all around, highlights.

use super::maths::{V3, blend, sin_cos, v3};
use super::mesh::Mesh;
use super::paint::Paint;
use super::raster::{self, Hit};
use super::sample::Setting;

const SHADOW_SIDE: usize = 64;
/// Half the width of what the shadow map covers, in head units.
const REACH: f32 = 84.0;

/// The light of one image, in camera space.
pub(super) struct Lighting {
    key: V3,
    key_colour: V3,
    sky: V3,
    ground: V3,
    half: V3,
    /// Axes of the shadow map: right, down, towards the light.
    axes: [V3; 3],
    depths: Vec<f32>,
}

impl Lighting {
    /// The light of a setting on a mesh whose vertices stand at `turned` in camera space.
    pub fn new(setting: &Setting, mesh: &Mesh, turned: &[V3]) -> Self {
        let light = &setting.light;
        let (sa, ca) = sin_cos(light.azimuth.as_radians());
        let (se, ce) = sin_cos(light.elevation.as_radians());
        let key = v3((ce * sa) as f32, se as f32, (ce * ca) as f32);
        let right = v3(0.0, 1.0, 0.0).cross(key).unit();
        let axes = [right, right.cross(key), key];
        let strength = light.strength as f32;
        let scene = &setting.scene;
        let mut lighting = Lighting {
            key,
            key_colour: scene.key * (2.1 * strength),
            sky: scene.sky * (0.95 * (1.0 - strength) + 0.12),
            ground: scene.ground.tint(scene.sky) * (0.95 * (1.0 - strength) + 0.12),
            half: (key + v3(0.0, 0.0, 1.0)).unit(),
            axes,
            depths: Vec::new(),
        };
        let points: Vec<V3> = turned.iter().map(|&at| lighting.on_map(at)).collect();
        let hits: Vec<Hit> = raster::draw(mesh, &mesh.coarse, &points, SHADOW_SIDE);
        lighting.depths = hits.iter().map(|hit| hit.depth).collect();
        lighting
    }

    /// A point of camera space on the shadow map.
    fn on_map(&self, at: V3) -> V3 {
        let scale = SHADOW_SIDE as f32 / (2.0 * REACH);
        v3((self.axes[0].dot(at) + REACH) * scale, (self.axes[1].dot(at) + REACH) * scale, self.axes[2].dot(at))
    }

    /// Part of the key light that reaches a point, from the four nearest places of the map.
    fn lit(&self, at: V3) -> f32 {
        let seen = self.on_map(at);
        let (x, y) = (seen.x - 0.5, seen.y - 0.5);
        let limit = (SHADOW_SIDE - 2) as f32;
        if !(0.0..limit).contains(&x) || !(0.0..limit).contains(&y) {
            return 1.0;
        }
        let (left, top) = (x as usize, y as usize);
        let (u, v) = (x - left as f32, y - top as f32);
        let open = |column: usize, row: usize| {
            let behind = self.depths[row * SHADOW_SIDE + column] - seen.z - 3.2;
            (1.0 - behind * 0.4).clamp(0.0, 1.0)
        };
        let above = open(left, top) * (1.0 - u) + open(left + 1, top) * u;
        let below = open(left, top + 1) * (1.0 - u) + open(left + 1, top + 1) * u;
        above * (1.0 - v) + below * v
    }

    /// Light that a painted place sends to the camera; `at` and `normal` are in camera space.
    pub fn shade(&self, paint: &Paint, at: V3, normal: V3) -> V3 {
        let around = blend(self.ground, self.sky, 0.5 + 0.5 * normal.y) * paint.open;
        let facing = self.key.dot(normal);
        let wrap = |reach: f32| ((facing + reach) / (1.0 + reach)).max(0.0);
        let direct = v3(wrap(paint.soft), wrap(0.45 * paint.soft), wrap(0.3 * paint.soft));
        let lit = if facing > -paint.soft { self.lit(at) * (0.4 + 0.6 * paint.open) } else { 0.0 };
        let mut sharp = self.half.dot(normal).max(0.0);
        for _ in 0..paint.polish {
            sharp *= sharp;
        }
        let gloss = self.key_colour * (sharp * paint.gloss * lit) + self.sky * (0.25 * paint.gloss * (1.0 - normal.z.clamp(0.0, 1.0)));
        paint.colour.tint(around + direct.tint(self.key_colour) * lit) + gloss
    }

    /// What a grey card facing the camera would send: the camera's meter.
    pub fn meter(&self) -> f32 {
        let all = blend(self.ground, self.sky, 0.5) + self.key_colour * (0.35 + 0.65 * self.key.z.max(0.0));
        (all.x + all.y + all.z) / 3.0
    }
}
