//! The prototypes of a public weights file: which of its tensors they are, and which way round they lie.

use super::Network;
use super::fit::{Sort, Sorts, is_wrapper};
use crate::diag::Code;
use crate::events::Failure;
use crate::tensors::Dictionary;
use std::collections::BTreeSet;

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
/// Names in a file of prototypes alone: insightface's partial FC and face.evoLVe's margins (`weight`), CurricularFace's and AdaFace's
/// (`kernel`).
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

/// The prototypes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The tensor's name.
    pub name: String,
    /// Whether it has a column for each class, not a row.
    pub columns: bool,
}

/// Which of these tensors are prototypes of so many classes, of this width.
///
/// # Errors
/// When none is, or none of this many classes and this width.
pub fn find(tensors: &Sorts, place: Place, classes: i64, width: i64) -> Result<Found, Misfit> {
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
            Place::Beside(_) => is_wrapper(before),
        })
    };
    let found = names.iter().find_map(|(wanted, lies)| {
        let (name, tensor) = tensors.iter().find(|(name, tensor)| known(name, wanted) && tensor.sides.len() == 2)?;
        Some((name, tensor, *lies))
    });
    let Some((name, tensor, lies)) = found else { return Err(Misfit::None) };
    let (count, wide) = match lies {
        Lies::Rows => (tensor.sides[0], tensor.sides[1]),
        Lies::Columns => (tensor.sides[1], tensor.sides[0]),
    };
    if wide != width {
        return Err(Misfit::Width { name: name.to_owned(), shape: tensor.sides.clone(), width });
    }
    if count != classes {
        return Err(Misfit::Classes { name: name.to_owned(), found: count, wanted: classes });
    }
    Ok(Found { name: name.to_owned(), columns: lies == Lies::Columns })
}

/// The same in a file's dictionaries: beside the network in the one that its tensors are in, else alone in another. The dictionary's place
/// comes first.
///
/// # Errors
/// As [`find`], of the first dictionary with a tensor of a known name.
pub fn in_file(dictionaries: &[Dictionary], beside: Option<(usize, &Network)>, classes: i64, width: i64) -> Result<(usize, Found), Misfit> {
    let sorts = |place: usize| dictionaries[place].tensors.iter().map(|(name, tensor)| (name.clone(), Sort::from(tensor))).collect();
    let own = beside.map(|(place, network)| (place, Place::Beside(network)));
    let others = (0..dictionaries.len()).filter(|place| beside.is_none_or(|(own, _)| own != *place)).map(|place| (place, Place::Alone));
    let mut misfit = Misfit::None;
    for (place, kind) in own.into_iter().chain(others) {
        match find(&sorts(place), kind, classes, width) {
            Ok(found) => return Ok((place, found)),
            Err(other) if misfit == Misfit::None => misfit = other,
            Err(_) => {} // of several the first is told
        }
    }
    Err(misfit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> Network {
        let vgg = crate::ops::nets::Vgg16 { weights: None, dropout: 0.5, seed: 0 };
        crate::nets::Backbone::network(&vgg).unwrap()
    }

    fn tensors(name: &str, rows: i64, columns: i64) -> Sorts {
        let of = |sides: &[i64]| Sort { sides: sides.to_vec(), floating: true };
        [("conv1.weight".to_owned(), of(&[2, 3, 3, 3])), (name.to_owned(), of(&[rows, columns]))].into()
    }

    #[test]
    fn public_names_lie_one_way_or_the_other() {
        let network = network();
        for (name, alone, columns) in [
            ("head.kernel", false, true),
            ("module.fc2.weight", false, false),
            ("module._orig_mod.fc2.weight", false, false),
            ("weight", true, false),
            ("kernel", true, true),
            ("state_dict_softmax_fc.weight", true, false),
        ] {
            let file = if columns { tensors(name, 2, 3) } else { tensors(name, 3, 2) };
            let found = find(&file, if alone { Place::Alone } else { Place::Beside(&network) }, 3, 2);
            assert_eq!(found, Ok(Found { name: name.to_owned(), columns }));
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let network = network();
        let place = Place::Beside(&network);
        let said = |file: &Sorts, classes, width| find(file, place, classes, width).unwrap_err().failure("net.pt", "faces").message;
        let file = tensors("head.kernel", 2, 3);
        assert_eq!(said(&file, 4, 2), "net.pt has prototypes (`head.kernel`) of 3 classes, and `faces` has 4 people");
        assert_eq!(said(&file, 3, 8), "the prototypes `head.kernel` of net.pt are [2, 3], and the embedding is 8 wide");
        assert_eq!(said(&tensors("conv2.weight", 2, 3), 3, 2), "net.pt has no prototypes");
        // VGG's own layer of that name is no head
        assert_eq!(said(&tensors("fc6.weight", 3, 2), 3, 2), "net.pt has no prototypes");
        assert!(find(&tensors("fc8.weight", 3, 2), place, 3, 2).is_ok());
    }
}
