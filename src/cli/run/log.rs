//! The file of `--events`: all that happens, whatever becomes of the run. It is there from the first moment, also where the recipe is wrong
//! or nothing is to be done. Pictures lie in files of their own.

use super::engine;
use crate::cli::files::{self, Lasting, named_unwritable, unwritable};
use crate::cli::outcome::{Outcome, Stop};
use crate::diag::{Diagnostic, Severity};
use crate::events::{Event, Failure, Machine, PictureGroup, from_base64, record};
use crate::job::Job;
use crate::plan::Plan;
use crate::store::OutputFile;
use crate::store::due::Due;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The file of `--events`, where there is one.
pub(crate) struct Log {
    to: Option<Mutex<Written>>,
}

struct Written {
    file: File,
    path: PathBuf,
    /// Why something could not be written: it ends the log, and is said at the end.
    lost: Option<io::Error>,
    /// Whether a failure was written.
    failed: bool,
    /// What the engine said when it had done its part: the last line, unless something fails after it.
    done: Option<Event>,
}

impl Written {
    /// Writes a line, unless an earlier one could not be written.
    fn line(&mut self, line: serde_json::Result<String>) {
        if self.lost.is_none() {
            self.lost = line.map_err(io::Error::other).and_then(|line| self.file.write_all((line + "\n").as_bytes())).err();
        }
    }
}

impl Log {
    /// Makes the file.
    pub(crate) fn new(path: Option<&Path>) -> Result<Self, Stop> {
        let written = |path: &Path| -> Result<_, Stop> {
            let file = files::begin(path).map_err(|error| named_unwritable(path, &error))?;
            Ok(Mutex::new(Written { file, path: path.to_owned(), lost: None, failed: false, done: None }))
        };
        Ok(Log { to: path.map(written).transpose()? })
    }

    /// Whether anybody wants it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.to.is_some()
    }

    /// Writes an event; pictures go to files below `out`. What can't be written does not end the run: [`Log::end`] says so.
    pub(crate) fn write(&self, event: &Event, out: &Path) {
        let Some(to) = &self.to else { return };
        let mut to = to.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if matches!(event, Event::Done { .. }) {
            to.done = Some(event.clone());
            return;
        }
        to.failed |= matches!(event, Event::Failed { .. });
        let line = match event {
            Event::FirstBatch { node, groups } => {
                serde_json::to_string(&Event::FirstBatch { node: node.clone(), groups: in_files(node, groups, out) })
            }
            other => serde_json::to_string(other),
        };
        to.line(line);
    }

    /// Tells of a run that computes nothing: the engine is not started.
    pub(crate) fn nothing_to_do(&self, job: &Job, due: &Due, plan: &Plan) {
        if !self.is_wanted() {
            return;
        }
        let machine = Machine {
            ddl: plan.ddl.clone(),
            libtorch: engine::libtorch().unwrap_or_default(),
            device: job.device.to_string(),
            threads: job.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            cpu: record::cpu(),
        };
        let (pid, stored) = (std::process::id(), due.stored.len());
        self.write(&Event::RunStarted { machine, at: record::now(), pid, due: Vec::new(), stored }, &job.out);
        for id in &due.stored {
            let node = plan.node(*id);
            self.write(&Event::NodeSkipped { node: node.name.clone(), op: node.op.to_string() }, &job.out);
        }
        self.write(&Event::Done { computed: 0, stored, seconds: 0.0 }, &job.out);
    }

    /// What was found of the recipe, its data and its results, as warnings.
    pub(crate) fn warnings<'d>(&self, found: impl IntoIterator<Item = &'d Diagnostic>) {
        for diagnostic in found.into_iter().filter(|it| it.severity == Severity::Warning) {
            self.write(&Event::Warning { node: None, failure: Failure::of(diagnostic) }, Path::new(""));
        }
    }

    /// The last words: why the run failed, where no event says so yet, or that it is done. `said` are the errors that were shown. Whether
    /// all of the log could be written.
    pub(crate) fn end(&self, ended: &Result<Outcome, Stop>, said: Vec<Failure>) -> Result<(), Stop> {
        self.last_words(ended, said);
        let Some(to) = &self.to else { return Ok(()) };
        let mut to = to.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        to.lost.take().map_or(Ok(()), |error| Err(unwritable(&to.path, &error)))
    }

    fn last_words(&self, ended: &Result<Outcome, Stop>, said: Vec<Failure>) {
        let Some(to) = &self.to else { return };
        let mut last = to.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.failed {
            return;
        }
        if let (Ok(Outcome::Done), Some(done)) = (ended, last.done.take()) {
            last.line(serde_json::to_string(&done));
        }
        drop(last);
        let failures = match ended {
            Ok(Outcome::Done | Outcome::Interrupted) | Err(Stop::Shown(Outcome::Done | Outcome::Interrupted)) => Vec::new(),
            Ok(Outcome::Failed | Outcome::Wrong) | Err(Stop::Shown(Outcome::Failed | Outcome::Wrong)) => said,
            Err(Stop::Say(_, diagnostic)) if diagnostic.severity == Severity::Error => vec![Failure::of(diagnostic)],
            Err(Stop::Say(..)) => Vec::new(),
        };
        for failure in failures {
            self.write(&Event::Failed { node: None, failure }, Path::new(""));
        }
    }
}

