//! Files that PyTorch wrote (fixtures/make.py) and files that only pretend to be some: whole, cut, lying and damaged.

use super::*;
use std::io::Write;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("fixtures/", $name)).as_slice()
    };
}

/// Every tensor of a file, with its numbers.
fn everything(bytes: &[u8]) -> Result<Vec<(String, Described, Vec<u8>)>, TensorError> {
    let mut file = TensorFile::of(bytes)?;
    let all: Vec<_> = file.dictionaries().iter().flat_map(|it| it.tensors.clone()).collect();
    all.into_iter().map(|(name, tensor)| Ok((name.clone(), tensor.clone(), file.numbers(&name, &tensor)?))).collect()
}

fn said(bytes: &[u8]) -> String {
    everything(bytes).map_or_else(|error| error.to_string(), |all| format!("{} tensors", all.len()))
}

/// A pickle as bytes, piece by piece.
fn pickle(pieces: &[&[u8]]) -> Vec<u8> {
    pieces.concat()
}

/// A zip archive of these files, as they are.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file(*name, stored).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

fn int(number: i64) -> Vec<u8> {
    [&[0x8a, 8], &number.to_le_bytes()[..]].concat()
}

fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(", &items.concat()[..], b"t"].concat()
}

/// The opcodes of a tensor of float32 in the storage `0`.
fn tensor(offset: i64, sides: &[i64], strides: &[i64]) -> Vec<u8> {
    let ints = |numbers: &[i64]| tuple(&numbers.iter().map(|number| int(*number)).collect::<Vec<_>>());
    let id = tuple(&[text("storage"), b"ctorch\nFloatStorage\n".to_vec(), text("0"), text("cpu"), int(6)]);
    let arguments = tuple(&[[id, b"Q".to_vec()].concat(), int(offset), ints(sides), ints(strides), vec![0x89], b"N".to_vec()]);
    [b"ctorch._utils\n_rebuild_tensor_v2\n".to_vec(), arguments, b"R".to_vec()].concat()
}

/// A file of `torch.save`'s whose value is a dictionary of these.
fn saved(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|(name, value)| [text(name), value.clone()].concat()).collect();
    let described = pickle(&[b"\x80\x02}(", &items, b"u."]);
    archive(&[("w/data.pkl", &described), ("w/byteorder", b"little"), ("w/data/0", &[0; 24])])
}

fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn both_formats_and_checkpoints_are_read_to_the_bit() {
    for bytes in [fixture!("plain.pt"), fixture!("legacy.pth"), fixture!("checkpoint.ckpt")] {
        let all = everything(bytes).unwrap();
        let of = |name: &str| {
            let (_, tensor, numbers) = all.iter().find(|it| it.0 == name).unwrap();
            (tensor.dtype, tensor.sides.clone(), numbers.clone())
        };
        assert_eq!(of("fc.weight"), (Dtype::F32, vec![2, 3], floats(&[-0.5, -0.25, 0.0, 0.25, 0.5, 0.75])));
        assert_eq!(of("turned.weight"), (Dtype::F32, vec![3, 2], floats(&[0.0, 3.0, 1.0, 4.0, 2.0, 5.0])));
        assert_eq!(of("row.weight"), (Dtype::F32, vec![3], floats(&[3.0, 4.0, 5.0])));
        assert_eq!(of("half.weight"), (Dtype::F16, vec![2], [0x00, 0x3e, 0x00, 0xc0].to_vec()));
        assert_eq!(of("wide.weight"), (Dtype::F64, vec![1], 0.1f64.to_le_bytes().to_vec()));
        assert_eq!(of("bn.running_mean"), (Dtype::BF16, vec![2], [0x80, 0x3e, 0x00, 0x41].to_vec()));
        assert_eq!(of("bn.num_batches_tracked"), (Dtype::I64, vec![], 7i64.to_le_bytes().to_vec()));
    }
    let file = TensorFile::of(fixture!("checkpoint.ckpt")).unwrap();
    assert_eq!(file.dictionaries().iter().map(Dictionary::place).collect::<Vec<_>>(), ["state_dict", "optimizer.state.0"]);
}

