use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Cid};

/// The name of a tipset: the CIDs of its blocks in the tipset's order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TipsetKey(Arc<[Cid]>);

impl TipsetKey {
    /// The key of these CIDs, in this order.
    pub fn new(cids: &[Cid]) -> Self {
        Self(cids.into())
    }

    /// Whether both name the same blocks, in whatever order.
    pub fn same_blocks(&self, other: &[Cid]) -> bool {
        self.len() == other.len() && self.iter().all(|cid| other.contains(cid))
    }

    /// Whether all blocks of `other` are among these, in the same order.
    pub fn contains_all(&self, other: &Self) -> bool {
        let mut own = self.iter();
        other.iter().all(|cid| own.any(|own| own == cid))
    }

    /// For people: the beginnings of the CIDs.
    pub fn short(&self) -> String {
        self.iter().map(Cid::short).collect::<Vec<_>>().join("+")
    }
}

// Keys are looked up by the parents in a header without making a key of them first.
impl Borrow<[Cid]> for TipsetKey {
    fn borrow(&self) -> &[Cid] {
        &self.0
    }
}

impl Deref for TipsetKey {
    type Target = [Cid];

    fn deref(&self) -> &[Cid] {
        &self.0
    }
}

impl fmt::Debug for TipsetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.short())
    }
}

/// Blocks of one epoch with the same parents, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tipset {
    key: TipsetKey,
    blocks: Vec<Arc<Block>>,
}

/// What a client asks of blocks before it takes them for a tipset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Construction {
    /// What all clients agree on, strictest: all of the below.
    Strict,
    /// Height, parents in order, parent weight, distinct CIDs.
    Venus,
    /// Height, parents in order, tickets.
    Lotus,
    /// Height, parents, state root, distinct miners, tickets.
    Forest,
}

/// Why blocks are no tipset.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TipsetError {
    /// A block stands twice.
    #[error("a block stands twice")]
    DuplicateBlock,
    /// A miner has two blocks.
    #[error("a miner has two blocks")]
    DuplicateMiner,
    /// There is no block.
    #[error("there is no block")]
    Empty,
    /// The blocks are of several epochs.
    #[error("heights differ")]
    Height,
    /// A block has no ticket.
    #[error("a block has no ticket")]
    NoTicket,
    /// The blocks have different parents.
    #[error("parents differ")]
    Parents,
    /// The blocks claim different weights of their parents.
    #[error("parent weights differ")]
    ParentWeight,
    /// The blocks claim different states after their parents.
    #[error("parent state roots differ")]
    StateRoot,
}

impl Tipset {
    /// Orders blocks into a tipset.
    ///
    /// # Errors
    /// When the blocks are no tipset for this client.
    pub fn new(mut blocks: Vec<Arc<Block>>, rules: Construction) -> Result<Self, TipsetError> {
        let first = blocks.first().ok_or(TipsetError::Empty)?.header();
        let strict = rules == Construction::Strict;
        let tickets = strict || matches!(rules, Construction::Lotus | Construction::Forest);
        let state = strict || rules == Construction::Forest;
        let weight = strict || rules == Construction::Venus;
        for block in &blocks {
            let header = block.header();
            if header.height != first.height {
                return Err(TipsetError::Height);
            }
            if header.parents != first.parents {
                return Err(TipsetError::Parents);
            }
            if tickets && header.ticket.is_none() && header.height > 0 {
                return Err(TipsetError::NoTicket);
            }
            if weight && header.parent_weight != first.parent_weight {
                return Err(TipsetError::ParentWeight);
            }
            if state && header.parent_state_root != first.parent_state_root {
                return Err(TipsetError::StateRoot);
            }
        }
        for (index, block) in blocks.iter().enumerate() {
            for other in &blocks[..index] {
                if rules != Construction::Lotus && block.cid() == other.cid() {
                    return Err(TipsetError::DuplicateBlock);
                }
                if state && block.header().miner == other.header().miner {
                    return Err(TipsetError::DuplicateMiner);
                }
            }
        }
        blocks.sort_by(|a, b| order(a, b));
        let cids: Vec<Cid> = blocks.iter().map(|block| block.cid()).collect();
        Ok(Self { key: TipsetKey::new(&cids), blocks })
    }

    /// Its name.
    pub fn key(&self) -> &TipsetKey {
        &self.key
    }

    /// Its blocks, in order.
    pub fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    /// The epoch.
    pub fn height(&self) -> i64 {
        self.blocks[0].height()
    }

    /// The parents of all its blocks.
    pub fn parents(&self) -> &[Cid] {
        &self.blocks[0].header().parents
    }

    /// The weight of its parent tipset, as its first block claims.
    pub fn parent_weight(&self) -> u128 {
        self.blocks[0].header().parent_weight
    }

    /// The earliest time of its blocks.
    pub fn min_timestamp(&self) -> u64 {
        self.blocks.iter().map(|block| block.header().timestamp).min().unwrap_or(0)
    }

    /// Whether `parent` is its parent.
    pub fn is_child_of(&self, parent: &Self) -> bool {
        parent.key.same_blocks(self.parents()) && self.height() > parent.height()
    }

    /// Whether it has this block.
    pub fn contains(&self, cid: &Cid) -> bool {
        self.key.contains(cid)
    }

    /// Whether one miner has two of its blocks.
    pub fn equivocates(&self) -> bool {
        self.blocks.iter().enumerate().any(|(index, block)| {
            self.blocks[..index].iter().any(|other| other.header().miner == block.header().miner)
        })
    }
}

/// Ascending by the hash of the ticket, then by CID.
fn order(a: &Block, b: &Block) -> Ordering {
    a.ticket_digest().cmp(&b.ticket_digest()).then_with(|| a.cid().cmp(&b.cid()))
}

/// Whether `challenger` wins over `current` at equal weight (FIP-0023): the first pair of tickets
/// that differs decides, the smaller wins; without a difference the current one stays.
pub fn breaks_tie(challenger: &Tipset, current: &Tipset) -> bool {
    let pairs = challenger.blocks().iter().zip(current.blocks());
    pairs
        .map(|(a, b)| a.ticket_digest().cmp(&b.ticket_digest()))
        .find(|order| order.is_ne())
        .is_some_and(Ordering::is_lt)
}