/// The same pictures in files below `out`, named there; what can't be written stays without a file.
fn in_files(node: &str, groups: &[PictureGroup], out: &Path) -> Vec<PictureGroup> {
    let folder = PathBuf::from(OutputFile::Pictures.name()).join(file_name(node));
    let mut groups = groups.to_vec();
    for (place, group) in groups.iter_mut().enumerate() {
        let folder = folder.join(format!("{:02}-{}", place + 1, file_name(&group.label)));
        let made = fs::create_dir_all(out.join(&folder)).is_ok();
        for (place, picture) in group.pictures.iter_mut().enumerate() {
            let file = folder.join(format!("{:02}.png", place + 1));
            let png = std::mem::take(&mut picture.png);
            let written = made && from_base64(&png).is_some_and(|bytes| files::put(&out.join(&file), &bytes, Lasting::No).is_ok());
            picture.file = written.then(|| file.to_string_lossy().into_owned());
        }
    }
    groups
}

/// A name as a file may have it.
fn file_name(name: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || "-_.=".contains(c) { c } else { '-' };
    let short: String = name.chars().map(kept).take(60).collect();
    let whole = short.trim_matches(['-', '.']).to_owned();
    if whole.is_empty() { "batch".to_owned() } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::image::Image;
    use crate::events::Picture;

    #[test]
    fn pictures_lie_in_files_below_the_output_folder_whatever_nodes_are_called() {
        let folder = tempfile::tempdir().unwrap();
        let image = Image::new(1, 1, vec![1, 2, 3]).unwrap();
        let group = PictureGroup { label: "../e".to_owned(), pictures: vec![Picture::new(&image, "a.png", "ann")] };
        let named = in_files("s[seed = 2]/..", &[group], folder.path());
        let file = named[0].pictures[0].file.clone().unwrap();
        assert_eq!((file.as_str(), named[0].pictures[0].png.as_str()), ("first_batch/s-seed-=-2/01-e/01.png", ""));
        assert!(std::fs::read(folder.path().join(file)).unwrap().starts_with(b"\x89PNG"));
        assert_eq!([file_name(".."), file_name("顔")], ["batch", "顔"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_of_the_log_was_lost_is_said_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("pipe");
        nix::unistd::mkfifo(&place, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(Log::new(Some(&place)).is_err(), "nobody reads");
        let reader = crate::regular::without_waiting().open(&place).unwrap();
        let log = Log::new(Some(&place)).unwrap();
        let done = Event::Done { computed: 0, stored: 0, seconds: 0.0 };
        log.write(&done, folder.path());
        assert!(log.end(&Ok(Outcome::Done), Vec::new()).is_ok());
        drop(reader);
        log.write(&done, folder.path());
        let Err(Stop::Say(Outcome::Failed, said)) = log.end(&Ok(Outcome::Done), Vec::new()) else { panic!("nobody read it") };
        assert!(said.message.contains("cannot write"), "{said}");
    }
}
