//! A model of what makes a block valid.
//!
//! Filecoin checks proofs, signatures and the outcome of the virtual machine. What matters to sync
//! is *that* a block fails and *which* check it fails. So each is a hash here that anybody can
//! compute:
//!
//! | real | model |
//! | --- | --- |
//! | state after a tipset | `Cid("state" ‖ CIDs of its blocks)` |
//! | receipts of a tipset | `Cid("receipts" ‖ CIDs of its blocks)` |
//! | block signature of type 2 | `blake2b-256("sign" ‖ miner ‖ signing bytes)` |
//! | a won election | a win count of at least 1 |
//!
//! Weight, times, parents and message roots are checked as they really are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cid::blake2b_256;
use super::{BlockHeader, Cid, Signature, Tipset};

/// `ExpectedLeadersPerEpoch`.
const LEADERS_PER_EPOCH: u128 = 5;

/// What the network agrees on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Seconds from one epoch to the next.
    pub block_delay_s: u64,
    /// The logarithm of the network's power, `log2P`; the power does not change.
    pub log2_power: u32,
    /// The most tipsets that a fork may have since the common ancestor, `ChainFinality`.
    pub finality: u64,
}

impl Default for Network {
    fn default() -> Self {
        Self { block_delay_s: 30, log2_power: 60, finality: 900 }
    }
}

/// What is wrong with a block.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// It did not win its round.
    Election,
    /// Its height is not above that of its parents.
    Height,
    /// It builds on something invalid.
    Parent,
    /// The claimed weight of the parents is wrong.
    ParentWeight,
    /// The claimed receipts of the parents' messages are wrong.
    Receipts,
    /// The signature is wrong.
    Signature,
    /// The claimed state after the parents is wrong.
    StateRoot,
    /// It has no ticket.
    Ticket,
    /// The time is not that of its epoch.
    Timestamp,
    /// The time is yet to come. This passes.
    TooEarly,
}

impl Check {
    /// What was checked, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Election => "election",
            Self::Height => "height",
            Self::Parent => "parent",
            Self::ParentWeight => "parent weight",
            Self::Receipts => "receipts",
            Self::Signature => "signature",
            Self::StateRoot => "state root",
            Self::Ticket => "ticket",
            Self::Timestamp => "timestamp",
            Self::TooEarly => "too early",
        }
    }

    /// Whether the same block may pass later.
    pub fn is_temporary(self) -> bool {
        self == Self::TooEarly
    }
}

/// How far a block's time may be ahead: `AllowableClockDrift`.
pub const CLOCK_DRIFT_S: u64 = 1;

/// The weight of a tipset: that of its parents, and what its epoch and its wins add.
pub fn weight(tipset: &Tipset, network: &Network) -> u128 {
    let wins: i128 = tipset.blocks().iter().map(|block| i128::from(block.win_count())).sum();
    weight_of(tipset.parent_weight(), u128::try_from(wins).unwrap_or(0), network.log2_power)
}

/// The weight from its parts (Lotus `chain/consensus/filcns/weight.go`).
pub fn weight_of(parent_weight: u128, wins: u128, log2_power: u32) -> u128 {
    let unit = u128::from(log2_power) << 8;
    // A header may claim any weight for its parents.
    let won = unit.saturating_mul(wins) / (LEADERS_PER_EPOCH * 2);
    parent_weight.saturating_add(unit).saturating_add(won)
}

/// The state after a tipset.
pub fn state_root(tipset: &[Cid]) -> Cid {
    tagged(b"state", tipset)
}

/// The receipts of a tipset's messages.
pub fn receipts(tipset: &[Cid]) -> Cid {
    tagged(b"receipts", tipset)
}

/// The signature that a header must have.
pub fn signature(header: &BlockHeader) -> Signature {
    let mut bytes = b"sign".to_vec();
    bytes.extend_from_slice(&header.miner);
    bytes.extend(header.signing_bytes());
    Signature { kind: 2, data: blake2b_256(&bytes).to_vec() }
}

/// The time of an epoch after `parent`.
pub fn timestamp(parent: &Tipset, height: i64, network: &Network) -> u64 {
    let epochs = u64::try_from(height - parent.height()).unwrap_or(0);
    parent.min_timestamp() + network.block_delay_s * epochs
}

/// Checks a header on its own, as gossip does: ticket, election, signature.
///
/// # Errors
/// The first check that fails.
pub fn check_alone(header: &BlockHeader) -> Result<(), Check> {
    if header.ticket.is_none() {
        return Err(Check::Ticket);
    }
    if header.election_proof.as_ref().is_none_or(|proof| proof.win_count < 1) {
        return Err(Check::Election);
    }
    if header.block_sig.as_ref() != Some(&signature(header)) {
        return Err(Check::Signature);
    }
    Ok(())
}

/// Checks a header after its parent tipset, which is valid.
///
/// # Errors
/// The first check that fails.
pub fn check_block(
    header: &BlockHeader,
    parent: &Tipset,
    unix_time: u64,
    network: &Network,
) -> Result<(), Check> {
    let ok = |holds: bool, check| if holds { Ok(()) } else { Err(check) };
    ok(parent.key().same_blocks(&header.parents), Check::Parent)?;
    ok(header.height > parent.height(), Check::Height)?;
    ok(header.parent_weight == weight(parent, network), Check::ParentWeight)?;
    ok(header.timestamp == timestamp(parent, header.height, network), Check::Timestamp)?;
    ok(header.timestamp <= unix_time + CLOCK_DRIFT_S, Check::TooEarly)?;
    check_alone(header)?;
    ok(header.parent_state_root == state_root(parent.key()), Check::StateRoot)?;
    ok(header.parent_message_receipts == receipts(parent.key()), Check::Receipts)
}

fn tagged(tag: &[u8], cids: &[Cid]) -> Cid {
    let mut bytes = tag.to_vec();
    for cid in cids {
        bytes.extend_from_slice(cid.digest());
    }
    Cid::of(&bytes)
}
