//! Executes a ddl plan with libtorch.
fn main() {}
