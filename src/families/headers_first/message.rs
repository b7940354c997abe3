//! What the headers-first family says: messages, events, reasons.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::machine::{PeerId, Words};
use crate::primitives::bitcoin::{Block, BlockHash, Header, WholeTransaction};

/// A message of the Bitcoin protocol, as far as it matters to the sync of blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// A block, in answer to getdata.
    Block {
        /// The block.
        block: Block,
    },
    /// Asks for the hashes of the blocks after the locator.
    GetBlocks {
        /// Hashes of known blocks, newest first.
        locator: Vec<BlockHash>,
        /// The last block wanted; zero for as many as fit.
        stop: BlockHash,
    },
    /// Asks for items by hash.
    GetData {
        /// What is wanted.
        items: Vec<Inventory>,
    },
    /// Asks for the headers after the locator.
    GetHeaders {
        /// Hashes of known blocks, newest first.
        locator: Vec<BlockHash>,
        /// The last header wanted; zero for as many as fit.
        stop: BlockHash,
    },
    /// Headers, in answer to getheaders or as an announcement.
    Headers {
        /// The headers, oldest first.
        headers: Vec<Header>,
    },
    /// Announces items by hash, or answers getblocks.
    Inv {
        /// What is announced.
        items: Vec<Inventory>,
    },
    /// Says which items of a getdata the sender does not have.
    NotFound {
        /// What is not to be had.
        items: Vec<Inventory>,
    },
    /// Tells the sender of a block that it was rejected (BIP 61).
    Reject {
        /// The rejected block.
        block: BlockHash,
        /// Why.
        reason: Fault,
        /// The sender's own words, as BIP 61 has them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Words>,
    },
    /// Asks for announcements by headers instead of inv (BIP 130).
    SendHeaders {},
    /// A transaction, in answer to getdata. What it pays is of no account: only its id counts.
    Tx {
        /// The transaction's id.
        id: BlockHash,
        /// The whole transaction, for a client that reads it; it has the id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        raw: Option<WholeTransaction>,
    },
    /// A message that the receiver does not know and must ignore.
    Unknown {
        /// The command's name.
        command: String,
    },
}

/// An item by kind and hash.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// What it is.
    pub kind: InventoryKind,
    /// Its hash.
    pub hash: BlockHash,
}

impl Inventory {
    /// A block.
    pub const fn block(hash: BlockHash) -> Self {
        Self { kind: InventoryKind::Block, hash }
    }

    /// A block with its witnesses.
    pub const fn witness_block(hash: BlockHash) -> Self {
        Self { kind: InventoryKind::WitnessBlock, hash }
    }

    /// A transaction.
    pub const fn tx(hash: BlockHash) -> Self {
        Self { kind: InventoryKind::Tx, hash }
    }

    /// Whether it names a block, with or without witnesses.
    pub fn is_block(&self) -> bool {
        matches!(self.kind, InventoryKind::Block | InventoryKind::WitnessBlock)
    }
}

/// The kinds of inventory that count for sync.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum InventoryKind {
    /// A block (2).
    Block,
    /// A transaction (1).
    Tx,
    /// A kind that the receiver does not know.
    Unknown,
    /// A block with its witnesses (0x40000002).
    WitnessBlock,
    /// A transaction with its witnesses (0x40000001).
    WitnessTx,
}

/// Progress of a subject. `tip` is the one that every subject should report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A block is stored for good, on whatever chain: it is not asked for again, and is served, even
    /// after a restart. Its header and its own form are right, and its parent is stored. What else a
    /// client checks only of blocks on its best chain may be wrong: a block is validated when `tip`
    /// names it or one that follows it.
    BlockAccepted {
        /// The block.
        hash: BlockHash,
        /// Its height.
        height: u32,
    },
    /// A block was refused.
    BlockRejected {
        /// The block.
        hash: BlockHash,
        /// Why.
        reason: Fault,
        /// The subject's own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Words>,
    },
    /// A header that is right in itself and in its place is known now, on whatever chain, without its
    /// block. It may be forgotten at a restart. A client that keeps no headers apart from blocks
    /// reports none.
    HeaderAccepted {
        /// The header.
        hash: BlockHash,
        /// Its height.
        height: u32,
    },
    /// A block whose parent is missing was kept aside.
    OrphanKept {
        /// The block.
        hash: BlockHash,
    },
    /// Blocks are now synced from this peer, or from none.
    SyncPeer {
        /// The peer.
        peer: Option<PeerId>,
    },
    /// The best chain ends here now.
    Tip {
        /// The tip.
        hash: BlockHash,
        /// Its height.
        height: u32,
    },
}

