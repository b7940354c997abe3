//! Is an adapter right? A kit that asks a child process what the engine would ask, and much that
//! the engine would never ask, and says for each rule of the protocol whether it is kept.
//!
//! A child that says yes to everything fails it: unknown versions, families, requests and inputs
//! have to be refused, and the sample cases have to make it act.

mod cases;
mod ending;
mod greeting;
mod kit;
mod probe;
mod refusals;

pub use kit::{CheckOutcome, CheckResult, SampleCase, check};
