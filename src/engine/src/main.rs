//! `ddl-engine run JOB.json`: executes a plan with libtorch. Events go to the standard output as JSON lines.
//! `ddl-engine term JOB.json`: evaluates a term on arrays. The answer goes there as one JSON object.

use ddl::diag::Code;
use ddl::events::{Event, Failure, Sink, Writer};
use ddl::job::term::TermAnswer;
use ddl::job::{Job, exit};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const USAGE: &str = "\
ddl-engine executes a plan with libtorch; `ddl run` starts it.

Usage: ddl-engine run JOB.json     (`-` reads the job, one line, from the standard input)
       ddl-engine term JOB.json
       ddl-engine --version";

fn main() {
    ddl::signals::tell_of_large_files();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let code = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["run", job] => run(job),
        ["term", job] => term(job),
        ["--version" | "-V"] => {
            println!("ddl-engine {} (libtorch {})", env!("CARGO_PKG_VERSION"), ddl_engine::LIBTORCH);
            exit::DONE
        }
        ["--help" | "-h"] => {
            println!("{USAGE}");
            exit::DONE
        }
        _ => {
            eprintln!("{USAGE}");
            2
        }
    };
    std::process::exit(code);
}

fn run(job: &str) -> i32 {
    let events = Writer::new(std::io::stdout());
    let failed = |failure: Failure| {
        events.emit(Event::Failed { node: None, failure });
        exit::FAILED
    };
    let sound = |job: Job| Ok(Job { plan: job.plan.sound().map_err(|error| error.to_string())?, ..job });
    let job = match read(job).and_then(sound) {
        Ok(job) => job,
        Err(why) => return failed(Failure::new(Code::BadJob, why).help("ddl and ddl-engine must be of one version: make install")),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let handler = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(exit::INTERRUPTED); // asked a second time: at once
        }
    });
    if let Err(error) = handler {
        return failed(Failure::new(Code::BadJob, format!("signals can't be handled: {}", ddl::system::in_words(&error.to_string()))));
    }
    if std::env::var_os("DDL_WATCH_STDIN").is_some() {
        let stop = Arc::clone(&stop);
        // whoever started the engine holds its standard input; when they are gone, nobody listens: write a checkpoint and leave
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            stop.store(true, Ordering::Relaxed);
        });
    }
    // A panic is a mistake of this program; the front still learns what it says.
    let ended = catch_unwind(AssertUnwindSafe(|| ddl_engine::exec::run(&job, &events, &stop)));
    ended.unwrap_or_else(|panic| failed(ddl_engine::failures::panic(&*panic)))
}

fn term(job: &str) -> i32 {
    let answer = match read(job) {
        Err(why) => TermAnswer::Failed(Failure::new(Code::BadJob, why).help("ddl and ddl-engine must be of one version: make install")),
        Ok(job) => {
            catch_unwind(|| ddl_engine::term::answer(&job)).unwrap_or_else(|panic| TermAnswer::Failed(ddl_engine::failures::panic(&*panic)))
        }
    };
    println!("{}", serde_json::to_string(&answer).unwrap_or_default()); // numbers and texts: JSON can write them
    match answer {
        TermAnswer::Done(_) => exit::DONE,
        TermAnswer::Failed(_) => exit::FAILED,
    }
}

fn read<T: serde::de::DeserializeOwned>(job: &str) -> Result<T, String> {
    let text = if job == "-" {
        // what follows is for whoever watches the standard input
        let mut text = String::new();
        std::io::stdin().read_line(&mut text).map(|_| text)
    } else {
        ddl::regular::text(Path::new(job), ddl::regular::Whole::Plan)
    };
    let text = text.map_err(|error| format!("the job {job} can't be read: {}", ddl::system::said(&error)))?;
    ddl::misread::json(text.as_bytes()).map_err(|error| format!("{job} is no job of this version: {error}"))
}
