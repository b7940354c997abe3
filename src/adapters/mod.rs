//! How the engine reaches a subject: inside this process, or as a child process that speaks JSON
//! lines.
//!
//! This is the only room with clocks, processes and an asynchronous runtime. To the engine all that
//! is here is a [`Subject`](crate::machine::Subject).

mod check;
mod clock;
mod in_process;
mod panics;
mod process;
mod protocol;
mod schemas;
mod serve;
#[cfg(test)]
mod toy;
mod validation;

pub use check::{CheckOutcome, CheckResult, SampleCase, check};
pub use clock::{Stopwatch, drawn_seed, set_after, today};
pub use in_process::InProcess;
pub use panics::quiet_panics;
pub use process::{ChildProcess, Environment, Options};
pub use protocol::{About, PROTOCOL_VERSIONS};
pub use schemas::{reply_schema, request_schema};
pub use serve::{ServeError, serve};
pub use validation::{LineSchemas, Misfit};
