//! Files as `torch.save` of today writes them in every way that people do (tests/oracles/torch/saved.py): read to the bit, or refused by
//! one error that tells what to do, which then helps.

#![allow(clippy::cast_precision_loss, reason = "small numbers of a test")]

use ddl::tensors::{Dictionary, Dtype, TensorError, TensorFile};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write as _; // a String takes all that is written to it
use std::path::Path;
use std::process::Command;

/// How saved.py ends where Python's torch is not to be had.
const NO_TORCH: i32 = 77;

/// Runs PyTorch's side; nothing where it is not there.
fn python(words: &[&str]) -> Option<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/torch/saved.py");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let ended = Command::new(python).arg(script).args(words).output().unwrap();
    match ended.status.code() {
        Some(0) => Some(()),
        Some(NO_TORCH) => None,
        _ => panic!("{words:?}: {}", String::from_utf8_lossy(&ended.stderr)),
    }
}

/// Numbers of a tensor; nothing for formats that nothing here computes with.
fn numbers(dtype: Dtype, raw: &[u8]) -> Option<Vec<f64>> {
    let half = |bits: u16| {
        let (sign, exponent, fraction) = (bits >> 15, i32::from(bits >> 10 & 31), f64::from(bits & 1023));
        let value = if exponent == 0 { fraction * 2f64.powi(-24) } else { (1024.0 + fraction) * 2f64.powi(exponent - 25) };
        if sign == 1 { -value } else { value }
    };
    let of = |value: &dyn Fn(&[u8]) -> f64| Some(raw.chunks(dtype.width()).map(value).collect());
    match dtype {
        Dtype::F32 => of(&|raw| f64::from(f32::from_le_bytes(raw.try_into().unwrap()))),
        Dtype::F64 => of(&|raw| f64::from_le_bytes(raw.try_into().unwrap())),
        Dtype::BF16 => of(&|raw| f64::from(f32::from_le_bytes([0, 0, raw[0], raw[1]]))),
        Dtype::F16 => of(&|raw| half(u16::from_le_bytes(raw.try_into().unwrap()))),
        Dtype::I64 => of(&|raw| i64::from_le_bytes(raw.try_into().unwrap()) as f64),
        Dtype::Bool | Dtype::U8 | Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::Other { .. } => None,
    }
}

/// What is read of the dictionary that would be taken.
fn read(path: &Path, told: &Json) -> Result<Dictionary, TensorError> {
    let mut file = TensorFile::open(path)?;
    let taken = file.dictionaries()[ddl::nets::fit::usual(file.dictionaries())].clone();
    for (name, tensor) in &taken.tensors {
        let raw = file.numbers(name, tensor)?;
        let (found, told) = (numbers(tensor.dtype, &raw), &told[name]);
        let Some(found) = found else {
            return Err(TensorError::Dtype { name: name.clone(), dtype: tensor.dtype.to_string() });
        };
        assert_eq!(tensor.dtype.to_string(), told["dtype"].as_str().unwrap_or_default(), "{}: {name}", path.display());
        let wanted: (Vec<i64>, Vec<f64>) =
            (serde_json::from_value(told["shape"].clone()).unwrap(), serde_json::from_value(told["numbers"].clone()).unwrap());
        assert_eq!((tensor.sides.clone(), found), wanted, "{}: {name}", path.display());
    }
    Ok(taken)
}

#[test]
fn what_torch_saves_is_read_to_the_bit_or_the_help_works() {
    let folder = tempfile::tempdir().unwrap();
    if python(&["write", folder.path().to_str().unwrap()]).is_none() {
        println!("skipped: Python's torch is not there");
        return;
    }
    let told: BTreeMap<String, Json> = serde_json::from_slice(&std::fs::read(folder.path().join("told.json")).unwrap()).unwrap();
    let mut table = String::new();
    for (name, told) in &told {
        let path = folder.path().join(name);
        if name == "numpy.pt" {
            read(&path, told).unwrap(); // written where there is a NumPy, and so no line of the table
            continue;
        }
        let _ = write!(table, "{name}: ");
        match read(&path, told) {
            Ok(taken) => {
                let unread = if taken.unread.is_empty() { String::new() } else { format!(", not read {:?}", taken.unread) };
                let _ = writeln!(table, "{} of {} tensors{unread}", taken.tensors.len(), told.as_object().unwrap().len());
            }
            Err(error) => {
                let _ = writeln!(table, "{error}");
                let Some(at) = error.help().find("torch.save(") else { continue };
                let new = folder.path().join("new.pt");
                python(&["mend", &error.help()[at..], path.to_str().unwrap(), new.to_str().unwrap()]).unwrap();
                let mended = read(&new, told).unwrap_or_else(|error| panic!("{name}, mended: {error}"));
                assert_eq!(mended.tensors.len(), told.as_object().unwrap().len(), "{name}, mended");
                let _ = writeln!(table, "  mended: {} tensors", mended.tensors.len());
            }
        }
    }
    insta::assert_snapshot!(table);
}
