//! Files that `torch.save` wrote: state dicts and checkpoints around them, in the zip format and in the one before it.

use super::file::{Described, Dictionary, Storage};
use super::pickle::{self, Pickle, Value};
use super::{FileKind, TensorError};
use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::rc::Rc;
use zip::ZipArchive;

/// How a file of the old format begins, after two bytes that say the pickle's protocol: the pickled number 0x1950a86a20f9469cfc6c.
const LEGACY: [u8; 12] = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// The version that PyTorch wrote.
const LEGACY_VERSION: i64 = 1001;

/// The entry that tells the order of bytes holds one word.
const LONGEST_WORD: u64 = 64;
/// Dictionaries are looked for inside this many others.
const DEEPEST: usize = 8;
/// Items of one list that are looked into.
const MOST_LISTED: usize = 100;
/// Tensors of one file: the largest public networks have some thousands.
const MOST_TENSORS: usize = 50_000;
/// Names that are said of a file without tensors.
const NAMED: usize = 20;

/// What a file describes.
pub(super) struct Contents {
    pub(super) dictionaries: Vec<Dictionary>,
    /// By their places in the pickle; nothing for one that the file does not have.
    pub(super) storages: Vec<Option<Storage>>,
}

fn broken(why: &str) -> TensorError {
    TensorError::Broken(why.to_owned())
}

/// An archive of `torch.save`'s: one pickle, and a file for each storage, all of them unpacked.
pub(super) fn zipped(from: &mut (impl Read + Seek), length: u64) -> Result<Contents, TensorError> {
    // an archive begins with its file: one that lies within another is not looked for
    let config = zip::read::Config { archive_offset: zip::read::ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, BufReader::new(from)).map_err(damaged)?;
    let names: Vec<String> = archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned).collect();
    let ends = |end: &str| names.iter().any(|name| name == end || name.strip_suffix(end).is_some_and(|before| before.ends_with('/')));
    if ends("constants.pkl") {
        return Err(TensorError::Kind(FileKind::TorchScript));
    }
    let Some(root) = names.iter().find_map(|name| name.strip_suffix("data.pkl")) else {
        let arrays = !names.is_empty() && names.iter().all(|name| name.rsplit_once('.').is_some_and(|(_, ending)| ending == "npy"));
        let exported = ends("archive_format") || ends("serialized_exported_program.json");
        return Err(TensorError::Kind(match () {
            () if arrays => FileKind::Npz,
            () if exported => FileKind::TorchExport,
            () => FileKind::Zip,
        }));
    };
    if entry(&mut archive, &format!("{root}byteorder"), length, LONGEST_WORD)?.is_some_and(|word| word != b"little") {
        return Err(broken("its numbers have their highest byte first"));
    }
    let raw = entry(&mut archive, &format!("{root}data.pkl"), length, pickle::LONGEST)?.ok_or(TensorError::Truncated)?;
    let (value, made, _) = pickle::read(&mut Cursor::new(&raw), raw.len() as u64)?;
    let dictionaries = dictionaries(&value, &made)?;
    let wanted: HashSet<usize> = dictionaries.iter().flat_map(|it| it.tensors.values()).map(|tensor| tensor.storage).collect();
    let mut storages = Vec::with_capacity(made.storages.len());
    for (at, storage) in made.storages.iter().enumerate() {
        let name = format!("{root}data/{}", storage.key);
        storages.push(if wanted.contains(&at) { place(&mut archive, &name, length)? } else { None });
    }
    Ok(Contents { dictionaries, storages })
}

fn damaged(error: zip::result::ZipError) -> TensorError {
    use zip::result::ZipError;
    match error {
        ZipError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => TensorError::Truncated,
        ZipError::Io(error) => TensorError::Io(error),
        ZipError::UnsupportedArchive(_) => broken("it is packed or encrypted, and PyTorch writes neither"),
        // whatever else the archive is not: its words are the library's own
        _ => broken("its list of entries, which stands at the end, can't be read: the file may be cut short"),
    }
}

