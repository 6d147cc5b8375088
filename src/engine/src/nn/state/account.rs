//! Every tensor of a checkpoint is accounted for: taken, or named in an error.

use std::fmt;

use serde::Serialize;

use super::{NameMap, Spec, State, StateError};

/// A tensor whose shape is not the one that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misshapen {
    /// Its name in the network.
    pub name: String,
    /// The shape that the network has.
    pub expected: Vec<i64>,
    /// The shape that came.
    pub found: Vec<i64>,
}

/// What became of each tensor of a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// How many tensors were taken.
    pub taken: usize,
    /// Names that the network has and the checkpoint has not.
    pub missing: Vec<String>,
    /// Names (as the checkpoint says them) that the network does not have.
    pub extra: Vec<String>,
    /// Tensors of another shape.
    pub misshapen: Vec<Misshapen>,
    /// Tensors of whole numbers where others are wanted.
    pub mistyped: Vec<String>,
    /// Names (as the checkpoint says them) that the map drops on purpose.
    pub ignored: Vec<String>,
}

impl Account {
    /// Whether nothing is missing, superfluous, misshapen or of another type.
    pub fn is_full(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.misshapen.is_empty() && self.mistyped.is_empty()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tensors fit", self.taken)?;
        list(f, "missing", &self.missing)?;
        list(f, "not known to the network", &self.extra)?;
        let misshapen: Vec<String> =
            self.misshapen.iter().map(|m| format!("{}: expected {:?}, found {:?}", m.name, m.expected, m.found)).collect();
        list(f, "of another shape", &misshapen)?;
        list(f, "of whole numbers", &self.mistyped)
    }
}

fn list(f: &mut fmt::Formatter<'_>, what: &str, names: &[String]) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    write!(f, "\n{} {what}:", names.len())?;
    names.iter().try_for_each(|name| write!(f, "\n  {name}"))
}

impl State {
    /// Takes the tensors that `specs` want from a checkpoint, whose names are mapped first. The tensors are shared, not copied.
    ///
    /// # Errors
    /// [`StateError::Account`] with every missing, extra and misshapen tensor; [`StateError::Twice`] when the map makes two names one.
    pub fn adopt(specs: &[Spec], checkpoint: &State, names: &NameMap) -> Result<(State, Account), StateError> {
        let mut account = Account::default();
        let mut renamed = State::new();
        let mut original = std::collections::BTreeMap::new();
        for (name, entry) in checkpoint.iter() {
            match names.apply(name) {
                Some(new) => {
                    renamed.insert(&new, entry.tensor.shallow_clone(), entry.role)?;
                    original.insert(new, name.to_string());
                }
                None => account.ignored.push(name.to_string()),
            }
        }
        let mut state = State::new();
        for spec in specs {
            match renamed.remove(&spec.name) {
                None => account.missing.push(spec.name.clone()),
                Some(entry) if entry.tensor.size() != spec.shape => {
                    let found = entry.tensor.size();
                    account.misshapen.push(Misshapen { name: spec.name.clone(), expected: spec.shape.clone(), found });
                }
                Some(entry) if !entry.tensor.is_floating_point() => account.mistyped.push(spec.name.clone()),
                Some(entry) => {
                    account.taken += 1;
                    state.insert(&spec.name, entry.tensor, spec.role)?;
                }
            }
        }
        account.extra = renamed.names().map(|name| original[name].clone()).collect();
        if account.is_full() { Ok((state, account)) } else { Err(StateError::Account(Box::new(account))) }
    }
}

#[cfg(test)]
mod tests {
    use tch::Tensor;

    use super::super::{Init, Role};
    use super::*;

    fn spec(name: &str, shape: &[i64]) -> Spec {
        Spec { name: name.into(), shape: shape.into(), role: Role::Parameter, init: Init::Constant(0.0) }
    }

    #[test]
    fn every_tensor_is_named() {
        let mut checkpoint = State::new();
        for (name, len) in [("a", 2), ("b", 3), ("x.y", 1), ("bn.num_batches_tracked", 1)] {
            checkpoint.insert(name, Tensor::from_slice(&vec![1f32; len]), Role::Parameter).unwrap();
        }
        let specs = [spec("a", &[2]), spec("b", &[4]), spec("c", &[1])];
        let error = State::adopt(&specs, &checkpoint, &NameMap::default()).unwrap_err();
        insta::assert_snapshot!(error, @r"
        1 tensors fit
        1 missing:
          c
        1 not known to the network:
          x.y
        1 of another shape:
          b: expected [4], found [3]
        ");
    }
}
