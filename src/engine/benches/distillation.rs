//! ddl's side of `make bench ARGS='--only ddl'`: the distribution distillation loss, forward and backward, when it is told how often.

use ddl_engine::bench::{Distillation, option, serve};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tch::set_num_threads(option("--threads")?.parse()?);
    let mut loss = Distillation::new(option("--students")?.parse()?, option("--pairs")?.parse()?)?;
    let value = loss.step()?;
    serve(&serde_json::json!({ "value": value }), || loss.step().map(drop))
}
