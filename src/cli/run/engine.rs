//! The engine's process: found, started, listened to, stopped.

use super::progress::Progress;
use crate::cli::files::unwritable;
use crate::cli::outcome::{Outcome, Stop};
use crate::cli::screen::Screen;
use crate::diag::{Code, Diagnostic, Severity};
use crate::events::{self, Event};
use crate::job::Job;
use crate::job::term::{TermAnswer, TermJob};
use crate::source::SourceMap;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const ENGINE: &str = "ddl-engine";
/// How often a thread of the engine looks again before it sleeps: some microseconds, about as long as it takes to wake it.
const SPINS: &str = "10000";

/// How often somebody asked to stop.
static ASKED: AtomicU32 = AtomicU32::new(0);
/// The engine's process, once it runs.
static PID: AtomicU32 = AtomicU32::new(0);

/// Runs a job in the engine and shows what happens.
///
/// # Errors
/// What the engine says is wrong; that it can't be found or started; that it was asked to stop.
pub fn execute(job: &Job, events_file: Option<&Path>, screen: &Screen) -> Result<(), Stop> {
    let engine = find()?;
    let mut log = events_file.map(open_log).transpose()?;
    let file = written(job)?;
    let mut child = start(&engine, file.path())?;
    PID.store(child.id(), Ordering::SeqCst);
    // The engine stands in a process group of its own: what the terminal sends to this one is passed on, once each time.
    let _ = ctrlc::set_handler(pass_on);
    let ended = listen(&mut child, log.as_mut(), screen);
    let status = child.wait().map_err(|error| cannot("wait for the engine", &error))?;
    PID.store(0, Ordering::SeqCst);
    if let Some(stop) = ended {
        return Err(stop);
    }
    if status.success() {
        return Ok(());
    }
    let message = match status.code() {
        Some(code) => format!("the engine ended with exit code {code} and did not say why"),
        None => format!("the engine was ended from outside ({status})"),
    };
    let mut diagnostic = Diagnostic::error(Code::EngineFailed, message);
    diagnostic = diagnostic.help("nothing is lost: the same command goes on from the last checkpoint");
    Err(Stop::fail(diagnostic))
}

/// Has the engine evaluate a term on arrays.
///
/// # Errors
/// That it can't be found or started, or ends without an answer.
pub fn term(job: &TermJob) -> Result<TermAnswer, Stop> {
    let engine = find()?;
    let file = written(job)?;
    let output = Command::new(&engine).arg("term").arg(file.path()).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| {
        let diagnostic = Diagnostic::error(Code::NoEngine, format!("cannot start {}: {error}", engine.display()));
        Stop::fail(diagnostic.help("build it with `make install`, or set DDL_ENGINE to where it lies"))
    })?;
    serde_json::from_slice(&output.stdout).map_err(|error| cannot("understand the engine", &format!("{error} ({})", output.status)))
}

/// A job in a file of the system's folder for such (`TMPDIR`), which goes with the value.
fn written(job: &impl serde::Serialize) -> Result<tempfile::NamedTempFile, Stop> {
    let folder = std::env::temp_dir();
    let failed = |error: &std::io::Error| unwritable(&folder.join("ddl-job.json"), error);
    let bytes = serde_json::to_vec(job).map_err(|error| cannot("write the engine's job", &error))?;
    let mut file = tempfile::Builder::new().prefix("ddl-job-").suffix(".json").tempfile().map_err(|error| failed(&error))?;
    file.write_all(&bytes).map_err(|error| failed(&error))?;
    Ok(file)
}

fn cannot(what: &str, error: &dyn std::fmt::Display) -> Stop {
    Stop::fail(Diagnostic::error(Code::EngineFailed, format!("cannot {what}: {error}")))
}

fn open_log(path: &Path) -> Result<File, Stop> {
    File::create(path).map_err(|error| unwritable(path, &error))
}

