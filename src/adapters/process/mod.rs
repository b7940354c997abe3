//! A child process as a subject: JSON lines over its standard input and output.
//!
//! Whatever the child does, a call here ends within its time-out, in memory of a bounded size, and
//! with an error that names the cause; and nothing that the child has started outlives it.

mod child;
mod environment;
mod exchange;
mod group;
mod lines;
mod options;
mod pipe;
mod session;
mod stop;
mod stragglers;
mod tail;

pub use child::ChildProcess;
pub use environment::Environment;
pub use options::Options;
pub use stop::StopFlag;

pub(super) use session::{Ending, Session};
