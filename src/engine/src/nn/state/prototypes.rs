//! The prototypes of a public weights file: which of its tensors they are, and which way round they lie.

use ddl::diag::Code;
use ddl::events::Failure;
use ddl::nets::Network;
use std::collections::BTreeSet;
use tch::Tensor;

use super::State;
use crate::nn::backbone::build::WRAPPERS;

/// How a tensor lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lies {
    /// A row for each class.
    Rows,
    /// A column for each class.
    Columns,
}

/// Names of prototypes beside a network: AdaFace's head, the first of a model that was exported here, classifiers of the older networks.
const BESIDE: [(&str, Lies); 8] = [
    ("head.kernel", Lies::Columns),
    ("head.weight", Lies::Rows),
    ("head.0.prototypes", Lies::Rows),
    ("fc2.weight", Lies::Rows),
    ("fc2_.weight", Lies::Rows),
    ("fc6.weight", Lies::Rows),
    ("fc8.weight", Lies::Rows),
    ("classifier.weight", Lies::Rows),
];
/// Names in a file of prototypes alone: insightface's partial FC and face.evoLVe's margins (`weight`), CurricularFace's and AdaFace's (`kernel`).
const ALONE: [(&str, Lies); 4] =
    [("weight", Lies::Rows), ("kernel", Lies::Columns), ("prototypes", Lies::Rows), ("weight_activated", Lies::Rows)];

/// Why a file gives no prototypes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// No tensor has a known name.
    None,
    /// There are as many classes as this, not as that.
    Classes {
        /// The tensor.
        name: String,
        /// Classes that it has.
        found: i64,
        /// Classes that are wanted.
        wanted: i64,
    },
    /// No side of the tensor is as wide as the embedding.
    Width {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<i64>,
        /// The embedding's width.
        width: i64,
    },
}

impl Misfit {
    /// What to say of a file and of the data set that names its people.
    pub fn failure(&self, file: &str, people: &str) -> Failure {
        let (message, help) = match self {
            Misfit::None => (
                format!("{file} has no prototypes"),
                "where they lie in a file of their own, name it: checkpoint(path, head = file, prototypes = people)".to_owned(),
            ),
            Misfit::Classes { name, found, wanted } => (
                format!("{file} has prototypes (`{name}`) of {found} classes, and `{people}` has {wanted} people"),
                "name the people that it was trained on, all of them and in its order".to_owned(),
            ),
            Misfit::Width { name, shape, width } => (
                format!("the prototypes `{name}` of {file} are {shape:?}, and the embedding is {width} wide"),
                "look at `embedding` of the network".to_owned(),
            ),
        };
        Failure::new(Code::PrototypesMismatch, message).help(help)
    }
}

/// Where a file's prototypes are looked for.
#[derive(Debug, Clone, Copy)]
pub enum Place<'n> {
    /// Beside the tensors of this network.
    Beside(&'n Network),
    /// In a file of their own.
    Alone,
}

/// The prototypes of a file, `[classes, width]`.
///
/// # Errors
/// When it has none, or none of this many classes and this width.
pub fn find(state: &State, place: Place, classes: i64, width: i64) -> Result<Tensor, Misfit> {
    let names: Vec<(&str, Lies)> = match place {
        Place::Alone => BESIDE.into_iter().chain(ALONE).collect(),
        Place::Beside(network) => {
            let own: BTreeSet<String> = network.specs().into_iter().map(|spec| spec.name).collect();
            BESIDE.into_iter().filter(|(name, _)| !own.contains(*name)).collect()
        }
    };
    let known = |name: &str, wanted: &str| {
        let before = name.strip_suffix(wanted);
        before.is_some_and(|before| match place {
            Place::Alone => before.is_empty() || before.ends_with('.'),
            Place::Beside(_) => before.is_empty() || WRAPPERS.contains(&before),
        })
    };
    let found = names.iter().find_map(|(wanted, lies)| {
        let (name, entry) = state.iter().find(|(name, entry)| known(name, wanted) && entry.tensor.dim() == 2)?;
        Some((name, &entry.tensor, *lies))
    });
    let Some((name, tensor, lies)) = found else { return Err(Misfit::None) };
    let shape = tensor.size();
    let (count, wide) = match lies {
        Lies::Rows => (shape[0], shape[1]),
        Lies::Columns => (shape[1], shape[0]),
    };
    if wide != width {
        return Err(Misfit::Width { name: name.to_owned(), shape, width });
    }
    if count != classes {
        return Err(Misfit::Classes { name: name.to_owned(), found: count, wanted: classes });
    }
    Ok(match lies {
        Lies::Rows => tensor.shallow_clone(),
        Lies::Columns => tensor.transpose(0, 1).contiguous(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::*;
    use tch::{Device, Kind};

    fn network() -> Network {
        let vgg = ddl::ops::nets::Vgg16 { weights: None, dropout: 0.5, seed: 0 };
        ddl::nets::Backbone::network(&vgg).unwrap()
    }

    fn state(name: &str, rows: i64, columns: i64) -> State {
        let mut state = State::new();
        state.insert("conv1.weight", Tensor::zeros([2, 3, 3, 3], (Kind::Float, Device::Cpu)), Role::Parameter).unwrap();
        let tensor = Tensor::arange(rows * columns, (Kind::Float, Device::Cpu)).view([rows, columns]);
        state.insert(name, tensor, Role::Parameter).unwrap();
        state
    }

    #[test]
    fn public_names_lie_one_way_or_the_other() {
        let network = network();
        let rows = [[0.0f32, 1.0], [2.0, 3.0], [4.0, 5.0]].concat();
        for (name, alone, turned) in [
            ("head.kernel", false, true),
            ("module.fc2.weight", false, false),
            ("weight", true, false),
            ("kernel", true, true),
            ("state_dict_softmax_fc.weight", true, false),
        ] {
            let file = if turned { state(name, 2, 3) } else { state(name, 3, 2) };
            let found = find(&file, if alone { Place::Alone } else { Place::Beside(&network) }, 3, 2).unwrap();
            let wanted = Tensor::from_slice(&rows).view([3, 2]);
            let wanted = if turned { Tensor::arange(6, (Kind::Float, Device::Cpu)).view([2, 3]).transpose(0, 1) } else { wanted };
            assert_eq!(found, wanted, "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let network = network();
        let place = Place::Beside(&network);
        let said = |file: &State, classes, width| find(file, place, classes, width).unwrap_err().failure("net.pt", "faces").message;
        let file = state("head.kernel", 2, 3);
        assert_eq!(said(&file, 4, 2), "net.pt has prototypes (`head.kernel`) of 3 classes, and `faces` has 4 people");
        assert_eq!(said(&file, 3, 8), "the prototypes `head.kernel` of net.pt are [2, 3], and the embedding is 8 wide");
        assert_eq!(said(&state("conv2.weight", 2, 3), 3, 2), "net.pt has no prototypes");
        // VGG's own layer of that name is no head
        assert_eq!(said(&state("fc6.weight", 3, 2), 3, 2), "net.pt has no prototypes");
        assert!(find(&state("fc8.weight", 3, 2), place, 3, 2).is_ok());
    }
}
