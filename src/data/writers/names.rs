//! What images are called in containers whose paths tell the person.

use super::{Column, Draft, Item, Whole, WriteError, at};
use crate::decode::EXTENSIONS;
use crate::probe::LEFT_BEHIND;
use crate::readers::named;
use crate::{Table, told};
use ddl_base::text::quoted;
use std::collections::{HashMap, HashSet};
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

/// That people whom a file names are told apart when it is read: their readers take `7` and `007` for one number.
pub fn told_apart(table: &Table) -> Result<(), WriteError> {
    let mut taken: HashMap<String, &str> = HashMap::new();
    for (name, _) in table.labels().names().iter().zip(table.images_per_class()).filter(|(_, count)| *count > 0) {
        let fits = name.len() <= told::LONGEST && !told::join([("x", name.to_string())]).is_empty();
        let read = named(name).ok().filter(|_| fits);
        let read =
            read.ok_or_else(|| WriteError::Misfit(format!("a person called {} would be read as none: give another name", quoted(name))))?;
        if read != **name {
            return Err(WriteError::Misfit(format!(
                "a person called {} would be read as {}: people who are numbers have eight digits there; give another name, or another form",
                quoted(name),
                quoted(&read)
            )));
        }
        if let Some(other) = taken.insert(read, name) {
            return Err(WriteError::Misfit(format!("{} and {} would be read as one person", quoted(other), quoted(name))));
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
