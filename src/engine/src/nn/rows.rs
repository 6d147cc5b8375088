//! Tensors with a row for each class of a label space: prototypes, biases, sub-centres, centres, means.
//!
//! Heads, terms and models reach such tensors through [`Rows`] alone and never ask for a whole matrix. So where the rows lie is one
//! implementation's affair: a [`State`] holds them whole, [`Sampled`] shows a part of them, and rows that are shared out over the ranks of
//! a group can be a third.

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use super::error::NnError;
use super::heads::PROTOTYPES;
use super::state::{Role, State, StateError};

/// What a head or a term keeps, with a row for each class where it is of classes.
pub trait Rows: std::fmt::Debug {
    /// Whether there are rows of this name.
    fn has(&self, name: &str) -> bool;

    /// The names of what has a row for each class, as prototypes do.
    fn names(&self) -> Vec<String>;

    /// The rows of this name that take part in logits on this rank, `[rows, …]`, with the gradient's way back to them.
    fn local(&self, name: &str) -> Result<Tensor, NnError>;

    /// The places of these classes `[n]` (int64) among the [local](Rows::local) rows, `[n]`.
    fn place(&self, classes: &Tensor) -> Result<Tensor, NnError>;

    /// The rows of these classes `[k]` (int64), `[k, …]`, with the gradient's way back, wherever they lie.
    fn gather(&self, name: &str, classes: &Tensor) -> Result<Tensor, NnError>;

    /// What this rank would hold under this name, were `rows` `[k, …]` those of these classes `[k]` (int64). Changes nothing; classes that
    /// occur twice must bring the same row.
    fn updated(&self, name: &str, classes: &Tensor, rows: &Tensor) -> Result<Tensor, NnError>;

    /// A tensor without rows of classes: the same on every rank.
    fn shared(&self, name: &str) -> Result<&Tensor, NnError>;
}

/// Rows that can be changed, kept in a file, and read from one.
pub trait KeptRows: Rows + Sized {
    /// Puts `rows` `[k, …]` in the places of these classes.
    fn put(&mut self, name: &str, classes: &[i64], rows: &Tensor) -> Result<(), NnError>;

    /// Adds everything under `prefix` + its name to what goes into a file: of each name all classes' rows in their order, however they lie
    /// here.
    fn save(&self, prefix: &str, to: &mut State) -> Result<(), StateError>;

    /// What [`KeptRows::save`] wrote under this prefix, in float32 on a device.
    fn load(from: &State, prefix: &str, device: Device) -> Result<Self, StateError>;
}

/// All rows, whole, on one device.
impl Rows for State {
    fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    fn names(&self) -> Vec<String> {
        let Some(classes) = self.entry(PROTOTYPES).and_then(|entry| entry.tensor.size().first().copied()) else { return Vec::new() };
        let of_classes = self.iter().filter(|(_, entry)| entry.role == Role::Parameter && entry.tensor.size().first() == Some(&classes));
        of_classes.map(|(name, _)| name.to_owned()).collect()
    }

    fn local(&self, name: &str) -> Result<Tensor, NnError> {
        Ok(self.get(name)?.shallow_clone())
    }

    fn place(&self, classes: &Tensor) -> Result<Tensor, NnError> {
        Ok(classes.shallow_clone())
    }

    fn gather(&self, name: &str, classes: &Tensor) -> Result<Tensor, NnError> {
        Ok(self.get(name)?.f_index_select(0, classes)?)
    }

    fn updated(&self, name: &str, classes: &Tensor, rows: &Tensor) -> Result<Tensor, NnError> {
        Ok(self.get(name)?.f_index_copy(0, classes, rows)?)
    }

    fn shared(&self, name: &str) -> Result<&Tensor, NnError> {
        Ok(self.get(name)?)
    }
}

impl KeptRows for State {
    fn put(&mut self, name: &str, classes: &[i64], rows: &Tensor) -> Result<(), NnError> {
        let before = self.get(name)?;
        let classes = Tensor::f_from_slice(classes)?.f_to_device(before.device())?;
        let after = self.updated(name, &classes, &rows.f_to_device(before.device())?.f_to_kind(before.kind())?)?;
        let role = self.entry(name).map_or(Role::Parameter, |entry| entry.role);
        self.replace(name, after, role);
        Ok(())
    }

    fn save(&self, prefix: &str, to: &mut State) -> Result<(), StateError> {
        to.absorb(prefix, self)
    }

    fn load(from: &State, prefix: &str, device: Device) -> Result<Self, StateError> {
        from.part(prefix).copy()?.to(device, Kind::Float)
    }
}

/// A part of the classes, and of everything that has a row for each.
#[derive(Debug)]
pub struct Sampled<'a> {
    all: &'a dyn Rows,
    /// The places of the chosen among the local rows of all, ascending.
    chosen: Vec<i64>,
    /// Their rows by name: taken once, so that their gradients are summed before they go back.
    rows: BTreeMap<String, Tensor>,
}

