//! The engine's process: found, started, listened to, stopped.

use super::kills::Kills;
use super::log::Log;
use super::progress::{Progress, duration};
use crate::cli::outcome::{Outcome, Stop};
use crate::cli::screen::Screen;
use crate::diag::{Code, Diagnostic, Severity};
use crate::events::{self, Event};
use crate::job::Job;
use crate::job::term::{TermAnswer, TermJob};
use crate::plan::{self, Plan};

use crate::source::SourceMap;
use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

const ENGINE: &str = "ddl-engine";
/// How often it is looked whether the engine has told something.
const LOOK: Duration = Duration::from_millis(500);
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
pub(crate) fn execute(job: &Job, log: &Log, screen: &Screen) -> Result<(), Stop> {
    let engine = find()?;
    let line = line(job)?;
    let kills = Kills::now();
    let mut child = start(&engine)?;
    PID.store(child.id(), Ordering::SeqCst);
    // The engine stands in a process group of its own: what the terminal sends to this one is passed on, once each time.
    let _ = ctrlc::set_handler(pass_on);
    // the pipe stays open: at its end the engine knows that nobody listens any more
    let mut to_engine = child.stdin.take();
    if let Some(pipe) = &mut to_engine {
        let _ = pipe.write_all(&line).and_then(|()| pipe.flush()); // an engine that has ended says itself why, or its exit code does
    }
    let heard = listen(&mut child, &|event| log.write(event, &job.out), screen);
    let status = child.wait().map_err(|error| cannot("wait for the engine", &crate::system::said(&error)))?;
    PID.store(0, Ordering::SeqCst);
    drop(to_engine);
    if let Some(stop) = heard.stop {
        return Err(stop);
    }
    if status.success() {
        return Ok(());
    }
    Err(Stop::fail(unsaid(status, kills.since(), heard.running.as_deref(), &job.plan)))
}

/// Why an engine ended that did not say so: as far as it is known from outside.
fn unsaid(status: ExitStatus, killed: Option<bool>, running: Option<&str>, of: &Plan) -> Diagnostic {
    let goes_on = "nothing is lost: the same command goes on from the last checkpoint";
    #[cfg(unix)]
    let by_kill = std::os::unix::process::ExitStatusExt::signal(&status) == Some(nix::sys::signal::Signal::SIGKILL as i32);
    #[cfg(not(unix))]
    let by_kill = false;
    let at = running.map_or_else(String::new, |name| format!(" while it computed `{name}`"));
    let memory = running.and_then(|name| of.iter().find(|(_, node)| node.name == name)).and_then(|(_, node)| node.facts.memory);
    let planned = memory.map_or_else(String::new, |bytes| {
        format!("; its plan counts {} for it, decoded images and libtorch itself aside", plan::bytes(bytes))
    });
    match (status.code(), by_kill, killed) {
        (Some(code), ..) => {
            Diagnostic::error(Code::EngineFailed, format!("the engine ended with exit code {code}{at} and did not say why")).help(goes_on)
        }
        (None, true, Some(true)) => {
            let message = format!("the system ran out of memory and ended the engine{at}{planned}");
            Diagnostic::error(Code::OutOfMemory, message).help(format!("make its batch smaller, or freeze more of the network; {goes_on}"))
        }
        (None, true, None) => {
            let message =
                format!("the engine was killed{at}, by somebody or because memory ran out: which, this system does not tell{planned}");
            Diagnostic::error(Code::EngineFailed, message).help(goes_on)
        }
        (None, ..) => Diagnostic::error(Code::EngineFailed, format!("the engine was ended from outside ({status}){at}")).help(goes_on),
    }
}

