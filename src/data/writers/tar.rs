//! Tar archives: a folder for each person, or numbers, as WebDataset's loaders want them.

use super::names::Names as Paths;
use super::{Draft, Item, Rows, Whole, Write, WriteError, at};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// What images are called in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// As in a folder.
    Paths,
    /// By their number, each with a member that has the number of its person: `000017.jpg` and `000017.cls`.
    Numbers,
}

/// Archives that are written, one behind the other.
pub struct Tar {
    rows: Rows,
    /// Where each archive is written.
    places: Vec<(PathBuf, File)>,
    open: Option<(PathBuf, tar::Builder<BufWriter<File>>)>,
    next: usize,
    file: usize,
    names: Names,
    paths: Paths,
}

impl Tar {
    pub fn new(whole: &Whole, draft: &Draft, names: Names) -> Result<Self, WriteError> {
        let rows = Rows::of(whole)?;
        let file = |path: &PathBuf| {
            draft
                .file(path)
                .and_then(|(shown, file)| Ok((shown.clone(), file.into_inner().map_err(|error| at(&shown)(error.into_error()))?)))
        };
        let mut places: Vec<(PathBuf, File)> = rows.files.iter().map(file).collect::<Result<_, _>>()?;
        places.reverse();
        let mut tar = Tar { rows, places, open: None, next: 0, file: 0, names, paths: Paths::default() };
        tar.turn()?;
        Ok(tar)
    }

    /// Ends an archive and begins the next.
    fn turn(&mut self) -> Result<(), WriteError> {
        if let Some((shown, archive)) = self.open.take() {
            archive.into_inner().and_then(|mut file| file.flush()).map_err(at(&shown))?;
        }
        self.open = self.places.pop().map(|(shown, file)| (shown, tar::Builder::new(BufWriter::with_capacity(1 << 20, file))));
        Ok(())
    }

    fn member(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let Some((shown, archive)) = &mut self.open else { return Ok(()) }; // not reached: there is one for each image
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0); // equal images make equal archives
        archive.append_data(&mut header, Path::new(name), bytes).map_err(at(shown))
    }
}

impl Write for Tar {
    fn add(&mut self, item: &Item) -> Result<(), WriteError> {
        let file = self.rows.place(self.next);
        while self.file < file {
            self.turn()?;
            self.file += 1;
        }
        match self.names {
            Names::Paths => {
                let name = self.paths.path(item)?;
                self.member(&name, &item.bytes)?;
            }
            Names::Numbers => {
                let key = format!("{:08}", self.next);
                self.member(&format!("{key}.{}", item.ending()), &item.bytes)?;
                self.member(&format!("{key}.cls"), item.label.to_string().as_bytes())?;
            }
        }
        self.next += 1;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        while self.open.is_some() {
            self.turn()?;
        }
        Ok(())
    }
}