/// Where an entry of an archive lies; nothing for one that it does not have.
fn place(archive: &mut ZipArchive<impl Read + Seek>, name: &str, length: u64) -> Result<Option<Storage>, TensorError> {
    let Some(index) = archive.index_for_name(name) else { return Ok(None) };
    let entry = archive.by_index_raw(index).map_err(damaged)?;
    if entry.compression() != zip::CompressionMethod::Stored || entry.size() != entry.compressed_size() {
        return Err(TensorError::Packed);
    }
    let start = entry.data_start().ok_or(TensorError::Truncated)?;
    let end = start.checked_add(entry.size()).filter(|end| *end <= length).ok_or(TensorError::Truncated)?;
    // PyTorch that was told to compute none writes 0
    let sum = Some(entry.crc32()).filter(|sum| *sum != 0);
    Ok(Some(Storage { start, bytes: end - start, sum }))
}

/// The bytes of an entry that is no longer than `longest`.
fn entry(archive: &mut ZipArchive<impl Read + Seek>, name: &str, length: u64, longest: u64) -> Result<Option<Vec<u8>>, TensorError> {
    let Some(there) = place(archive, name, length)? else { return Ok(None) };
    if there.bytes > longest {
        return Err(TensorError::Broken(format!("`{}` is longer than any", name.escape_debug())));
    }
    let mut raw = Vec::with_capacity(there.bytes as usize);
    let Some(index) = archive.index_for_name(name) else { return Ok(None) };
    archive.by_index_raw(index).map_err(damaged)?.read_to_end(&mut raw)?;
    if there.sum.is_some_and(|sum| crc32fast::hash(&raw) != sum) {
        return Err(TensorError::Broken(format!("`{}` is not what was written", name.escape_debug())));
    }
    Ok(Some(raw))
}

/// Five pickles (a magic number, a version, a description of the machine, the value, the keys of its storages), then the storages.
pub(super) fn legacy(from: &mut (impl Read + Seek), length: u64) -> Result<Contents, TensorError> {
    from.seek(SeekFrom::Start(0))?;
    let mut from = BufReader::new(from);
    let start = from.fill_buf()?;
    if !start.get(2..).is_some_and(|rest| rest.starts_with(&LEGACY)) {
        // what it names is worth more to know than that it is of no known make
        let named = pickle::read(&mut from, length).err().filter(|error| matches!(error, TensorError::Refused { .. }));
        return Err(named.unwrap_or(TensorError::NotTorch));
    }
    let mut at = 0;
    let mut next = || -> Result<(Value, Pickle), TensorError> {
        let (value, made, taken) = pickle::read(&mut from, length - at)?;
        at += taken;
        Ok((value, made))
    };
    next()?;
    if next()?.0 != Value::Int(LEGACY_VERSION) {
        return Err(TensorError::NotTorch);
    }
    next()?;
    let (value, made) = next()?;
    let (keys, lists) = next()?;
    let dictionaries = dictionaries(&value, &made)?;
    let Value::List(keys) = keys else { return Err(broken("it lists no storages")) };
    let known: HashMap<&str, usize> = made.storages.iter().enumerate().map(|(place, it)| (&*it.key, place)).collect();
    let mut storages = vec![None; made.storages.len()];
    for key in &lists.lists[keys] {
        let Value::Text(key) = key else { return Err(broken("a storage without a key")) };
        let Some(place) = known.get(&**key) else { return Err(broken("it has a storage that no tensor has")) };
        let mut wide = [0; 8];
        from.seek(SeekFrom::Start(at))?;
        from.read_exact(&mut wide).map_err(|_| TensorError::Truncated)?;
        let bytes = u64::from_le_bytes(wide).checked_mul(made.storages[*place].dtype.width() as u64);
        let start = at + wide.len() as u64;
        let bytes = bytes.filter(|bytes| *bytes <= length.saturating_sub(start)).ok_or(TensorError::Truncated)?;
        storages[*place] = Some(Storage { start, bytes, sum: None });
        at = start + bytes;
    }
    Ok(Contents { dictionaries, storages })
}

