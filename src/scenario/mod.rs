//! One serialisable value that holds everything that happens in a run.
//!
//! A counterexample, a regression and a vector are all a [`Scenario`]. Faults, latencies and lies
//! stand in it by value; nothing is drawn while it runs. So shrinking one thing moves one thing.

mod drawing;
mod plan;
mod reduce;
mod tag;
mod validate;

pub use drawing::{
    Axis, BoxKind, Chains, Drawing, Lane, Link, Note, NoteKind, PictureBox, in_words,
};
pub use plan::{
    At, Crash, FaultKind, Heal, Liars, Lie, Limits, LinkFault, PeerPlan, Reconnect, Scenario,
    Session, Stall,
};
pub use reduce::reductions;
pub use tag::tag_of;
pub use validate::{build_world, in_range};
