//! Arrays in NumPy's `.npy` files.

use super::wrong;
use crate::nn::state::file::kind as kind_of;
use ddl::diag::Code;
use ddl::events::Failure;
use ddl::tensors::Dtype;
use ddl::tensors::npy::{self, Header, NpyError};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// What is said of an array that can't be taken.
const READ: &str = "arrays are .npy files of this machine's byte order in C order: numpy.save(file, numpy.ascontiguousarray(x, dtype=x.dtype.newbyteorder('=')))";

fn read(file: &Path, wanted: impl Fn(Dtype) -> Option<Kind>, want: &Want) -> Result<Tensor, Failure> {
    let header = header(file)?;
    let Some(kind) = wanted(header.dtype) else {
        return Err(wrong(format!("{} holds {}, {}", file.display(), header.dtype, want.not), want.help));
    };
    let array = npy::read(file).map_err(|error| unread(file, &error))?;
    Tensor::f_from_data_size(&array.numbers, &array.header.sides, kind).map_err(super::torch)
}

/// What is said of numbers of another kind.
struct Want {
    not: &'static str,
    help: &'static str,
}

fn header(file: &Path) -> Result<Header, Failure> {
    match std::fs::metadata(file) {
        Ok(_) => {} // what is no regular file is no array either
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(wrong(format!("there is no file {}", file.display()), "paths are relative to the working directory"));
        }
        Err(error) => {
            return Err(wrong(
                format!("{} can't be looked at: {}", file.display(), ddl::system::said(&error)),
                "it is the way to the file that is wrong",
            ));
        }
    }
    npy::header(file).map_err(|error| unread(file, &error))
}

fn unread(file: &Path, error: &NpyError) -> Failure {
    wrong(format!("{} can't be read as an array: {error}", file.display()), READ)
}

/// Numbers with fractions in this precision, all finite.
pub(super) fn floats(file: &Path, kind: Kind) -> Result<Tensor, Failure> {
    const WANT: Want = Want { not: "not numbers with fractions", help: "save it as float32 or float64" };
    let tensor = read(file, |dtype| kind_of(dtype).filter(|_| dtype.is_floating()), &WANT)?;
    let converted = tensor.to_kind(kind);
    // as they are written, and as they are computed with
    for (tensor, what, help) in [
        (&tensor, "are NaN or infinite", "a loss of them would be NaN"),
        (&converted, "are too large for float32", "compute in float64: --dtype float64"),
    ] {
        let finite = |error: tch::TchError| crate::failures::nn(&error.into());
        let bad = tensor.f_isfinite().map_err(finite)?.logical_not().f_reshape([-1]).map_err(finite)?.nonzero();
        if bad.numel() > 0 {
            let at = place(bad.int64_value(&[0, 0]), &tensor.size());
            let message = format!("{} holds {} numbers that {what}, the first at {at}", file.display(), bad.size()[0]);
            return Err(wrong(message, help));
        }
    }
    Ok(converted)
}

/// Whole numbers from 0, one dimension.
pub(super) fn labels(file: &Path) -> Result<Tensor, Failure> {
    const WANT: Want = Want { not: "and labels are whole numbers", help: "save them as int64" };
    let tensor = read(file, |dtype| kind_of(dtype).filter(|_| dtype.is_whole()), &WANT)?;
    let labels = tensor.to_kind(Kind::Int64);
    if labels.numel() > 0 && labels.min().int64_value(&[]) < 0 {
        let message = format!("{} holds the label {}: labels are counted from 0", file.display(), labels.min().int64_value(&[]));
        return Err(wrong(message, "leave out images without a label"));
    }
    Ok(labels)
}

/// The shape of a file's array.
pub(super) fn sides(file: &Path) -> Result<Vec<i64>, Failure> {
    Ok(header(file)?.sides)
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
    std::fs::create_dir_all(folder).map_err(|error| cannot(ddl::system::said(&error)))?;
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
