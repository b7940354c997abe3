//! A child process as a subject: JSON lines over its standard input and output.
//!
//! Whatever the child does, a call here ends within its time-out, in memory of a bounded size, and
//! with an error that names the cause; and nothing of the child's process group outlives it.

mod child;
mod exchange;
mod group;
mod lines;
mod options;
mod pipe;
mod session;
mod tail;

pub use child::ChildProcess;
pub use options::Options;

pub(super) use session::{Ending, Session};
