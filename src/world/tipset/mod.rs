//! Trees of tipsets: forks, null rounds, several blocks an epoch, miners with two blocks in one
//! epoch, and blocks that fail a chosen check.

mod build;
mod spec;
mod tree;

pub use build::{TreeError, build};
pub use spec::{BlockSpec, Branch, Epoch, Fault, TipsetRef, TreeSpec};
pub use tree::{KnownBlock, Path, TipsetTree};
