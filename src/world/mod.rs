//! What the honest network knows: chains with forks, chains with states, trees of tipsets, built
//! from small descriptions.

mod blocks;
pub mod headers;
pub mod state;
pub mod tipset;

pub use blocks::{BlockId, BlockTree, Branch, Flaw, Rules};
