//! The values of Ethereum's world state: Keccak-256 hashes, trie nodes, accounts, headers.
//!
//! In files, hashes and byte strings are lower-case hexadecimal strings that begin with `0x`.

mod account;
mod blob;
mod hash;
mod header;
mod nibbles;
mod node;
mod trie;

pub use account::Account;
pub use blob::Blob;
pub use hash::{Hash32, HashTable, IdentityHasher};
pub use header::Header;
pub use nibbles::Nibbles;
pub use node::{Child, Node, NodeError};
pub use trie::{EMPTY_ROOT, build_trie};
