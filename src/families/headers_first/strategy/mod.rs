//! Random scenarios of the headers-first family, their labels and their reductions.
//!
//! What is drawn are small numbers ("genes"); a scenario is assembled from them by a pure function,
//! so that all that is drawn is valid and shrinks well. Swarm style: each case switches whole kinds
//! of trouble off.

mod assemble;
mod genes;
mod labels;
mod plan;
mod reduce;

pub(super) use genes::strategy;
pub(super) use labels::labels;
pub(super) use reduce::reductions;
