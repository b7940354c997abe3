mod index;
mod mine;
mod tree;

pub use mine::{Flaw, Rules};
pub use tree::{BlockId, BlockTree, Branch};
