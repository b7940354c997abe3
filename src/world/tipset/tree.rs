use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::primitives::filecoin::consensus::{self, Network};
use crate::primitives::filecoin::{Block, BlockMessages, Cid, Tipset, TipsetKey};

use super::spec::TipsetRef;

/// A tree of tipsets with all their blocks and messages.
#[derive(Debug)]
pub struct TipsetTree {
    network: Network,
    genesis: Arc<Tipset>,
    branches: IndexMap<u32, BranchBlocks, FxBuildHasher>,
    /// Where each block stands: branch, index, number in the epoch.
    places: IndexMap<Cid, (u32, u32, u8), FxBuildHasher>,
    /// How many blocks who found at which height, and how many of them are valid.
    found: IndexMap<(i64, Vec<u8>), Found, FxBuildHasher>,
    equivocates: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// With and without a fault.
    blocks: u32,
    valid: u32,
}

#[derive(Debug, Default)]
struct BranchBlocks {
    /// The genesis of another network, for a branch that belongs to one.
    root: Option<Arc<Tipset>>,
    from: Option<TipsetRef>,
    epochs: Vec<EpochBlocks>,
}

#[derive(Debug)]
pub(super) struct EpochBlocks {
    pub(super) blocks: Vec<KnownBlock>,
    pub(super) tipset: Arc<Tipset>,
}

/// A block of the tree.
#[derive(Clone, Debug)]
pub struct KnownBlock {
    /// The block.
    pub block: Arc<Block>,
    /// Its messages.
    pub messages: Arc<BlockMessages>,
    /// Whether it and all that it builds on pass all checks, leaving out that it may be early.
    pub valid: bool,
    /// The branch that it stands on.
    pub branch: u32,
    /// Its tipset along the branch.
    pub index: u32,
}

/// The way from a tipset back to genesis: for each branch on it the last tipset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(Vec<(u32, u32)>);

impl Path {
    /// Whether a block of this tipset stands on the way.
    pub fn passes(&self, branch: u32, index: u32) -> bool {
        self.0.iter().any(|(on, last)| *on == branch && index <= *last)
    }
}

impl TipsetTree {
    pub(super) fn new(network: Network, genesis: Arc<Tipset>) -> Self {
        Self {
            network,
            genesis,
            branches: IndexMap::default(),
            places: IndexMap::default(),
            found: IndexMap::default(),
            equivocates: false,
        }
    }

    pub(super) fn add_root(&mut self, branch: u32, root: Arc<Tipset>) {
        self.branches.entry(branch).or_default().root = Some(root);
    }

    pub(super) fn add_fork(&mut self, branch: u32, from: &TipsetRef) {
        self.branches.entry(branch).or_default().from = Some(from.clone());
    }

    pub(super) fn add(&mut self, branch: u32, epoch: EpochBlocks) {
        let epochs = &mut self.branches.entry(branch).or_default().epochs;
        for (number, known) in epoch.blocks.iter().enumerate() {
            self.places.insert(known.block.cid(), (branch, epochs.len() as u32, number as u8));
            let header = known.block.header();
            let found = self.found.entry((header.height, header.miner.clone())).or_default();
            found.blocks += 1;
            found.valid += u32::from(known.valid);
            self.equivocates |= found.blocks > 1;
        }
        epochs.push(epoch);
    }

    /// What the network agrees on.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The genesis tipset.
    pub fn genesis(&self) -> &Arc<Tipset> {
        &self.genesis
    }

    /// Whether any miner has two blocks in one epoch, on whatever branches.
    pub fn equivocates(&self) -> bool {
        self.equivocates
    }

    /// Whether no miner of a tipset has another valid block at its height: such a tipset counts
    /// for all that anybody may come to know (FRC-0051).
    pub fn counts(&self, tipset: &Tipset) -> bool {
        tipset.blocks().iter().all(|block| self.is_only_block(block))
    }

