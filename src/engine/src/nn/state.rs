//! Named tensors: what a model knows, saved whole under names that don't change.

pub(crate) mod account;
pub(crate) mod file;
pub(crate) mod init;

use std::collections::BTreeMap;
use std::ops::Bound;

use tch::{Device, Kind, Tensor};

pub(crate) use ddl::nets::fit::Account;
use ddl::nets::fit::Unfit;
pub(crate) use ddl::nets::{Init, NameMap, Role, Spec};
pub(crate) use file::FileError;

/// A tensor and its role.
#[derive(Debug)]
pub struct Entry {
    /// The values.
    pub tensor: Tensor,
    /// What they are to training.
    pub role: Role,
}

/// A tensor of which values are NaN or infinite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFinite {
    /// Which.
    pub name: String,
    /// How many of its values.
    pub count: i64,
}

impl std::fmt::Display for NotFinite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values = if self.count == 1 { "1 value".to_owned() } else { format!("{} values", self.count) };
        write!(f, "`{}` has {values} that {} NaN or infinite", self.name, if self.count == 1 { "is" } else { "are" })
    }
}

/// An error about the tensors of a state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A tensor that must be there is not.
    #[error("there is no tensor `{0}`")]
    Missing(String),
    /// A name would be taken twice.
    #[error("there are two tensors named `{0}`")]
    Twice(String),
    /// The tensors that came are not the ones that were wanted.
    #[error("{0}")]
    Account(Box<Account>),
    /// The tensors that came are not a network's, for another reason.
    #[error(transparent)]
    Unfit(Unfit),
    /// A file of tensors could not be understood.
    #[error(transparent)]
    File(#[from] FileError),
    /// libtorch refused.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
}

impl From<Unfit> for StateError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Account(account) => StateError::Account(account),
            Unfit::Twice(name) => StateError::Twice(name),
            other @ (Unfit::Net(_) | Unfit::Names(_) | Unfit::NoPlace { .. } | Unfit::Several(_)) => StateError::Unfit(other),
        }
    }
}

/// A map from name to tensor, in the order of the names.
///
/// Cloning is shallow: both maps see the same values. [`State::copy`] makes values of its own.
#[derive(Debug, Default)]
pub struct State {
    entries: BTreeMap<String, Entry>,
}

impl Clone for State {
    fn clone(&self) -> Self {
        self.map(Tensor::shallow_clone)
    }
}

impl State {
    /// A state without tensors.
    pub fn new() -> Self {
        Self::default()
    }

    /// The starting values of these tensors: each is a pure function of (seed, its name, its shape).
    pub fn initialise(specs: &[Spec], seed: i64, device: Device, kind: Kind) -> Result<Self, StateError> {
        let mut state = Self::new();
        for spec in specs {
            let tensor = init::tensor(spec, seed)?.f_to_device(device)?.f_to_kind(kind)?;
            state.insert(&spec.name, tensor, spec.role)?;
        }
        Ok(state)
    }

    /// Adds a tensor under a new name.
    pub fn insert(&mut self, name: &str, tensor: Tensor, role: Role) -> Result<(), StateError> {
        match self.entries.insert(name.to_string(), Entry { tensor, role }) {
            None => Ok(()),
            Some(_) => Err(StateError::Twice(name.to_string())),
        }
    }

    /// Puts a tensor under a name, whatever was there.
    pub fn replace(&mut self, name: &str, tensor: Tensor, role: Role) {
        self.entries.insert(name.to_string(), Entry { tensor, role });
    }

    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Result<&Tensor, StateError> {
        self.entries.get(name).map(|entry| &entry.tensor).ok_or_else(|| StateError::Missing(name.to_string()))
    }

    /// The tensor of this name and its role, if there is one.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Takes the tensor of this name out.
    pub fn remove(&mut self, name: &str) -> Option<Entry> {
        self.entries.remove(name)
    }

    /// All entries, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// How many tensors there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The tensors whose names start with `prefix`, without it. Shallow.
    #[must_use]
    pub(crate) fn part(&self, prefix: &str) -> State {
        let from = (Bound::Included(prefix.to_string()), Bound::Unbounded);
        let entries = self
            .entries
            .range(from)
            .take_while(|(name, _)| name.starts_with(prefix))
            .map(|(name, entry)| (name[prefix.len()..].to_string(), Entry { tensor: entry.tensor.shallow_clone(), role: entry.role }));
        State { entries: entries.collect() }
    }

    /// Adds all tensors of `other` under `prefix` + their names. Shallow.
    pub fn absorb(&mut self, prefix: &str, other: &State) -> Result<(), StateError> {
        other.iter().try_for_each(|(name, entry)| self.insert(&format!("{prefix}{name}"), entry.tensor.shallow_clone(), entry.role))
    }

