//! What the tipset-sync family says: messages, events, reasons, settings.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::Words;
use crate::primitives::filecoin::consensus::{Check, Network};
use crate::primitives::filecoin::{
    Block, BlockMessages, Cid, Message as ChainMessage, SignedMessage, TipsetKey,
};
use crate::primitives::number::{Decimal, Number, decimal, number};

/// A message between two nodes, or from the operator of the subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// The operator calls `SyncCheckpoint`: the chain shall never leave this tipset again.
    Checkpoint {
        /// The blocks of the tipset.
        tipset: TipsetKey,
    },
    /// A new block on the topic `/fil/blocks`. The bodies of its messages, which a node has or
    /// fetches by other protocols, come with it.
    Gossip {
        /// The block.
        block: FullBlock,
    },
    /// `/fil/hello/1.0.0`, first thing on a connection, from both sides.
    Hello {
        /// The sender's head.
        head: TipsetKey,
        /// Its height.
        height: i64,
        /// Its weight.
        #[serde(with = "decimal")]
        #[schemars(with = "Decimal")]
        weight: u128,
        /// The genesis block.
        genesis: Cid,
    },
    /// The operator's miner hands in its own block: `SyncSubmitBlock`.
    OwnBlock {
        /// The block.
        block: FullBlock,
    },
    /// `/fil/chain/xchg/0.0.1`: asks for tipsets from a head backwards.
    Request {
        /// What is asked for.
        request: Request,
    },
    /// The answer on the stream of a request.
    Response {
        /// The request whose stream this is.
        request: Request,
        /// How it went.
        #[serde(with = "number")]
        #[schemars(with = "Number<u64>")]
        status: u64,
        /// Why it went wrong, for people.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        error: String,
        /// The tipsets, newest first.
        chain: Arc<Vec<Option<ChainTipset>>>,
    },
}

/// A request of the chain exchange.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The newest tipset wanted.
    pub head: TipsetKey,
    /// How many tipsets.
    #[serde(with = "number")]
    #[schemars(with = "Number<u64>")]
    pub length: u64,
    /// Bit 0: headers; bit 1: messages.
    #[serde(with = "number")]
    #[schemars(with = "Number<u64>")]
    pub options: u64,
}

impl Request {
    /// Bit of the options: block headers.
    pub const HEADERS: u64 = 1;
    /// Bit of the options: messages.
    pub const MESSAGES: u64 = 2;

    /// What identifies it among the requests in flight.
    pub fn key(&self) -> RequestKey {
        let mut head = [0_u8; 8];
        for cid in self.head.iter() {
            for (own, byte) in head.iter_mut().zip(cid.digest()) {
                *own = own.wrapping_mul(31) ^ byte;
            }
        }
        RequestKey { head, options: self.options }
    }
}

/// A request without its length: two requests that start at the same tipset are for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey {
    head: [u8; 8],
    options: u64,
}

impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.options {
            Request::HEADERS => "headers",
            Request::MESSAGES => "messages",
            _ => "blocks",
        };
        write!(f, "{what} from tipset {}", const_hex::encode(self.head))
    }
}

/// Status codes of the chain exchange.
pub mod status {
    /// All that was asked for.
    pub const OK: u64 = 0;
    /// Less than was asked for.
    pub const PARTIAL: u64 = 101;
    /// The head is not known.
    pub const NOT_FOUND: u64 = 201;
    /// Too many requests.
    pub const GO_AWAY: u64 = 202;
    /// The server failed; Venus and Lotus say so too when they do not know the head.
    pub const INTERNAL_ERROR: u64 = 203;
    /// The request breaks the protocol.
    pub const BAD_REQUEST: u64 = 204;
}

/// A tipset of an answer, `BSTipSet`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainTipset {
    /// The headers, if they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Option<Arc<Block>>>,
    /// The messages, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<CompactedMessages>,
}

/// The messages of a tipset, each once, and which block has which.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompactedMessages {
    /// The BLS messages in the order in which the blocks first have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bls: Vec<Option<Arc<ChainMessage>>>,
    /// For each block, indices into the BLS messages.
    #[serde(with = "number::lists")]
    #[schemars(with = "Vec<Vec<Number<u64>>>")]
    pub bls_includes: Vec<Vec<u64>>,
    /// The signed messages in the order in which the blocks first have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secp: Vec<Option<Arc<SignedMessage>>>,
    /// For each block, indices into the signed messages.
    #[serde(with = "number::lists")]
    #[schemars(with = "Vec<Vec<Number<u64>>>")]
    pub secp_includes: Vec<Vec<u64>>,
}

