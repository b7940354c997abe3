//! Searching for a counterexample, and making it small.
//!
//! Case `k` of seed `s` depends on `(family, profile, s, k)` alone, so any case can be made again
//! by itself, and a campaign can be split over workers and machines. Results are consumed in the
//! order of the cases, so the number of workers changes nothing but the time.

mod case;
mod fingerprint;
mod mutation;
mod repeat;
mod search;
mod shape;
mod shrink;
mod suite;
mod taker;
mod tally;

pub use case::{CaseId, draw, draw_supported};
pub use fingerprint::{Fingerprint, Target};
pub use mutation::{Kill, MutantReport, test_mutant};
pub use repeat::{Difference, Patience, Repeated, Repeats, Seen, repeat};
pub use search::{Finding, Found, LOT, Outcome, Plan, Progress, Silent, SubjectFactory, search};
pub use shape::shape_of;
pub use shrink::{Bounds, Shrunk, shrink};
pub use suite::{Judge, Known, run_once};
pub use tally::Totals;
