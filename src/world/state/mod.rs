//! Chains of blocks with their world states: real Merkle-Patricia tries with accounts, storage and
//! code, built from a small description.

mod build;
mod chain;
mod spec;

pub use chain::{Block, Reference, StateChain, Stored, references};
pub use spec::{AccountSpec, ChangeSpec, CodeSpec, StateError, StateSpec, StorageSpec};