#[test]
fn names_that_run_something_are_refused_and_all_others_are_values() {
    for bytes in [fixture!("code.pt"), fixture!("code.pth")] {
        assert_eq!(said(bytes), "the pickle names `posix.system`, which no tensor needs; nothing of it was run");
    }
    for name in [
        "builtins\neval",
        "__builtin__\ngetattr",
        "os\nsystem",
        "os.path\njoin",
        "subprocess\nPopen",
        "runpy\n_run_code",
        "torch.hub\nload",
        "torch\nhub.load",
        "torch.serialization\nload",
        "torch._inductor.codecache\nos.system",
        "types\nCodeType",
        "operator\nattrgetter",
    ] {
        let refused = said(&saved(&[("x", format!("c{name}\n").into_bytes()), ("w", tensor(0, &[6], &[1]))]));
        assert!(refused.contains(&format!("names `{}`", name.replace('\n', "."))), "{name}: {refused}");
    }
    // a bare pickle of a call, as no PyTorch writes it
    assert!(said(b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.").contains("builtins.eval"));
    assert!(said(b"\x80\x02(S'x'\nios\nsystem\n.").contains("os.system"));
    let called = |name: &str, arguments: Vec<u8>| [format!("c{name}\n").into_bytes(), arguments, b"R".to_vec()].concat();
    for (what, value) in [
        ("a scheduler's milestones", called("collections\nCounter", tuple(&[[b"}(".to_vec(), int(8), int(1), b"u".to_vec()].concat()]))),
        ("a device", called("torch\ndevice", tuple(&[text("cuda"), int(0)]))),
        ("a layout", called("torch.serialization\n_get_layout", tuple(&[text("torch.sparse_coo")]))),
        ("a set", called("builtins\nset", tuple(&[[b"](".to_vec(), int(1), int(2), b"e".to_vec()].concat()]))),
        ("a set of its own opcode", b"\x8f(K\x01K\x02\x90".to_vec()),
        ("options", [b"cargparse\nNamespace\n)\x81}".to_vec(), text("lr"), b"G\0\0\0\0\0\0\0\0sb".to_vec()].concat()),
        ("an array's number", called("numpy.core.multiarray\nscalar", tuple(&[b"N".to_vec(), b"C\x01x".to_vec()]))),
        ("a class of somebody's", [b"c__main__\nConfig\n".to_vec(), b")\x81".to_vec()].concat()),
        ("what a class made, called", [called("functools\npartial", tuple(&[b"N".to_vec()])), b")R".to_vec()].concat()),
    ] {
        assert_eq!(said(&saved(&[("x", value), ("w", tensor(0, &[2, 3], &[3, 1]))])), "1 tensors", "{what}");
    }
}

#[test]
fn tensors_of_newer_kinds_are_described() {
    let id = tuple(&[text("storage"), b"ctorch.storage\nUntypedStorage\n".to_vec(), text("0"), text("cpu"), int(24)]);
    let sides = tuple(&[int(3)]);
    let strides = tuple(&[int(1)]);
    let said_format = |dtype: &str| {
        let head = [id.clone(), b"Q".to_vec()].concat();
        let format = format!("ctorch\n{dtype}\n").into_bytes();
        let arguments = tuple(&[head, int(1), sides.clone(), strides.clone(), vec![0x89], b"N".to_vec(), format]);
        let made = [b"ctorch._utils\n_rebuild_tensor_v3\n".to_vec(), arguments, b"R".to_vec()].concat();
        let all = everything(&saved(&[("w", made)])).unwrap();
        (all[0].1.dtype.to_string(), all[0].2.len())
    };
    assert_eq!(said_format("uint16"), ("uint16".to_owned(), 6));
    assert_eq!(said_format("float8_e4m3fn"), ("float8_e4m3fn".to_owned(), 3));
    assert_eq!(said_format("float32"), ("float32".to_owned(), 12));
    let quantised = b"ctorch._utils\n_rebuild_qtensor\n)R".to_vec();
    let file = saved(&[("q", quantised), ("w", tensor(0, &[6], &[1]))]);
    assert_eq!(TensorFile::of(&file).unwrap().dictionaries()[0].unread["q"], "torch._utils._rebuild_qtensor");
}

#[test]
fn what_is_no_file_of_weights_is_called_by_its_name() {
    let array = archive(&[("a.npy", b"\x93NUMPY")]);
    let script = archive(&[("m/data.pkl", b"\x80\x02}."), ("m/constants.pkl", b"\x80\x02)."), ("m/code/__torch__.py", b"")]);
    let other = archive(&[("readme.txt", b"hello")]);
    let whole = b"\x80\x02cmodels.arcface\nNet\n)\x81.".to_vec();
    let model = archive(&[("m/data.pkl", &whole)]);
    let said: Vec<String> = [
        b"".as_slice(),
        b"<!DOCTYPE html><html>quota exceeded</html>",
        b"\xef\xbb\xbf\n <HTML lang=en>",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        b"{\"error\": \"no such file\"}",
        b"\x1f\x8b\x08\x00",
        b"\x93NUMPY\x01\x00",
        b"\x89HDF\r\n\x1a\n",
        b"\x08\x07\x12\x07pytorch",
        b"\x00\x01\x02\x03\xff\xfe",
        &array,
        &script,
        &other,
        fixture!("empty.pt"),
        &model,
    ]
    .map(|bytes| TensorFile::of(bytes).map_or_else(|error| format!("{error}\n  {}", error.help()), |_| "read".to_owned()))
    .into();
    insta::assert_snapshot!(said.join("\n"), @r#"
    this is an empty file
      the download or the copy stopped before it began: fetch the file again
    this is an HTML page, no file of weights
      the server answered with a page (a login, a quota) in place of the file: fetch it again and look at what comes
    this is an HTML page, no file of weights
      the server answered with a page (a login, a quota) in place of the file: fetch it again and look at what comes
    this is a git-lfs pointer, no file of weights
      the file itself was not fetched: git lfs pull
    this is a text, no file of weights
      weights are read from whole safetensors files and from what torch.save writes
    this is a packed archive, no file of weights
      unpack it: weights are read from safetensors files and from what torch.save writes
    this is a NumPy array (.npy), no file of weights
      save the arrays by name with PyTorch: torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, new)
    this is an HDF5 file (Keras), no file of weights that is read here
      weights are read from whole safetensors files and from what torch.save writes
    this is an ONNX network, no file of weights
      weights are read from whole safetensors files and from what torch.save writes
    this is no file of weights: it is neither safetensors nor what torch.save writes
      weights are read from whole safetensors files and from what torch.save writes
    this is an archive of NumPy arrays (.npz), no file of weights
      save the arrays by name with PyTorch: torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, new)
    this is a TorchScript archive: a program with its tensors, no state dict
      save its tensors with PyTorch: torch.save(torch.jit.load(path).state_dict(), new)
    this is a zip archive without a data.pkl: none that torch.save wrote
      unpack it: weights are read from safetensors files and from what torch.save writes
    there is no state dict in the file; it has `epoch`, `lr`
      tensors are looked for by their names, as model.state_dict() gives them
    there is no state dict in the file; it has an object of `models.arcface.Net`
      a whole model is saved without its code by torch.save(torch.load(path, weights_only=False).state_dict(), new)
    "#);
}

#[test]
fn a_tensor_outside_of_its_storage_is_refused() {
    for (offset, sides, strides) in
        [(0, vec![2, 3], vec![3, 1]), (0, vec![0, 3], vec![3, 1]), (5, vec![], vec![]), (0, vec![3, 2], vec![1, 3])]
    {
        assert_eq!(said(&saved(&[("w", tensor(offset, &sides, &strides))])), "1 tensors", "{offset} {sides:?}");
    }
    for (offset, sides, strides) in [
        (1, vec![2, 3], vec![3, 1]),
        (-1, vec![2], vec![1]),
        (0, vec![2, 3], vec![4, 1]),
        (0, vec![1 << 40], vec![0]),
        (0, vec![i64::MAX, i64::MAX], vec![1, 1]),
        (0, vec![0, i64::MAX, i64::MAX], vec![1, 1, 1]),
        (0, vec![2], vec![i64::MAX]),
        (i64::MAX, vec![2], vec![1]),
        (0, vec![2], vec![]),
        (0, vec![1; 100], vec![1; 100]),
    ] {
        let refused = said(&saved(&[("w", tensor(offset, &sides, &strides))]));
        let known = ["outside of its storage", "more sides", "an expanded view"];
        assert!(known.iter().any(|known| refused.contains(known)), "{offset} {sides:?}: {refused}");
    }
}

/// A safetensors file of this header and so many bytes.
fn headed(header: &str, bytes: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; bytes]].concat()
}

