//! The one loop that runs a scenario against a subject, in virtual time.
//!
//! ```text
//!   take the next instant of the plan or of a link
//!   let the subject act on its own until then        -> route what it does
//!   else deliver what is due                         -> route what it does
//! ```
//!
//! Ties break by `(time, order of scheduling)`. Messages of one connection and direction stay in
//! order, as on TCP; between peers the order is free. Nothing is drawn at random here.

mod dials;
mod link;
mod peer;
mod points;
mod queue;
mod run;
mod simulator;
mod traffic;

pub use run::{FIRES, Record, Run, Tally};
pub use simulator::simulate;
