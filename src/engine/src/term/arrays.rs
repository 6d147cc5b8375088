//! Arrays in NumPy's `.npy` files.

use super::wrong;
use ddl::diag::Code;
use ddl::events::Failure;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// What is said of an array that can't be taken.
const READ: &str = "arrays are .npy files in C order, as numpy.save writes them: numpy.save(file, numpy.ascontiguousarray(x))";

fn read(file: &Path) -> Result<Tensor, Failure> {
    if !file.is_file() {
        return Err(wrong(format!("there is no file {}", file.display()), "paths are relative to the working directory"));
    }
    Tensor::read_npy(file).map_err(|error| {
        let text = error.to_string();
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        wrong(format!("{} can't be read as an array: {line}", file.display()), READ)
    })
}

/// Numbers with fractions in this precision, all finite.
pub(super) fn floats(file: &Path, kind: Kind) -> Result<Tensor, Failure> {
    let tensor = read(file)?;
    if !matches!(tensor.kind(), Kind::Half | Kind::Float | Kind::Double) {
        let message = format!("{} holds {}, not numbers with fractions", file.display(), dtype(tensor.kind()));
        return Err(wrong(message, "save it as float32 or float64"));
    }
    let finite = |error: tch::TchError| crate::failures::nn(&error.into());
    let bad = tensor.f_isfinite().map_err(finite)?.logical_not().f_reshape([-1]).map_err(finite)?.nonzero();
    if bad.numel() > 0 {
        let at = place(bad.int64_value(&[0, 0]), &tensor.size());
        let message = format!("{} holds {} numbers that are NaN or infinite, the first at {at}", file.display(), bad.size()[0]);
        return Err(wrong(message, "a loss of them would be NaN"));
    }
    Ok(tensor.to_kind(kind))
}

/// Whole numbers from 0, one dimension.
pub(super) fn labels(file: &Path) -> Result<Tensor, Failure> {
    let tensor = read(file)?;
    if !matches!(tensor.kind(), Kind::Uint8 | Kind::Int8 | Kind::Int16 | Kind::Int | Kind::Int64) {
        let message = format!("{} holds {}, and labels are whole numbers", file.display(), dtype(tensor.kind()));
        return Err(wrong(message, "save them as int64"));
    }
    let labels = tensor.to_kind(Kind::Int64);
    if labels.numel() > 0 && labels.min().int64_value(&[]) < 0 {
        let message = format!("{} holds the label {}: labels are counted from 0", file.display(), labels.min().int64_value(&[]));
        return Err(wrong(message, "leave out images without a label"));
    }
    Ok(labels)
}

/// A kind of numbers by NumPy's name, where it has one.
fn dtype(kind: Kind) -> String {
    let name = match kind {
        Kind::Half => "float16",
        Kind::Float => "float32",
        Kind::Double => "float64",
        Kind::Int => "int32",
        Kind::ComplexFloat => "complex64",
        Kind::ComplexDouble => "complex128",
        other => return format!("{other:?}").to_lowercase(),
    };
    name.to_owned()
}

/// The shape of a file's array.
pub(super) fn sides(file: &Path) -> Result<Vec<i64>, Failure> {
    Ok(read(file)?.size())
}

/// What a term reads of the samples themselves, `[n, numbers]`, beside what their network makes of them.
pub(super) fn attributes(file: Option<&Path>, numbers: i64, beside: &Tensor) -> Result<Tensor, Failure> {
    let images = beside.size()[0];
    let help = format!("give --attributes FILE: [{images}, {numbers}], angles in radians");
    let file = file.ok_or_else(|| wrong("this term reads attributes of the images".to_owned(), &help))?;
    let tensor = floats(file, beside.kind())?;
    if tensor.size() != [images, numbers] {
        return Err(wrong(format!("{} is {}", file.display(), crate::nn::error::shape(&tensor.size())), &help));
    }
    tensor.f_to_device(beside.device()).map_err(super::torch)
}

/// Writes an array into a folder.
pub(super) fn write(folder: &Path, name: &str, tensor: &Tensor) -> Result<(), Failure> {
    let file = folder.join(format!("{name}.npy"));
    let cannot = |why: String| Failure::new(Code::Unwritable, format!("cannot write {}: {why}", file.display()));
    std::fs::create_dir_all(folder).map_err(|error| cannot(error.to_string()))?;
    let tensor = tensor.detach().f_to_device(Device::Cpu).and_then(|tensor| tensor.f_contiguous());
    tensor.and_then(|tensor| tensor.write_npy(&file)).map_err(|error| cannot(error.to_string()))
}

/// The place of a number in an array of this shape: `[2, 0]`.
fn place(mut at: i64, sides: &[i64]) -> String {
    let mut places = Vec::new();
    for side in sides.iter().rev() {
        places.push(at % side);
        at /= side;
    }
    places.reverse();
    crate::nn::error::shape(&places)
}
