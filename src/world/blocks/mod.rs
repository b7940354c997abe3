mod index;
mod mine;
mod set;
mod tree;

pub use mine::{Flaw, Rules};
pub use set::BlockSet;
pub use tree::{BlockId, BlockTree, Branch};
