//! ddl's side of `make bench`: runs steps of a network when it is told how many. `PyTorch`'s side, .tools/bench/worker.py, talks alike.

use ddl_engine::bench::{Mode, Work, option, serve};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mode = match option("--mode")?.as_str() {
        "train" => Mode::Train,
        "infer" => Mode::Infer,
        other => return Err(format!("--mode is train or infer, not {other}").into()),
    };
    let mut work = Work::new(&option("--network")?, mode, option("--batch")?.parse()?, option("--threads")?.parse()?)?;
    serve(&serde_json::json!({ "parameters": work.parameters() }), || work.step())
}
