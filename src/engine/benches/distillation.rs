//! What the distribution distillation loss costs beside the step that it is a part of.
//!
//! `cargo bench -p ddl-engine --bench distillation -- --threads 2`: its forward and backward with 32 pairs and 32 other people in each branch and
//! 1 to 4 students, beside a training step of MobileFaceNet on the images of as many branches (96 each), as one JSON object.

use std::time::Instant;

use ddl_engine::bench::{Distillation, Mode, Work};

const PAIRS: i64 = 32;
/// Images of a branch: pairs, and different people.
const IMAGES: i64 = 3 * PAIRS;
const STUDENTS: u32 = 4;

/// The median of the seconds of so many calls, after one that is not counted.
fn median(calls: usize, mut call: impl FnMut() -> Result<(), Box<dyn std::error::Error>>) -> Result<f64, Box<dyn std::error::Error>> {
    call()?;
    let mut seconds = Vec::with_capacity(calls);
    for _ in 0..calls {
        let start = Instant::now();
        call()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[calls / 2])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let threads = arguments.iter().position(|argument| argument == "--threads").and_then(|at| arguments.get(at + 1));
    let threads: usize = threads.map_or(Ok(1), |threads| threads.parse())?;
    // one branch's images at a time: what a step costs is proportional to its images
    let mut step = Work::new("mobilefacenet", Mode::Train, IMAGES, threads)?;
    let branch = median(3, || Ok(step.step()?))?;
    let mut rows = Vec::new();
    for students in 1..=STUDENTS {
        let mut loss = Distillation::new(students, PAIRS)?;
        let own = median(101, || Ok(loss.step()?))?;
        let whole = branch * f64::from(students + 1);
        rows.push(serde_json::json!({ "students": students, "loss_ms": own * 1e3, "step_ms": whole * 1e3, "ratio": own / whole }));
    }
    println!("{}", serde_json::json!({ "threads": threads, "pairs": PAIRS, "rows": rows }));
    Ok(())
}
