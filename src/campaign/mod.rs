//! Searching for a counterexample, and making it small.
//!
//! Case `k` of seed `s` depends on `(family, profile, s, k)` alone, so any case can be made again
//! by itself, and a campaign can be split over workers and machines. Results are consumed in the
//! order of the cases, so the number of workers changes nothing but the time.

mod case;
mod mutation;
mod search;
mod shape;
mod shrink;
mod suite;
mod tally;

pub use case::{CaseId, draw, draw_supported};
pub use mutation::{Kill, MutantReport, test_mutant};
pub use search::{Finding, Found, LOT, Outcome, Plan, Progress, Silent, SubjectFactory, search};
pub use shape::shape_of;
pub use shrink::{Shrunk, shrink};
pub use suite::{Judge, beyond_known, run_once};
pub use tally::Totals;
