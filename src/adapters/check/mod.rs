//! Is an adapter right? A kit that asks a child process what the engine would ask, and much that
//! the engine would never ask, and says for each rule of the protocol whether it is kept.
//!
//! A child that says yes to everything fails it: unknown versions, families, requests and inputs
//! have to be refused, and the sample cases have to make it act. A child that answers from a tape
//! fails it too: its peers are given other numbers than they had when the tape was made.

mod cases;
mod ending;
mod greeting;
mod kit;
mod peers;
mod probe;
mod refusals;

pub use kit::{CheckOutcome, CheckResult, SampleCase, check};
