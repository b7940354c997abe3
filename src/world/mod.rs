//! What the honest network knows: chains with forks, chains with states, built from small
//! descriptions.

mod blocks;
pub mod state;
pub mod headers;

pub use blocks::{BlockId, BlockTree, Branch, Flaw, Rules};
