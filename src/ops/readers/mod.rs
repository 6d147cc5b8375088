//! Readers: the data sets that are made of nothing else in a plan. Each is a file of this folder, and a name in the list of [`Reader`].
//!
//! What is asked of a reader stands beside its declaration ([`Reading`]): which of its parameters are paths of images and how these are looked
//! at, what its samples are, and what a recipe says of them.

mod bin;
mod faces;
mod folder;
mod image_tar;
mod images;
mod list;
mod lmdb;
mod parquet;
mod recordio;
mod tfrecord;

pub use images::{Recognised, known};

use super::node::{InPlan, Kind, Node, Planned};
use super::refs::FilePath;
use crate::data::check::CorruptPolicy;
use crate::data::probe::ProbeCache;
use crate::data::readers::Read;
use crate::data::stream::Sizing;
use crate::data::survey::Told;
use crate::data::writers::Written;
use crate::data::{At, AttributeType, DataError, Lies, Look, Stream, Table};
use crate::lang::decl::{Call, Complaint, Operator as _};
use crate::lang::types::Type;
use crate::lang::value::{Args, NodeId};
use crate::pattern::Patterns;
use std::path::Path;

crate::choice! {
    /// What happens to an image that can't be decoded.
    pub enum OnCorrupt {
        /// The run stops before training starts.
        Stop = "stop",
        /// The image is left out, counted and named.
        Skip = "skip",
    }
}

crate::choice! {
    /// What happens to an image whose size is not the network's.
    pub enum OnSize {
        /// It is resized, by `kernel`.
        Resize = "resize",
        /// The run stops before training starts.
        Refuse = "refuse",
    }
}

/// Which parameters of a reader say where its images lie, and how these are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Reads {
    /// The folder, the file that holds them, or the list that names them.
    pub path: &'static str,
    /// The folder that the paths of a list are relative to; without an argument the list's own.
    pub below: Option<&'static str>,
    /// How they are looked at.
    pub look: Look,
}

impl Reads {
    /// Whether this parameter is one of them.
    pub fn names(&self, param: &str) -> bool {
        self.path == param || self.below == Some(param)
    }
}

/// What a recipe says of images that lie on the disk: the parameters that [`reader!`](crate::reader) gives to every reader of such.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// What happens to one that can't be decoded.
    pub on_corrupt: OnCorrupt,
    /// What happens to one of another size.
    pub on_size: OnSize,
    /// How they are resized.
    pub sizing: Sizing,
    /// How their faces are aligned.
    pub alignment: Option<&'a str>,
}

impl Said<'_> {
    /// What happens to an image that can't be decoded.
    pub fn policy(&self) -> CorruptPolicy {
        match self.on_corrupt {
            OnCorrupt::Stop => CorruptPolicy::Stop,
            OnCorrupt::Skip => CorruptPolicy::Skip,
        }
    }

    /// A table of which this is said.
    pub fn of(&self, table: &Table) -> Table {
        let alignment = self.alignment.map(str::to_owned).or_else(|| table.stream().alignment.clone());
        let refuse_resize = self.on_size == OnSize::Refuse;
        table.with_stream(Stream { alignment, refuse_resize, sizing: self.sizing, ..table.stream().clone() })
    }
}

/// What every reader says of itself beside its parameters.
pub trait Reading {
    /// Where its images lie; nothing if they are drawn.
    const READS: Option<Reads>;

    /// As what `ddl data convert` writes that this reader reads.
    const WRITTEN: Written;

    /// Whether its path says which pairs of its images are judged.
    const PAIRS: bool = false;

    /// The attributes that are known of its samples, whatever a recipe says.
    const ATTRIBUTES: &'static [(&'static str, AttributeType)] = &[];

    /// What is wrong with a call, by the patterns in it; the compiler asks this, who knows those of the whole recipe.
    fn complaints(_: &Call, _: &mut Patterns) -> Vec<Complaint> {
        Vec::new()
    }

    /// Whether what lies at a path is this reader's own, for `images`.
    fn recognises(_: &Path) -> Recognised {
        Recognised::No
    }

    /// How its images are looked at where an argument says more of that than [`Reading::READS`].
    fn look(_: &Args) -> Option<Look> {
        None
    }

    /// What its paths are, and what is said of the images there; nothing if they are drawn.
    fn there(&self) -> Option<There<'_>>;

    /// What its files say of images that no `schema` has given a type yet, where they may say anything.
    ///
    /// # Errors
    /// As [`Reading::read`].
    fn told(&self, at: At<'_>, cache: &ProbeCache) -> Result<Told, DataError> {
        match Self::READS {
            Some(reads) if matches!(reads.look.lies, Lies::Anything) => (reads.look.probe)(at, cache).map(|probe| Told::of(&probe)),
            Some(_) | None => Ok(Told::default()),
        }
    }

    /// Its samples.
    ///
    /// # Errors
    /// What can't be read, or is not what it should be.
    fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError>;
}

