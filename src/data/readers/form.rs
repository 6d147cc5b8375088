//! What the text files look like that a recipe can name.

use crate::DataError;
use ddl_base::regular::{self, Whole};
use ddl_base::text::NoText;
use std::io::Read;
use std::path::Path;

/// A kind of text file that a recipe can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFile {
    /// The images of an `image_list`.
    ImageList,
    /// The same without a header, with a label on each line.
    LabelledImages,
    /// The same as insightface lists them.
    InsightfaceImages,
    /// The same as MXNet lists them.
    Im2recImages,
    /// Attributes of images, for `annotate`.
    Attributes,
    /// The pairs of a `verification`.
    Pairs,
    /// The same as LFW has them.
    NumberedPairs,
    /// The same with a label on each line.
    LabelledPairs,
    /// The same as CALFW and CPLFW have them, in two lines each.
    PairHalves,
    /// The same as SLLFW has them, in two lines each that say no label.
    PairImages,
    /// The pairs of a `pair_list`.
    PairList,
    /// Which face is of which template.
    Faces,
    /// What a detector says of faces.
    DetectorScores,
    /// Pairs of templates.
    TemplatePairs,
    /// Whom templates show.
    Subjects,
    /// Names of people.
    Names,
}

/// What stands between the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Commas,
    Blanks,
    Tabs,
    /// A line is one field.
    Nothing,
}

impl TextFile {
    /// All kinds.
    pub const ALL: [TextFile; 16] = [
        TextFile::ImageList,
        TextFile::LabelledImages,
        TextFile::InsightfaceImages,
        TextFile::Im2recImages,
        TextFile::Attributes,
        TextFile::Pairs,
        TextFile::NumberedPairs,
        TextFile::LabelledPairs,
        TextFile::PairHalves,
        TextFile::PairImages,
        TextFile::PairList,
        TextFile::Faces,
        TextFile::DetectorScores,
        TextFile::TemplatePairs,
        TextFile::Subjects,
        TextFile::Names,
    ];

    /// The header that it begins with, or a line of it where it has none.
    pub const fn form(self) -> &'static str {
        match self {
            TextFile::ImageList => "path,identity,…",
            TextFile::LabelledImages => "path label",
            TextFile::InsightfaceImages => "aligned path label …",
            TextFile::Im2recImages => "index label … path",
            TextFile::Attributes => "image,…",
            TextFile::Pairs => "fold,same,a,b`, or a line is `image image label",
            TextFile::NumberedPairs => "name 1 2` or `name 1 name 2",
            TextFile::LabelledPairs => "image image label",
            TextFile::PairHalves => "image label",
            TextFile::PairImages => "folder/image",
            TextFile::PairList => "a,b",
            TextFile::Faces => "name template medium",
            TextFile::DetectorScores => "name x1 y1 … x5 y5 score",
            TextFile::TemplatePairs => "template template label",
            TextFile::Subjects => "TEMPLATE_ID,SUBJECT_ID",
            TextFile::Names => "name",
        }
    }

    /// What a file without a line of its own has not.
    pub(super) const fn lacks(self) -> &'static str {
        match self {
            TextFile::ImageList | TextFile::Attributes | TextFile::Pairs | TextFile::PairList => "it has no rows below its header",
            TextFile::LabelledImages | TextFile::InsightfaceImages | TextFile::Im2recImages => "it lists no image",
            TextFile::Faces => "it lists no face",
            TextFile::DetectorScores => "it has no scores",
            TextFile::TemplatePairs | TextFile::NumberedPairs | TextFile::LabelledPairs | TextFile::PairHalves | TextFile::PairImages => {
                "it has no pairs"
            }
            TextFile::Subjects => "it lists no template",
            TextFile::Names => "it names nobody",
        }
    }

    const fn between(self) -> Between {
        match self {
            TextFile::ImageList | TextFile::Attributes | TextFile::Pairs | TextFile::PairList | TextFile::Subjects => Between::Commas,
            TextFile::NumberedPairs | TextFile::LabelledPairs | TextFile::PairHalves => Between::Blanks,
            TextFile::Faces | TextFile::DetectorScores | TextFile::TemplatePairs | TextFile::LabelledImages => Between::Blanks,
            TextFile::InsightfaceImages | TextFile::Im2recImages => Between::Tabs,
            TextFile::Names | TextFile::PairImages => Between::Nothing,
        }
    }

    /// What is to be said where the fields of a line are parted by something else than they should.
    pub(super) fn parted_otherwise(self, line: &str) -> Option<String> {
        let (others, wanted): (&[(char, &str)], _) = match self.between() {
            Between::Commas if line.contains(',') => return None,
            Between::Commas => (&[(';', "`;`"), ('\t', "tabs"), ('|', "`|`")], "commas are"),
            Between::Blanks if line.split_ascii_whitespace().nth(1).is_some() => return None,
            Between::Blanks => (&[(',', "commas"), (';', "`;`"), ('|', "`|`")], "blanks are"),
            Between::Tabs if line.contains('\t') => return None,
            Between::Tabs => (&[(',', "commas"), (';', "`;`"), ('|', "`|`"), (' ', "blanks")], "tabs are"),
            Between::Nothing => return None,
        };
        let (_, found) = others.iter().find(|(sign, _)| line.contains(*sign))?;
        Some(format!("it is separated by {found}, and {wanted} wanted: `{}`", self.form()))
    }
}

/// Bytes of a text that are looked at before it is read.
const HEAD: u64 = 64 << 10;

/// Looks at the length and at the beginning of a file that should be a text: one that is no list by these is not read.
///
/// # Errors
/// What can't be read; a file that is too long for a list, or begins as no text does.
pub fn begins_as_text(file: &Path) -> Result<(), DataError> {
    let head = || {
        let open = regular::open(file)?;
        Whole::List.takes(open.metadata()?.len())?;
        let mut head = Vec::new();
        open.take(HEAD).read_to_end(&mut head).map(|_| head)
    };
    let head = head().map_err(|error| DataError::Unreadable { path: file.to_owned(), why: error.to_string() })?;
    match ddl_base::text::read(&head) {
        Ok(_) | Err(NoText::NotUtf8(_)) => Ok(()), // a character may be cut at the end of what was looked at
        Err(why) => Err(no_text(file, why)),
    }
}

/// The error of a file that is no text.
pub(super) fn no_text(file: &Path, why: NoText) -> DataError {
    let file = file.to_owned();
    match why {
        NoText::Zero(line) => DataError::Line { file, line, why: "a zero byte: this is no text".to_owned() },
        NoText::NotUtf8(line) => DataError::Line { file, line, why: "not valid UTF-8; save the file as UTF-8".to_owned() },
        NoText::Utf16 | NoText::Archive => DataError::File { file, why: why.to_string() },
    }
}