#[test]
fn a_header_that_claims_what_the_file_has_not_is_refused() {
    let of = |dtype: &str, shape: &str, range: &str, bytes| {
        said(&headed(&format!("{{\"w\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":{range}}}}}"), bytes))
    };
    assert_eq!(of("F32", "[2, 3]", "[0, 24]", 24), "1 tensors");
    assert_eq!(of("F32", "[0, 3]", "[0, 0]", 0), "1 tensors");
    insta::assert_snapshot!([
        of("F32", "[0, 18446744073709551615]", "[0, 0]", 0),
        of("F32", "[0, 9223372036854775807, 2]", "[0, 0]", 0),
        of("F32", "[1099511627776]", "[0, 4398046511104]", 24),
        of("F32", "[2, 3]", "[24, 0]", 24),
        of("F32", "[2, 3]", "[0, 20]", 24),
        of("F32", "[-1]", "[0, 24]", 24),
        of("F32", "[2, 3]", "[0, 24]", 25),
        of("F4", "[2, 3]", "[0, 3]", 3),
        said(&[&u64::MAX.to_le_bytes()[..], b"{}"].concat()),
        said(&[&(1u64 << 31).to_le_bytes()[..], b"{}"].concat()),
    ].join("\n"), @r"
    tensor `w` lies outside of its storage
    tensor `w` lies outside of its storage
    the file is cut short
    tensor `w` lies outside of its storage
    tensor `w` lies outside of its storage
    the file is damaged or no file of weights: its header is not that of safetensors: a format, a shape and a range for each name
    the file is damaged or no file of weights: bytes follow that no tensor has
    tensor `w` has the number format F4, which is not supported
    this is no file of weights: it is neither safetensors nor what torch.save writes
    the file is cut short
    ");
}