/// Images on the disk, as a recipe says them.
#[derive(Debug, Clone, Copy)]
pub struct There<'a> {
    /// See [`Reads::path`].
    pub path: &'a FilePath,
    /// See [`Reads::below`].
    pub below: Option<&'a FilePath>,
    /// What is said of them.
    pub said: Said<'a>,
}

macro_rules! readers {
    ($($file:ident::$member:ident),* $(,)?) => {
        $(pub use $file::$member;)*

        crate::family! {
            /// Any reader.
            pub enum Reader: Type::dataset() => { $($member),* }
        }

        impl Reader {
            /// Where the images of a reader of this name lie; nothing if they are drawn, or if it is no reader.
            pub fn reads(op: &str) -> Option<Reads> {
                $(if op == $member::NAME {
                    return <$member as Reading>::READS;
                })*
                None
            }

            /// Whether the path of a reader of this name says which pairs of its images are judged.
            pub(crate) fn has_pairs(op: &str) -> bool {
                $((op == $member::NAME && <$member as Reading>::PAIRS))||*
            }

            /// What is wrong with a call of a reader of this name, by the patterns in it.
            pub(crate) fn complaints(op: &str, call: &Call, patterns: &mut Patterns) -> Vec<Complaint> {
                $(if op == $member::NAME {
                    return <$member as Reading>::complaints(call, patterns);
                })*
                Vec::new()
            }

            /// Whether what lies at a path is a reader's own, of each by its name.
            pub(crate) fn recognised(path: &Path) -> Vec<(&'static str, Recognised)> {
                vec![$(($member::NAME, <$member as Reading>::recognises(path))),*]
            }

            /// See [`Reading::WRITTEN`]; nothing of what is no reader.
            pub fn written(op: &str) -> Option<Written> {
                $(if op == $member::NAME {
                    return Some(<$member as Reading>::WRITTEN);
                })*
                None
            }

            /// How the images of a reader of this name are looked at, by its arguments.
            pub fn look(op: &str, args: &Args) -> Option<Look> {
                $(if op == $member::NAME {
                    return <$member as Reading>::look(args).or(<$member as Reading>::READS.map(|reads| reads.look));
                })*
                None
            }

            /// See [`Reading::ATTRIBUTES`].
            pub fn attributes(&self) -> &'static [(&'static str, AttributeType)] {
                match self { $(Reader::$member(_) => <$member as Reading>::ATTRIBUTES,)* }
            }

            /// See [`Reading::there`].
            pub fn there(&self) -> Option<There<'_>> {
                match self { $(Reader::$member(it) => it.there(),)* }
            }

            /// See [`Reading::told`].
            ///
            /// # Errors
            /// As there.
            pub fn told(&self, at: At<'_>, cache: &ProbeCache) -> Result<Told, DataError> {
                match self { $(Reader::$member(it) => it.told(at, cache),)* }
            }

            /// See [`Reading::read`].
            ///
            /// # Errors
            /// As there.
            pub fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError> {
                match self { $(Reader::$member(it) => it.read(at, cache),)* }
            }
        }

        $(impl InPlan for $member {
            const CALLED: &'static str = $member::NAME;
            fn of(node: &Node) -> Option<&Self> {
                if let Reader::$member(it) = Reader::of(node)? { Some(it) } else { None }
            }
        })*
    };
}

readers!(
    folder::ImageFolder,
    list::ImageList,
    faces::SyntheticFaces,
    recordio::RecordIo,
    image_tar::ImageTar,
    bin::Bin,
    tfrecord::TfRecord,
    lmdb::Lmdb,
    parquet::Parquet,
    images::Images,
);

impl Planned for Reader {
    const KIND: Kind = Kind::FILES;
    fn kind(op: &str) -> Kind {
        if Reader::reads(op).is_some() { Kind::FILES } else { Kind::SAMPLES }
    }
    fn source(&self) -> Option<NodeId> {
        None
    }
}
