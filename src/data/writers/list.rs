//! A csv that names the files of images, whom they show, and what is known of them.

use super::{Column, Draft, Item, Whole, Write, WriteError, at, text};
use ddl_base::text::quoted;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// A list that is written.
pub struct List {
    shown: PathBuf,
    csv: csv::Writer<BufWriter<File>>,
    columns: Vec<String>,
    /// The folder that its paths are relative to.
    root: PathBuf,
    is_own: bool,
}

impl List {
    pub fn new(whole: &Whole, draft: &Draft) -> Result<Self, WriteError> {
        let own = absolute(whole.to).parent().unwrap_or(Path::new("/")).to_owned();
        let mut root: Option<PathBuf> = None;
        for row in whole.table.rows() {
            let file = row.source().file().ok_or_else(|| {
                let why = format!("a list names files, and {} is in one with others: write a folder", row.source());
                WriteError::Misfit(why)
            })?;
            let folder = absolute(&file).parent().unwrap_or(Path::new("/")).to_owned();
            root = Some(root.map_or(folder.clone(), |root| common(&root, &folder)));
        }
        let root = root.unwrap_or_else(|| own.clone());
        let is_own = root.starts_with(&own);
        let root = if is_own { own } else { root };
        let (shown, file) = draft.file(whole.to)?;
        let columns: Vec<String> = whole.columns.iter().map(|Column { name, .. }| name.clone()).collect();
        let mut csv = csv::Writer::from_writer(file);
        let header = ["path", "identity"].into_iter().chain(columns.iter().map(String::as_str));
        csv.write_record(header).map_err(|error| at(&shown)(error.into()))?;
        Ok(List { shown, csv, columns, root, is_own })
    }

    /// The folder that its paths are relative to, where it is not the list's own.
    pub fn root(&self) -> Option<PathBuf> {
        (!self.is_own).then(|| self.root.clone())
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The folder that two folders lie below.
fn common(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

impl Write for List {
    fn add(&mut self, item: &Item) -> Result<(), WriteError> {
        let file = item.row.source().file().unwrap_or_default();
        let file = absolute(&file);
        let path = file.strip_prefix(&self.root).unwrap_or(&file).to_str().unwrap_or_default();
        if path.is_empty() || path.contains(['\\', '\n', '\r']) || path.trim() != path {
            return Err(WriteError::Misfit(format!("a list can't hold the path {}", quoted(&file.to_string_lossy()))));
        }
        let mut fields = vec![path.to_owned(), item.row.identity().to_owned()];
        for name in &self.columns {
            fields.push(text(&item.row.cell(name)?).map_or_else(String::new, |text| text.to_string()));
        }
        self.csv.write_record(&fields).map_err(|error| at(&self.shown)(error.into()))
    }

    fn finish(self: Box<Self>) -> Result<(), WriteError> {
        let List { csv, shown, .. } = *self;
        let mut file = csv.into_inner().map_err(|error| at(&shown)(error.into_error()))?;
        file.flush().map_err(at(&shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_folders_lie_below_a_third() {
        let of = |a: &str, b: &str| common(Path::new(a), Path::new(b)).display().to_string();
        assert_eq!((of("/a/b/c", "/a/b/d"), of("/a", "/a/b"), of("/a", "/b")), ("/a/b".to_owned(), "/a".to_owned(), "/".to_owned()));
    }
}
