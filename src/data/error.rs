//! Everything that can be wrong with data, in one place; `Display` is the message.

use super::probe::LeftOut;
use ddl_base::text::quoted;
use std::path::PathBuf;
use std::sync::Arc;

/// What is wrong with data.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DataError {
    /// A file or folder can't be read.
    #[error("cannot read {}: {}", path.display(), ddl_base::system::in_words(why))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// What lies at a path is not what a plan was made from.
    #[error("{} is not what it was when the plan was made", path.display())]
    Changed {
        /// The file, or the folder or list.
        path: PathBuf,
    },
    /// A link below a root leads back to a folder above it.
    #[error("{} is a link that leads back to {}", path.display(), ancestor.display())]
    LinkLoop {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        ancestor: PathBuf,
    },
    /// A file's name is not UTF-8.
    #[error("the name of {} is not valid UTF-8", path.display())]
    NameNotText {
        /// The file, with the wrong bytes replaced.
        path: PathBuf,
    },
    /// A folder has no image.
    #[error("no image below {} ({left_out})", root.display())]
    NoImages {
        /// The folder.
        root: PathBuf,
        /// What lies there instead.
        left_out: LeftOut,
    },
    /// A path does not tell an identity.
    #[error("{}: {why}", .path.replace('\n', "\\n"))]
    NoIdentity {
        /// The image, relative to its root.
        path: String,
        /// Why not.
        why: String,
    },
    /// What is said of an image is not of the attribute's type.
    #[error("{}: {why}", .path.replace('\n', "\\n"))]
    NoValue {
        /// The image, relative to its root.
        path: String,
        /// What was wanted.
        why: String,
    },
    /// A regular expression is wrong.
    #[error("`{pattern}` is not a usable pattern: {why}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why not.
        why: String,
    },
    /// A line of a text file is wrong.
    #[error("{}:{line}: {why}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// A text file as a whole is wrong.
    #[error("{}: {why}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A csv lacks a column.
    #[error("{} has no column `{column}` (it has {found}); its header is `{wanted}`", file.display())]
    NoColumn {
        /// The file.
        file: PathBuf,
        /// The wanted column.
        column: String,
        /// The columns it has, as a message says them.
        found: String,
        /// The header it should have.
        wanted: &'static str,
    },
    /// A file names images that the table does not have.
    #[error("{}: {count} rows name images that are not there, first {} (line {line})", file.display(), quoted(first))]
    UnknownImages {
        /// The file.
        file: PathBuf,
        /// The first such name.
        first: String,
        /// Its line, from 1.
        line: u64,
        /// How many rows.
        count: usize,
    },
    /// A csv of attributes names none of the images.
    #[error(
        "{} has no row for any of {total} images: it names {}, and the images are named as {}",
        file.display(), quoted(named), quoted(image)
    )]
    NoneAnnotated {
        /// The csv.
        file: PathBuf,
        /// The first name that it has.
        named: String,
        /// The first image.
        image: String,
        /// How many images there are.
        total: usize,
    },
    /// A csv of attributes says nothing of some images.
    #[error("{} has no row for {count} of {total} images, first `{first}`", file.display())]
    NotAnnotated {
        /// The csv.
        file: PathBuf,
        /// The first image without a row.
        first: String,
        /// How many images.
        count: usize,
        /// Of how many.
        total: usize,
    },
    /// A name stands twice in a label space.
    #[error("the identity `{identity}` stands twice")]
    IdentityTwice {
        /// The name.
        identity: String,
    },
    /// Two rows of one table have the same path.
    #[error("two samples are named {}", quoted(path))]
    PathTwice {
        /// The path.
        path: String,
    },
    /// A merge would hold one image twice.
    #[error("`{path}` is in two of the merged tables, and is the same image in both")]
    MergedTwice {
        /// The path.
        path: String,
    },
    /// An attribute's type is not the same in two tables.
    #[error("`.{attribute}` is {left} in one table and {right} in another")]
    TypesDiffer {
        /// The attribute.
        attribute: String,
        /// Its type in the first.
        left: String,
        /// Its type in the other.
        right: String,
    },
    /// A known fact of the image stream is not the same in two tables.
    #[error("the {fact} is {left} in one table and {right} in another")]
    StreamsDiffer {
        /// Which fact.
        fact: &'static str,
        /// In the first.
        left: String,
        /// In the other.
        right: String,
    },
    /// There is no such attribute.
    #[error("there is no attribute `.{name}` (there are {})", known.iter().map(|known| format!(".{known}")).collect::<Vec<_>>().join(", "))]
    NoAttribute {
        /// The wanted name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// An attribute already exists.
    #[error("`.{name}` is there already")]
    AttributeTwice {
        /// The attribute.
        name: String,
    },
    /// A value of a wrong kind in an expression.
    #[error("{what} wants {wanted}, found {found}")]
    WrongKind {
        /// The operator.
        what: String,
        /// What it wants.
        wanted: &'static str,
        /// What it got.
        found: String,
    },
    /// A value is missing and nobody said what then.
    #[error("`{path}` has no value of {attributes} ({count} of {total} samples have none)")]
    Missing {
        /// The attributes that are looked at.
        attributes: String,
        /// The first sample without a value.
        path: String,
        /// How many samples can't be decided.
        count: usize,
        /// Of how many.
        total: usize,
    },
    /// A filter leaves nothing.
    #[error("no sample of {total} is left by {filter}{}", conjuncts_text(conjuncts))]
    EmptyFilter {
        /// The filter, as text.
        filter: String,
        /// How many samples there were.
        total: usize,
        /// Each part of an `and` chain, with how many samples it alone leaves.
        conjuncts: Vec<(String, usize)>,
        /// What was probably meant: a range where two numbers were listed.
        meant: Option<String>,
    },
    /// A view leaves nothing.
    #[error("{view} leaves no sample of {total}")]
    Empty {
        /// The view, with its arguments.
        view: String,
        /// How many samples there were.
        total: usize,
    },
    /// The parts of a split don't fit.
    #[error("split: {why}")]
    Split {
        /// Why not.
        why: String,
    },
    /// An identity is not in the table.
    #[error("there is no identity `{name}`{}", suggestion(near.as_ref()))]
    NoSuchIdentity {
        /// The wanted name.
        name: String,
        /// The nearest name there is.
        near: Option<Arc<str>>,
    },
    /// An argument is out of its range.
    #[error("{what}: {why}")]
    Argument {
        /// Which operation.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// An image can't be decoded.
    #[error("{image}: {why}")]
    Corrupt {
        /// The image's file, or its name.
        image: String,
        /// What the decoder says.
        why: String,
    },
    /// Some images can't be decoded.
    #[error("{count} of {total} images can't be decoded:\n  {}", first.join("\n  "))]
    CorruptImages {
        /// How many.
        count: usize,
        /// Of how many.
        total: usize,
        /// The first few, one message each.
        first: Vec<String>,
    },
    /// An image has another size than wanted.
    #[error("{image} is {}x{}, wanted {}x{}", found.0, found.1, wanted.0, wanted.1)]
    Size {
        /// The image's file, or its name.
        image: String,
        /// Width and height that it has.
        found: (u32, u32),
        /// Width and height that were wanted.
        wanted: (u32, u32),
    },
    /// A sampler can't work on this table.
    #[error("{why} ({sampler})")]
    Sampler {
        /// The sampler.
        sampler: &'static str,
        /// Why not.
        why: String,
    },
    /// A gallery and probes that can't be judged.
    #[error("{why}")]
    Search {
        /// Why not.
        why: String,
    },
    /// All pairs of a list contradict the people of their images.
    #[error("{}: each of its {count} pairs says `same` otherwise than the people of its images", file.display())]
    Contradiction {
        /// The list.
        file: PathBuf,
        /// How many pairs.
        count: usize,
    },
    /// A protocol can't be judged on this table.
    #[error("{}: {why}", file.display())]
    Protocol {
        /// The protocol's file.
        file: PathBuf,
        /// Why not.
        why: String,
    },
}

/// `" (a: 3 left, b: 0 left)"`.
fn conjuncts_text(conjuncts: &[(String, usize)]) -> String {
    if conjuncts.len() < 2 {
        return String::new();
    }
    let parts: Vec<_> = conjuncts.iter().map(|(text, left)| format!("`{text}` alone leaves {left}")).collect();
    format!(" ({})", parts.join(", "))
}

/// `", did you mean …?"`.
fn suggestion(near: Option<&Arc<str>>) -> String {
    near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"))
}
