//! A panic is a bug of ddl: it becomes one message that asks to report it.

use std::io::Write;

/// What this process exits with after a panic.
const EXIT_CODE: i32 = 1;

/// Turns every panic of this process into one message and an exit.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let what = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        let version = env!("CARGO_PKG_VERSION");
        // where standard error is closed there is nobody to tell
        let _ = writeln!(
            std::io::stderr(),
            "error[ddl::bug]: this is a bug of ddl {version}, not of your recipe: {}{place}\n\
             help: please report it with the recipe and the command; nothing in the store is damaged, and the same command goes on from the last checkpoint",
            crate::text::shown(&what)
        );
        std::process::exit(EXIT_CODE);
    }));
}