/// Has the engine evaluate a term on arrays.
///
/// # Errors
/// That it can't be found or started, or ends without an answer.
pub(crate) fn term(job: &TermJob) -> Result<TermAnswer, Stop> {
    let engine = find()?;
    let line = line(job)?;
    let child = Command::new(&engine).args(["term", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let mut child = child.map_err(|error| not_started(&engine, &error))?;
    if let Some(mut pipe) = child.stdin.take() {
        let _ = pipe.write_all(&line); // as above
    }
    let output = child.wait_with_output().map_err(|error| cannot("wait for the engine", &crate::system::said(&error)))?;
    crate::misread::json(&output.stdout).map_err(|error| cannot("understand the engine", &format!("{error} ({})", output.status)))
}

/// A job as the engine reads it from its standard input. No file of it is left behind, however this program ends.
fn line(job: &impl serde::Serialize) -> Result<Vec<u8>, Stop> {
    let mut line = serde_json::to_vec(job).map_err(|error| cannot("write the engine's job", &error))?;
    line.push(b'\n');
    Ok(line)
}

fn not_started(engine: &Path, error: &std::io::Error) -> Stop {
    let diagnostic = Diagnostic::error(Code::NoEngine, format!("cannot start {}: {}", engine.display(), crate::system::said(error)));
    Stop::fail(diagnostic.help("build it with `make install`, or set DDL_ENGINE to where it lies"))
}

fn cannot(what: &str, error: &dyn std::fmt::Display) -> Stop {
    Stop::fail(Diagnostic::error(Code::EngineFailed, format!("cannot {what}: {error}")))
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
pub(crate) fn libtorch() -> Option<String> {
    let said = Command::new(find().ok()?).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(said.stdout).ok()?;
    let (_, version) = text.split_once("(libtorch ")?;
    Some(version.trim_end().trim_end_matches(')').to_owned())
}

fn start(engine: &Path) -> Result<Child, Stop> {
    let mut command = Command::new(engine);
    command.args(["run", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).env("DDL_WATCH_STDIN", "1");
    // libtorch's threads spin while they wait for each other, by default so long that a busy machine does little else: docs/performance.md
    if std::env::var_os("OMP_WAIT_POLICY").is_none() && std::env::var_os("GOMP_SPINCOUNT").is_none() {
        command.env("GOMP_SPINCOUNT", SPINS);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(|error| not_started(engine, &error))
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

/// What was heard of the engine.
#[derive(Default)]
struct Heard {
    /// What ends the command.
    stop: Option<Stop>,
    /// The node that it was last at.
    running: Option<String>,
}

/// Nodes that were begun and are not in the store: what a stop throws away of them.
#[derive(Default)]
struct Begun {
    nodes: BTreeMap<String, Instant>,
    /// The last checkpoint of a stage, and when it was.
    saved: BTreeMap<String, (u64, Instant)>,
}

impl Begun {
    fn see(&mut self, event: &Event) {
        match event {
            Event::NodeStarted { node, .. } => {
                self.nodes.insert(node.clone(), Instant::now());
            }
            Event::NodeFinished { node, .. } => {
                self.nodes.remove(node);
            }
            Event::Checkpoint { node, step } | Event::Resumed { node, step, .. } => {
                self.saved.insert(node.clone(), (*step, Instant::now()));
            }
            _ => {}
        }
    }

    /// What is lost, a line each; nothing of a node that goes on where it was.
    fn lost(&self, goes_on: Option<&str>) -> Vec<String> {
        let others = self.nodes.iter().filter(|(node, _)| Some(node.as_str()) != goes_on);
        let line = |(node, begun): (&String, &Instant)| match self.saved.get(node) {
            Some((step, at)) => {
                format!("  `{node}` goes on from step {step}: the last {} of its work are lost", duration(at.elapsed().as_secs_f64()))
            }
            None => format!("  `{node}` begins anew: {} of work are lost", duration(begun.elapsed().as_secs_f64())),
        };
        others.map(line).collect()
    }
}

/// Reads the engine's events to their end.
fn listen(child: &mut Child, log: &dyn Fn(&Event), screen: &Screen) -> Heard {
    let Some(out) = child.stdout.take() else { return Heard::default() };
    let (tell, told) = channel();
    // where nothing is told for a while, that is shown too: another thread waits for what is
    std::thread::spawn(move || events::read(BufReader::new(out)).all(|event| tell.send(event).is_ok()));
    let mut progress = Progress::new(screen);
    let (mut stop, mut running, mut work) = (None, None, Begun::default());
    loop {
        let event = match told.recv_timeout(LOOK) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => {
                progress.idle();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                stop = stop.or_else(|| Some(cannot("understand the engine", &error)));
                continue;
            }
        };
        log(&event);
        work.see(&event);
        match &event {
            Event::NodeStarted { node, .. } => running = Some(node.clone()),
            Event::NodeFinished { node, .. } if running.as_ref() == Some(node) => running = None,
            _ => {} // what else happens moves nothing
        }
        match &event {
            Event::Failed { node, failure } => {
                let mut diagnostic = failure.diagnostic(Severity::Error);
                if let Some(node) = node.as_ref().filter(|node| !diagnostic.message.contains(&format!("`{node}`"))) {
                    diagnostic.message = format!("`{node}`: {}", diagnostic.message);
                }
                // a card that is not there is asked for on the command line
                stop = Some(if failure.code == Code::NoCuda.text() { Stop::refuse(diagnostic) } else { Stop::fail(diagnostic) });
            }
            Event::Interrupted { at } => {
                progress.clear();
                screen.note(match at {
                    Some((node, step)) if *step > 0 => format!("stopped; `{node}` goes on from step {step} with the same command"),
                    Some(_) | None => "stopped; the same command goes on".to_owned(),
                });
                work.lost(at.as_ref().filter(|(_, step)| *step > 0).map(|(node, _)| node.as_str()))
                    .iter()
                    .for_each(|line| screen.note(line));
                stop = Some(Stop::Shown(Outcome::Interrupted));
            }
            Event::Warning { failure, .. } => {
                progress.suspend(|| screen.message(&failure.diagnostic(Severity::Warning), &SourceMap::new()));
            }
            other => progress.show(other),
        }
    }
    progress.clear();
    if stop.is_none() && ASKED.load(Ordering::SeqCst) > 0 {
        screen.note("stopped at once; the same command goes on from the last checkpoint");
        work.lost(None).iter().for_each(|line| screen.note(line));
        stop = Some(Stop::Shown(Outcome::Interrupted));
    }
    Heard { stop, running }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::compile::{Options, compile};
    use crate::source::Memory;
    use std::os::unix::process::ExitStatusExt;

    /// What is said of every end without a word, as far as counters tell.
    #[test]
    fn a_kill_is_called_what_it_is_known_to_be() {
        let text = "ddl 1\ndataset faces = synthetic_faces(identities = 4, images = 4, size = 32px)\nbackbone net = tiny(side = 32px)\n\
                    stage s = train(net, classify(faces, arcface()), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))\n\
                    export out = safetensors(s, to = \"s.safetensors\")\n";
        let path = Path::new("r.ddl");
        let compiled = compile(&Memory::new().with(path, text), path, &Options::default()).unwrap();
        let (plan, _) = compiled.known_plan(crate::data::probe::ProbeCache::none());
        let killed = ExitStatus::from_raw(9);
        let said = |status, counted, running| {
            let diagnostic = unsaid(status, counted, running, &plan);
            (diagnostic.code, diagnostic.message)
        };
        let (code, message) = said(killed, Some(true), Some("s"));
        assert_eq!(code, Code::OutOfMemory);
        assert!(
            message.starts_with("the system ran out of memory and ended the engine while it computed `s`; its plan counts "),
            "{message}"
        );
        assert!(message.contains("iB for it"), "{message}");
        let (code, message) = said(killed, Some(false), Some("s"));
        assert_eq!(
            (code, message.as_str()),
            (Code::EngineFailed, "the engine was ended from outside (signal: 9 (SIGKILL)) while it computed `s`")
        );
        let (code, message) = said(killed, None, None);
        assert_eq!(code, Code::EngineFailed);
        assert!(message.contains("by somebody or because memory ran out"), "{message}");
        assert!(said(ExitStatus::from_raw(15), Some(true), None).1.contains("SIGTERM"));
        assert!(said(ExitStatus::from_raw(3 << 8), Some(true), None).1.contains("exit code 3"));
    }
}
