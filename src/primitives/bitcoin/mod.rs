//! Bitcoin headers, blocks and hashes: shared, immutable, with what is derived from them computed
//! once.
//!
//! In files, hashes are written as Bitcoin software prints them (bytes reversed), and all else in
//! wire order; both as lower-case hexadecimal strings that begin with `0x`.

mod block;
mod hash;
mod header;
mod transaction;

pub use block::Block;
pub use hash::BlockHash;
pub use header::Header;
pub use transaction::WholeTransaction;