    /// Whether the miner of a block has no other valid one at its height.
    pub fn is_only_block(&self, block: &Block) -> bool {
        if !self.equivocates {
            return true;
        }
        let place = (block.height(), block.header().miner.clone());
        self.found.get(&place).is_none_or(|found| found.valid < 2)
    }

    /// All blocks, genesis left out.
    pub fn blocks(&self) -> impl Iterator<Item = &KnownBlock> {
        self.branches.values().flat_map(|branch| &branch.epochs).flat_map(|epoch| &epoch.blocks)
    }

    /// The last tipset of each branch, with all its blocks.
    pub fn tops(&self) -> impl Iterator<Item = &Arc<Tipset>> {
        self.branches.values().filter_map(|branch| branch.epochs.last()).map(|epoch| &epoch.tipset)
    }

    /// How many blocks there are, genesis left out.
    pub fn blocks_len(&self) -> usize {
        self.places.len()
    }

    /// The tipset that a reference means.
    ///
    /// # Errors
    /// In words, when there is none.
    pub fn tipset(&self, at: &TipsetRef) -> Result<Arc<Tipset>, String> {
        let branch = self.branches.get(&at.branch).ok_or("there is no such branch")?;
        let epoch = branch.epochs.get(at.index as usize).ok_or("the branch is shorter")?;
        if at.blocks.is_empty() {
            return Ok(Arc::clone(&epoch.tipset));
        }
        let pick = |number: &u8| epoch.blocks.get(usize::from(*number));
        let blocks: Option<Vec<_>> =
            at.blocks.iter().map(|n| pick(n).map(|known| Arc::clone(&known.block))).collect();
        let blocks = blocks.ok_or("the epoch has fewer blocks")?;
        let tipset = Tipset::of_network(blocks);
        tipset.map(Arc::new).map_err(|error| error.to_string())
    }

    /// The tipset that an optional reference means; genesis, if there is none.
    ///
    /// # Errors
    /// In words, when the reference means nothing.
    pub fn tipset_or_genesis(&self, at: Option<&TipsetRef>) -> Result<Arc<Tipset>, String> {
        at.map_or_else(|| Ok(Arc::clone(&self.genesis)), |at| self.tipset(at))
    }

    /// A block by its CID; genesis is none.
    pub fn block(&self, cid: &Cid) -> Option<&KnownBlock> {
        let (branch, index, number) = self.places.get(cid)?;
        self.branches[branch].epochs[*index as usize].blocks.get(usize::from(*number))
    }

    /// The tipset of these blocks, in whatever order; `None` if they are none or not known.
    pub fn form(&self, cids: &[Cid]) -> Option<Arc<Tipset>> {
        if self.genesis.key().same_blocks(cids) {
            return Some(Arc::clone(&self.genesis));
        }
        let Some((branch, index, _)) = self.places.get(cids.first()?) else {
            let mut roots = self.branches.values().filter_map(|branch| branch.root.as_ref());
            return roots.find(|root| root.key().same_blocks(cids)).cloned();
        };
        let usual = &self.branches[branch].epochs[*index as usize].tipset;
        if usual.key().same_blocks(cids) {
            return Some(Arc::clone(usual));
        }
        let blocks: Option<Vec<_>> =
            cids.iter().map(|cid| Some(Arc::clone(&self.block(cid)?.block))).collect();
        Tipset::of_network(blocks?).ok().map(Arc::new)
    }

    /// The tipset before this one.
    pub fn parent(&self, tipset: &Tipset) -> Option<Arc<Tipset>> {
        if tipset.height() == 0 { None } else { self.form(tipset.parents()) }
    }

    /// The blocks' messages, in the order of the tipset. Genesis has none.
    pub fn messages(&self, tipset: &Tipset) -> Vec<Arc<BlockMessages>> {
        let of = |block: &Arc<Block>| {
            self.block(&block.cid()).map_or_else(Arc::default, |known| Arc::clone(&known.messages))
        };
        tipset.blocks().iter().map(of).collect()
    }

