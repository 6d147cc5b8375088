//! A csv that lists images: columns `path` (or `image`), `identity`, and attributes.

use super::Read;
use super::lines::{ColumnType, Lines};
use crate::data::probe::ProbeCache;
use crate::data::stream::Colour;
use crate::data::{DataError, ImageSource, NewRow, Schema, Stream, TableBuilder};
use indexmap::IndexMap;
use std::path::Path;
use std::sync::Arc;

/// The images that `list` names, in its order; paths are relative to `root`. Columns outside `schema` are left alone.
/// Errors: as [`Lines::read`]; a missing column; a field of the wrong type; an image named twice, absolute or outside the root; one that
/// is not there.
pub fn image_list(list: &Path, root: &Path, schema: &IndexMap<String, ColumnType>, cache: &ProbeCache) -> Result<Read, DataError> {
    let lines = Lines::read(list)?;
    let (path, identity) = (lines.column(&["path", "image"])?, lines.column(&["identity"])?);
    let columns = schema.iter().map(|(name, kind)| Ok((name, *kind, lines.column(&[name])?))).collect::<Result<Vec<_>, DataError>>()?;
    let mut paths: Vec<Arc<str>> = Vec::with_capacity(lines.rows().len());
    for (line, row) in lines.rows() {
        if row[identity].is_empty() {
            return Err(lines.wrong(line, "it has no identity".to_owned()));
        }
        paths.push(inside(&row[path]).map_err(|why| lines.wrong(line, why))?);
    }
    let missing: Vec<_> = lines.rows().zip(&paths).filter(|(_, path)| !root.join(path.as_ref()).is_file()).collect();
    if let Some(((line, _), first)) = missing.first() {
        let file = list.to_owned();
        return Err(DataError::UnknownImages { file, first: first.to_string(), line: *line, count: missing.len() });
    }
    let probe = cache.listed(list, root, &lines.digest, &paths)?;
    let root: Arc<Path> = Arc::from(root);
    let mut builder = TableBuilder::new(Schema::new(columns.iter().map(|(name, kind, _)| ((*name).clone(), kind.attribute()))));
    for ((line, row), file) in lines.rows().zip(&probe.files) {
        let cell = |(name, kind, at): &(&String, ColumnType, usize)| {
            kind.cell(&row[*at]).map_err(|why| lines.wrong(line, format!("{why} (column `{name}`)")))
        };
        builder.push(NewRow {
            path: file.path.clone(),
            identity: Arc::from(&row[identity]),
            size: file.size,
            source: ImageSource::File { root: root.clone(), file: file.path.clone() },
            cells: columns.iter().map(cell).collect::<Result<_, _>>()?,
        });
    }
    let stream = Stream { colour: Some(Colour::Rgb), ..Stream::default() };
    Ok(Read { table: builder.build(probe.digest(), stream)?, probe })
}

/// A relative path below a root, `/`-separated.
fn inside(path: &str) -> Result<Arc<str>, String> {
    let path = path.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    if path.is_empty() {
        return Err("it has no path".to_owned());
    }
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return Err(format!("`{path}` is not inside the root folder"));
    }
    Ok(Arc::from(path))
}
