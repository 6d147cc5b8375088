//! Parts of a network that stay as they are.

use std::collections::BTreeSet;

use super::{Module, NetError, Network, Part, Role};

/// What of a network is fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// For each layer, whether it is: its parameters and its batch norms' statistics.
    pub layers: Vec<bool>,
    /// Names of all fixed parameters: those of frozen layers, and slopes if `activations` is frozen.
    pub parameters: BTreeSet<String>,
    /// The first layer that reads numbers of the sample.
    reader: usize,
}

impl Frozen {
    /// How many layers before the first that learns, or that reads numbers of the sample. Their output for an image never changes.
    pub fn prefix(&self) -> usize {
        self.layers[..self.reader].iter().take_while(|&&frozen| frozen).count()
    }

    /// Whether the parameter of this name learns.
    pub fn trains(&self, name: &str) -> bool {
        !self.parameters.contains(name)
    }
}

impl Network {
    /// Fixes these parts. A name is one of [`Network::parts`] or of a layer.
    ///
    /// # Errors
    /// [`NetError::Unknown`] for any other name.
    pub fn freeze<S: AsRef<str>>(&self, parts: &[S]) -> Result<Frozen, NetError> {
        let mut frozen = Frozen { layers: vec![false; self.layers.len()], parameters: BTreeSet::new(), reader: self.first_reader() };
        for name in parts {
            match self.part(name.as_ref())? {
                Part::Layers(layers) => frozen.layers[layers].fill(true),
                Part::Activations => frozen.parameters.extend(self.slopes()),
            }
        }
        for (at, _) in frozen.layers.iter().enumerate().filter(|(_, frozen)| **frozen) {
            let specs = self.specs_of(at..at + 1).into_iter().filter(|spec| spec.role == Role::Parameter);
            frozen.parameters.extend(specs.map(|spec| spec.name));
        }
        Ok(frozen)
    }

    /// The part, or the layer, of this name.
    pub fn part(&self, name: &str) -> Result<Part, NetError> {
        let part = self.parts.iter().find(|(part, _)| part == name).map(|(_, part)| part.clone());
        let layer = || self.layers.iter().position(|layer| layer.name == name).map(|at| Part::Layers(at..at + 1));
        part.or_else(layer).ok_or_else(|| NetError::Unknown {
            net: self.name.clone(),
            kind: "part",
            name: name.to_string(),
            has: self.parts.iter().map(|(part, _)| part.clone()).collect(),
        })
    }

    /// Names of all PReLU slopes.
    fn slopes(&self) -> Vec<String> {
        fn collect(modules: &[Module], to: &mut Vec<String>) {
            for module in modules {
                if let Module::Prelu { name, .. } = module {
                    to.push(format!("{name}.weight"));
                }
                module.inside().into_iter().for_each(|way| collect(way, to));
            }
        }
        let mut names = Vec::new();
        self.layers.iter().for_each(|layer| collect(&layer.modules, &mut names));
        names
    }
}
