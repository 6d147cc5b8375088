//! ddl's side of `make bench`: runs steps when it is told how many. `PyTorch`'s side, .tools/bench/worker.py, talks alike.
//!
//! First line out: what is run, as JSON. Then for each line in, a number of steps, one line out: the seconds that they took. At the end
//! of the input: the process's peak memory in MiB.

use std::io::{BufRead, Write};
use std::time::Instant;

use ddl_engine::bench::{Mode, Work};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo bench` itself says --bench
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let option = |name: &str| -> Result<String, String> {
        let value = arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
        value.cloned().ok_or_else(|| format!("{name} is missing"))
    };
    let mode = match option("--mode")?.as_str() {
        "train" => Mode::Train,
        "infer" => Mode::Infer,
        other => return Err(format!("--mode is train or infer, not {other}").into()),
    };
    let mut work = Work::new(&option("--network")?, mode, option("--batch")?.parse()?, option("--threads")?.parse()?)?;
    work.step()?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", serde_json::json!({ "parameters": work.parameters() }))?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        let steps: u32 = line?.trim().parse()?;
        let start = Instant::now();
        for _ in 0..steps {
            work.step()?;
        }
        writeln!(out, "{}", start.elapsed().as_secs_f64())?;
        out.flush()?;
    }
    writeln!(out, "{}", ddl_engine::bench::peak_mib()?)?;
    Ok(())
}
