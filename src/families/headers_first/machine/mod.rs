//! The reference: btcd's `SyncManager` and what its peers see of it, in two profiles.
//!
//! | part | file | btcd |
//! | --- | --- | --- |
//! | state, dispatch | `manager.rs` | `netsync/manager.go` `blockHandler` |
//! | choice of the sync peer | `sync.rs` | `startSync`, `handleStallSample` |
//! | headers | `headers.rs` | `handleHeadersMsg`, `fetchHeaderBlocks` |
//! | blocks | `blocks.rs` | `handleBlockMsg`, `handleBlockchainNotification` |
//! | announcements | `inventory.rs` | `handleInvMsg`, `handleNotFoundMsg`, `handleTxMsg` |
//! | timers | `timers.rs` | `peer/peer.go` `stallHandler`, `queueHandler` |
//! | serving, relay | `serving.rs` | `server.go` `OnGetHeaders`, `OnGetBlocks`, `OnGetData` |
//!
//! Where btcd has a bug that breaks sync, the machine does the right thing and a comment that
//! begins with `DIFFERENCE` names the bug; the bug itself is among the mutants.

mod blocks;
mod headers;
mod inventory;
mod manager;
mod peer;
mod quirks;
mod serving;
mod sync;
#[cfg(test)]
mod tests;
mod timers;

pub use manager::SyncManager;
pub(crate) use quirks::Quirks;