    /// Whether a tipset of these blocks exists and passes all checks, once it is not early.
    pub fn is_valid(&self, key: &[Cid]) -> bool {
        if self.genesis.key().same_blocks(key) {
            return true;
        }
        key.iter().all(|cid| self.block(cid).is_some_and(|known| known.valid))
            && self.form(key).is_some_and(|tipset| !tipset.equivocates())
    }

    /// The weight of a tipset.
    pub fn weight(&self, tipset: &Tipset) -> u128 {
        consensus::weight(tipset, &self.network)
    }

    /// The way from a tipset of this reference back to genesis.
    pub fn path(&self, at: Option<&TipsetRef>) -> Path {
        let mut path = Vec::new();
        let mut next = at.cloned();
        while let Some(at) = next {
            path.push((at.branch, at.index));
            next = self.branches.get(&at.branch).and_then(|branch| branch.from.clone());
        }
        Path(path)
    }

    /// Whether `ancestor` is `tipset` or stands before it.
    pub fn leads_to(&self, ancestor: &Tipset, tipset: &Arc<Tipset>) -> bool {
        let goal = self.whole_place(ancestor);
        let mut at = Some(Arc::clone(tipset));
        while let Some(tipset) = at {
            if let (Some((branch, index)), Some(here)) = (goal, self.whole_place(&tipset))
                && branch == here.0
            {
                return index <= here.1;
            }
            if tipset.height() <= ancestor.height() {
                return tipset.key() == ancestor.key();
            }
            at = self.parent(&tipset);
        }
        false
    }

    /// The last common tipset of two chains, and how many tipsets each has after it.
    pub fn fork(&self, a: &Arc<Tipset>, b: &Arc<Tipset>) -> Option<(Arc<Tipset>, u64, u64)> {
        let (mut a, mut b) = (Arc::clone(a), Arc::clone(b));
        let (mut after_a, mut after_b) = (0, 0);
        while a.key() != b.key() {
            // Along one branch nothing needs to be walked.
            if let (Some(one), Some(other)) = (self.whole_place(&a), self.whole_place(&b))
                && one.0 == other.0
            {
                let (gap, older) =
                    (one.1.abs_diff(other.1).into(), if one.1 < other.1 { &a } else { &b });
                let (more_a, more_b) = if one.1 < other.1 { (0, gap) } else { (gap, 0) };
                return Some((Arc::clone(older), after_a + more_a, after_b + more_b));
            }
            if a.height() >= b.height() {
                a = self.parent(&a)?;
                after_a += 1;
            } else {
                b = self.parent(&b)?;
                after_b += 1;
            }
        }
        Some((a, after_a, after_b))
    }

    /// Branch and index of a tipset that later ones of its branch build on.
    fn whole_place(&self, tipset: &Tipset) -> Option<(u32, u32)> {
        let (branch, index, _) = *self.places.get(tipset.key().first()?)?;
        let epoch = &self.branches[&branch].epochs[index as usize];
        (epoch.tipset.key() == tipset.key()).then_some((branch, index))
    }

    /// A tipset in words: `b1#3` for the fourth of branch 1, with the blocks if not all.
    pub fn name(&self, key: &TipsetKey) -> String {
        if self.genesis.key() == key {
            return "genesis".to_owned();
        }
        let Some((branch, index, _)) = key.first().and_then(|cid| self.places.get(cid)) else {
            return key.short();
        };
        let epoch = &self.branches[branch].epochs[*index as usize];
        if epoch.tipset.key() == key {
            return format!("b{branch}#{index}");
        }
        let numbers: Vec<String> = key
            .iter()
            .map(|cid| match self.places.get(cid) {
                Some((_, _, number)) => number.to_string(),
                None => "?".to_owned(),
            })
            .collect();
        format!("b{branch}#{index}[{}]", numbers.join(","))
    }
}
