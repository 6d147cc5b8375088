//! How a benchmark is asked by `make bench`: by its command line, and then by lines on its standard input. The loader's, which is timed
//! without libtorch, takes this file too (`tests/bench/loader.rs`).

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

/// Answers as a benchmark is asked: what is run as a line of JSON; then, for each line that comes in, a number of steps, the seconds that
/// they took; at the end of the input the process's peak memory in MiB. One step runs before all that.
///
/// # Errors
/// When a step fails, or what comes in is no number.
pub fn serve<E: Into<Box<dyn Error>>>(about: &serde_json::Value, mut step: impl FnMut() -> Result<(), E>) -> Result<(), Box<dyn Error>> {
    let mut step = || step().map_err(Into::into);
    step()?;
    let mut out = std::io::stdout();
    writeln!(out, "{about}")?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        let steps: u32 = line?.trim().parse()?;
        let start = Instant::now();
        for _ in 0..steps {
            step()?;
        }
        writeln!(out, "{}", start.elapsed().as_secs_f64())?;
        out.flush()?;
    }
    writeln!(out, "{}", peak_mib()?)?;
    Ok(())
}

/// What the command line says for `name`. `cargo bench` itself says `--bench`.
///
/// # Errors
/// When it says nothing.
pub fn option(name: &str) -> Result<String, String> {
    let args: Vec<String> = std::env::args().collect();
    let value = args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    value.cloned().ok_or_else(|| format!("{name} is missing"))
}

/// The most memory that this process has held, in MiB.
fn peak_mib() -> std::io::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| std::io::Error::other("/proc/self/status has no VmHWM"))
}
