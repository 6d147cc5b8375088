//! What `tap(…)` can name in each backbone, and the size of what comes out there: known without the engine, so that a recipe is checked by
//! it.

use super::{NetError, Network, Part, Shape};

/// A part whose output is a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapShape {
    /// The part.
    pub name: String,
    /// Height and width of the map.
    pub sides: (u32, u32),
}

impl Network {
    /// The layer whose output `tap(name)` is: the layer of this name, or the last layer of the part or block group of this name.
    ///
    /// # Errors
    /// [`NetError::Unknown`] for any other name.
    pub fn tap(&self, name: &str) -> Result<usize, NetError> {
        let within = format!("{name}.");
        let part = self.parts.iter().find_map(|(part, kind)| match kind {
            Part::Layers(layers) if part == name => layers.end.checked_sub(1),
            Part::Layers(_) | Part::Activations => None,
        });
        let layer = self.layers.iter().position(|layer| layer.name == name);
        let group = self.layers.iter().rposition(|layer| layer.name.starts_with(&within));
        layer.or(part).or(group).ok_or_else(|| NetError::Unknown {
            net: self.name.clone(),
            kind: "layer",
            name: name.to_string(),
            has: self.layers.iter().map(|layer| layer.name.clone()).collect(),
        })
    }

    /// The group of blocks that a layer belongs to: what its name says before the first dot.
    pub fn group(&self, layer: usize) -> &str {
        let name = &self.layers[layer].name;
        name.split_once('.').map_or(name, |(group, _)| group)
    }

    /// The parts and groups of blocks of the trunk whose output is a map, by their last layer; of one layer parts first, the trunk last. A
    /// group of an iresnet's blocks has insightface's name beside its part's.
    ///
    /// # Errors
    /// As [`Network::shapes`].
    pub fn taps(&self) -> Result<Vec<TapShape>, NetError> {
        let shapes = self.shapes()?;
        let parts = self.parts.iter().filter_map(|(name, part)| match part {
            Part::Layers(layers) => Some((layers.end, name.as_str())),
            Part::Activations => None,
        });
        let trunk = parts.clone().find(|(_, name)| *name == "trunk").map_or(0, |(end, _)| end);
        let mut ends: Vec<(usize, u8, &str)> = parts.map(|(end, name)| (end, if name == "trunk" { 2 } else { 0 }, name)).collect();
        for layer in 0..trunk {
            let group = self.group(layer);
            let last = (layer + 1..trunk).all(|later| self.group(later) != group);
            if last && ends.iter().all(|(_, _, name)| *name != group) {
                ends.push((layer + 1, 1, group));
            }
        }
        ends.retain(|(end, ..)| (1..=trunk).contains(end));
        ends.sort_by_key(|(end, kind, _)| (*end, *kind)); // stable: parts stay in their order
        let tap = |(end, _, name): (usize, u8, &str)| match shapes[end - 1] {
            Shape::Map { height, width, .. } => Some(TapShape { name: name.to_owned(), sides: (height as u32, width as u32) }),
            Shape::Tokens { .. } | Shape::Vector(_) => None,
        };
        Ok(ends.into_iter().filter_map(tap).collect())
    }
}
