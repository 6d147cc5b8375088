//! The names of functions and classes that a pickle says.

use super::super::Dtype;
use std::rc::Rc;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Global {
    /// A dictionary.
    Dict,
    /// Makes a tensor of a typed storage, or of an untyped one and a format of numbers.
    Tensor,
    /// Makes a parameter of a tensor.
    Parameter,
    /// Makes a tensor of a class of its own.
    FromType,
    /// A shape.
    Size,
    /// A storage of numbers in this format.
    Storage(Dtype),
    /// A format of numbers.
    Format(Dtype),
    /// Anything else, by its whole name.
    Other(Rc<str>),
}

/// Modules whose names exist to run something, to open something or to reach what does. A name in a module below one of them is refused
/// too.
const RUNS: [&str; 57] = [
    "os",
    "posix",
    "nt",
    "subprocess",
    "sys",
    "shutil",
    "socket",
    "pty",
    "runpy",
    "importlib",
    "imp",
    "pkgutil",
    "pickle",
    "_pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "ctypes",
    "_ctypes",
    "cffi",
    "webbrowser",
    "code",
    "codeop",
    "commands",
    "platform",
    "signal",
    "multiprocessing",
    "threading",
    "_thread",
    "asyncio",
    "concurrent",
    "urllib",
    "requests",
    "http",
    "ftplib",
    "smtplib",
    "pip",
    "setuptools",
    "distutils",
    "timeit",
    "trace",
    "pdb",
    "bdb",
    "cProfile",
    "profile",
    "doctest",
    "operator",
    "_operator",
    "inspect",
    "tempfile",
    "io",
    "_io",
    "linecache",
    "ensurepip",
];
/// The same within packages that are otherwise harmless.
const RUNS_WITHIN: [&str; 7] =
    ["torch.hub", "torch.serialization", "torch.jit", "torch.utils.cpp_extension", "torch.utils.model_zoo", "numpy.testing", "numpy.f2py"];
/// Python's own names that are data; its others (`eval`, `getattr`, `open`) are refused.
const PLAIN: [&str; 15] = [
    "set",
    "frozenset",
    "list",
    "dict",
    "tuple",
    "int",
    "long",
    "float",
    "complex",
    "str",
    "unicode",
    "bytes",
    "bytearray",
    "bool",
    "object",
];

/// What a name stands for; nothing for one that is refused.
pub fn global(module: &str, name: &str) -> Option<Global> {
    let within = |of: &str| module == of || module.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'));
    let builtin = matches!(module, "builtins" | "__builtin__" | "__builtins__");
    // a dotted name walks through what a module has imported: `os.system` of a harmless one is that of `os`
    let whole = format!("{module}.{name}");
    let walked = || name.split('.').rev().skip(1).any(|step| RUNS.contains(&step) || step.starts_with("__"));
    let dotted = name.contains('.') && (walked() || RUNS_WITHIN.iter().any(|of| whole.starts_with(of)));
    let of_types = module == "types" && !matches!(name, "SimpleNamespace" | "MappingProxyType");
    // how a sparse tensor says its layout, by a word
    let layout = whole == "torch.serialization._get_layout";
    let refused = !layout && (RUNS.iter().any(|of| within(of)) || RUNS_WITHIN.iter().any(|of| within(of)) || dotted || of_types);
    if refused || (builtin && !PLAIN.contains(&name) && !matches!(name, "slice" | "range" | "xrange")) {
        return None;
    }
    Some(match (module, name) {
        ("collections", "OrderedDict" | "defaultdict") | ("builtins" | "__builtin__", "dict") => Global::Dict,
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3") => Global::Tensor,
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => Global::Parameter,
        ("torch._tensor", "_rebuild_from_type_v2" | "_rebuild_from_type") => Global::FromType,
        ("torch", "Size") => Global::Size,
        ("torch" | "torch.storage" | "torch.cuda", _) => {
            let storage = name.strip_suffix("Storage").and_then(storage);
            let format = || if module == "torch" { format(name) } else { None };
            storage.map(Global::Storage).or_else(|| format().map(Global::Format)).unwrap_or_else(|| other(module, name))
        }
        _ => other(module, name),
    })
}

fn other(module: &str, name: &str) -> Global {
    Global::Other(format!("{module}.{name}").into())
}

/// Numbers of a typed storage, by the name of its class without `Storage`; an untyped one counts bytes.
fn storage(class: &str) -> Option<Dtype> {
    Some(match class {
        "Float" => Dtype::F32,
        "Double" => Dtype::F64,
        "Half" => Dtype::F16,
        "BFloat16" => Dtype::BF16,
        "Long" => Dtype::I64,
        "Int" => Dtype::I32,
        "Short" => Dtype::I16,
        "Char" => Dtype::I8,
        "Byte" | "Untyped" => Dtype::U8,
        "Bool" => Dtype::Bool,
        "ComplexFloat" => Dtype::Other { name: "complex64", width: 8 },
        "ComplexDouble" => Dtype::Other { name: "complex128", width: 16 },
        "QInt8" => Dtype::Other { name: "qint8", width: 1 },
        "QUInt8" => Dtype::Other { name: "quint8", width: 1 },
        "QInt32" => Dtype::Other { name: "qint32", width: 4 },
        _ => return None,
    })
}

/// Formats by the names that `torch` gives them.
fn format(name: &str) -> Option<Dtype> {
    Some(match name {
        "float32" | "float" => Dtype::F32,
        "float64" | "double" => Dtype::F64,
        "float16" | "half" => Dtype::F16,
        "bfloat16" => Dtype::BF16,
        "int64" | "long" => Dtype::I64,
        "int32" | "int" => Dtype::I32,
        "int16" | "short" => Dtype::I16,
        "int8" => Dtype::I8,
        "uint8" => Dtype::U8,
        "bool" => Dtype::Bool,
        "uint16" => Dtype::Other { name: "uint16", width: 2 },
        "uint32" => Dtype::Other { name: "uint32", width: 4 },
        "uint64" => Dtype::Other { name: "uint64", width: 8 },
        "complex32" => Dtype::Other { name: "complex32", width: 4 },
        "complex64" => Dtype::Other { name: "complex64", width: 8 },
        "complex128" => Dtype::Other { name: "complex128", width: 16 },
        "float8_e4m3fn" => Dtype::Other { name: "float8_e4m3fn", width: 1 },
        "float8_e4m3fnuz" => Dtype::Other { name: "float8_e4m3fnuz", width: 1 },
        "float8_e5m2" => Dtype::Other { name: "float8_e5m2", width: 1 },
        "float8_e5m2fnuz" => Dtype::Other { name: "float8_e5m2fnuz", width: 1 },
        "float8_e8m0fnu" => Dtype::Other { name: "float8_e8m0fnu", width: 1 },
        _ => return None,
    })
}
