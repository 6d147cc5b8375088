//! The one way to open a file that somebody else made: only regular files are read, whatever a path or a link leads to.
//!
//! A named pipe without a writer would hold the program for ever, `/dev/zero` would fill its memory, and a socket or a terminal is no data.
//! Each of them is an error at once.

use serde::{Deserialize, Serialize};
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the system says of a file without reading it: equal stamps of a settled file ([`Stamp::settled`]) mean equal bytes. Length and time
/// of change alone do not: `mv`, `cp -p`, `rsync -a`, `tar x` and a link that is turned elsewhere keep both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stamp {
    /// Its length.
    pub bytes: u64,
    /// When its content was changed, in nanoseconds since 1970, as programs may say it.
    pub modified: i64,
    /// When anything of it was changed, its place included: no program can choose it. 0 where the system has none.
    pub changed: i64,
    /// Its number on its device.
    pub inode: u64,
    /// The device.
    pub device: u64,
}

/// Files changed less than this before are not remembered: another change might bear the same time.
const SETTLED: Duration = Duration::from_secs(2);

impl Stamp {
    /// What a file's metadata say (of a link's target).
    pub fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().map_or(i64::MAX, nanoseconds); // a system without times of change remembers nothing
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let changed = metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec());
            Stamp { bytes: metadata.len(), modified, changed, inode: metadata.ino(), device: metadata.dev() }
        }
        #[cfg(not(unix))]
        Stamp { bytes: metadata.len(), modified, changed: 0, inode: 0, device: 0 }
    }

    /// The name of the file among all files of the machine.
    pub fn name(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// Whether a change after `now` would show in the stamp.
    pub fn settled(&self, now: SystemTime) -> bool {
        let settled = nanoseconds(now.checked_sub(SETTLED).unwrap_or(UNIX_EPOCH));
        self.modified < settled && self.changed < settled
    }
}

fn nanoseconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// Opens a regular file for reading; links are followed.
///
/// # Errors
/// What the system says; of what is no regular file [`io::ErrorKind::InvalidInput`] with a sentence that says what it is.
pub fn open(path: &Path) -> io::Result<File> {
    is_regular(&std::fs::metadata(path)?)?; // a device is not even opened: that alone may do something
    let file = without_waiting().open(path)?;
    is_regular(&file.metadata()?)?; // it may have been exchanged since
    Ok(file)
}

/// Opens a regular file to lock it, or makes it; what it holds stays.
///
/// # Errors
/// As [`open`].
pub fn to_lock(path: &Path) -> io::Result<File> {
    match std::fs::metadata(path) {
        Ok(metadata) => is_regular(&metadata)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = without_waiting().write(true).create(true).truncate(false).open(path)?;
    is_regular(&file.metadata()?)?;
    Ok(file)
}

/// What a file is that is read whole: no such file that anybody made is longer than [`Whole::most`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// A recipe.
    Recipe,
    /// Values of parameters.
    Params,
    /// A plan, a lock, a job.
    Plan,
    /// An image.
    Image,
    /// A list of images, people, pairs or attributes.
    List,
    /// What ddl itself wrote to find it again.
    Own,
}

impl Whole {
    /// All kinds.
    pub const ALL: [Whole; 6] = [Whole::Recipe, Whole::Params, Whole::Plan, Whole::Image, Whole::List, Whole::Own];

    /// The most bytes that it has.
    pub const fn most(self) -> u64 {
        match self {
            Whole::Recipe | Whole::Params => 16 << 20,
            Whole::Plan | Whole::Own => 1 << 30,
            Whole::Image => 512 << 20,
            Whole::List => 8 << 30,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Whole::Recipe => "a recipe",
            Whole::Params => "a file of parameters",
            Whole::Plan => "a plan or a lock",
            Whole::Image => "an image",
            Whole::List => "a list",
            Whole::Own => "a file of ddl's own",
        }
    }

    /// An error that says both lengths, if a file of so many bytes is none of this kind.
    ///
    /// # Errors
    /// [`TooLong`], of the kind [`io::ErrorKind::InvalidData`].
    pub fn takes(self, bytes: u64) -> io::Result<()> {
        if bytes <= self.most() { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, TooLong { bytes, whole: self })) }
    }
}

/// A file is longer than any of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it has {bytes} bytes; {} has at most {}", .whole.name(), .whole.most())]
pub struct TooLong {
    /// Its length.
    pub bytes: u64,
    /// What it should be.
    pub whole: Whole,
}

/// All bytes of a regular file. Its length is looked at first: nothing is read of one that is longer than any of its kind.
///
/// # Errors
/// As [`open`]; [`TooLong`]; a file that grows while it is read.
pub fn read(path: &Path, whole: Whole) -> io::Result<Vec<u8>> {
    bytes(open(path)?, whole)
}

/// The text of a regular file.
///
/// # Errors
/// As [`read`]; bytes that are no UTF-8.
pub fn text(path: &Path, whole: Whole) -> io::Result<String> {
    String::from_utf8(read(path, whole)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// An error that says what it is, unless this is a regular file's.
///
/// # Errors
/// As [`open`].
pub fn is_regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {}, not a regular file", kind(metadata.file_type()))))
}

/// An error that says what it is, unless this is a folder's.
///
/// # Errors
/// Of what is no folder, a sentence that says what it is.
pub fn is_folder(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Ok(());
    }
    let what = if metadata.is_file() { "a file" } else { kind(metadata.file_type()) };
    Err(io::Error::new(io::ErrorKind::NotADirectory, format!("it is {what}, not a folder")))
}

