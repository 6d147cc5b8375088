//! Tensors of a checkpoint under the names that a network gives them. Which ones those are, [`ddl::nets::fit`] says.

use super::{NameMap, Spec, State, StateError};
use ddl::nets::fit::{Account, Sort, Sorts, adopt};

impl State {
    /// What its tensors are beside their numbers.
    pub fn sorts(&self) -> Sorts {
        let sort = |tensor: &tch::Tensor| Sort { sides: tensor.size(), floating: tensor.is_floating_point() };
        self.iter().map(|(name, entry)| (name.to_owned(), sort(&entry.tensor))).collect()
    }

    /// Tensors under other names, with the roles that those have. They are shared, not copied.
    ///
    /// # Errors
    /// A tensor that is not there.
    pub fn taken(&self, names: &[(Spec, String)]) -> Result<State, StateError> {
        let mut state = State::new();
        for (spec, name) in names {
            state.insert(&spec.name, self.get(name)?.shallow_clone(), spec.role)?;
        }
        Ok(state)
    }

    /// Takes the tensors that `specs` want from a checkpoint, whose names are mapped first. The tensors are shared, not copied.
    ///
    /// # Errors
    /// [`StateError::Account`] with every missing, extra and misshapen tensor; [`StateError::Twice`] when the map makes two names one.
    pub fn adopt(specs: &[Spec], checkpoint: &State, names: &NameMap) -> Result<(State, Account), StateError> {
        let (taken, account) = adopt(specs, &checkpoint.sorts(), names)?;
        if account.is_full() { Ok((checkpoint.taken(&taken)?, account)) } else { Err(StateError::Account(Box::new(account))) }
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