    /// The same names over other tensors.
    #[must_use]
    pub fn map(&self, mut of: impl FnMut(&Tensor) -> Tensor) -> State {
        let entries = self.entries.iter().map(|(name, e)| (name.clone(), Entry { tensor: of(&e.tensor), role: e.role }));
        State { entries: entries.collect() }
    }

    /// Values of its own: later changes of either are not seen by the other. Nothing here asks for gradients.
    pub fn copy(&self) -> Result<State, StateError> {
        self.try_map(|tensor| {
            let mut copy = tensor.f_detach()?.f_empty_like()?;
            copy.f_copy_(&tensor.f_detach()?)?;
            Ok(copy)
        })
    }

    /// The numbers of a tensor, row by row.
    ///
    /// # Errors
    /// When there is no tensor of this name.
    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<f64>, StateError> {
        let flat = self.get(name)?.f_detach()?.f_reshape([-1])?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
        Ok(Vec::try_from(flat)?)
    }

    /// On another device, floating-point tensors in another precision.
    pub fn to(&self, device: Device, kind: Kind) -> Result<State, StateError> {
        self.try_map(|tensor| {
            let tensor = tensor.f_to_device(device)?;
            if tensor.is_floating_point() { tensor.f_to_kind(kind) } else { Ok(tensor) }
        })
    }

    /// Makes exactly the parameters for which `trained` holds ask for gradients.
    pub fn require_gradients(&self, trained: impl Fn(&str) -> bool) -> Result<(), StateError> {
        for (name, entry) in self.iter() {
            let _ = entry.tensor.f_set_requires_grad(entry.role == Role::Parameter && trained(name))?;
        }
        Ok(())
    }

    /// The first tensor of which a value is NaN or infinite; nothing where all are numbers.
    ///
    /// # Errors
    /// When libtorch has no memory for it.
    pub(crate) fn not_finite(&self) -> Result<Option<NotFinite>, StateError> {
        for (name, entry) in self.iter().filter(|(_, entry)| entry.tensor.is_floating_point()) {
            let finite = entry.tensor.f_detach()?.f_isfinite()?;
            if finite.f_all()?.f_int64_value(&[])? == 0 {
                let count = finite.f_logical_not()?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
                return Ok(Some(NotFinite { name: name.to_owned(), count }));
            }
        }
        Ok(None)
    }

    fn try_map(&self, of: impl Fn(&Tensor) -> Result<Tensor, tch::TchError>) -> Result<State, StateError> {
        let entry = |(name, e): (&String, &Entry)| Ok((name.clone(), Entry { tensor: of(&e.tensor)?, role: e.role }));
        Ok(State { entries: self.entries.iter().map(entry).collect::<Result<_, StateError>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: &str, shape: &[i64], init: Init) -> Spec {
        Spec { name: name.into(), shape: shape.into(), role: Role::Parameter, init }
    }

    #[test]
    fn a_tensor_starts_from_its_name_and_not_from_its_place() {
        let (a, b) = (spec("a", &[3, 4], Init::Normal { sd: 1.0 }), spec("b", &[3, 4], Init::Normal { sd: 1.0 }));
        let one = State::initialise(&[a.clone(), b.clone()], 7, Device::Cpu, Kind::Float).unwrap();
        let two = State::initialise(&[b, a], 7, Device::Cpu, Kind::Float).unwrap();
        assert_eq!(one.get("a").unwrap(), two.get("a").unwrap());
        assert_ne!(one.get("a").unwrap(), one.get("b").unwrap());
    }

    #[test]
    fn a_part_is_seen_without_its_prefix() {
        let mut state = State::new();
        for name in ["net.a", "net.b", "nets.c", "head.a"] {
            state.insert(name, Tensor::from(1.0), Role::Parameter).unwrap();
        }
        assert_eq!(state.part("net.").names().collect::<Vec<_>>(), ["a", "b"]);
        assert!(matches!(state.insert("head.a", Tensor::from(1.0), Role::Buffer), Err(StateError::Twice(_))));
    }

    #[test]
    fn a_copy_has_values_of_its_own_and_a_clone_does_not() {
        let mut state = State::new();
        state.insert("x", Tensor::from_slice(&[1.0f32]), Role::Parameter).unwrap();
        let (copy, clone) = (state.copy().unwrap(), state.clone());
        let _ = state.get("x").unwrap().shallow_clone().fill_(5.0);
        assert!((copy.get("x").unwrap().double_value(&[0]) - 1.0).abs() < f64::EPSILON);
        assert!((clone.get("x").unwrap().double_value(&[0]) - 5.0).abs() < f64::EPSILON);
    }
}
