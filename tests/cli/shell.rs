//! A folder of its own and `ddl` to run in it; what was typed and printed is a transcript. The engine's tests use this file too: the
//! module above says which programs are meant.
#![allow(dead_code)] // not every test uses all of it

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The programs that are tested.
pub struct Programs {
    /// `ddl`.
    pub ddl: PathBuf,
    /// The engine that it is told of, if any.
    pub engine: Option<PathBuf>,
}

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

    /// The same with something to read on standard input.
    pub fn ddl_reading(&self, line: &str, input: &str) -> Ran {
        let mut going = self.spawn(self.command(line, &[]), line, Stdio::piped());
        going.child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        going.end()
    }

    /// The same where the engine is not to be found.
    pub fn without_engine(&self, line: &str) -> Ran {
        let mut command = self.command(line, &[]);
        command.env("DDL_ENGINE", "/nowhere/ddl-engine");
        self.spawn(command, line, Stdio::null()).end()
    }

    /// Starts `ddl`.
    pub fn start(&self, line: &str) -> Going {
        self.spawn(self.command(line, &[]), line, Stdio::null())
    }

    /// Runs `ddl` after these commands of the shell, such as `ulimit -f 100`.
    pub fn after(&self, commands: &str, line: &str) -> Ran {
        self.spawn(self.command(line, &["bash", "-c", &and_then(commands)]), line, Stdio::null()).end()
    }

    /// The same where these commands may mount what nobody else sees. `None` where the system allows no such thing.
    pub fn after_mounting(&self, commands: &str, line: &str) -> Option<Ran> {
        let apart = ["unshare", "--user", "--map-root-user", "--mount"];
        if !Command::new(apart[0]).args(&apart[1..]).arg("true").output().is_ok_and(|done| done.status.success()) {
            println!("skipped: this system does not let a user mount anything");
            return None;
        }
        let script = and_then(commands);
        let before: Vec<&str> = apart.into_iter().chain(["bash", "-c", &script]).collect();
        Some(self.spawn(self.command(line, &before), line, Stdio::null()).end())
    }

    /// `ddl` with these words, behind another program that starts it.
    pub fn command(&self, line: &str, before: &[&str]) -> Command {
        let programs = super::programs();
        assert!(programs.ddl.is_file(), "{} is not built: cargo build --workspace --bins", programs.ddl.display());
        let mut command = match before {
            [program, rest @ ..] => {
                let mut command = Command::new(program);
                command.args(rest).arg(programs.ddl);
                command
            }
            [] => Command::new(programs.ddl),
        };
        command.args(words(line)).current_dir(self.folder.path()).env_remove("DDL_STORE").env_remove("DDL_ENGINE").env("NO_COLOR", "1");
        if let Some(engine) = programs.engine {
            command.env("DDL_ENGINE", engine);
        }
        command
    }

    fn spawn(&self, mut command: Command, line: &str, stdin: Stdio) -> Going {
        let child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
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

    /// Whether it ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub fn end(self) -> Ran {
        Ran { line: self.line, output: self.child.wait_with_output().unwrap(), folder: self.folder }
    }
}

/// A script that ends as the program that it is given.
fn and_then(commands: &str) -> String {
    format!("set -e\n{commands}\nexec \"$0\" \"$@\"")
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

    /// All that it printed and said, to the byte (what is no UTF-8 is marked).
    pub fn raw(&self) -> String {
        [&self.output.stdout, &self.output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
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
