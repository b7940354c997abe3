use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, BlockHeader, Cid};

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

/// What a client asks of blocks before it takes them for a tipset, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Construction {
    /// What any of the clients asks for, and that no miner has two blocks.
    Strict,
    /// Block by block: height, parents in order, parent weight, distinct CIDs (Venus v1.17.0
    /// `venus-shared/types/tipset.go`). Blocks without tickets have no order: one alone is a
    /// tipset, several are none.
    Venus,
    /// All tickets; then, block by block in the tipset's order: height, parents in order (Lotus
    /// v1.36.0 `chain/types/tipset.go`).
    Lotus,
    /// One after another, for all blocks: tickets, parents in order, state root, height, distinct
    /// miners (Forest 0.39.0 `src/blocks/tipset.rs` `verify_block_headers`).
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
    /// When the blocks are no tipset for this client: the first thing that it finds.
    pub fn new(mut blocks: Vec<Arc<Block>>, rules: Construction) -> Result<Self, TipsetError> {
        if blocks.is_empty() {
            return Err(TipsetError::Empty);
        }
        match rules {
            Construction::Strict => check_strict(&blocks)?,
            Construction::Venus => check_venus(&blocks)?,
            Construction::Lotus => check_tickets(&blocks)?,
            Construction::Forest => check_forest(&blocks)?,
        }
        blocks.sort_by(|a, b| order(a, b));
        if rules == Construction::Lotus {
            check_lotus(&blocks)?;
        }
        Ok(Self::of_ordered(blocks))
    }

    /// Orders blocks that share what a tipset shares, with tickets or without: what a network may
    /// hold, whether a client takes it or not. Those without stand first, by CID.
    ///
    /// # Errors
    /// When they do not share it.
    pub fn of_network(mut blocks: Vec<Arc<Block>>) -> Result<Self, TipsetError> {
        check(!blocks.is_empty(), TipsetError::Empty)?;
        check_shared(&blocks)?;
        blocks.sort_by(|a, b| order(a, b));
        Ok(Self::of_ordered(blocks))
    }

    fn of_ordered(blocks: Vec<Arc<Block>>) -> Self {
        let cids: Vec<Cid> = blocks.iter().map(|block| block.cid()).collect();
        Self { key: TipsetKey::new(&cids), blocks }
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

fn check_strict(blocks: &[Arc<Block>]) -> Result<(), TipsetError> {
    let first = blocks[0].header();
    for block in blocks {
        let header = block.header();
        check(header.height == first.height, TipsetError::Height)?;
        check(header.parents == first.parents, TipsetError::Parents)?;
        check(header.ticket.is_some(), TipsetError::NoTicket)?;
        check(header.parent_weight == first.parent_weight, TipsetError::ParentWeight)?;
        check(header.parent_state_root == first.parent_state_root, TipsetError::StateRoot)?;
    }
    for (index, block) in blocks.iter().enumerate() {
        check(is_new(block, &blocks[..index]), TipsetError::DuplicateBlock)?;
        check(is_new_miner(block, &blocks[..index]), TipsetError::DuplicateMiner)?;
    }
    Ok(())
}

fn check_venus(blocks: &[Arc<Block>]) -> Result<(), TipsetError> {
    check_shared(blocks)?;
    if blocks.len() > 1 { check_tickets(blocks) } else { Ok(()) }
}

fn check_shared(blocks: &[Arc<Block>]) -> Result<(), TipsetError> {
    let first = blocks[0].header();
    for (index, block) in blocks.iter().enumerate().skip(1) {
        let header = block.header();
        check(header.height == first.height, TipsetError::Height)?;
        check(header.parents == first.parents, TipsetError::Parents)?;
        check(header.parent_weight == first.parent_weight, TipsetError::ParentWeight)?;
        check(is_new(block, &blocks[..index]), TipsetError::DuplicateBlock)?;
    }
    Ok(())
}

/// `blocks` are in the tipset's order. A block that stands twice is nothing to Lotus.
fn check_lotus(blocks: &[Arc<Block>]) -> Result<(), TipsetError> {
    let first = blocks[0].header();
    for block in blocks {
        check(block.header().height == first.height, TipsetError::Height)?;
        check(block.header().parents == first.parents, TipsetError::Parents)?;
    }
    Ok(())
}

fn check_forest(blocks: &[Arc<Block>]) -> Result<(), TipsetError> {
    check_tickets(blocks)?;
    let first = blocks[0].header();
    let all = |holds: &dyn Fn(&BlockHeader) -> bool| blocks.iter().all(|b| holds(b.header()));
    check(all(&|header| header.parents == first.parents), TipsetError::Parents)?;
    check(
        all(&|header| header.parent_state_root == first.parent_state_root),
        TipsetError::StateRoot,
    )?;
    check(all(&|header| header.height == first.height), TipsetError::Height)?;
    for (index, block) in blocks.iter().enumerate() {
        check(is_new_miner(block, &blocks[..index]), TipsetError::DuplicateMiner)?;
    }
    Ok(())
}

fn check_tickets(blocks: &[Arc<Block>]) -> Result<(), TipsetError> {
    check(blocks.iter().all(|block| block.header().ticket.is_some()), TipsetError::NoTicket)
}

fn check(holds: bool, error: TipsetError) -> Result<(), TipsetError> {
    if holds { Ok(()) } else { Err(error) }
}

fn is_new(block: &Block, before: &[Arc<Block>]) -> bool {
    before.iter().all(|other| other.cid() != block.cid())
}

fn is_new_miner(block: &Block, before: &[Arc<Block>]) -> bool {
    before.iter().all(|other| other.header().miner != block.header().miner)
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