/// Every dictionary with tensors in it, the outer ones first.
fn dictionaries(value: &Value, made: &Pickle) -> Result<Vec<Dictionary>, TensorError> {
    let (mut found, mut unread) = (Vec::new(), None);
    let mut seen: HashSet<(u8, usize)> = HashSet::new();
    let mut todo = VecDeque::from([(value, Vec::<Rc<str>>::new())]);
    while let Some((value, at)) = todo.pop_front() {
        // what holds others is looked at once, wherever else it is named
        let new = match value {
            Value::Dict(place) => seen.insert((0, *place)),
            Value::Object(place) => seen.insert((1, *place)),
            Value::List(place) | Value::Tuple(place) => seen.insert((2, *place)),
            _ => false, // holds nothing
        };
        if !new || at.len() > DEEPEST {
            continue;
        }
        let inside = |name: &Rc<str>| at.iter().chain([name]).cloned().collect::<Vec<_>>();
        if let Value::List(place) | Value::Tuple(place) = value {
            let holds = |value: &Value| matches!(value, Value::Dict(_) | Value::Object(_));
            let items = made.lists[*place].iter().enumerate().filter(|(_, value)| holds(value));
            todo.extend(items.take(MOST_LISTED).map(|(place, value)| (value, inside(&place.to_string().into()))));
            continue;
        }
        let mut own = Dictionary { at: at.iter().map(ToString::to_string).collect(), ..Dictionary::default() };
        for (key, value) in made.items(value) {
            let name: Rc<str> = match key {
                Value::Text(name) => Rc::clone(name),
                Value::Int(number) => number.to_string().into(),
                _ => continue, // a key that no name could be
            };
            match (key, value) {
                (Value::Text(_), Value::Tensor(tensor)) => {
                    own.tensors.insert(name.to_string(), Described::from(&made.tensors[*tensor]));
                }
                (Value::Text(_), Value::Object(object)) if made.objects[*object].class.contains("_rebuild_") => {
                    own.unread.insert(name.to_string(), made.objects[*object].class.to_string());
                }
                (_, Value::Dict(_) | Value::Object(_) | Value::List(_) | Value::Tuple(_)) => todo.push_back((value, inside(&name))),
                _ => {} // a number, a text, a tensor without a name
            }
        }
        if !own.tensors.is_empty() {
            found.push(own);
        } else if unread.is_none() {
            unread = own.unread.pop_first();
        }
    }
    if found.iter().map(|it| it.tensors.len()).sum::<usize>() > MOST_TENSORS {
        return Err(broken("it has more tensors than any network"));
    }
    if !found.is_empty() {
        return Ok(found);
    }
    match unread {
        Some((name, class)) => Err(TensorError::Unread { name, class }),
        None => Err(TensorError::NoTensors { has: has(value, made), model: model(value, made) }),
    }
}

/// Where training code puts a whole model in a checkpoint.
const MODELS: [&str; 8] = ["model", "net", "network", "backbone", "module", "encoder", "ema", "state_dict"];

/// The key of a whole model, an empty one where the value itself is an object of somebody's class.
fn model(value: &Value, made: &Pickle) -> Option<String> {
    let is_object = |value: &Value| matches!(value, Value::Object(place) if made.objects[*place].items.is_empty());
    if is_object(value) {
        return Some(String::new());
    }
    let holds =
        |name: &str| made.items(value).iter().any(|(key, value)| matches!(key, Value::Text(key) if **key == *name) && is_object(value));
    MODELS.iter().find(|name| holds(name)).map(|name| (*name).to_owned())
}

/// What there is in place of tensors.
fn has(value: &Value, made: &Pickle) -> Vec<String> {
    if let Value::Object(place) = value
        && made.objects[*place].items.is_empty()
    {
        return vec![format!("an object of `{}`", made.objects[*place].class.escape_debug())];
    }
    let said = made.items(value).iter().filter_map(|(key, _)| match key {
        Value::Text(key) => Some(format!("`{}`", key.escape_debug())),
        _ => None,
    });
    let has: Vec<String> = said.take(NAMED).collect();
    match value {
        Value::Tensor(_) => vec!["one tensor without a name".to_owned()],
        _ if has.is_empty() => vec!["no names".to_owned()],
        _ => has,
    }
}
