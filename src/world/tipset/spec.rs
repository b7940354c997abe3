use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::filecoin::consensus::{Check, Network};

/// A description of a tree of tipsets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreeSpec {
    /// What the network agrees on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub network: Network,
    /// The chains, each from genesis or from a tipset of an earlier one.
    pub branches: Vec<Branch>,
}

/// A chain of tipsets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// What it builds on; genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<TipsetRef>,
    /// It begins with another genesis block, and so belongs to another network.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
    /// Its epochs that have blocks, oldest first.
    pub epochs: Vec<Epoch>,
}

/// An epoch in which blocks were found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// Epochs without a block before it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub nulls: u32,
    /// How many such epochs follow each other.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub repeat: u32,
    /// The blocks. A miner that stands twice equivocates.
    pub blocks: Vec<BlockSpec>,
}

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockSpec {
    /// Who found it.
    pub miner: u16,
    /// How often the miner won.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub wins: u32,
    /// How many messages it has: BLS and secp256k1 in turn. The first is the same in all blocks
    /// of the epoch.
    #[serde(default, skip_serializing_if = "is_default")]
    pub messages: u8,
    /// The check that it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// What is wrong with a block.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It did not win its round.
    Election,
    /// It claims that its parents weigh much more than they do.
    ParentWeight,
    /// It claims other receipts.
    Receipts,
    /// Its signature is wrong.
    Signature,
    /// It claims another state.
    StateRoot,
    /// It has no ticket.
    Ticket,
    /// Its time is that of another epoch.
    Timestamp,
}

impl Fault {
    /// All faults.
    pub const ALL: [Self; 7] = [
        Self::Election,
        Self::ParentWeight,
        Self::Receipts,
        Self::Signature,
        Self::StateRoot,
        Self::Ticket,
        Self::Timestamp,
    ];

    /// The check that finds it.
    pub fn check(self) -> Check {
        match self {
            Self::Election => Check::Election,
            Self::ParentWeight => Check::ParentWeight,
            Self::Receipts => Check::Receipts,
            Self::Signature => Check::Signature,
            Self::StateRoot => Check::StateRoot,
            Self::Ticket => Check::Ticket,
            Self::Timestamp => Check::Timestamp,
        }
    }
}

/// A tipset of the tree.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct TipsetRef {
    /// The branch.
    pub branch: u32,
    /// The tipset, counted from 0 along the branch.
    pub index: u32,
    /// Which of its blocks; if absent, the first sound block of each miner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<u8>,
}

impl TipsetRef {
    /// All of a tipset.
    pub fn new(branch: u32, index: u32) -> Self {
        Self { branch, index, blocks: Vec::new() }
    }

    /// Some blocks of an epoch.
    pub fn some(branch: u32, index: u32, blocks: &[u8]) -> Self {
        Self { branch, index, blocks: blocks.to_vec() }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_one(value: &u32) -> bool {
    *value == 1
}
