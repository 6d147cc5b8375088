//! Images in a tar archive.

use super::folder::{pattern_complaints, rule};
use super::images::{first, has, is_named};
use super::{Reading, Reads, Recognised, There};
use crate::data::decode::{self, EXTENSIONS};
use crate::data::held::{Pack, damaged, numbered, unreadable};
use crate::data::probe::{Digest, FileFacts, LEFT_BEHIND, Probe, ProbeCache};
use crate::data::readers::{self, Read};
use crate::data::shards::{Shards, Twins, ends, shards};
use crate::data::writers::{Container, Written};
use crate::data::{At, DataError, Lies, Look};
use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::meter;
use crate::ops::data::columns_of;
use crate::ops::refs::{Columns, FilePath};
use crate::pattern::Patterns;
use crate::regular::Whole;
use crate::text::quoted;
use rayon::prelude::*;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

crate::reader! {
    /// The images in a tar archive, as if it were unpacked; a shard of a WebDataset is one.
    ///
    /// Images are the members with the ending of a picture, as in an `image_folder`; the archive is not compressed. Without a pattern the identity is the first
    /// component of the path. Where a member says the class of the image of its name (`000017.cls` beside `000017.jpg`), this stands in front of the image's path,
    /// and so names the person, a number with eight digits: `00000042/000017.jpg`. Several shards are one data set where their images differ in name: `image_tar("train-{000..143}.tar")`, or a folder of
    /// them; others are by `merge([…], labels = "by_name")`.
    /// Pictures that are links, and members with holes, are refused: such an archive is written with `--dereference --hard-dereference` and without `-S`.
    pub struct ImageTar("image_tar", 2, |call| Type::Dataset(columns_of(call))) {
        /// The archive, a row of them (`"train-{000..143}.tar"`), or a folder of them.
        path: FilePath;
        /// A regular expression over the path in the archive whose group `identity` is the person.
        identity: Option<String> = None;
        /// The types of attributes that other groups of the pattern give; a group that takes no part in a match is a missing value.
        schema: Columns = Columns::default();
    }
    changes = [(2, crate::data::decode::FOURTH)];
}

impl Reading for ImageTar {
    const WRITTEN: Written = Written::As(&[Container::Tar, Container::WebDataset]);

    const READS: Option<Reads> =
        Some(Reads { path: "path", below: None, look: Look { lies: Lies::Anything, probe: |at, cache| probe(at.path, cache) } });

    fn complaints(call: &Call, patterns: &mut Patterns) -> Vec<Complaint> {
        pattern_complaints(call, patterns)
    }

    fn recognises(path: &Path) -> Recognised {
        // archives of old have no mark of their own, and those that are compressed are refused with a word on how to unpack them
        let is_marked = first(path, is_one).is_some_and(|file| has(&file, MARK, b"ustar"));
        Recognised::surely(is_marked).max(Recognised::perhaps(is_named(path, &["tar", "tgz"])))
    }

    fn there(&self) -> Option<There<'_>> {
        Some(There { path: &self.path, below: None, said: self.said() })
    }

    fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError> {
        let probe = probe(at.path, cache)?;
        readers::held(Shards::open(at.path, &shards(at.path, is_one)?)?, probe, &rule(self.identity.as_deref())?, &self.schema.types()?)
    }
}

/// Whether a file of this name is such an archive.
fn is_one(name: &str) -> bool {
    ends(name, "tar")
}

/// Members begin at multiples of so many bytes.
const BLOCK: u64 = 512;

/// Where a member bears the mark of its format.
const MARK: u64 = 257;

/// A class has at most so many bytes.
const LONGEST_CLASS: u64 = 200;

/// A member that counts: its path, where its bytes begin, and how many there are.
struct Member {
    path: String,
    at: u64,
    bytes: u64,
}

impl Member {
    /// Its path without the last ending, which images and classes share.
    fn key(&self) -> &str {
        self.path.rsplit_once('.').map_or(&*self.path, |(key, _)| key)
    }

    fn ends(&self, endings: &[&str]) -> bool {
        let ending = self.path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        ending.is_some_and(|ending| endings.contains(&&*ending))
    }
}

