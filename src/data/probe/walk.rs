//! Every image below a folder, found in parallel.

use crate::DataError;
use crate::decode::{EXTENSIONS, is_picture};
use ddl_base::meter::{self, Work};
use ddl_base::regular::{self, Stamp};
use ddl_base::stack::with_room;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fmt;
use std::fs::{DirEntry, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folders that systems and programs leave beside what people put there; those whose names begin with a point are others.
pub const LEFT_BEHIND: [&str; 5] = ["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"];

/// Endings of pictures that are not read.
const OTHER_PICTURES: [&str; 19] = [
    "heic", "heif", "avif", "jxl", "jp2", "j2k", "jxr", "tga", "dds", "exr", "hdr", "ico", "psd", "svg", "raw", "dng", "cr2", "nef", "arw",
];

/// Entries of a folder that are looked at together.
const BLOCK: usize = 4096;

/// What lies below a folder and is not taken for an image: by its ending, without hidden files and folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many files by ending (in small letters), and whether they are pictures; of files without an ending, their content tells.
    pub endings: BTreeMap<(bool, String), u64>,
    /// Whether they lie beside files that hold images: those that count as pictures may hold some too.
    pub beside_holders: bool,
}

/// What folders are counted by.
const FOLDERS: &str = "/";

impl LeftOut {
    /// How many there are.
    pub fn files(&self) -> u64 {
        self.endings.values().sum()
    }

    /// How many of them are pictures.
    pub fn pictures(&self) -> u64 {
        self.endings.iter().filter(|((picture, _), _)| *picture).map(|(_, count)| count).sum()
    }

    fn add(&mut self, picture: bool, ending: String) {
        *self.endings.entry((picture, ending)).or_default() += 1;
    }

    fn join(&mut self, other: LeftOut) {
        other.endings.into_iter().for_each(|(ending, count)| *self.endings.entry(ending).or_default() += count);
    }
}

/// `97 other files, 96 of them pictures (.heic 64, .tga 32)`.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (files, pictures) = (self.files(), self.pictures());
        let folders = self.endings.get(&(true, FOLDERS.to_owned())).copied().unwrap_or(0);
        let what = if folders > 0 { "other file or folder" } else { "other file" };
        let what = if files == 1 { what.to_owned() } else { what.replace("file", "files").replace("folder", "folders") };
        write!(f, "{files} {what}")?;
        if pictures > 0 && pictures < files {
            write!(f, ", {pictures} of them {}", if self.beside_holders { "such as may hold images" } else { "pictures" })?;
        }
        let mut shown: Vec<(&String, u64)> = Vec::new();
        let wanted = self.endings.iter().filter(|((picture, _), _)| *picture || pictures == 0);
        shown.extend(wanted.map(|((_, ending), count)| (ending, *count)));
        shown.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let more = shown.len().saturating_sub(NAMED);
        let mut parts: Vec<String> = shown.into_iter().take(NAMED).map(|(ending, count)| format!("{} {count}", dotted(ending))).collect();
        if more > 0 {
            parts.push(format!("{more} more endings"));
        }
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}

/// Endings that a message names.
const NAMED: usize = 6;

fn dotted(ending: &str) -> String {
    match ending {
        "" => "no ending".to_owned(),
        FOLDERS => "folders".to_owned(),
        ending => format!(".{ending}"),
    }
}

/// What a database leaves beside its file to tell who reads it.
const LOCKS: [&str; 1] = ["lock.mdb"];

/// What lies in a folder beside the files in it that hold images: other files by their endings, and folders, in which nobody looks. Of a path
/// that is no folder nothing.
pub fn beside(path: &Path, files: &[PathBuf]) -> Result<LeftOut, DataError> {
    let mut left_out = LeftOut { beside_holders: true, ..LeftOut::default() };
    if !path.is_dir() {
        return Ok(left_out);
    }
    let held = files.first().and_then(|file| file.extension()).map(|ending| format!(".{}", ending.to_string_lossy().to_ascii_lowercase()));
    let files: HashSet<&PathBuf> = files.iter().collect();
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let entry = entry.map_err(|error| unreadable(path, &error))?;
        let (name, place) = (entry.file_name().to_string_lossy().to_ascii_lowercase(), entry.path());
        if name.starts_with('.') || LEFT_BEHIND.iter().any(|left| left.eq_ignore_ascii_case(&name)) || LOCKS.contains(&&*name) {
            continue;
        }
        if place.is_dir() {
            left_out.add(true, FOLDERS.to_owned());
        } else if !files.contains(&place) {
            // `a.tar.gz` is what `a.tar` may be made of
            let packed = held.as_ref().and_then(|held| name.find(&format!("{held}.")).map(|at| name[at + 1..].to_owned()));
            let ending = || place.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
            left_out.add(packed.is_some(), packed.unwrap_or_else(ending));
        }
    }
    Ok(left_out)
}

/// What is found in one folder.
#[derive(Default)]
struct Found {
    images: Vec<(Arc<str>, Stamp)>,
    left_out: LeftOut,
    folders: Vec<Folder>,
}

impl Found {
    fn join(&mut self, other: Found) {
        self.images.extend(other.images);
        self.left_out.join(other.left_out);
        self.folders.extend(other.folders);
    }
}

/// A folder that is looked at.
struct Folder {
    path: PathBuf,
    /// What it is called below the root, with a `/` at its end; of the root, nothing.
    relative: String,
    /// Its name among all folders of the machine.
    name: (u64, u64),
    /// The place of the folder that it lies in.
    above: Option<usize>,
}

