//! Claims about a run and the folds that check them.
//!
//! An invariant sees the scenario, its world and the steps. It never asks the subject what is
//! right.

mod claim;
pub mod generic;
mod suite;

pub use claim::{Claim, Context, End, Invariant, Needs, Strength, Violation};
pub use generic::NEVER_PANICS_OR_HANGS;
pub use suite::{Exercise, Suite};
