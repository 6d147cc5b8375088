//! A folder of images.

use super::{Reading, Reads, Recognised, There};
use crate::data::probe::ProbeCache;
use crate::data::readers::{self, IdentityRule, Read};
use crate::data::writers::{Container, Written};
use crate::data::{At, DataError, Lies, Look};
use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::ops::data::columns_of;
use crate::ops::refs::{Columns, FilePath};
use crate::pattern::Patterns;
use std::path::Path;

crate::reader! {
    /// Every image below a folder; without a pattern the identity is the first component of the path.
    ///
    /// Images are the files with the ending of a picture (.jpg, .jpeg, .jpe, .jfif, .png, .webp, .bmp, .gif, .tif, .tiff, .ppm, .pgm, .pbm, .pnm; in
    /// capitals or not); of a .gif or .tif with several pictures the first counts, and two files that differ by their endings alone are two images.
    /// Hidden files and folders (names that begin with a point) and what systems leave behind (`__MACOSX`) don't count. Other pictures are left
    /// out, and a warning says how many.
    ///
    /// Names often say more: other groups of the pattern are attributes, with the types that `schema` gives them. For SCface:
    /// `image_folder(root, identity = "(?P<identity>\\d+)_cam(?P<camera>\\d)_(?P<distance>\\d)", schema = {camera: int, distance: category})`.
    pub struct ImageFolder("image_folder", 2, |call| Type::Dataset(columns_of(call))) {
        /// The folder.
        path: FilePath;
        /// A regular expression over the path below the folder whose group `identity` is the person.
        identity: Option<String> = None;
        /// The types of attributes that other groups of the pattern give; a group that takes no part in a match is a missing value.
        schema: Columns = Columns::default();
    }
    changes = [(2, crate::data::decode::FOURTH)];
}

impl Reading for ImageFolder {
    const WRITTEN: Written = Written::As(&[Container::Folder]);

    const READS: Option<Reads> =
        Some(Reads { path: "path", below: None, look: Look { lies: Lies::Folder, probe: |at, cache| cache.images(at.path) } });

    fn complaints(call: &Call, patterns: &mut Patterns) -> Vec<Complaint> {
        pattern_complaints(call, patterns)
    }

    fn recognises(path: &Path) -> Recognised {
        Recognised::perhaps(path.is_dir())
    }

    fn there(&self) -> Option<There<'_>> {
        Some(There { path: &self.path, below: None, said: self.said() })
    }

    fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError> {
        readers::image_folder_with(at.path, &rule(self.identity.as_deref())?, &self.schema.types()?, cache)
    }
}

/// How paths tell who it is.
pub(super) fn rule(pattern: Option<&str>) -> Result<IdentityRule, DataError> {
    pattern.map_or(Ok(IdentityRule::FirstFolder), IdentityRule::pattern)
}

/// What is wrong with a pattern over paths: it is one, and has the groups that the schema names.
pub(super) fn pattern_complaints(call: &Call, patterns: &mut Patterns) -> Vec<Complaint> {
    let complain =
        |param, message: String, help: Option<&str>| vec![Complaint { param: Some(param), message, help: help.map(str::to_owned) }];
    let columns: Vec<&String> = match call.args.get("schema") {
        Some(Value::Schema(columns)) => columns.keys().collect(),
        _ => Vec::new(), // no schema
    };
    let pattern = match call.args.get("identity") {
        Some(Value::Text(pattern)) => pattern,
        None if !columns.is_empty() => {
            return complain(
                "schema",
                "attributes come from the groups of a pattern".to_owned(),
                Some("give one: identity = \"(?P<identity>…)_(?P<camera>…)\""),
            );
        }
        _ => return Vec::new(), // a pattern that only a parameter gives
    };
    match IdentityRule::groups(pattern, patterns) {
        Err(error) => complain("identity", error.to_string(), None),
        Ok(groups) => match columns.iter().find(|name| !groups.contains(name)) {
            Some(name) => complain(
                "schema",
                format!("the pattern has no group `{name}`"),
                Some("write (?P<name>…) around the part of the path that it is"),
            ),
            None => Vec::new(),
        },
    }
}