/// What is wrong with a header or block. On the wire it is a string.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It is an ancestor's fault: the block builds on an invalid one.
    BadAncestor,
    /// The coinbase does not begin with the height (BIP 34).
    BadCoinbaseHeight,
    /// The coinbase pays more than the subsidy.
    BadCoinbaseValue,
    /// The difficulty bits are not the required ones.
    BadDifficulty,
    /// The merkle root is not that of the transactions.
    BadMerkleRoot,
    /// The hash is above the target.
    BadProofOfWork,
    /// The hash differs from the checkpoint at its height.
    CheckpointMismatch,
    /// It is known already.
    Duplicate,
    /// It forks off before the last checkpoint that was reached.
    ForkBelowCheckpoint,
    /// The block is empty or its first transaction is no coinbase.
    NoCoinbase,
    /// Another fault, or one that the client does not tell.
    Other,
    /// The parent is not known.
    ParentUnknown,
    /// The time is more than two hours ahead.
    TimeTooNew,
    /// The time is not after the median of the last eleven.
    TimeTooOld,
    /// The version is below what its height requires.
    VersionTooOld,
}

/// Why a subject drops a peer.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reason {
    /// It sent a header that is wrong in itself or in its place.
    BadHeader {
        /// What is wrong, if the client tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<Fault>,
    },
    /// It sent a message that breaks a limit of the protocol.
    Oversize {},
    /// Any other reason of a subject that is not the reference.
    Other {
        /// Its own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Words>,
    },
    /// It did not answer, or there was no progress with it.
    Stalled {},
    /// It sent headers that do not link to the ones before.
    UnconnectedHeaders {},
    /// It sent a block that was not asked of it.
    UnrequestedBlock {},
    /// It sent headers that were not asked for.
    UnrequestedHeaders {},
}

/// What a peer's handshake says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The height that it claims.
    pub start_height: u32,
    /// It serves blocks at all.
    pub network: bool,
    /// It serves at least the last 288 blocks (BIP 159).
    pub network_limited: bool,
    /// It serves witnesses.
    pub witness: bool,
}

/// What the subject knows at the beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Which client at which version it shall be, where it can choose.
    pub profile: Profile,
    /// The chain's rules and genesis block.
    pub network: Network,
    /// Seconds since 1970 at the start of the run.
    pub unix_time: u32,
    /// The checkpoints, by rising height.
    pub checkpoints: Vec<Checkpoint>,
    /// The blocks after genesis that it has stored, in order, on its best chain.
    pub blocks: Vec<Block>,
}

/// A block that the best chain must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The height.
    pub height: u32,
    /// The hash at this height.
    pub hash: BlockHash,
}

/// The rules of a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// The main network: real difficulty with retargets.
    Mainnet,
    /// Work for two hashes a block on average and no retarget, but peers are treated as strictly
    /// as on the main network.
    #[default]
    Regtest,
}

/// A client at a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Profile {
    /// btcd up to v0.25: headers first up to the last checkpoint, then getblocks and inv.
    #[serde(rename = "btcd-0.25")]
    Btcd025,
    /// btcd from v0.26 on: a chain of headers apart from the chain of blocks, always first.
    #[default]
    #[serde(rename = "btcd-0.26")]
    Btcd026,
}

/// How much a subject holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gauges {
    /// Headers waiting for their blocks.
    pub header_list: u64,
    /// Hashes of blocks that are asked for.
    pub requested_blocks: u64,
    /// Hashes of transactions that are asked for.
    pub requested_transactions: u64,
    /// Items announced and not yet asked for.
    pub request_queue: u64,
    /// Blocks kept without their parents.
    pub orphans: u64,
    /// Items known to be known to peers, over all peers.
    pub known_inventory: u64,
}

impl Profile {
    /// The names of all profiles, the default first.
    pub const NAMES: [&'static str; 2] = [Self::Btcd026.name(), Self::Btcd025.name()];

    /// The name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Btcd025 => "btcd-0.25",
            Self::Btcd026 => "btcd-0.26",
        }
    }

    /// The profile with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Btcd025, Self::Btcd026].into_iter().find(|profile| profile.name() == name)
    }
}

/// The family has no commands: all that happens comes from peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {}

impl JsonSchema for Command {
    fn schema_name() -> Cow<'static, str> {
        "Command".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        false.into()
    }
}
