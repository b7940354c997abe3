//! Trees of Ethereum headers.

mod tree;

pub use tree::{BranchSpec, HeaderTree, TreeSpec};
