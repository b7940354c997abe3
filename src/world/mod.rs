//! What the honest network knows: chains with forks, built from small descriptions.

mod blocks;
pub mod tipset;

pub use blocks::{BlockId, BlockTree, Branch, Flaw, Rules};
