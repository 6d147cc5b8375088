//! What the operating system says of a file, in our words: its own are of its programmers, and end in a number.

use std::borrow::Cow;
use std::io::{self, ErrorKind};

/// How the standard library ends what is the system's own.
const NUMBER: &str = " (os error ";

/// What an error means, for whoever has the file. What a program of ours says of it stays.
pub fn said(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => of_code(code),
        None => in_words(&error.to_string()).into_owned(),
    }
}

/// A text in which the standard library says what the system does, in our words.
pub fn in_words(text: &str) -> Cow<'_, str> {
    let found = || {
        let (before, rest) = text.rsplit_once(NUMBER)?;
        let (code, after) = rest.split_once(')')?;
        let code: i32 = code.parse().ok()?;
        let own = io::Error::from_raw_os_error(code).to_string();
        let kept = before.strip_suffix(own.rsplit_once(NUMBER)?.0)?;
        Some(format!("{kept}{}{after}", of_code(code)))
    };
    found().map_or(Cow::Borrowed(text), Cow::Owned)
}

fn of_code(code: i32) -> String {
    #[cfg(unix)]
    {
        use nix::errno::Errno;
        match Errno::from_raw(code) {
            Errno::ELOOP => return "its links lead in a circle".to_owned(),
            Errno::EMFILE | Errno::ENFILE => return "too many files are open at once".to_owned(),
            Errno::EIO => return "the disk failed, or the way to it".to_owned(),
            _ => {} // what the library has a kind for, or nobody met
        }
    }
    let error = io::Error::from_raw_os_error(code);
    let words = match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder",
        ErrorKind::PermissionDenied => "this user may not do that",
        ErrorKind::NotADirectory => "a part of its path is no folder",
        ErrorKind::IsADirectory => "it is a folder",
        ErrorKind::DirectoryNotEmpty => "the folder is not empty",
        ErrorKind::AlreadyExists => "something lies there already",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::QuotaExceeded => "this user's share of the disk is used up",
        ErrorKind::FileTooLarge => "it would be longer than a file may be",
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read",
        ErrorKind::InvalidFilename => "no file can have such a name, or one so long",
        ErrorKind::OutOfMemory => "there is not enough memory",
        ErrorKind::BrokenPipe => "nobody reads it any more",
        ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => "something else uses it",
        ErrorKind::CrossesDevices => "it would have to go to another disk",
        ErrorKind::StaleNetworkFileHandle => "the computer that has it no longer knows it",
        ErrorKind::TimedOut => "there was no answer in time",
        // the system's words without their number
        _ => {
            return error
                .to_string()
                .rsplit_once(NUMBER)
                .map_or_else(|| error.to_string(), |(said, _)| format!("the system says \"{said}\""));
        }
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_the_system_is_said() {
        for code in 1..140 {
            let error = io::Error::from_raw_os_error(code);
            let (words, own) = (said(&error), error.to_string());
            assert!(!words.contains("os error") && words.len() > 8, "{own}: {words}");
            assert_eq!(said(&io::Error::new(error.kind(), own.clone())), words, "one that was wrapped");
            assert_eq!(in_words(&format!("cannot read x: {own}")), format!("cannot read x: {words}"));
            assert_eq!(in_words(&format!("{own} at /tmp/x")), format!("{words} at /tmp/x"));
        }
        #[cfg(target_os = "linux")]
        for (code, words) in [
            (2, "no such file"),
            (13, "may not"),
            (20, "no folder"),
            (21, "is a folder"),
            (28, "full"),
            (30, "only be read"),
            (36, "such a name"),
            (40, "circle"),
        ] {
            assert!(said(&io::Error::from_raw_os_error(code)).contains(words), "{code}");
        }
    }

    #[test]
    fn what_is_ours_stays() {
        for text in ["it is a folder, not a regular file", "", "x (os error", "x (os error 2", "x (os error 2)", "x (os error y)"] {
            assert_eq!(in_words(text), text);
            assert_eq!(said(&io::Error::other(text)), text);
        }
    }
}
