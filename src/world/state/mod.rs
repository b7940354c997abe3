//! Chains of blocks with their world states: real Merkle-Patricia tries with accounts, storage and
//! code, built from a small description.

mod build;
mod chain;
mod spec;
mod stored;

pub use chain::{Block, Reference, StateChain, references};
pub use spec::{AccountSpec, ChangeSpec, CodeSpec, StateError, StateSpec, StorageSpec};
pub use stored::{Stored, StoredTable};
