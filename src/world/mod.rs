//! What the honest network knows: chains with forks, chains with states, trees of tipsets, built
//! from small descriptions.

mod blocks;
pub mod headers;
pub mod state;
pub mod tipset;

pub use blocks::{BlockId, BlockSet, BlockTree, Branch, Flaw, Rules};