#[test]
fn nesting_and_repetition_cost_no_more_than_their_bytes() {
    let nested = |open: &[u8], close: &[u8], depth: usize| {
        let value = [open.repeat(depth), close.repeat(depth)].concat();
        saved(&[("x", value), ("w", tensor(0, &[6], &[1]))])
    };
    for (open, close) in [(b")".as_slice(), b"\x85".as_slice()), (b"](", b"l"), (b"}X\0\0\0\0", b"s")] {
        let file = nested(open, close, 300_000);
        let read = said(&file);
        assert!(read == "1 tensors" || read.contains("damaged"), "{read}");
    }
    // one tuple inside of the next, twice, forty times: 2^40 values where they are written out
    let mut doubled = b"()q\0".to_vec();
    (0..40).for_each(|_| doubled.extend(b"h\0h\0\x86q\0"));
    doubled.push(b't');
    assert_eq!(said(&saved(&[("x", doubled), ("w", tensor(0, &[6], &[1]))])), "1 tensors");
    // the same of dictionaries that lead to tensors: each is looked at once
    let mut doubled = [b"(}".to_vec(), text("w"), tensor(0, &[6], &[1]), b"sq\0".to_vec()].concat();
    (0..40).for_each(|_| doubled.extend([b"}".to_vec(), text("a"), b"h\0s".to_vec(), text("b"), b"h\0sq\0".to_vec()].concat()));
    doubled.push(b't');
    assert_eq!(said(&saved(&[("x", doubled), ("w", tensor(0, &[6], &[1]))])), "2 tensors");
    // a list of pairs that is made a dictionary again and again
    let pairs = [b"](".to_vec(), [b"K\x01K\x02\x86".as_slice()].concat().repeat(100_000), b"eq\0".to_vec()].concat();
    let again = b"ccollections\nOrderedDict\nh\0\x85R".repeat(10_000);
    assert!(said(&saved(&[("x", [pairs, b"(".to_vec(), again, b"l".to_vec()].concat())])).contains("more memory"));
    // what takes tens of bytes of memory for each of its own, in each way that a pickle has
    let count = 2_500_000;
    for (open, close) in [
        (&b"("[..], &b""[..]),
        (b"(", b"t"),
        (b"(", b"l"),
        (b"]", b"a"),
        (b"}", b""),
        (b"}", b"0"),
        (b")", b"\x85"),
        (b"N", b"\x94"),
        (b"\x8f", b""),
        (b"(\x91", b""),
        (b"]Na", b"0"),
        (b"}NNs", b"0"),
    ] {
        let bomb = [b"\x80\x02".to_vec(), open.repeat(count), close.repeat(count - 1), b".".to_vec()].concat();
        let read = said(&archive(&[("w/data.pkl", &bomb)]));
        assert!(read.contains("more memory than that of any") || read.contains("more values"), "{}: {read}", open.escape_ascii());
    }
    // a sampler's order of all images of a large set is no bomb: a thousand at a time, as pickle writes lists
    let thousand = [b"(".to_vec(), b"J\x01\x02\x03\x04".repeat(1_000), b"e".to_vec()].concat();
    let order = [b"\x80\x02]".to_vec(), thousand.repeat(5_800), b".".to_vec()].concat();
    let read = said(&archive(&[("w/data.pkl", &order)]));
    assert!(!read.contains("memory") && !read.contains("values"), "{read}");
    // tensors without numbers, by the hundred thousand
    let empty = tensor(0, &[0], &[1]);
    let many: Vec<(String, Vec<u8>)> = (0..50_001).map(|at| (format!("t{at}"), empty.clone())).collect();
    let many: Vec<(&str, Vec<u8>)> = many.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert!(said(&saved(&many)).contains("more tensors than any network"));
}

