//! `ddl data`: a look at data before anything is trained.

mod check;
mod convert;
mod info;
pub(super) mod preview;
mod sheet;
pub(super) mod source;

use super::args::{DataArgs, DataCommand};
use super::outcome::{Outcome, Stop};
use super::screen::Screen;

/// Does what was asked for with data.
pub(crate) fn run(args: &DataArgs, screen: &Screen) -> Result<Outcome, Stop> {
    match &args.command {
        DataCommand::Info(args) => info::run(args, screen),
        DataCommand::Preview(args) => preview::run(args, screen),
        DataCommand::Convert(args) => convert::run(args, screen),
        DataCommand::Check(args) => Ok(check::run(args, screen)),
    }
}
