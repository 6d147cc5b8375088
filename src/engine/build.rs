//! Gives the engine's programs an rpath to the libtorch that they are linked with, so that they start without `LD_LIBRARY_PATH`.
//!
//! The path is made absolute and free of links: an installed engine outlives the checkout that it was built in.
use std::env;
use std::fs;

fn main() {
    println!("cargo:rustc-env=DDL_LIBTORCH_VERSION={}", version().unwrap_or_else(|| "unknown".to_owned()));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    // Said by torch-sys, which we depend on directly for this alone: cargo passes `DEP_*` to direct dependents only.
    if let Some(lib) = env::var_os("DEP_TCH_LIBTORCH_LIB") {
        let lib = fs::canonicalize(&lib).unwrap_or_else(|_| lib.into());
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
        // The linker must not drop libtorch_cuda.so, which registers itself but whose symbols nobody names.
        println!("cargo:rustc-link-arg=-Wl,--no-as-needed");
        println!("cargo:rustc-link-arg=-ltorch");
    }
}

/// What libtorch's folder says of its version: `build-version` of a libtorch archive, `version.py` of a Python package.
fn version() -> Option<String> {
    let lib = std::path::PathBuf::from(env::var_os("DEP_TCH_LIBTORCH_LIB")?);
    let folder = lib.parent()?;
    if let Ok(text) = fs::read_to_string(folder.join("build-version")) {
        return Some(text.trim().to_owned());
    }
    let text = fs::read_to_string(folder.join("version.py")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("__version__ = "))?;
    Some(line.trim_matches(['\'', '"']).to_owned())
}