/// The rest of an open file, at most as much as it is long: the memory that this takes is the file's own.
fn bytes(mut file: File, whole: Whole) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    whole.takes(length)?;
    let mut bytes = Vec::new();
    let room = usize::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    bytes.try_reserve_exact(room).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    file.by_ref().take(length).read_to_end(&mut bytes)?;
    if file.read(&mut [0])? > 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it has more than the {length} bytes that it is said to have")));
    }
    Ok(bytes)
}

/// Fills a buffer with the bytes of an open file from a place on, wherever others read in it.
///
/// # Errors
/// What the system says; a file that ends before.
pub fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, bytes, at);
    #[cfg(windows)]
    {
        let (mut at, mut rest) = (at, bytes);
        while !rest.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(file, rest, at)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => (at, rest) = (at + read as u64, &mut rest[read..]),
            }
        }
        Ok(())
    }
    #[cfg(not(any(unix, windows)))]
    return Err(io::ErrorKind::Unsupported.into());
}

/// What the system says of a temporary file, without the name of it, which nobody knows.
pub fn nameless(error: io::Error) -> io::Error {
    let said = error.to_string();
    match said.split_once(" at path \"") {
        Some((said, _)) if error.get_ref().is_some() => io::Error::new(error.kind(), said),
        _ => error,
    }
}

/// Whether this is written to piece by piece and never replaced: a pipe, a terminal.
pub fn takes_a_stream(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        metadata.file_type().is_fifo() || metadata.file_type().is_char_device()
    }
    #[cfg(not(unix))]
    false
}

/// Lets what was opened [`without_waiting`] wait for the other end.
///
/// # Errors
/// What the system says.
pub fn waiting(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use nix::fcntl::{FcntlArg, OFlag, fcntl};
        let flags = OFlag::from_bits_truncate(fcntl(file, FcntlArg::F_GETFL)?);
        fcntl(file, FcntlArg::F_SETFL(flags & !OFlag::O_NONBLOCK))?;
    }
    Ok(())
}

/// Opens for reading, and never waits for somebody at the other end.
pub fn without_waiting() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, nix::fcntl::OFlag::O_NONBLOCK.bits());
    options
}

fn kind(found: FileType) -> &'static str {
    if found.is_dir() {
        return "a folder";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if found.is_fifo() {
            return "a named pipe";
        }
        if found.is_socket() {
            return "a socket";
        }
        if found.is_char_device() || found.is_block_device() {
            return "a device";
        }
    }
    "something else"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_what_is_none_says_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        std::fs::write(&file, "hello").unwrap();
        assert_eq!((read(&file, Whole::Own).unwrap(), text(&file, Whole::Own).unwrap()), (b"hello".to_vec(), "hello".to_owned()));
        assert_eq!(open(folder.path()).unwrap_err().to_string(), "it is a folder, not a regular file");
        assert_eq!(open(&folder.path().join("b")).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::write(&file, b"\xff").unwrap();
        assert_eq!(text(&file, Whole::Own).unwrap_err().to_string(), "it is not UTF-8 text");
    }

    #[cfg(unix)]
    #[test]
    fn pipes_sockets_devices_and_links_to_them_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (name, what) in [("pipe", "a named pipe"), ("socket", "a socket"), ("/dev/zero", "a device"), ("/dev/null", "a device")] {
            let link = at(&format!("link to {}", name.replace('/', "_")));
            std::os::unix::fs::symlink(at(name), &link).unwrap();
            for path in [at(name), link] {
                for error in [
                    open(&path).unwrap_err(),
                    to_lock(&path).unwrap_err(),
                    read(&path, Whole::Own).unwrap_err(),
                    text(&path, Whole::Own).unwrap_err(),
                ] {
                    assert_eq!(error.to_string(), format!("it is {what}, not a regular file"));
                }
            }
        }
    }

    #[test]
    fn nothing_is_read_of_a_file_that_is_longer_than_any_of_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        for whole in Whole::ALL {
            std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
            for error in [read(&path, whole).unwrap_err(), text(&path, whole).unwrap_err()] {
                assert_eq!(error.to_string(), format!("it has {} bytes; {} has at most {}", 1_u64 << 40, whole.name(), whole.most()));
            }
            assert!(whole.takes(whole.most()).is_ok() && whole.takes(whole.most() + 1).is_err());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_temporary_name_is_in_no_message() {
        use std::io::Write;
        assert_eq!(nameless(io::Error::other("x")).to_string(), "x");
        let gone = tempfile::NamedTempFile::new_in("/no/such/folder").unwrap_err();
        assert_eq!(nameless(gone).to_string(), "No such file or directory (os error 2)");
        let mut wrapped = tempfile::Builder::new().make(|_| OpenOptions::new().write(true).open("/dev/full")).unwrap();
        let full = wrapped.write_all(&[0]).unwrap_err();
        assert!(full.to_string().contains("at path"), "{full}");
        assert_eq!(nameless(full).to_string(), "No space left on device (os error 28)");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_longer_than_it_says_is_no_data() {
        assert!(read(Path::new("/proc/self/status"), Whole::Own).unwrap_err().to_string().starts_with("it has more than the 0 bytes"));
    }
}