/// The images of an archive.
fn probe(path: &Path, cache: &ProbeCache) -> Result<Arc<Probe>, DataError> {
    let files = shards(path, is_one)?;
    cache.inside(At { path, below: None }, &files, || {
        let shards = Shards::open(path, &files)?;
        let (mut all, mut twins) = (Vec::new(), Twins::default());
        for (number, (begins, path)) in shards.files().enumerate() {
            let found = images(path, &*shards.pack(number)?, begins)?;
            twins.meet(path, &found)?;
            all.extend(found);
        }
        Ok(all)
    })
}

/// The images of one archive, whose bytes are counted from a place on.
fn images(path: &Path, pack: &Pack, begins: u64) -> Result<Vec<FileFacts>, DataError> {
    let members = members(path, pack)?;
    let (images, rest): (Vec<Member>, Vec<Member>) = members.into_iter().partition(|it| it.ends(&EXTENSIONS));
    let classes = classes(path, pack, rest.iter().filter(|it| it.ends(&["cls"])))?;
    if images.is_empty() {
        return Err(damaged(path, format!("it holds no image ({} other members)", rest.len())));
    }
    let work = meter::begin("reading archives", "images", images.len() as u64);
    let look = |it: Member| {
        work.add(1);
        Whole::Image.takes(it.bytes).map_err(|error| damaged(path, format!("{}: {error}", quoted(&it.path))))?;
        let bytes = pack.read(it.at, it.bytes)?;
        let name = classes.get(it.key()).map_or_else(|| it.path.clone(), |class| format!("{class}/{}", it.path));
        let (digest, size) = (Digest::of(&bytes), decode::dimensions(&bytes));
        Ok(FileFacts { path: Arc::from(name), offset: begins + it.at, bytes: it.bytes, digest, size, told: None })
    };
    images.into_par_iter().map(look).collect()
}

/// The files in an archive, without hidden ones. What a member claims is held against the archive's length.
fn members(path: &Path, pack: &Pack) -> Result<Vec<Member>, DataError> {
    let head = pack.read(0, pack.length().min(4))?;
    if [&b"\x1f\x8b"[..], b"BZh", b"\xfd7z", b"\x28\xb5\x2f\xfd"].iter().any(|magic| head.starts_with(magic)) {
        return Err(damaged(path, "it is compressed; images are read from their places, so unpack it to a .tar".to_owned()));
    }
    names_are_short(path, pack)?;
    let wrong = |error: io::Error, at: u64| match error.raw_os_error() {
        Some(_) => unreadable(path, &error),
        None => damaged(path, format!("it is no tar archive, or is damaged: no member begins at byte {at}")),
    };
    let mut archive = tar::Archive::new(pack.skipping_reader());
    let (mut members, mut end) = (Vec::new(), 0);
    for member in archive.entries_with_seek().map_err(|error| wrong(error, 0))? {
        let mut member = member.map_err(|error| wrong(error, end))?;
        let (at, bytes) = (member.raw_file_position(), member.size());
        // what stands there is the name; without it the member would have the short one of its head
        let torn = member.pax_extensions().is_ok_and(|records| records.into_iter().flatten().any(|record| record.is_err()));
        if torn {
            return Err(damaged(path, format!("the extended header of the member at byte {at} is damaged")));
        }
        let Ok(name) = std::str::from_utf8(&member.path_bytes()).map(str::to_owned) else {
            return Err(damaged(path, format!("the name of the member at byte {at} is not valid UTF-8")));
        };
        let kind = member.header().entry_type();
        let it = Member { path: name.trim_start_matches('/').to_owned(), at, bytes }; // as unpacking does
        let refused = |why: &str| Err(damaged(path, format!("{} {why}", quoted(&it.path))));
        if kind.is_gnu_sparse() || it.path.contains("GNUSparseFile.") {
            return refused("has holes, which are not read: write the archive without -S");
        }
        if (kind.is_hard_link() || kind.is_symlink()) && it.ends(&EXTENSIONS) {
            return refused("is a link, and links are not followed: write the archive with --dereference --hard-dereference");
        }
        if it.path.split('/').any(|part| part == "..") {
            return refused("leads out of the archive");
        }
        let left = pack.length().saturating_sub(at);
        if bytes > left {
            return refused(&format!("says that it has {bytes} bytes, and the archive has {left} more"));
        }
        end = (at + bytes).next_multiple_of(BLOCK);
        let is_hidden = it.path.split('/').any(|part| part.starts_with('.') && part != "." || LEFT_BEHIND.contains(&part));
        if (kind.is_file() || kind.is_contiguous()) && !is_hidden {
            members.push(Member { path: it.path.trim_start_matches("./").to_owned(), ..it });
        }
    }
    let mark = pack.read(end, pack.length().saturating_sub(end).min(BLOCK))?;
    if mark.len() as u64 != BLOCK || mark.iter().any(|byte| *byte != 0) {
        return Err(damaged(path, format!("it is cut off: the mark of its end is not at byte {end}")));
    }
    ends_there(path, pack, end)?;
    Ok(members)
}

