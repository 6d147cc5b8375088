//! States as safetensors bytes. Writing them to a disk safely is the store's job.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tch::{Kind, Tensor};

use super::torch::{self, TorchFileError};
use super::{Role, State, StateError};

/// Bytes that are not a file of tensors that we can read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Not the safetensors format, or cut short.
    #[error("these are not whole safetensors: {0}")]
    Format(#[from] safetensors::SafeTensorError),
    /// A file of PyTorch's.
    #[error(transparent)]
    Torch(#[from] TorchFileError),
    /// Numbers that no training leaves behind.
    #[error("tensor `{name}` has {count} values that are not finite")]
    NotFinite {
        /// The first such tensor.
        name: String,
        /// How many of its values.
        count: i64,
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

impl From<TorchFileError> for StateError {
    fn from(error: TorchFileError) -> Self {
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

    /// A state from the bytes of a file of weights: safetensors, or what `torch.save` wrote. Every value must be finite.
    pub fn from_weights(bytes: &[u8]) -> Result<State, StateError> {
        let state = if torch::is_torch(bytes) { torch::read(bytes)? } else { State::from_bytes(bytes)? };
        for (name, entry) in state.iter().filter(|(_, entry)| entry.tensor.is_floating_point()) {
            let count = entry.tensor.f_isfinite()?.f_logical_not()?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
            if count > 0 {
                return Err(FileError::NotFinite { name: name.to_owned(), count }.into());
            }
        }
        Ok(state)
    }

    /// A state from the bytes of any safetensors file, on the host. Roles that the file does not tell are taken from the names
    /// (`running_mean`, `running_var`, `num_batches_tracked` are buffers).
    pub fn from_bytes(bytes: &[u8]) -> Result<State, StateError> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(FileError::from)?;
        let noted = |role: Role| -> Vec<String> {
            let text = header.metadata().as_ref().and_then(|meta| meta.get("ddl"));
            let meta: HashMap<String, String> = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            let names = key(role).and_then(|key| meta.get(key)).map(String::as_str).unwrap_or_default();
            names.split(',').map(str::to_string).collect()
        };
        let (fixed, buffers) = (noted(Role::Fixed), noted(Role::Buffer));
        let file = SafeTensors::deserialize(bytes).map_err(FileError::from)?;
        let mut state = State::new();
        for (name, view) in file.iter() {
            let shape: Vec<i64> = view.shape().iter().map(|&side| side as i64).collect();
            let tensor = Tensor::f_from_data_size(view.data(), &shape, kind(name, view.dtype())?)?;
            let role = if buffers.iter().any(|b| b == name) {
                Role::Buffer
            } else if fixed.iter().any(|f| f == name) {
                Role::Fixed
            } else {
                role_by_name(name)
            };
            state.insert(name, tensor, role)?;
        }
        Ok(state)
    }
}

/// What a tensor is to training, where its file does not tell.
pub(super) fn role_by_name(name: &str) -> Role {
    let is_statistic = ["running_mean", "running_var", "num_batches_tracked"].iter().any(|end| name.ends_with(end));
    if is_statistic { Role::Buffer } else { Role::Parameter }
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

fn kind(name: &str, dtype: Dtype) -> Result<Kind, FileError> {
    let found = KINDS.iter().find(|(_, d)| *d == dtype).map(|(kind, _)| *kind);
    found.ok_or_else(|| FileError::Dtype { name: name.to_string(), dtype: format!("{dtype:?}") })
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
    fn bytes_cut_anywhere_are_refused() {
        let bytes = sample().to_bytes(&[]).unwrap();
        for end in 0..bytes.len() {
            assert!(matches!(State::from_bytes(&bytes[..end]), Err(StateError::File(FileError::Format(_)))), "cut at {end}");
        }
    }
}