/// `DDL_ENGINE`, else beside this program, else on the search path.
fn find() -> Result<PathBuf, Stop> {
    if let Some(path) = std::env::var_os("DDL_ENGINE").map(PathBuf::from) {
        return Ok(path);
    }
    let name = format!("{ENGINE}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(&name)));
    if let Some(beside) = beside.filter(|path| path.is_file()) {
        return Ok(beside);
    }
    let on_path = std::env::var_os("PATH")
        .and_then(|paths| std::env::split_paths(&paths).map(|folder| folder.join(&name)).find(|path| path.is_file()));
    on_path.ok_or_else(|| {
        let diagnostic = Diagnostic::error(Code::NoEngine, format!("`{ENGINE}` is not there: it is what computes"));
        Stop::fail(diagnostic.help("build it with `make install`, or set DDL_ENGINE to where it lies"))
    })
}

/// The version of libtorch that the engine is linked with; none where there is no engine to ask.
pub fn libtorch() -> Option<String> {
    let said = Command::new(find().ok()?).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(said.stdout).ok()?;
    let (_, version) = text.split_once("(libtorch ")?;
    Some(version.trim_end().trim_end_matches(')').to_owned())
}

fn start(engine: &Path, job: &Path) -> Result<Child, Stop> {
    let mut command = Command::new(engine);
    command.arg("run").arg(job).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).env("DDL_WATCH_STDIN", "1");
    // libtorch's threads spin while they wait for each other, by default so long that a busy machine does little else: docs/performance.md
    if std::env::var_os("OMP_WAIT_POLICY").is_none() && std::env::var_os("GOMP_SPINCOUNT").is_none() {
        command.env("GOMP_SPINCOUNT", SPINS);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(|error| {
        let diagnostic = Diagnostic::error(Code::NoEngine, format!("cannot start {}: {error}", engine.display()));
        Stop::fail(diagnostic.help("build it with `make install`, or set DDL_ENGINE to where it lies"))
    })
}

/// Passes a request to stop on to the engine, which writes a checkpoint at the first. At the second it is ended: what it had written whole
/// stays.
fn pass_on() {
    let asked_before = ASKED.fetch_add(1, Ordering::SeqCst) > 0;
    let signal = if asked_before { nix::sys::signal::Signal::SIGKILL } else { nix::sys::signal::Signal::SIGINT };
    let pid = PID.load(Ordering::SeqCst);
    #[cfg(unix)]
    if let Ok(pid) = i32::try_from(pid)
        && pid > 0
    {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal); // it may just have ended
    }
}

/// Reads the engine's events to their end. What it gives ends the command.
fn listen(child: &mut Child, mut log: Option<&mut File>, screen: &Screen) -> Option<Stop> {
    let out = child.stdout.take()?;
    let mut progress = Progress::new(screen);
    let mut stop = None;
    for event in events::read(BufReader::new(out)) {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                stop = stop.or_else(|| Some(cannot("understand the engine", &error)));
                continue;
            }
        };
        if let Some(log) = log.as_deref_mut()
            && let Ok(line) = serde_json::to_string(&event)
        {
            let _ = writeln!(log, "{line}"); // the run goes on without a log of it
        }
        match &event {
            Event::Failed { node, failure } => {
                let mut diagnostic = failure.diagnostic(Severity::Error);
                if let Some(node) = node {
                    diagnostic.message = format!("`{node}`: {}", diagnostic.message);
                }
                stop = Some(Stop::fail(diagnostic));
            }
            Event::Interrupted { at } => {
                progress.clear();
                screen.note(match at {
                    Some((node, step)) => format!("stopped; `{node}` goes on from step {step} with the same command"),
                    None => "stopped; the same command goes on".to_owned(),
                });
                stop = Some(Stop::Shown(Outcome::Interrupted));
            }
            Event::Warning(failure) => {
                progress.suspend(|| screen.message(&failure.diagnostic(Severity::Warning), &SourceMap::new()));
            }
            other => progress.show(other),
        }
    }
    progress.clear();
    if stop.is_none() && ASKED.load(Ordering::SeqCst) > 0 {
        screen.note("stopped at once; the same command goes on from the last checkpoint");
        stop = Some(Stop::Shown(Outcome::Interrupted));
    }
    stop
}
