//! What images are called in containers whose paths tell the person.

use super::{Column, Draft, Item, Whole, WriteError, at};
use crate::decode::EXTENSIONS;
use crate::probe::LEFT_BEHIND;
use crate::{Table, told};
use ddl_base::text::quoted;
use std::collections::HashSet;
use std::io::Write as _;
use std::path::Path;

/// Gives images paths, each once.
#[derive(Default)]
pub struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// The path of an image: its own, below the folder of its person; with the ending of a picture.
    pub fn path(&mut self, item: &Item) -> Result<String, WriteError> {
        let (person, own) = (item.row.identity(), item.row.path());
        if person.contains('/') {
            return Err(unfit(person));
        }
        let is_below = own.strip_prefix(person).is_some_and(|rest| rest.starts_with('/'));
        let mut path = if is_below { own.into_owned() } else { format!("{person}/{own}") };
        let is_named = path.rsplit_once('.').is_some_and(|(_, ending)| EXTENSIONS.contains(&&*ending.to_ascii_lowercase()));
        if !is_named {
            path = format!("{path}.{}", item.ending());
        }
        if let Some(part) = path.split('/').find(|part| !is_plain(part)) {
            return Err(unfit(part));
        }
        if !self.taken.insert(path.clone()) {
            return Err(WriteError::Misfit(format!("two images would be called {}", quoted(&path))));
        }
        Ok(path)
    }
}

/// Whether a reader takes a part of a path as it is.
fn is_plain(part: &str) -> bool {
    let hidden = part.is_empty() || part.starts_with('.') || LEFT_BEHIND.contains(&part);
    !hidden && !part.contains(|sign: char| sign == '\\' || sign.is_control())
}

fn unfit(part: &str) -> WriteError {
    WriteError::Misfit(format!(
        "{} can't be the name of a folder or file of images, which readers would pass over or read otherwise; a .tfrecord or .parquet holds \
         every name",
        quoted(part)
    ))
}

/// That each person whom a file names can be named there.
pub fn can_be_told(table: &Table) -> Result<(), WriteError> {
    let people = table.labels().names().iter().zip(table.images_per_class()).filter(|(_, count)| *count > 0);
    for (name, _) in people {
        if told::join([("x", told::text(name.to_string()))]).is_empty() {
            return Err(WriteError::Misfit(format!("a person called {} would be read as none: give another name", quoted(name))));
        }
    }
    Ok(())
}

/// That no attribute has a name that the container itself gives.
pub fn not_taken(columns: &[Column], taken: &[&str]) -> Result<(), WriteError> {
    match columns.iter().find(|column| taken.contains(&&*column.name)) {
        None => Ok(()),
        Some(column) => {
            Err(WriteError::Misfit(format!("the attribute {} has the name of a column that every such file has", quoted(&column.name))))
        }
    }
}

/// Writes who has which number, a line each, where people are numbered who had names.
pub fn people(whole: &Whole, draft: &Draft) -> Result<(), WriteError> {
    let name = whole.to.file_stem().unwrap_or_default().to_string_lossy().replace(['{', '}'], "");
    let (path, mut file) = draft.file(Path::new(&format!("{name}.people.csv")))?;
    let mut csv = csv::Writer::from_writer(&mut file);
    let wrong = |error: csv::Error| at(&path)(error.into());
    csv.write_record(["label", "identity"]).map_err(wrong)?;
    let counts = whole.table.images_per_class();
    for ((label, name), _) in whole.labels.iter().zip(whole.table.labels().names().iter()).zip(counts).filter(|(_, count)| *count > 0) {
        csv.write_record([&label.to_string(), &**name]).map_err(wrong)?;
    }
    csv.flush().map_err(at(&path))?;
    drop(csv);
    file.flush().map_err(at(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_paths_that_readers_pass_over_are_told() {
        for part in ["", ".", "..", ".hidden", "__MACOSX", "a\\b", "a\nb"] {
            assert!(!is_plain(part), "{part:?}");
        }
        assert!(is_plain("ann") && is_plain("a.b") && is_plain("é b"));
    }
}