/// Bytes behind the mark of an end that are looked at together.
const PIECE: u64 = 1 << 20;

/// Whether nothing lies behind the mark of the end: what does is another archive, which tools pass over.
fn ends_there(path: &Path, pack: &Pack, end: u64) -> Result<(), DataError> {
    let mut at = end;
    while at < pack.length() {
        let piece = pack.read(at, (pack.length() - at).min(PIECE))?;
        if let Some(more) = piece.iter().position(|byte| *byte != 0) {
            let place = at + more as u64;
            let why = format!(
                "more lies at byte {place}, behind the mark of its end at byte {end}: are these archives that were joined? then name each by itself"
            );
            return Err(damaged(path, why));
        }
        at += piece.len() as u64;
    }
    Ok(())
}

/// Bytes of the longest name of a member, and of what an extended header says.
const LONGEST_NAME: u64 = 1 << 20;

/// Whether no member claims a name longer than any: it would be read whole.
fn names_are_short(path: &Path, pack: &Pack) -> Result<(), DataError> {
    use tar::EntryType::{GNULongLink, GNULongName, XGlobalHeader, XHeader};
    let mut at = 0;
    while pack.length().saturating_sub(at) >= BLOCK {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(&pack.read(at, BLOCK)?);
        // what is no header is told by who reads the members
        let (Ok(bytes), true) = (header.entry_size(), is_header(&header)) else { return Ok(()) };
        if matches!(header.entry_type(), GNULongLink | GNULongName | XGlobalHeader | XHeader) && bytes > LONGEST_NAME {
            return Err(damaged(path, format!("the name of the member at byte {at} would have {bytes} bytes")));
        }
        at = match bytes.checked_next_multiple_of(BLOCK).and_then(|bytes| (at + BLOCK).checked_add(bytes)) {
            Some(next) => next,
            None => return Ok(()),
        };
    }
    Ok(())
}

/// Whether a block is the header of a member: its sum is the one that it says.
fn is_header(header: &tar::Header) -> bool {
    let bytes = header.as_bytes();
    let sum: u32 = bytes[..148].iter().chain(&bytes[156..]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
    header.cksum().is_ok_and(|said| said == sum)
}

/// What members say of the class of images, by what they share of their names.
fn classes<'m>(path: &Path, pack: &Pack, members: impl Iterator<Item = &'m Member>) -> Result<HashMap<String, String>, DataError> {
    let class = |it: &Member| {
        let text = if it.bytes <= LONGEST_CLASS { String::from_utf8(pack.read(it.at, it.bytes)?).ok() } else { None };
        let class = text.as_deref().map(str::trim).filter(|class| !class.is_empty() && !class.contains(['/', '\n', '\0']));
        match class {
            Some(class) => Ok((it.key().to_owned(), class.parse().map_or_else(|_| class.to_owned(), numbered))),
            None => Err(damaged(path, format!("{} should hold the name or the number of a class", quoted(&it.path)))),
        }
    };
    members.map(class).collect()
}
