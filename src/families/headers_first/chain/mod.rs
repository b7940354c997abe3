//! The chain of blocks, and the chain of headers apart from it.

mod arena;
mod block_chain;
mod orphans;
mod refused;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use arena::NodeId;
pub(crate) use block_chain::{BlockOutcome, Chain, Unchecked};
