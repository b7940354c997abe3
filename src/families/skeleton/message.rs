//! What the skeleton family says: messages, commands, events, reasons.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::Words;
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;

use super::{Profile, Settings, Status};

/// A message of the `eth` protocol, as far as it matters to the sync of headers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// Asks for headers by number, from `origin` downwards (`GetBlockHeaders` with reverse).
    GetHeaders {
        /// The request's id; the answer repeats it.
        id: u64,
        /// The number of the first header.
        origin: u64,
        /// How many headers.
        amount: u64,
    },
    /// The answer (`BlockHeaders`).
    Headers {
        /// The request's id.
        id: u64,
        /// The headers, the highest first.
        headers: Arc<[SealedHeader]>,
    },
}

/// A stimulus that comes from no peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Asks for the bounds of the skeleton.
    Bounds {},
    /// The consensus client announces a head.
    Head {
        /// The head.
        header: SealedHeader,
        /// Whether the skeleton must follow even if this is no extension.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        force: bool,
        /// The number of the finalized header, if the announcement names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finalized: Option<u64>,
    },
    /// The local chain changes without the skeleton's doing: its canonical head is now this header
    /// of the ones that are known. What was canonical and is not any more is deleted if `delete`.
    SetHead {
        /// The hash of the new head, a block with all its data.
        hash: Hash32,
        /// Whether blocks above are deleted, as by `debug_setHead`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        delete: bool,
    },
    /// The node shuts the skeleton down.
    Terminate {},
}

/// Progress of a subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The answer to [`Command::Bounds`].
    Bounds {
        /// The answer.
        answer: BoundsAnswer,
    },
    /// A cycle of syncing has ended; its requests are cancelled.
    CycleEnded {
        /// Why.
        why: CycleEnd,
    },
    /// A cycle of syncing has begun; all peers are idle.
    CycleStarted {
        /// Whether the skeleton is linked to the local chain, so that nothing is asked for.
        linked: bool,
    },
    /// Blocks were stored with all their data and are canonical now.
    Filled {
        /// Their headers, the lowest first.
        headers: Arc<[SealedHeader]>,
    },
    /// The filler has ended on its own.
    FillerDone {
        /// The skeleton's head, which is filled now; `None` if the filler has failed.
        head: Option<Hash32>,
    },
    /// The filler runs.
    FillerResumed {},
    /// The filler was stopped, or had stopped before.
    FillerSuspended {
        /// The local block that it says is the last one filled.
        filled: Option<Hash32>,
    },
    /// The answer to [`Command::Head`].
    HeadAnswered {
        /// The head's hash.
        hash: Hash32,
        /// The answer.
        answer: HeadAnswer,
    },
    /// The local chain has another canonical head, by command.
    LocalHead {
        /// Its hash.
        hash: Hash32,
    },
    /// The block whose state is to be synced.
    Pivot {
        /// Its number.
        number: u64,
    },
    /// The pivot has its state.
    PivotCommitted {
        /// Its number.
        number: u64,
    },
    /// Header rows and the status became durable in one atomic step.
    Stored {
        /// The status.
        status: Status,
        /// Rows that were written, in the order of writing.
        rows: Arc<[SealedHeader]>,
        /// The first and last number of the rows that were deleted after that, if any were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deleted: Option<(u64, u64)>,
    },
}

/// Why a cycle ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CycleEnd {
    /// The skeleton reaches the local chain.
    Linked,
    /// The primary subchain has merged with an older one.
    Merged,
    /// A forced head does not extend it.
    Reorged,
    /// The node shuts down.
    Terminated,
    /// The local chain was cut below it.
    Trimmed,
}

/// What an announced head comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeadAnswer {
    /// It extends the skeleton, or is its head already.
    Accepted,
    /// Not taken now, for no fault of the head: the client is busy with something else.
    Busy,
    /// Refused: its parent is not the skeleton's header below it.
    Forked,
    /// Refused: there is a gap below it.
    Gapped,
    /// Refused: a forced head must come first.
    NotStarted,
    /// Refused, and the client does not say why.
    Refused,
    /// Refused: it is not above the skeleton's tail.
    Reorged,
    /// It was forced: a new cycle begins with it.
    Restarted,
    /// Refused: the skeleton is shut down.
    Terminated,
}

/// The bounds of the skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum BoundsAnswer {
    /// The primary subchain.
    Known {
        /// The hash of its head.
        head: Hash32,
        /// The hash of its tail.
        tail: Hash32,
        /// The hash of the finalized header, if it lies between them.
        finalized: Option<Hash32>,
    },
    /// A row that must be there is not.
    Missing {
        /// Its number.
        number: u64,
    },
    /// There is no skeleton.
    NotStarted {},
}

/// Why a subject drops a peer.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reason {
    /// Its headers do not hang together.
    BrokenProgression {},
    /// It has no headers, it says.
    Empty {},
    /// Any reason of a subject that is not the reference.
    Other {
        /// Its own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Words>,
    },
    /// It did not answer in time.
    TimedOut {},
    /// Its headers begin with another number.
    WrongAnchor {},
    /// Its headers hang together, but not on the skeleton.
    WrongChain {},
    /// It sent fewer or more headers than were asked for.
    WrongCount {},
}

/// What a peer's handshake says: nothing that matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {}

/// What the subject knows at the beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Which client at which version it shall be, where it can choose.
    pub profile: Profile,
    /// Sizes and times.
    pub settings: Settings,
    /// The persisted status of an earlier run: geth's `SkeletonSyncStatus`, as it stands.
    pub status: Option<String>,
    /// The persisted header rows.
    pub rows: Arc<[SealedHeader]>,
    /// The local chain.
    pub local: LocalStart,
}

/// The local chain at the beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalStart {
    /// All blocks that are known, genesis first, parents before children.
    pub blocks: Arc<[LocalBlock]>,
    /// The canonical head.
    pub head: Hash32,
    /// The number of the last canonical block that was filled, executed or not.
    pub snap_head: u64,
}

/// A block of the local chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalBlock {
    /// Its header.
    pub header: SealedHeader,
    /// What of it is missing, if anything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<Part>,
}

/// A part of a block.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Its body.
    Body,
    /// Its header, as a row of the chain.
    Header,
    /// Its receipts.
    Receipts,
}

/// How much a subject holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gauges {
    /// Peers that are connected.
    pub peers: u64,
    /// Requests that are open.
    pub requests: u64,
    /// Headers that are delivered and not yet stored.
    pub scratch_headers: u64,
    /// The size of the scratch space.
    pub scratch_max: u64,
}
