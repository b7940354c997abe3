//! Subcommands that work with vector files.

mod diff;
mod generate;
mod known;
mod verify;

pub(super) use diff::diff;
pub(super) use generate::{check, generate};
pub(super) use verify::verify;