/// A block with its messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullBlock {
    /// The header.
    pub header: Arc<Block>,
    /// The messages.
    pub messages: Arc<BlockMessages>,
}

/// Progress of a subject. `head_changed` is the one that every subject should report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// This tipset is a checkpoint from now on.
    CheckpointSet {
        /// The tipset.
        tipset: TipsetKey,
    },
    /// The head has moved.
    HeadChanged {
        /// Where to.
        head: TipsetKey,
        /// What left the chain, newest first.
        revert: Vec<TipsetKey>,
        /// What joined it, oldest first.
        apply: Vec<TipsetKey>,
    },
    /// The sync of a target is over.
    SyncEnded {
        /// The target.
        target: TipsetKey,
        /// How it came out.
        outcome: SyncOutcome,
    },
    /// The sync of a target has begun.
    SyncStarted {
        /// The target.
        target: TipsetKey,
    },
    /// All blocks of a tipset have passed all checks and its state is known.
    Validated {
        /// The tipset.
        tipset: TipsetKey,
    },
}

/// How the sync of a target came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum SyncOutcome {
    /// It was ended because fewer syncs may run now.
    Cancelled {},
    /// All of its chain is validated.
    Complete {},
    /// Its chain leaves ours too far back, or before a checkpoint, or at genesis.
    ForkRefused {},
    /// A block failed a check.
    Invalid {
        /// Which.
        check: Check,
    },
    /// It is lighter than the head.
    Lighter {},
    /// No peer gave what was needed.
    Unavailable {},
}

impl SyncOutcome {
    /// Whether the same target may be synced later.
    pub fn is_temporary(self) -> bool {
        match self {
            Self::Cancelled {} | Self::Unavailable {} => true,
            Self::Invalid { check } => check.is_temporary(),
            Self::Complete {} | Self::ForkRefused {} | Self::Lighter {} => false,
        }
    }
}

/// Why a subject drops a peer.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reason {
    /// Any other reason of a subject that is not the reference.
    Other {
        /// Its own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Words>,
    },
    /// It is of another network.
    WrongGenesis {},
}

/// What is known of a peer when it is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// It speaks the chain exchange.
    pub exchange: bool,
    /// It is the subject's own operator.
    pub operator: bool,
}

/// A stimulus that comes from no peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// At most so many syncs may run from now on: `SetConcurrent`.
    SetConcurrent {
        /// How many.
        count: u32,
    },
}

/// What the subject knows at the beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Which client it shall be, where it can choose.
    pub profile: String,
    /// What the network agrees on.
    pub network: Network,
    /// The client's own limits.
    pub settings: Settings,
    /// Seconds since 1970 at the start of the run.
    pub unix_time: u64,
    /// Selects how peers are shuffled.
    pub shuffle: u64,
    /// The genesis block.
    pub genesis: Arc<Block>,
    /// The tipsets after genesis that are validated and stored, oldest first; the last is the
    /// head.
    pub chain: Vec<Vec<FullBlock>>,
    /// The checkpoint; genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<TipsetKey>,
}

/// The limits of a client, by default those of Venus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many syncs may run at once: `maxCount`.
    pub concurrent_max: u32,
    /// How many targets may wait or run: `DefaultWorkQueueSize`.
    pub queue_max: usize,
    /// How many finished targets are remembered: `historySize`.
    pub history_max: usize,
    /// The most tipsets in one request for headers.
    pub window: u64,
    /// How many tipsets are fetched and validated at once: `maxProcessLen`.
    pub segment: usize,
    /// How long a peer has to answer: `ReadResDeadline`.
    pub reply_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrent_max: 1,
            queue_max: 15,
            history_max: 10,
            window: 500,
            segment: 8,
            reply_ms: 5_000,
        }
    }
}

/// How much a subject holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gauges {
    /// Targets that wait for their turn or run.
    pub targets: u64,
    /// Targets that failed and are tried again later.
    pub deferred: u64,
    /// Finished targets.
    pub history: u64,
    /// Requests without an answer.
    pub in_flight: u64,
}
