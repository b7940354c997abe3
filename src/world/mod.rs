//! What the honest network knows: chains with forks, chains with states, built from small

mod blocks;
pub mod headers;
pub mod state;
pub mod tipset;

pub use blocks::{BlockId, BlockTree, Branch, Flaw, Rules};