#[test]
fn a_name_that_stands_twice_is_said() {
    let piece = "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
    let read = said(&headed(&format!("{{{piece},{piece}}}"), 4));
    assert!(read.contains("its header has the name `w` twice"), "{read}");
    assert_eq!(said(&headed(&format!("{{{piece}}}"), 4)), "1 tensors");
}

/// Every reader's whole file, small.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let header = "{\"__metadata__\":{\"ddl\":\"{}\"},\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}";
    vec![
        ("plain.pt", fixture!("plain.pt").to_vec()),
        ("legacy.pth", fixture!("legacy.pth").to_vec()),
        ("checkpoint.ckpt", fixture!("checkpoint.ckpt").to_vec()),
        ("w.safetensors", headed(header, 24)),
        ("made.pt", saved(&[("w", tensor(0, &[2, 3], &[3, 1]))])),
    ]
}

#[test]
fn files_cut_anywhere_are_refused() {
    for (name, bytes) in samples() {
        for end in (0..bytes.len()).step_by(if bytes.len() > 4096 { 16 } else { 1 }) {
            assert!(everything(&bytes[..end]).is_err(), "{name} cut at {end}");
        }
    }
}

/// Draws changes of files: bytes, and numbers of eight bytes set to what a length is not.
fn damaged(rounds: u64) {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let samples = samples();
    let draw = |round: u64, what: &str| {
        let mut hasher = DefaultHasher::new();
        (round, what).hash(&mut hasher);
        hasher.finish()
    };
    for round in 0..rounds {
        let (_, whole) = &samples[draw(round, "file") as usize % samples.len()];
        let mut bytes = whole.clone();
        for change in 0..=draw(round, "changes") % 3 {
            let at = draw(round + (change << 32), "place") as usize % bytes.len();
            let value = draw(round + (change << 32), "value");
            match value % 4 {
                0 => bytes[at] ^= (value >> 8) as u8,
                1 => bytes[at] = [0, 0xff, 0x7f, 0x80][(value >> 8) as usize % 4],
                2 => {
                    let lie = [0u64, u64::MAX, i64::MAX as u64, 1 << 40, u64::from(u32::MAX)][(value >> 8) as usize % 5];
                    let end = bytes.len().min(at + [1, 2, 4, 8][(value >> 16) as usize % 4]);
                    bytes[at..end].copy_from_slice(&lie.to_le_bytes()[..end - at]);
                }
                _ => drop(bytes.remove(at)),
            }
        }
        // read or refused, but no panic; and no more numbers than the file has bytes
        if let Ok(all) = everything(&bytes) {
            assert!(all.iter().all(|(_, _, numbers)| numbers.len() <= bytes.len()), "round {round}");
        }
    }
}