/// The relative paths of all images below a folder in byte order, and what else lies there. Links are followed.
///
/// Folders are listed level by level: neither the stack nor the files that are open at once grow with how deep they lie.
pub fn below(root: &Path) -> Result<(Vec<(Arc<str>, Stamp)>, LeftOut), DataError> {
    let metadata = std::fs::metadata(root).map_err(|error| unreadable(root, &error))?;
    regular::is_folder(&metadata).map_err(|error| unreadable(root, &error))?;
    let work = meter::begin("listing folders of images", "files", 0);
    // all of them, each behind the one that it lies in
    let mut folders = vec![Folder { path: root.to_owned(), relative: String::new(), name: Stamp::of(&metadata).name(), above: None }];
    let mut found = Found::default();
    let mut listed = 0;
    while listed < folders.len() {
        let level = listed..folders.len();
        listed = level.end;
        // a thread that waits for the entries of one folder may begin with another
        let parts: Vec<Result<Found, DataError>> = level.into_par_iter().map(|at| with_room(|| list(&folders, at, &work))).collect();
        for part in parts {
            found.join(part?);
        }
        // systems list in an order of their own, and of several errors the first is told
        found.folders.par_sort_unstable_by(|a, b| a.relative.cmp(&b.relative));
        folders.append(&mut found.folders);
    }
    found.images.par_sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok((found.images, found.left_out))
}

/// What lies in the folder at a place.
fn list(folders: &[Folder], at: usize, work: &Work) -> Result<Found, DataError> {
    let path = &folders[at].path;
    let mut entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let mut all = Found::default();
    loop {
        let block = entries.by_ref().take(BLOCK).collect::<Result<Vec<_>, _>>().map_err(|error| unreadable(path, &error))?;
        if block.is_empty() {
            return Ok(all);
        }
        work.add(block.len() as u64);
        // errors in an order of their own: which thread is first must not decide which is told
        let mut parts: Vec<(std::ffi::OsString, Result<Found, DataError>)> =
            block.par_iter().map(|entry| (entry.file_name(), one(entry, folders, at))).collect();
        parts.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (_, part) in parts {
            all.join(part?);
        }
    }
}

/// One entry of the folder at a place.
fn one(entry: &DirEntry, folders: &[Folder], at: usize) -> Result<Found, DataError> {
    let (name, path, relative) = (entry.file_name(), entry.path(), &folders[at].relative);
    let mut found = Found::default();
    if name.as_encoded_bytes().starts_with(b".") {
        return Ok(found); // hidden
    }
    let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
    let link = kind.is_symlink();
    if kind.is_file() || (!kind.is_dir() && !link) {
        file(&name, &path, relative, || entry.metadata(), &mut found)?;
        return Ok(found);
    }
    if !link {
        let metadata = entry.metadata().map_err(|error| unreadable(&path, &error))?;
        found.folders.extend(inside(&name, path, &metadata, folders, at)?);
        return Ok(found);
    }
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => found.folders.extend(inside(&name, path, &metadata, folders, at)?),
        metadata => file(&name, &path, relative, || metadata, &mut found)?,
    }
    Ok(found)
}

/// A folder in the folder at a place; none if systems leave it behind. A link back to one that it lies in is a loop.
fn inside(name: &OsStr, path: PathBuf, metadata: &Metadata, folders: &[Folder], at: usize) -> Result<Option<Folder>, DataError> {
    if LEFT_BEHIND.iter().any(|left| name == *left) {
        return Ok(None);
    }
    let name_of = Stamp::of(metadata).name();
    let mut above = Some(at);
    while let Some(place) = above {
        let folder = &folders[place];
        if folder.name == name_of && cfg!(unix) {
            return Err(DataError::LinkLoop { path, ancestor: folder.path.clone() });
        }
        above = folder.above;
    }
    let Some(text) = name.to_str() else { return Err(DataError::NameNotText { path }) };
    Ok(Some(Folder { path, relative: format!("{}{text}/", folders[at].relative), name: name_of, above: Some(at) }))
}

/// A file, or what is named like one.
fn file(
    name: &OsStr,
    path: &Path,
    relative: &str,
    metadata: impl FnOnce() -> std::io::Result<Metadata>,
    found: &mut Found,
) -> Result<(), DataError> {
    let ending = Path::new(name).extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match ending {
        Some(ending) if EXTENSIONS.contains(&ending.as_str()) => {
            let metadata = metadata().and_then(|metadata| regular::is_regular(&metadata).map(|()| metadata));
            let metadata = metadata.map_err(|error| unreadable(path, &error))?;
            let text = name.to_str().ok_or_else(|| DataError::NameNotText { path: path.to_owned() })?;
            found.images.push((Arc::from(format!("{relative}{text}")), Stamp::of(&metadata)));
        }
        Some(ending) => found.left_out.add(OTHER_PICTURES.contains(&ending.as_str()), ending),
        None => found.left_out.add(begins_like_a_picture(path), String::new()),
    }
    Ok(())
}

/// Whether the content of a file is a picture's; what can't be read is none.
fn begins_like_a_picture(path: &Path) -> bool {
    let mut head = Vec::new();
    regular::open(path).and_then(|file| file.take(64).read_to_end(&mut head)).is_ok() && is_picture(&head)
}

fn unreadable(path: &Path, error: &std::io::Error) -> DataError {
    DataError::Unreadable { path: PathBuf::from(path), why: error.to_string() }
}
