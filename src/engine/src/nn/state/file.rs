//! States as safetensors bytes, and states out of files of weights. What a file holds, [`ddl::tensors`] says; writing one to a disk safely
//! is the store's job.

use std::collections::HashMap;

use ddl::nets::fit::{Fit, usual};
use ddl::nets::prototypes::Found;
use ddl::tensors::{Described, TensorError, TensorFile};
use safetensors::tensor::{Dtype, TensorView};
use tch::{Kind, Tensor};

use super::{Role, State, StateError};

/// Bytes that are not a file of tensors that we can read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Tensors that can't be written as safetensors.
    #[error("these can't be written as safetensors: {0}")]
    Format(#[from] safetensors::SafeTensorError),
    /// Not a file of tensors, cut short, or better not opened.
    #[error(transparent)]
    Tensors(#[from] TensorError),
    /// Numbers that no training leaves behind.
    #[error("tensor `{name}` has {count} values that are not finite")]
    NotFinite {
        /// The first such tensor.
        name: String,
        /// How many of its values.
        count: i64,
    },
    /// Variances that none can be.
    #[error("tensor `{name}` holds running variances, and {lowest} among them, which is below 0")]
    Negative {
        /// The tensor.
        name: String,
        /// The lowest value.
        lowest: f64,
    },
    /// A number format that libtorch has no equal of.
    #[error("tensor `{name}` has the number format {dtype}, which is not supported")]
    Dtype {
        /// The tensor.
        name: String,
        /// Its format.
        dtype: String,
    },
}

/// The metadata key under which names of one role are listed.
fn key(role: Role) -> Option<&'static str> {
    match role {
        Role::Parameter => None,
        Role::Fixed => Some("ddl.fixed"),
        Role::Buffer => Some("ddl.buffers"),
    }
}

impl From<TensorError> for StateError {
    fn from(error: TensorError) -> Self {
        FileError::from(error).into()
    }
}