#[test]
fn a_damaged_file_is_read_or_refused_but_never_a_panic() {
    damaged(5_000);
}

/// `cargo test -p ddl --lib tensors -- --ignored`: the same for longer.
#[test]
#[ignore = "takes minutes: by name only"]
fn a_damaged_file_is_never_a_panic_in_two_million_rounds() {
    damaged(2_000_000);
}

#[test]
fn a_byte_changed_anywhere_is_never_a_panic() {
    for (_, whole) in samples() {
        for at in 0..whole.len() {
            for change in [0x01u8, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                let _ = everything(&bytes);
            }
        }
    }
}

#[test]
fn a_file_that_changes_after_it_was_hashed_gives_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w");
    let numbers = |value: f32| value.to_le_bytes().repeat(1 << 19); // two pieces of the file
    let safetensors = |value: f32| {
        let header = br#"{"w":{"dtype":"F32","shape":[524288],"data_offsets":[0,2097152]}}"#;
        [&(header.len() as u64).to_le_bytes()[..], header, &numbers(value)].concat()
    };
    for (kind, before, after) in [
        ("safetensors", safetensors(1.0), safetensors(2.0)),
        ("another kind", safetensors(1.0), b"<html>".to_vec()),
        ("zip", fixture!("plain.pt").to_vec(), vec![7; fixture!("plain.pt").len()]),
        ("legacy", fixture!("legacy.pth").to_vec(), vec![7; 100]),
    ] {
        std::fs::write(&path, &before).unwrap();
        let open = || crate::pinned::Pinned::hashed(&path).unwrap().0;
        let (early, mut file) = (open(), TensorFile::pinned(open()).unwrap());
        // the piece that was read last is kept: a small file is no longer looked at
        let small = before.len() <= 1 << 20;
        std::fs::write(&path, &after).unwrap();
        assert!(matches!(TensorFile::pinned(early), Err(TensorError::Changed)), "{kind}");
        let all: Vec<_> = file.dictionaries().iter().flat_map(|it| it.tensors.clone()).collect();
        for (name, tensor) in all {
            match file.numbers(&name, &tensor) {
                Err(TensorError::Changed) => assert!(!small, "{kind}"),
                Ok(numbers) => {
                    let mut own = TensorFile::of(&before).unwrap();
                    assert!(small && numbers == own.numbers(&name, &tensor).unwrap(), "{kind}: {name}");
                }
                Err(other) => panic!("{kind}: {other}"),
            }
        }
    }
}

#[test]
fn numbers_that_are_not_those_that_were_written_are_told_by_their_sum() {
    let whole = fixture!("plain.pt");
    let wanted = everything(whole).unwrap();
    let file = TensorFile::of(whole).unwrap();
    assert!(file.storages().count() > 0 && file.storages().all(|storage| storage.sum.is_some()));
    for storage in file.storages() {
        let mut bytes = whole.to_vec();
        bytes[storage.start as usize + 3] ^= 0x80;
        assert!(matches!(everything(&bytes), Err(TensorError::Broken(why)) if why.contains("their sum is another")));
    }
    // as PyTorch writes it that was told to compute none
    let mut bytes = whole.to_vec();
    for (begin, at) in [(b"PK\x01\x02", 16), (b"PK\x03\x04", 14), (b"PK\x07\x08", 4)] {
        let places: Vec<usize> = (0..whole.len() - 4).filter(|place| whole[*place..].starts_with(begin)).collect();
        places.into_iter().for_each(|place| bytes[place + at..place + at + 4].fill(0));
    }
    assert_eq!(everything(&bytes).unwrap(), wanted);
}
