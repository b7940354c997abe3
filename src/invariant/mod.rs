//! Claims about a run and the folds that check them.
//!
//! An invariant sees the scenario, its world and the steps. It never asks the subject what is
//! right.

mod claim;
mod suite;

pub use claim::{Claim, Context, End, Invariant, Needs, Strength, Violation};
pub use suite::{Exercise, Suite};