impl State {
    /// The bytes of a safetensors file. Equal states give equal bytes, whatever device they lie on. `notes` go into its metadata.
    pub fn to_bytes(&self, notes: &[(&str, &str)]) -> Result<Vec<u8>, StateError> {
        let mut data = Vec::with_capacity(self.len());
        for (name, entry) in self.iter() {
            let tensor = entry.tensor.f_detach()?.f_to_device(tch::Device::Cpu)?.f_contiguous()?;
            let mut bytes = vec![0u8; tensor.numel() * tensor.kind().elt_size_in_bytes()];
            tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
            let shape: Vec<usize> = tensor.size().iter().map(|&side| side as usize).collect();
            data.push((name, dtype(name, tensor.kind())?, shape, bytes));
        }
        let views = data
            .iter()
            .map(|(name, dtype, shape, bytes)| Ok((*name, TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
            .map_err(FileError::from)?;
        let bytes = safetensors::serialize(views, Some(self.metadata(notes))).map_err(FileError::from)?;
        Ok(bytes)
    }

    fn metadata(&self, notes: &[(&str, &str)]) -> HashMap<String, String> {
        // One entry alone keeps the bytes a function of the state: the format writes its metadata in the map's own order.
        let mut meta: std::collections::BTreeMap<String, String> =
            notes.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
        for role in [Role::Fixed, Role::Buffer] {
            let names: Vec<&str> = self.iter().filter(|(_, e)| e.role == role).map(|(name, _)| name).collect();
            if let (Some(key), false) = (key(role), names.is_empty()) {
                meta.insert(key.to_string(), names.join(","));
            }
        }
        let text = serde_json::to_string(&meta).expect("a map of texts is always JSON");
        HashMap::from([("ddl".to_string(), text)])
    }

    /// The tensors of a file that are a network's, under its names: those of this dictionary that fit. Every value is finite.
    ///
    /// # Errors
    /// Numbers that the file does not have, or that are not finite.
    pub fn of_file(file: &mut TensorFile, dictionary: usize, fit: &Fit) -> Result<State, StateError> {
        let mut state = State::new();
        for (spec, name) in &fit.taken {
            let tensor = read(file, dictionary, name)?;
            is_finite(name, &tensor)?;
            is_variance(&spec.name, name, &tensor)?;
            state.insert(&spec.name, tensor, spec.role)?;
        }
        Ok(state)
    }

    /// A state of all tensors in the usual dictionary of a file of weights. Every value is finite.
    ///
    /// # Errors
    /// As [`State::of_file`], and what is no file of weights.
    pub fn from_weights(bytes: &[u8]) -> Result<State, StateError> {
        let mut file = TensorFile::of(bytes)?;
        let place = usual(file.dictionaries());
        let mut state = State::new();
        for name in file.dictionaries()[place].tensors.keys().cloned().collect::<Vec<_>>() {
            let tensor = read(&mut file, place, &name)?;
            is_finite(&name, &tensor)?;
            state.insert(&name, tensor, role_by_name(&name))?;
        }
        Ok(state)
    }

    /// A state from the bytes of any safetensors file, on the host. Roles that the file does not tell are taken from the names
    /// (`running_mean`, `running_var`, `num_batches_tracked` are buffers).
    pub fn from_bytes(bytes: &[u8]) -> Result<State, StateError> {
        let mut file = TensorFile::of(bytes)?;
        let noted: HashMap<String, String> = file.notes().get("ddl").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let noted = |role: Role| -> Vec<&str> {
            let names = key(role).and_then(|key| noted.get(key)).map(String::as_str).unwrap_or_default();
            names.split(',').collect()
        };
        let (fixed, buffers) = (noted(Role::Fixed), noted(Role::Buffer));
        let mut state = State::new();
        for name in file.dictionaries()[0].tensors.keys().cloned().collect::<Vec<_>>() {
            let tensor = read(&mut file, 0, &name)?;
            let role = if buffers.contains(&&*name) {
                Role::Buffer
            } else if fixed.contains(&&*name) {
                Role::Fixed
            } else {
                role_by_name(&name)
            };
            state.insert(&name, tensor, role)?;
        }
        Ok(state)
    }
}

/// The prototypes of a file, `[classes, width]`.
///
/// # Errors
/// As [`State::of_file`].
pub fn prototypes(file: &mut TensorFile, dictionary: usize, found: &Found) -> Result<Tensor, StateError> {
    let tensor = read(file, dictionary, &found.name)?;
    is_finite(&found.name, &tensor)?;
    Ok(if found.columns { tensor.f_transpose(0, 1)?.f_contiguous()? } else { tensor })
}

fn read(file: &mut TensorFile, dictionary: usize, name: &str) -> Result<Tensor, StateError> {
    let tensor: Described =
        file.dictionaries()[dictionary].tensors.get(name).cloned().ok_or_else(|| StateError::Missing(name.to_owned()))?;
    let unknown = || TensorError::Dtype { name: name.to_owned(), dtype: tensor.dtype.to_string() };
    let kind = kind(tensor.dtype).ok_or_else(unknown)?;
    let numbers = file.numbers(name, &tensor)?;
    Ok(Tensor::f_from_data_size(&numbers, &tensor.sides, kind)?)
}

/// A running variance below 0 has no root: the network would give NaN for any image.
fn is_variance(role: &str, name: &str, tensor: &Tensor) -> Result<(), StateError> {
    let lowest = if role.ends_with("running_var") && tensor.numel() > 0 { tensor.f_min()?.f_double_value(&[])? } else { 0.0 };
    if lowest >= 0.0 { Ok(()) } else { Err(FileError::Negative { name: name.to_owned(), lowest }.into()) }
}

fn is_finite(name: &str, tensor: &Tensor) -> Result<(), StateError> {
    if !tensor.is_floating_point() {
        return Ok(());
    }
    let count = tensor.f_isfinite()?.f_logical_not()?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
    if count == 0 { Ok(()) } else { Err(FileError::NotFinite { name: name.to_owned(), count }.into()) }
}

/// What a tensor is to training, where its file does not tell.
fn role_by_name(name: &str) -> Role {
    let is_statistic = ["running_mean", "running_var", "num_batches_tracked"].iter().any(|end| name.ends_with(end));
    if is_statistic { Role::Buffer } else { Role::Parameter }
}

/// libtorch's name of a format of numbers, where it has one.
pub fn kind(dtype: ddl::tensors::Dtype) -> Option<Kind> {
    use ddl::tensors::Dtype;
    Some(match dtype {
        Dtype::Bool => Kind::Bool,
        Dtype::U8 => Kind::Uint8,
        Dtype::I8 => Kind::Int8,
        Dtype::I16 => Kind::Int16,
        Dtype::I32 => Kind::Int,
        Dtype::I64 => Kind::Int64,
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::BFloat16,
        Dtype::F32 => Kind::Float,
        Dtype::F64 => Kind::Double,
        Dtype::Other { .. } => return None,
    })
}

const KINDS: [(Kind, Dtype); 10] = [
    (Kind::Float, Dtype::F32),
    (Kind::Double, Dtype::F64),
    (Kind::Half, Dtype::F16),
    (Kind::BFloat16, Dtype::BF16),
    (Kind::Int64, Dtype::I64),
    (Kind::Int, Dtype::I32),
    (Kind::Int16, Dtype::I16),
    (Kind::Int8, Dtype::I8),
    (Kind::Uint8, Dtype::U8),
    (Kind::Bool, Dtype::BOOL),
];

fn dtype(name: &str, kind: Kind) -> Result<Dtype, FileError> {
    let found = KINDS.iter().find(|(k, _)| *k == kind).map(|(_, dtype)| *dtype);
    found.ok_or_else(|| FileError::Dtype { name: name.to_string(), dtype: format!("{kind:?}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> State {
        let mut state = State::new();
        state.insert("w", Tensor::from_slice(&[1.5f32, -2.0, 3.25, 0.0]).view([2, 2]).tr(), Role::Parameter).unwrap();
        state.insert("one", Tensor::from_slice(&[1.0f64]), Role::Fixed).unwrap();
        state.insert("t", Tensor::from(3i64), Role::Buffer).unwrap();
        state.insert("bn.running_mean", Tensor::from_slice(&[0.5f32]).to_kind(Kind::Half), Role::Buffer).unwrap();
        state
    }

    #[test]
    fn a_running_variance_is_at_least_0() {
        let variances = |values: &[f32]| Tensor::from_slice(values);
        let said = is_variance("bn.running_var", "module.bn.running_var", &variances(&[1.0, -0.5])).unwrap_err().to_string();
        assert_eq!(said, "tensor `module.bn.running_var` holds running variances, and -0.5 among them, which is below 0");
        assert!(is_variance("bn.running_var", "a", &variances(&[0.0, 2.0])).is_ok());
        assert!(is_variance("bn.weight", "a", &variances(&[-1.0])).is_ok());
        assert!(is_variance("bn.running_var", "a", &variances(&[])).is_ok());
    }

    #[test]
    fn a_state_comes_back_with_its_bits_and_roles() {
        let (state, bytes) = (sample(), sample().to_bytes(&[("note", "x")]).unwrap());
        let back = State::from_bytes(&bytes).unwrap();
        assert_eq!(back.names().collect::<Vec<_>>(), state.names().collect::<Vec<_>>());
        for (name, entry) in state.iter() {
            let other = back.entry(name).unwrap();
            assert_eq!((entry.role, entry.tensor.kind(), entry.tensor.size()), (other.role, other.tensor.kind(), other.tensor.size()));
            assert_eq!(entry.tensor, other.tensor, "{name}");
        }
        assert_eq!(bytes, back.to_bytes(&[("note", "x")]).unwrap());
    }

    #[test]
    fn files_of_pytorchs_are_states() {
        const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../base/tensors/fixtures");
        let of = |name: &str| State::from_weights(&std::fs::read(format!("{FOLDER}/{name}")).unwrap());
        for name in ["plain.pt", "legacy.pth", "checkpoint.ckpt"] {
            let state = of(name).unwrap();
            let tensor = |name: &str| state.get(name).unwrap();
            assert_eq!(*tensor("turned.weight"), Tensor::from_slice(&[0f32, 3.0, 1.0, 4.0, 2.0, 5.0]).view([3, 2]));
            assert_eq!(*tensor("half.weight"), Tensor::from_slice(&[1.5f32, -2.0]).to_kind(Kind::Half));
            assert_eq!(*tensor("bn.running_mean"), Tensor::from_slice(&[0.25f32, 8.0]).to_kind(Kind::BFloat16));
            assert_eq!(tensor("bn.num_batches_tracked").int64_value(&[]), 7);
            assert_eq!(state.entry("bn.running_mean").unwrap().role, Role::Buffer);
        }
        assert_eq!(of("nan.pt").unwrap_err().to_string(), "tensor `w` has 1 values that are not finite");
    }

    #[test]
    fn bytes_cut_anywhere_are_refused() {
        let bytes = sample().to_bytes(&[]).unwrap();
        for end in 0..bytes.len() {
            assert!(matches!(State::from_bytes(&bytes[..end]), Err(StateError::File(FileError::Tensors(_)))), "cut at {end}");
        }
    }
}
