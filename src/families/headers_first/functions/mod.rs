//! The pure functions of the family as tables: a chain's shape and a question in, the answer out.
//!
//! Blocks are named, not spelled out, so that the cases of any client's test suite can be written
//! down here: `"12"` is the block of the main chain at height 12, `"a:17"` that of the side chain
//! `a`, `"?1"` a hash that nobody knows.

mod bytes;
mod chains;
mod index;
mod label;
mod peers;
mod requests;
mod serving;
mod shape;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::functions;
