//! A folder of images; the path tells who it is.

use super::{ColumnType, Read};
use crate::held::{Folder, Held, Holder};
use crate::probe::{Probe, ProbeCache};
use crate::stream::Colour;
use crate::{DataError, ImageSet, ImageSource, NewRow, Schema, Stream, TableBuilder};
use ddl_base::pattern::Patterns;
use indexmap::IndexMap;
use regex::Regex;
use std::path::Path;
use std::sync::Arc;

/// How a path tells an identity.
#[derive(Debug, Clone)]
pub enum IdentityRule {
    /// The first component of the relative path.
    FirstFolder,
    /// The group `identity` of a regular expression that must match every relative path (`/`-separated).
    Pattern(Regex),
}

impl IdentityRule {
    /// A rule from a recipe's pattern. Errors: a wrong pattern, or one without a group named `identity`.
    pub fn pattern(pattern: &str) -> Result<Self, DataError> {
        let regex = ddl_base::pattern::compiled(pattern).map_err(|why| DataError::Pattern { pattern: pattern.to_owned(), why })?;
        tells(pattern, regex.capture_names().flatten()).map(|()| IdentityRule::Pattern(regex))
    }

    /// The groups of a recipe's pattern. Errors: as [`IdentityRule::pattern`].
    pub fn groups(pattern: &str, patterns: &mut Patterns) -> Result<Arc<[String]>, DataError> {
        let groups = patterns.groups(pattern).map_err(|why| DataError::Pattern { pattern: pattern.to_owned(), why })?;
        tells(pattern, groups.iter().map(String::as_str)).map(|()| groups)
    }

    /// Whether the rule's pattern has a group of this name.
    pub fn has_group(&self, name: &str) -> bool {
        match self {
            IdentityRule::FirstFolder => false,
            IdentityRule::Pattern(regex) => regex.capture_names().flatten().any(|group| group == name),
        }
    }

    /// What a group of the pattern finds in a path; nothing where it takes no part in the match.
    fn group<'a>(&self, path: &'a str, name: &str) -> &'a str {
        match self {
            IdentityRule::FirstFolder => "",
            IdentityRule::Pattern(regex) => regex.captures(path).and_then(|groups| groups.name(name)).map_or("", |group| group.as_str()),
        }
    }

    fn identity<'a>(&self, path: &'a str) -> Result<&'a str, DataError> {
        let none = |why: String| DataError::NoIdentity { path: path.to_owned(), why };
        match self {
            IdentityRule::FirstFolder => match path.split_once('/') {
                Some((identity, _)) => Ok(identity),
                None => Err(none("it lies in no folder that would name the person".to_owned())),
            },
            IdentityRule::Pattern(regex) => match regex.captures(path).and_then(|groups| groups.name("identity")) {
                Some(group) if !group.is_empty() => Ok(group.as_str()),
                Some(_) => Err(none(format!("`{regex}` finds an empty identity"))),
                None => Err(none(format!("`{regex}` does not match it"))),
            },
        }
    }
}

/// Whether a pattern with these groups tells who it is.
fn tells<'g>(pattern: &str, mut groups: impl Iterator<Item = &'g str>) -> Result<(), DataError> {
    if groups.any(|name| name == "identity") {
        return Ok(());
    }
    let why = "it has no group named identity; write (?P<identity>…) around the part that names the person".to_owned();
    Err(DataError::Pattern { pattern: pattern.to_owned(), why })
}

/// Every image below `root`: files with the ending of a picture ([`EXTENSIONS`](crate::decode::EXTENSIONS)), in capitals or not; two
/// that differ by their endings alone are two images. Hidden files and folders, and what systems leave behind (`__MACOSX`), are passed
/// over. Links are followed. Errors: an unreadable file or folder, a loop of links, a name that is not UTF-8, no image, a path without
/// identity.
pub fn image_folder(root: &Path, rule: &IdentityRule, cache: &ProbeCache) -> Result<Read, DataError> {
    image_folder_with(root, rule, &IndexMap::new(), cache)
}

/// The same with attributes: what groups of the rule's pattern find, read as columns of these types.
///
/// # Errors
/// As [`image_folder`]; a column that is no group; a value of the wrong type, with its image.
pub fn image_folder_with(
    root: &Path,
    rule: &IdentityRule,
    schema: &IndexMap<String, ColumnType>,
    cache: &ProbeCache,
) -> Result<Read, DataError> {
    if let Some(name) = schema.keys().find(|name| !rule.has_group(name)) {
        return Err(DataError::Argument { what: "image_folder", why: format!("the pattern has no group `{name}`") });
    }
    let probe = cache.images(root)?;
    if probe.files.is_empty() {
        return Err(DataError::NoImages { root: root.to_owned(), left_out: probe.left_out.clone() });
    }
    held(Folder::at(root), probe, rule, schema)
}

/// The images that a probe found, whatever holds them: their paths tell who it is, and more where a pattern has groups for it.
///
/// # Errors
/// A path without identity; a value of the wrong type, with its image.
pub fn held(
    holder: impl Holder + 'static,
    probe: Arc<Probe>,
    rule: &IdentityRule,
    schema: &IndexMap<String, ColumnType>,
) -> Result<Read, DataError> {
    let identities = probe.files.iter().map(|file| rule.identity(&file.path).map(Arc::from)).collect::<Result<Vec<Arc<str>>, _>>()?;
    let set: Arc<dyn ImageSet> = Arc::new(Held::new(holder, Arc::clone(&probe)));
    let mut builder = TableBuilder::new(Schema::new(schema.iter().map(|(name, kind)| (name.clone(), kind.attribute()))));
    for ((file, identity), image) in probe.files.iter().zip(identities).zip(0..) {
        let cell = |(name, kind): (&String, &ColumnType)| {
            let wrong = |why| DataError::NoValue { path: file.path.to_string(), why: format!("{why} (group `{name}`)") };
            kind.cell(rule.group(&file.path, name)).map_err(wrong)
        };
        let cells = schema.iter().map(cell).collect::<Result<_, _>>()?;
        let source = ImageSource::new(set.clone(), image);
        builder.push(NewRow { path: file.path.clone(), identity, size: file.size, source, cells });
    }
    let stream = Stream { colour: Some(Colour::Rgb), ..Stream::default() };
    Ok(Read { table: builder.build(probe.digest(), stream)?, probe })
}
