//! Files of the user's: written whole or not at all.

use super::outcome::Stop;
use crate::diag::{Code, Diagnostic};
use crate::source::LONGEST_SOURCE;
use crate::store::is_full;
use std::io::{self, Read, Write};
use std::path::Path;

/// What messages call standard input.
pub const STANDARD_INPUT: &str = "standard input";

/// Whether a file of the command line is `-`.
pub fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

/// All of standard input.
pub fn standard_input() -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let most = LONGEST_SOURCE as u64 + 1; // one more is refused as too long
    std::io::stdin().take(most).read_to_end(&mut bytes).map_err(|error| Stop::wrong(format!("cannot read standard input: {error}")))?;
    Ok(bytes)
}

/// Writes a file so that it is there whole or as it was before, with the permissions that it had. Links are followed.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    replace(path, bytes).map_err(|error| unwritable(path, &error))
}

/// A file as text, without its byte order mark; or why it is none.
pub fn read_text(path: &Path) -> Result<String, String> {
    let bytes = crate::regular::read(path).map_err(|error| error.to_string())?;
    crate::text::read(&bytes).map(str::to_owned).map_err(|why| why.to_string())
}

/// The end of a command that can't write a file.
pub fn unwritable(path: &Path, error: &io::Error) -> Stop {
    let message = format!("cannot write {}: {error}", path.display());
    Stop::fail(if is_full(error) {
        Diagnostic::error(Code::DiskFull, message).help("make room and give the same command again: what is done is kept")
    } else {
        Diagnostic::error(Code::Unwritable, message)
    })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".ddl-").make_in(folder, |path| std::fs::File::create_new(path))?;
    file.write_all(bytes)?;
    if let Ok(metadata) = std::fs::metadata(&target) {
        if metadata.permissions().readonly() {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        file.as_file().set_permissions(metadata.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}
