//! Filecoin's blocks, messages and tipsets with their real DAG-CBOR encodings and CIDs.
//!
//! What needs cryptography or a virtual machine is a model, see [`consensus`].

pub mod cbor;
mod cid;
pub mod consensus;
mod header;
mod message;
mod root;
mod tipset;

pub use cid::{Cid, CidError};
pub use header::{Block, BlockHeader, ElectionProof, Signature, Ticket};
pub use message::{BlockMessages, Message, SignedMessage};
pub use root::{amt_root, messages_root};
pub use tipset::{Construction, Tipset, TipsetError, TipsetKey, breaks_tie};
