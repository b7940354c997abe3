//! Several subjects on the same scenarios, side by side.

mod arguments;
mod command;
mod endings;
mod searches;

pub(super) use arguments::GridArguments;
pub(super) use command::grid;
