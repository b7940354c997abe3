//! What the state-sync family says: messages, events, reasons.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::Words;
use crate::primitives::ethereum_state::{Blob, Hash32};
use crate::world::state::Block;

use super::Profile;

/// A message of the `eth` protocol, as far as it matters to the sync of states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// Asks for trie nodes and code by hash (`GetNodeData`).
    GetNodeData {
        /// What is wanted.
        hashes: Arc<[Hash32]>,
    },
    /// A peer's head has moved (`NewBlock`).
    NewBlock {
        /// The block's number.
        number: u32,
    },
    /// Trie nodes and code, in answer to `GetNodeData`: what the sender has of it, in any order.
    NodeData {
        /// The blobs.
        blobs: Arc<[Blob]>,
    },
}

/// A stimulus that comes from no peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Stops the sync that is going on. The subject begins anew when it sees fit.
    Cancel {},
}

/// Progress of a subject. `written`, `pivot`, `pivot_committed` and `imported` are the ones that
/// every subject should report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// Blocks were executed and are the head now.
    Imported {
        /// The first of them.
        from: u32,
        /// The last of them.
        to: u32,
    },
    /// The state of this block is to be synced: the block is the pivot now.
    Pivot {
        /// Its number.
        number: u32,
        /// The highest block that the subject had heard of when it chose.
        head: u32,
    },
    /// The pivot has its whole state and is the head now.
    PivotCommitted {
        /// Its number.
        number: u32,
    },
    /// Blocks were imported with their receipts, without execution.
    ReceiptsImported {
        /// The last of them.
        to: u32,
    },
    /// A cycle of syncing has ended.
    SessionEnded {
        /// Why, if not because all was done.
        error: Option<SyncError>,
    },
    /// The sync of a state has begun.
    StateSyncStarted {
        /// The root of the state.
        root: Hash32,
    },
    /// The sync of a state has ended; what was finished of it is durable.
    StateSyncStopped {
        /// The root of the state.
        root: Hash32,
        /// Why, if not because the state is whole.
        error: Option<SyncError>,
    },
    /// Trie nodes and code became durable in one atomic step.
    Written {
        /// Hashes of trie nodes.
        nodes: Arc<[Hash32]>,
        /// Hashes of code.
        codes: Arc<[Hash32]>,
        /// How many entries were written so far, restarts included.
        total: u64,
    },
}

/// Why a sync ended before its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum SyncError {
    /// It was stopped: the pivot has moved, or somebody asked for it.
    Cancelled {},
    /// No peer that is there has an item.
    FailedWithAllPeers {
        /// The item.
        hash: Hash32,
        /// How many peers have answered without it.
        tries: u32,
        /// How many peers are there.
        peers: u32,
    },
    /// An item has the right hash but is no trie node, or no account.
    InvalidNode {
        /// The item.
        hash: Hash32,
    },
    /// The peer that the chain is synced with is gone.
    MasterGone {},
    /// The peer that the chain is synced with does not answer.
    Timeout {},
}

/// Why a subject drops a peer.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reason {
    /// Any reason of a subject that is not the reference.
    Other {
        /// Its own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Words>,
    },
    /// It did not answer even the smallest request in time.
    Stalled {},
}

/// What a peer's handshake says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The number of its head.
    pub head: u32,
}

/// What the subject knows at the beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Which client at which version it shall be, where it can choose.
    pub profile: Profile,
    /// The chain from genesis on. Headers and bodies up to a peer's head count as downloaded as
    /// soon as the peer has said that it has them.
    pub blocks: Arc<[Block]>,
    /// Trie nodes that it has stored.
    pub nodes: Arc<[Blob]>,
    /// Code that it has stored.
    pub codes: Arc<[Blob]>,
}

/// How much a subject holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gauges {
    /// Peers that are connected.
    pub peers: u64,
    /// Those of them that owe an answer and are not asked meanwhile.
    pub peers_busy: u64,
    /// Requests that are not answered.
    pub requests: u64,
    /// Items in them.
    pub items_in_flight: u64,
    /// Requests that have ended and are not yet processed.
    pub requests_finished: u64,
    /// Items that wait to be asked for again.
    pub items_to_retry: u64,
    /// Items that are missing, or wait for what they refer to.
    pub items_pending: u64,
    /// The most items of one depth that are handed out and not finished.
    pub fetches_at_one_depth: u64,
    /// Bytes that are finished and not yet durable.
    pub bytes_uncommitted: u64,
}
