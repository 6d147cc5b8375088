//! A folder of its own and `ddl` to run in it with this engine; what was typed and printed is a transcript.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

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

    /// A file's bytes.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(path)).unwrap()
    }

    /// All files below a folder, sorted.
    pub fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut todo = vec![self.folder.path().join(folder)];
        let mut files = Vec::new();
        while let Some(folder) = todo.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { todo.push(path) } else { files.push(path) }
            }
        }
        files.sort();
        files
    }

    /// Runs `ddl` with these words (parted by blanks; `'…'` holds blanks together) to its end.
    pub fn ddl(&self, line: &str) -> Ran {
        self.start(line).end()
    }

    /// The same where the engine is not to be found.
    pub fn without_engine(&self, line: &str) -> Ran {
        self.spawn(line, "/nowhere/ddl-engine").end()
    }

    /// Starts `ddl`.
    pub fn start(&self, line: &str) -> Going {
        self.spawn(line, env!("CARGO_BIN_EXE_ddl-engine"))
    }

    fn spawn(&self, line: &str, engine: &str) -> Going {
        let ddl = Path::new(env!("CARGO_BIN_EXE_ddl-engine")).with_file_name("ddl");
        assert!(ddl.is_file(), "{} is not built: cargo build --workspace --bins", ddl.display());
        let child = Command::new(ddl)
            .args(words(line))
            .current_dir(self.folder.path())
            .env_remove("DDL_STORE")
            .env("DDL_ENGINE", engine)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Going { line: line.to_owned(), child, folder: self.folder.path().display().to_string() }
    }
}

/// A command that goes on.
pub struct Going {
    line: String,
    child: Child,
    folder: String,
}

impl Going {
    /// Its process.
    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Waits for its end.
    pub fn end(self) -> Ran {
        Ran { line: self.line, output: self.child.wait_with_output().unwrap(), folder: self.folder }
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
