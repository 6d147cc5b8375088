//! A folder of its own and a program to run in it; what was typed and printed is a transcript.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A temporary folder in which `ddl` is run.
pub struct Shell {
    folder: tempfile::TempDir,
}

/// What came of one command.
pub struct Ran {
    line: String,
    output: Output,
    folder: String,
}

impl Shell {
    /// An empty folder.
    pub fn new() -> Self {
        Shell { folder: tempfile::tempdir().unwrap() }
    }

    /// The folder with one more file.
    pub fn file(self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file's text.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// Runs `ddl` with these words (parted by blanks; `'…'` holds blanks together).
    pub fn ddl(&self, line: &str) -> Ran {
        self.ddl_reading(line, "")
    }

    /// The same with something to read on standard input.
    pub fn ddl_reading(&self, line: &str, input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ddl"))
            .args(words(line))
            .current_dir(self.folder.path())
            .env_remove("DDL_STORE")
            .env("DDL_ENGINE", "no-engine-is-needed-here")
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Ran { line: line.to_owned(), output, folder: self.folder.path().display().to_string() }
    }
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

impl Ran {
    /// The exit code.
    pub fn code(&self) -> i32 {
        self.output.status.code().unwrap_or(-1)
    }

    /// What it printed, without the folder's name.
    pub fn stdout(&self) -> String {
        self.redacted(&self.output.stdout)
    }

    /// What it said, without the folder's name.
    pub fn stderr(&self) -> String {
        self.redacted(&self.output.stderr)
    }

    /// The whole as a text: the command, what it printed, what it said after `stderr:`, and how it ended.
    pub fn transcript(&self) -> String {
        let mut out = format!("$ ddl {}\n{}", self.line, self.stdout());
        let stderr = self.stderr();
        if !stderr.is_empty() {
            let _ = write!(out, "stderr:\n{stderr}");
        }
        let _ = writeln!(out, "exit {}", self.code());
        out
    }

    fn redacted(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).replace(&self.folder, "[folder]").replace(env!("CARGO_PKG_VERSION"), "[version]");
        text.lines().fold(String::new(), |mut out, line| {
            out.push_str(line.trim_end());
            out.push('\n');
            out
        })
    }
}
