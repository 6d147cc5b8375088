//! What a file is, by its first bytes.

use std::fmt;

/// Kinds of files that stand where weights are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `torch.save`'s, since PyTorch 1.6.
    TorchZip,
    /// `torch.save`'s before, or another pickle.
    Pickle,
    /// Hugging Face's.
    Safetensors,
    /// Nothing at all.
    Empty,
    /// A page for a browser.
    Html,
    /// What git keeps in place of a file that git-lfs holds.
    GitLfs,
    /// `torch.jit.save`'s.
    TorchScript,
    /// `torch.export.save`'s.
    TorchExport,
    /// `numpy.savez`'s.
    Npz,
    /// `numpy.save`'s.
    Npy,
    /// A network for other programs.
    Onnx,
    /// Keras' and others'.
    Hdf5,
    /// MXNet's.
    Mxnet,
    /// llama.cpp's.
    Gguf,
    /// TensorFlow Lite's.
    TfLite,
    /// A zip archive of other things.
    Zip,
    /// Packed by another program.
    Packed,
    /// PyTorch's before 0.1.10, or another archive.
    Tar,
    /// An image or a PDF.
    Document,
    /// A text.
    Text,
    /// Anything else.
    Unknown,
}

/// Bytes at the start of a file that tell what it is.
pub const LOOKED_AT: usize = 512;

impl FileKind {
    /// What a file of so many bytes is that starts so; for zip archives [`FileKind::TorchZip`], until it is known what is in them.
    pub fn of(start: &[u8], length: u64) -> FileKind {
        let text = String::from_utf8_lossy(start).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
        let starts = |with: &[&[u8]]| with.iter().any(|with| start.starts_with(with));
        // a safetensors file starts with the length of its header, and that with a brace
        let header = start.first_chunk().map(|raw| u64::from_le_bytes(*raw));
        let safetensors = start.get(8) == Some(&b'{') && header.is_some_and(|header| (2..=1 << 32).contains(&header));
        let pickle = start.first() == Some(&0x80) && start.get(1).is_some_and(|protocol| (1..=5).contains(protocol));
        match () {
            () if length == 0 => FileKind::Empty,
            () if safetensors => FileKind::Safetensors,
            () if starts(&[b"PK\x03\x04", b"PK\x05\x06"]) => FileKind::TorchZip,
            () if pickle => FileKind::Pickle,
            () if text.starts_with("version https://git-lfs") => FileKind::GitLfs,
            () if ["<!doctype", "<html", "<head", "<?xml", "<!--"].iter().any(|tag| text.starts_with(tag)) => FileKind::Html,
            () if starts(&[b"\x93NUMPY"]) => FileKind::Npy,
            () if starts(&[b"\x89HDF"]) => FileKind::Hdf5,
            () if starts(&[b"\x12\x01\0\0\0\0\0\0"]) => FileKind::Mxnet,
            () if starts(&[b"GGUF"]) => FileKind::Gguf,
            () if start.get(4..8) == Some(b"TFL3") => FileKind::TfLite,
            () if starts(&[b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd"]) => FileKind::Packed,
            () if start.get(257..262) == Some(b"ustar") => FileKind::Tar,
            () if starts(&[b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF"]) => FileKind::Document,
            // the first field of a model is its version, a small number
            () if start.first() == Some(&8) && start.get(1).is_some_and(|version| (1..=20).contains(version)) => FileKind::Onnx,
            () if std::str::from_utf8(start).map_or_else(|error| error.error_len().is_none(), |_| true) && !start.contains(&0) => {
                FileKind::Text
            }
            () => FileKind::Unknown,
        }
    }

    /// What to do about it.
    pub fn help(self) -> &'static str {
        match self {
            FileKind::Empty => "the download or the copy stopped before it began: fetch the file again",
            FileKind::Html => {
                "the server answered with a page (a login, a quota) in place of the file: fetch it again and look at what comes"
            }
            FileKind::GitLfs => "the file itself was not fetched: git lfs pull",
            FileKind::TorchScript => "save its tensors with PyTorch: torch.save(torch.jit.load(path).state_dict(), new)",
            FileKind::TorchExport => "save its tensors with PyTorch: torch.save(torch.export.load(path).state_dict, new)",
            FileKind::Packed | FileKind::Tar | FileKind::Zip => {
                "unpack it: weights are read from safetensors files and from what torch.save writes"
            }
            FileKind::Npz | FileKind::Npy => {
                "save the arrays by name with PyTorch: torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, new)"
            }
            FileKind::Onnx
            | FileKind::Hdf5
            | FileKind::Mxnet
            | FileKind::Gguf
            | FileKind::TfLite
            | FileKind::Document
            | FileKind::Text
            | FileKind::Unknown
            | FileKind::TorchZip
            | FileKind::Pickle
            | FileKind::Safetensors => "weights are read from whole safetensors files and from what torch.save writes",
        }
    }
}

/// `an HTML page, no file of weights`.
impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileKind::TorchZip => "a file of PyTorch's",
            FileKind::Pickle => "a pickle",
            FileKind::Safetensors => "a safetensors file",
            FileKind::Empty => "an empty file",
            FileKind::Html => "an HTML page, no file of weights",
            FileKind::GitLfs => "a git-lfs pointer, no file of weights",
            FileKind::TorchScript => "a TorchScript archive: a program with its tensors, no state dict",
            FileKind::TorchExport => "an archive of torch.export: a program with its tensors, no state dict",
            FileKind::Npz => "an archive of NumPy arrays (.npz), no file of weights",
            FileKind::Npy => "a NumPy array (.npy), no file of weights",
            FileKind::Onnx => "an ONNX network, no file of weights",
            FileKind::Hdf5 => "an HDF5 file (Keras), no file of weights that is read here",
            FileKind::Mxnet => "a file of MXNet's parameters, which are not read here",
            FileKind::Gguf => "a GGUF file, which is not read here",
            FileKind::TfLite => "a TensorFlow Lite network, no file of weights",
            FileKind::Zip => "a zip archive without a data.pkl: none that torch.save wrote",
            FileKind::Packed => "a packed archive, no file of weights",
            FileKind::Tar => "a tar archive, no file of weights",
            FileKind::Document => "a picture or a document, no file of weights",
            FileKind::Text => "a text, no file of weights",
            FileKind::Unknown => "no file of weights: it is neither safetensors nor what torch.save writes",
        })
    }
}
