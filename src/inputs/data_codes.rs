//! The data room's errors as diagnostics: each has a code, some a help.

use crate::data::DataError;
use crate::data::protocol::{Doubt, Oddity};
use crate::diag::Code;
use crate::events::Failure;

/// The code of an error of the data room.
pub fn code(error: &DataError) -> Code {
    match error {
        DataError::Unreadable { .. } | DataError::LinkLoop { .. } | DataError::NameNotText { .. } => Code::UnreadableData,
        DataError::Changed { .. } => Code::DataChanged,
        DataError::NoImages { .. } => Code::NoImages,
        DataError::NoIdentity { .. } | DataError::Pattern { .. } => Code::NoIdentity,
        DataError::NoValue { .. } => Code::BadValue,
        DataError::Line { .. }
        | DataError::File { .. }
        | DataError::NoColumn { .. }
        | DataError::NotAnnotated { .. }
        | DataError::NoneAnnotated { .. } => Code::BadTable,
        DataError::UnknownImages { .. } => Code::AbsentImages,
        DataError::IdentityTwice { .. }
        | DataError::PathTwice { .. }
        | DataError::MergedTwice { .. }
        | DataError::TypesDiffer { .. }
        | DataError::StreamsDiffer { .. }
        | DataError::AttributeTwice { .. } => Code::DataClash,
        DataError::Missing { .. } => Code::MissingValue,
        DataError::EmptyFilter { .. } | DataError::Empty { .. } => Code::EmptyData,
        DataError::NoAttribute { .. }
        | DataError::WrongKind { .. }
        | DataError::Split { .. }
        | DataError::NoSuchIdentity { .. }
        | DataError::Argument { .. } => Code::BadData,
        DataError::Corrupt { .. } | DataError::CorruptImages { .. } => Code::Corrupt,
        DataError::Size { .. } => Code::WrongSize,
        DataError::Sampler { .. } => Code::BatchTooLarge,
        DataError::Contradiction { .. } => Code::Contradiction,
        DataError::Protocol { .. } | DataError::Search { .. } => Code::BadProtocol,
    }
}

/// What to do about lists that contradict the people of a data set.
const TURNED: &str =
    "1 is for one person, 0 for two: is the column turned round, or a distance? or are people named by another folder (`identity`)?";

/// Something odd about a list.
pub(crate) fn doubt(doubt: &Doubt) -> Failure {
    let (code, help) = match doubt.oddity {
        Oddity::Contradiction => (Code::Contradiction, TURNED),
        Oddity::Doubled => (Code::Doubled, "each counts as often as it stands there; leave the later ones out"),
        Oddity::Itself => (
            Code::WithItself,
            "such comparisons are right whoever is shown, however the image is changed on one side, and make numbers better than they are; leave them out: part the \
             images, for example by an attribute",
        ),
        Oddity::Mixed => (Code::Contradiction, "a template is one person: is an image in the folder of another?"),
    };
    Failure::new(code, doubt.to_string()).help(help)
}

/// An error of the data room at a node of the plan (or none).
pub fn failure(node: Option<&str>, error: &DataError) -> Failure {
    let message = node.map_or_else(|| error.to_string(), |node| format!("{node}: {error}"));
    let failure = Failure::new(code(error), message);
    if let DataError::EmptyFilter { meant: Some(range), .. } = error {
        return failure.help(format!("a list holds these numbers alone, and not what lies between them: write `{range}`"));
    }
    match help(error) {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// What to do about an error of the data room.
fn help(error: &DataError) -> Option<&'static str> {
    match error {
        DataError::Line { .. } | DataError::File { .. } => return Some("mend the file there, or name another"),
        DataError::NoColumn { .. } => return Some("name the column so in the file's first line, or name another file"),
        DataError::NoIdentity { .. } => {
            return Some(
                "name the folder above the people's, or say what in a path names the person: `identity = \"(?P<identity>[^/]+)_[0-9]+\"`",
            );
        }
        DataError::NoneAnnotated { .. } => {
            return Some("name images in the column `image` or `path` by their paths in the data set, relative to its folder");
        }
        DataError::NotAnnotated { .. } => return Some("say what happens to such images: `missing = \"drop\"` or `\"keep\"`"),
        DataError::Argument { what: "bucket", .. } => return Some("let its edges lie where the pairs do"),
        DataError::Argument { what: "random_pairs", .. } => {
            return Some("ask for less, such as `random_pairs(folds = 2, per_fold = 20)`, or give more people");
        }
        _ => {} // by its code
    }
    if let DataError::Unreadable { path, .. } = error
        && path.starts_with("~")
    {
        return Some("`~` is a word of the shell, which is not read here: write the whole path");
    }
    let help = [
        (Code::UnreadableData, "check the path, or the parameter that gives it"),
        (Code::AbsentImages, "paths in a list are those of the data set: relative to its folder (`root` of an `image_list`)"),
        (Code::DataChanged, "run the same command again: it is planned anew with what lies there now"),
        (Code::Contradiction, TURNED),
        (Code::BadValue, "give the attribute another type in `schema`, or mend what is said of the image"),
        (Code::Corrupt, "mend or remove them, or leave them out: `on_corrupt = \"skip\"`"),
        (Code::WrongSize, "let it be resized: `on_size = \"resize\"`"),
        (Code::BatchTooLarge, "choose a smaller `size` (or `batch`, or fewer `identities` of `pk`), or more data"),
        (Code::MissingValue, "say what happens to such samples: `missing = \"drop\"` or `\"keep\"`"),
    ];
    help.iter().find(|(of, _)| *of == code(error)).map(|(_, help)| *help)
}