impl<'a> Sampled<'a> {
    /// The local rows in these places, ascending.
    pub fn new(all: &'a dyn Rows, chosen: Vec<i64>) -> Result<Self, NnError> {
        let device = all.local(PROTOTYPES)?.device();
        let places = Tensor::f_from_slice(&chosen)?.f_to_device(device)?;
        let take = |name: String| {
            let rows = all.local(&name)?.f_index_select(0, &places)?;
            Ok::<_, NnError>((name, rows))
        };
        Ok(Sampled { all, rows: all.names().into_iter().map(take).collect::<Result<_, _>>()?, chosen })
    }
}

impl Rows for Sampled<'_> {
    fn has(&self, name: &str) -> bool {
        self.all.has(name)
    }

    fn names(&self) -> Vec<String> {
        self.rows.keys().cloned().collect()
    }

    fn local(&self, name: &str) -> Result<Tensor, NnError> {
        self.rows.get(name).map_or_else(|| self.all.local(name), |rows| Ok(rows.shallow_clone()))
    }

    fn place(&self, classes: &Tensor) -> Result<Tensor, NnError> {
        let all = Vec::<i64>::try_from(self.all.place(classes)?)?;
        let places: Vec<i64> = all.iter().map(|place| self.chosen.partition_point(|chosen| chosen < place) as i64).collect();
        Ok(Tensor::f_from_slice(&places)?.f_to_device(self.local(PROTOTYPES)?.device())?)
    }

    fn gather(&self, name: &str, classes: &Tensor) -> Result<Tensor, NnError> {
        self.all.gather(name, classes)
    }

    fn updated(&self, name: &str, classes: &Tensor, rows: &Tensor) -> Result<Tensor, NnError> {
        self.all.updated(name, classes, rows)
    }

    fn shared(&self, name: &str) -> Result<&Tensor, NnError> {
        self.all.shared(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let mut state = State::new();
        let matrix = Tensor::arange(12, (Kind::Float, Device::Cpu)).view([4, 3]).set_requires_grad(true);
        state.insert(PROTOTYPES, matrix, Role::Parameter).unwrap();
        state.insert("bias", Tensor::from_slice(&[0.0f32, 1.0, 2.0, 3.0]), Role::Parameter).unwrap();
        state.insert("scale", Tensor::from(7.0f32), Role::Parameter).unwrap();
        state.insert("seen", Tensor::zeros([4], (Kind::Float, Device::Cpu)), Role::Buffer).unwrap();
        state
    }

    /// What holds of rows wherever they lie, of classes that all of them show.
    fn holds(rows: &dyn Rows, classes: &[i64]) {
        let classes = Tensor::from_slice(classes);
        assert_eq!(rows.names(), ["bias", PROTOTYPES]);
        for name in rows.names() {
            let (gathered, places) = (rows.gather(&name, &classes).unwrap(), rows.place(&classes).unwrap());
            assert_eq!(
                rows.local(&name).unwrap().index_select(0, &places),
                gathered,
                "{name}: the same rows, gathered and in their places"
            );
            let moved = rows.updated(&name, &classes, &(&gathered + 1.0)).unwrap();
            assert_eq!(moved.sum(Kind::Float) - state().get(&name).unwrap().sum(Kind::Float), Tensor::from(gathered.numel() as f32));
        }
        assert_eq!(rows.shared("scale").unwrap(), &Tensor::from(7.0f32));
        assert!(rows.has("seen") && !rows.has("centres") && rows.local("centres").is_err());
    }

    #[test]
    fn every_implementation_shows_the_same_rows() {
        let all = state();
        holds(&all, &[3, 1]);
        let some = Sampled::new(&all, vec![0, 1, 3]).unwrap();
        holds(&some, &[3, 1]);
        assert_eq!(some.local(PROTOTYPES).unwrap().size(), [3, 3]);
        holds(&Sampled::new(&some, vec![1, 2]).unwrap(), &[3, 1]);
    }

    #[test]
    fn gradients_reach_the_rows_that_took_part() {
        let all = state();
        let some = Sampled::new(&all, vec![0, 3]).unwrap();
        some.local(PROTOTYPES).unwrap().sum(Kind::Float).backward();
        let touched = all.get(PROTOTYPES).unwrap().grad().sum_dim_intlist([1i64].as_slice(), false, Kind::Float);
        assert_eq!(touched, Tensor::from_slice(&[3.0f32, 0.0, 0.0, 3.0]));
    }

    #[test]
    fn rows_are_put_saved_and_loaded_by_name() {
        let mut all = state();
        all.put("bias", &[2, 0], &Tensor::from_slice(&[9.0f32, 8.0])).unwrap();
        assert_eq!(all.get("bias").unwrap(), &Tensor::from_slice(&[8.0f32, 1.0, 9.0, 3.0]));
        let mut file = State::new();
        all.save("head.0.", &mut file).unwrap();
        let again = <State as KeptRows>::load(&file, "head.0.", Device::Cpu).unwrap();
        for (name, entry) in all.iter() {
            assert_eq!(again.get(name).unwrap(), &entry.tensor, "{name}");
        }
    }
}
