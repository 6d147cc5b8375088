//! What compiling may cost and where it must stop: extreme numbers, recipes that double with each line, and the places that messages name.

#[path = "bounds/arithmetic.rs"]
mod arithmetic;
#[path = "bounds/bombs.rs"]
mod bombs;
#[path = "bounds/origins.rs"]
mod origins;
#[path = "bounds/shapes.rs"]
mod shapes;

use ddl::compile::{Compiled, Options, compile};
use ddl::source::Memory;
use std::path::Path;

/// Compiles `recipe.ddl` of some files, whose first line is the edition's.
fn compiled(files: &[(&str, &str)]) -> Compiled {
    let world = files.iter().fold(Memory::new(), |world, (name, text)| world.with(name, format!("ddl 1\n{text}\n")));
    compile(&world, Path::new("recipe.ddl"), &Options::default()).expect("the recipe can be read")
}
