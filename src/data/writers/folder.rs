//! A folder with a folder for each person.

use super::names::Names;
use super::{Draft, Item, Whole, Write, WriteError, at};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

/// A folder that is written.
pub struct Folder {
    place: PathBuf,
    shown: PathBuf,
    names: Names,
}

impl Folder {
    pub fn new(whole: &Whole, draft: &Draft) -> Result<Self, WriteError> {
        let place = draft.place(whole.to)?;
        std::fs::create_dir(&place).map_err(at(whole.to))?;
        Ok(Folder { place, shown: whole.to.to_owned(), names: Names::default() })
    }
}

impl Write for Folder {
    fn add(&mut self, item: &Item) -> Result<(), WriteError> {
        let name = self.names.path(item)?;
        let (place, shown) = (self.place.join(&name), self.shown.join(&name));
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder).map_err(at(&shown))?;
        }
        // a system that takes names of small and large letters for one has a file there already
        let mut file = File::create_new(&place).map_err(at(&shown))?;
        file.write_all(&item.bytes).map_err(at(&shown))
    }

    fn finish(self: Box<Self>) -> Result<(), WriteError> {
        Ok(())
    }
}
