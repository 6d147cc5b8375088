//! A list of images: a csv with columns `path` (or `image`), `identity`, and attributes, or a list without a header ([`PlainList`]).

use super::Read;
use super::lines::{ColumnType, Lines};
use super::plain::PlainList;
use crate::held::{Folder, Held};
use crate::probe::ProbeCache;
use crate::stream::Colour;
use crate::{DataError, ImageSet, ImageSource, NewRow, Schema, Stream, TableBuilder};
use ddl_base::text::quoted;
use indexmap::IndexMap;
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

/// The images that `list` names, in its order; paths are relative to `root`. Columns outside `schema` are left alone.
/// What the columns of a list without a header are is `said`, or told by its first lines.
/// Errors: as [`Lines::of_images`]; a missing column; a field of the wrong type; an image named twice, absolute or outside the root; one
/// that is not there.
pub fn image_list(
    list: &Path,
    root: &Path,
    said: Option<PlainList>,
    schema: &IndexMap<String, ColumnType>,
    cache: &ProbeCache,
) -> Result<Read, DataError> {
    let lines = cache.as_listed(list, root, Lines::of_images(list, said, cache))?;
    let column = |names: &[&str]| cache.as_listed(list, root, lines.column(names));
    let (path, identity) = (column(&["path", "image"])?, column(&["identity"])?);
    let columns = schema.iter().map(|(name, kind)| Ok((name, *kind, lines.column(&[name])?))).collect::<Result<Vec<_>, DataError>>()?;
    let mut paths: Vec<Arc<str>> = Vec::new();
    let mut missing = 0;
    let mut first = None;
    let named = lines.each(|line, row| {
        if row[identity].is_empty() {
            return Err(lines.wrong(line, "it has no identity".to_owned()));
        }
        let path = below(root, &row[path]).map_err(|why| lines.wrong(line, why))?;
        if !root.join(&*path).is_file() {
            missing += 1;
            first.get_or_insert_with(|| (line, path.to_string()));
        }
        paths.push(Arc::from(path));
        Ok(())
    });
    cache.as_listed(list, root, named)?;
    if let Some((line, first)) = first {
        return Err(DataError::UnknownImages { file: list.to_owned(), first, line, count: missing });
    }
    let probe = cache.listed(list, root, &lines.digest, &paths)?;
    if !probe.files.iter().map(|file| &file.path).eq(&paths) {
        let why = "one recipe reads it in two ways, by two words for `columns`".to_owned();
        return Err(DataError::File { file: list.to_owned(), why });
    }
    let set: Arc<dyn ImageSet> = Arc::new(Held::new(Folder::at(root), Arc::clone(&probe)));
    let mut builder = TableBuilder::new(Schema::new(columns.iter().map(|(name, kind, _)| ((*name).clone(), kind.attribute()))));
    let mut files = probe.files.iter().zip(0..);
    lines.each(|line, row| {
        let Some((file, image)) = files.next() else { return Ok(()) }; // there is one for each row
        let cell = |(name, kind, at): &(&String, ColumnType, usize)| {
            kind.cell(&row[*at]).map_err(|why| lines.wrong(line, format!("{why} (column `{name}`)")))
        };
        builder.push(NewRow {
            path: file.path.clone(),
            identity: Arc::from(&row[identity]),
            size: file.size,
            source: ImageSource::new(set.clone(), image),
            cells: columns.iter().map(cell).collect::<Result<_, _>>()?,
        });
        Ok(())
    })?;
    let stream = Stream { colour: Some(Colour::Rgb), ..Stream::default() };
    Ok(Read { table: builder.build(probe.digest(), stream)?, probe })
}

/// What a list says of each image beside its path and its person, field by field.
///
/// # Errors
/// As [`image_list`], of its lines.
pub fn fields(list: &Path, said: Option<PlainList>, cache: &ProbeCache, mut take: impl FnMut(&str, &str)) -> Result<(), DataError> {
    let lines = Lines::of_images(list, said, cache)?;
    let own = [lines.column(&["path", "image"])?, lines.column(&["identity"])?];
    let others: Vec<(usize, &String)> =
        lines.header().iter().enumerate().filter(|(at, name)| !own.contains(at) && !name.is_empty()).collect();
    lines.each(|_, row| {
        others.iter().filter(|(at, _)| !row[*at].trim().is_empty()).for_each(|(at, name)| take(name, row[*at].trim()));
        Ok(())
    })
}

/// A relative path below a root, `/`-separated. A `\` parts folders, unless a file bears such a name.
fn below<'p>(root: &Path, path: &'p str) -> Result<Cow<'p, str>, String> {
    if path.contains('\\') && inside(path) && root.join(path).is_file() {
        return Ok(Cow::Borrowed(path));
    }
    let tidied = match path.starts_with('/').then(|| std::path::absolute(root).ok()).flatten() {
        // a path that begins at the root of the file system may lie below all the same
        Some(root) => match Path::new(path).strip_prefix(&root).ok().and_then(Path::to_str) {
            Some(rest) => Cow::Borrowed(rest),
            None => tidy(path),
        },
        None => tidy(path),
    };
    if tidied.is_empty() {
        return Err("it has no path".to_owned());
    }
    if inside(&tidied) { Ok(tidied) } else { Err(format!("{} is not inside the root folder", quoted(path))) }
}

/// Whether a `/`-separated path leads nowhere but down; `C:` begins a path of another system's disk.
fn inside(path: &str) -> bool {
    let disk = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    !path.starts_with('/') && !disk && path.split('/').all(|part| part != "..")
}

/// A path of a list as tables name images: `/` between folders, no `./` and no empty folder.
pub(crate) fn tidy(path: &str) -> Cow<'_, str> {
    let is_tidy = !path.contains(['\\']) && !path.starts_with("./") && !path.contains("//") && !path.contains("/./");
    if is_tidy {
        return Cow::Borrowed(path);
    }
    let path = path.replace('\\', "/");
    let parts: Vec<&str> =
        path.split('/').enumerate().filter(|(at, part)| *part != "." && (*at == 0 || !part.is_empty())).map(|it| it.1).collect();
    Cow::Owned(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_tidied_and_stay_below_their_root() {
        for (path, tidied) in [
            ("a/b.png", "a/b.png"),
            ("a\\b.png", "a/b.png"),
            (".\\a\\b.png", "a/b.png"),
            ("./a//b/./c.png", "a/b/c.png"),
            ("/a/b", "/a/b"),
            ("\\\\disk\\a", "/disk/a"),
            ("C:\\a", "C:/a"),
            ("..\\a", "../a"),
            ("", ""),
        ] {
            assert_eq!(tidy(path), tidied, "{path}");
        }
        let said = |path: &str| below(Path::new("/nowhere"), path).map(Cow::into_owned);
        assert_eq!(said("a\\b.png"), Ok("a/b.png".to_owned()));
        for path in ["/a/b", "\\\\disk\\a", "C:\\a", "..\\a", "a/../../b"] {
            assert!(said(path).unwrap_err().ends_with("is not inside the root folder"), "{path}");
        }
        assert_eq!((said("/nowhere/a/b"), said("/nowhere/a/../../b").is_err()), (Ok("a/b".to_owned()), true));
        assert_eq!(said(".\\"), Err("it has no path".to_owned()));
    }
}
