//! What becomes of a block that is gossiped, before its messages are fetched.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::tipset_sync::response::BLOCK_MESSAGES_MAX;
use crate::primitives::filecoin::{Block, BlockHeader, Cid, messages_root};

/// How many epochs beyond the clock's a block may be (Lotus v1.36.0
/// `chain/consensus/filcns/filecoin.go` MaxHeightDrift, Forest 0.39.0
/// `src/chain_sync/validation.rs` `MAX_HEIGHT_DRIFT`).
const HEIGHT_DRIFT_MAX: u64 = 5;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Gossiped {
    /// `venus`, `lotus` or `forest`.
    profile: String,
    block: Arc<Block>,
    /// The CIDs of its BLS messages.
    #[serde(default)]
    bls: Vec<Cid>,
    /// The CIDs of its signed messages.
    #[serde(default)]
    secp: Vec<Cid>,
    #[serde(default)]
    node: NodeState,
}

/// What the node knows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct NodeState {
    /// Seconds since 1970.
    unix_time: u64,
    /// The time of genesis.
    genesis_time: u64,
    block_delay_s: u64,
    /// The lowest epoch that is not final: the head's less 900 for Lotus; Forest computes it.
    lowest_epoch: i64,
    /// The head is younger than six hours.
    near_synced: bool,
    miner: Miner,
    /// The miner's signature is right.
    signature: bool,
    /// The block is known to be bad.
    bad: bool,
    /// The block was seen and accepted before.
    seen: bool,
}

impl Default for NodeState {
    fn default() -> Self {
        Self {
            unix_time: 0,
            genesis_time: 0,
            block_delay_s: 30,
            lowest_epoch: 0,
            near_synced: true,
            miner: Miner::Known,
            signature: true,
            bad: false,
            seen: false,
        }
    }
}

/// What the state says of the miner.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Miner {
    /// It has power.
    Known,
    /// It has too little.
    Powerless,
    /// The state to look in is not there, or names no key.
    Unclear,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum GossipVerdict {
    /// It is passed on and synced.
    Accept {},
    /// It goes no further, and is nobody's fault.
    Ignore {
        /// Why.
        reason: GossipReason,
    },
    /// It goes no further, and counts against who sent it.
    Reject {
        /// Why.
        reason: GossipReason,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum GossipReason {
    /// Known to be bad.
    Bad,
    /// Seen before.
    Duplicate,
    /// Below what is final.
    EpochFinal,
    /// Too far ahead of the clock.
    EpochTooHigh,
    /// The messages do not make the root in the header.
    Messages,
    /// The miner has no power.
    Miner,
    /// Its height is below 0.
    NegativeEpoch,
    /// It has no proof of election.
    NoElectionProof,
    /// It has no signature.
    NoSignature,
    /// It claims no win.
    NotWinning,
    /// The signature is wrong.
    Signature,
    /// The time is not that of its epoch.
    Timestamp,
    /// It has too many messages.
    TooManyMessages,
}

type Checked = Result<(), GossipVerdict>;

pub(super) fn gossip_block(given: &Gossiped) -> Result<GossipVerdict, String> {
    if given.node.block_delay_s == 0 || given.node.unix_time < given.node.genesis_time {
        return Err("node: the clock is after genesis, epochs take a second at least".to_owned());
    }
    let checked = match given.profile.as_str() {
        "forest" => given.forest(),
        "lotus" => given.lotus(),
        "venus" if given.header().election_proof.is_none() => {
            return Err("block: Venus has no answer to one without a proof of election".to_owned());
        }
        "venus" => given.venus(),
        _ => return Err("profile: one of venus, lotus, forest".to_owned()),
    };
    Ok(checked.err().unwrap_or(GossipVerdict::Accept {}))
}

impl Gossiped {
    fn header(&self) -> &BlockHeader {
        self.block.header()
    }

    /// v1.17.0 `pkg/consensus/block_validator.go` validateBlockMsg.
    fn venus(&self) -> Checked {
        self.check_messages()?;
        self.check_miner()?;
        reject(self.header().block_sig.is_some() && self.node.signature, GossipReason::Signature)?;
        reject(self.block.win_count() >= 1, GossipReason::NotWinning)
    }

    /// v1.36.0 `chain/consensus` ValidateBlockPubsub and decodeAndCheckBlock, `filcns`
    /// ValidateBlockHeader, `chain/sub` Validate.
    fn lotus(&self) -> Checked {
        reject(self.count() <= BLOCK_MESSAGES_MAX, GossipReason::TooManyMessages)?;
        reject(self.header().block_sig.is_some(), GossipReason::NoSignature)?;
        ignore(self.block.height() >= self.node.lowest_epoch, GossipReason::EpochFinal)?;
        ignore(self.block.height() <= self.highest_epoch(), GossipReason::EpochTooHigh)?;
        self.check_messages()?;
        self.check_miner()?;
        reject(self.header().election_proof.is_some(), GossipReason::NoElectionProof)?;
        reject(self.block.win_count() >= 1, GossipReason::NotWinning)?;
        reject(self.node.signature, GossipReason::Signature)?;
        ignore(!self.node.seen, GossipReason::Duplicate)
    }

    /// 0.39.0 `src/chain_sync/validation.rs` `validate_pre_fetch`.
    fn forest(&self) -> Checked {
        let height = self.block.height();
        reject(!self.node.bad, GossipReason::Bad)?;
        reject(height >= 0, GossipReason::NegativeEpoch)?;
        reject(height <= self.highest_epoch(), GossipReason::EpochTooHigh)?;
        reject(height >= self.node.lowest_epoch, GossipReason::EpochFinal)?;
        let since = u64::try_from(height).unwrap_or(0).checked_mul(self.node.block_delay_s);
        let time = since.and_then(|since| since.checked_add(self.node.genesis_time));
        reject(time.is_some(), GossipReason::EpochTooHigh)?;
        reject(time == Some(self.header().timestamp), GossipReason::Timestamp)?;
        reject(self.header().election_proof.is_some(), GossipReason::NoElectionProof)?;
        reject(self.block.win_count() >= 1, GossipReason::NotWinning)?;
        reject(self.header().block_sig.is_some(), GossipReason::NoSignature)?;
        reject(self.count() <= BLOCK_MESSAGES_MAX, GossipReason::TooManyMessages)?;
        reject(!self.node.seen, GossipReason::Duplicate)
    }

    fn count(&self) -> usize {
        self.bls.len() + self.secp.len()
    }

    fn highest_epoch(&self) -> i64 {
        let epoch = (self.node.unix_time - self.node.genesis_time) / self.node.block_delay_s;
        i64::try_from(epoch.saturating_add(HEIGHT_DRIFT_MAX)).unwrap_or(i64::MAX)
    }

    fn check_messages(&self) -> Checked {
        let right = messages_root(&self.bls, &self.secp) == self.header().messages;
        reject(right, GossipReason::Messages)
    }

    /// A node that is far behind cannot tell, and says so.
    fn check_miner(&self) -> Checked {
        match self.node.miner {
            Miner::Known => Ok(()),
            Miner::Powerless if self.node.near_synced => reject(false, GossipReason::Miner),
            Miner::Powerless | Miner::Unclear => ignore(false, GossipReason::Miner),
        }
    }
}

fn reject(holds: bool, reason: GossipReason) -> Checked {
    if holds { Ok(()) } else { Err(GossipVerdict::Reject { reason }) }
}

fn ignore(holds: bool, reason: GossipReason) -> Checked {
    if holds { Ok(()) } else { Err(GossipVerdict::Ignore { reason }) }
}
