use std::collections::BTreeMap;
use std::sync::Arc;

use crate::machine::FastMap;
use crate::primitives::filecoin::consensus::{self, Network};
use crate::primitives::filecoin::{
    Block, BlockMessages, Cid, Construction, Tipset, TipsetKey, breaks_tie,
};

use super::message::{FullBlock, Start};
use super::rules::{HeadRules, Rules, Tie};

/// After a miner of the head was found to have two blocks, the next best head is searched this
/// far above and below (Venus `pkg/chain/store.go` RefreshHeaviestTipSet).
const SEARCH_ABOVE: i64 = 5;
const SEARCH_BELOW: i64 = 4;

/// What a node has stored, and which of it is its chain. All of it survives a restart.
#[derive(Debug)]
pub(super) struct ChainStore {
    network: Network,
    construction: Construction,
    rules: HeadRules,
    blocks: FastMap<Cid, Arc<Block>>,
    messages: FastMap<Cid, Arc<BlockMessages>>,
    validated: FastMap<TipsetKey, Arc<Tipset>>,
    /// The blocks that passed all checks, by height: the store's tipset tracker.
    valid_blocks: BTreeMap<i64, Vec<Arc<Block>>>,
    head: Arc<Tipset>,
    /// The height of the highest head so far: what was final once stays so.
    highest: i64,
    checkpoint: Arc<Tipset>,
}

/// A move of the head.
#[derive(Clone, Debug)]
pub(super) struct HeadChange {
    pub(super) head: Arc<Tipset>,
    /// Newest first.
    pub(super) revert: Vec<TipsetKey>,
    /// Oldest first.
    pub(super) apply: Vec<TipsetKey>,
    /// Whether the new head weighs less, which only a found equivocation can bring about.
    pub(super) lighter: bool,
    /// Whether it was not validated as a whole before.
    pub(super) formed: bool,
}

impl ChainStore {
    /// A store with nothing but the genesis block.
    pub(super) fn of_genesis(block: &Arc<Block>, network: Network, rules: &Rules) -> Self {
        let genesis = Tipset::new(vec![Arc::clone(block)], Construction::Venus);
        let genesis = Arc::new(genesis.expect("one block is a tipset"));
        let mut store = Self {
            network,
            construction: rules.construction,
            rules: rules.head,
            blocks: FastMap::default(),
            messages: FastMap::default(),
            validated: FastMap::default(),
            valid_blocks: BTreeMap::new(),
            head: Arc::clone(&genesis),
            highest: 0,
            checkpoint: Arc::clone(&genesis),
        };
        let no_messages = Arc::new(BlockMessages::default());
        store.put_full(&FullBlock { header: Arc::clone(block), messages: no_messages });
        store.set_validated(&genesis);
        store
    }

    pub(super) fn new(start: &Start, rules: &Rules) -> Self {
        let mut store = Self::of_genesis(&start.genesis, start.network, rules);
        for full in &start.chain {
            for block in full {
                store.put_full(block);
            }
            let blocks = full.iter().map(|block| Arc::clone(&block.header)).collect();
            let Ok(tipset) = Tipset::new(blocks, rules.construction) else { break };
            let tipset = Arc::new(tipset);
            store.set_validated(&tipset);
            store.highest = tipset.height();
            store.head = tipset;
        }
        if let Some(checkpoint) = &start.checkpoint
            && let Some(tipset) = store.validated.get(checkpoint)
        {
            store.checkpoint = Arc::clone(tipset);
        }
        store
    }

    /// Makes a tipset the head and another the checkpoint, unchecked.
    pub(super) fn start_at(&mut self, head: &Arc<Tipset>, checkpoint: Arc<Tipset>) {
        self.head = Arc::clone(head);
        self.highest = head.height();
        self.checkpoint = checkpoint;
    }

    pub(super) fn head(&self) -> &Arc<Tipset> {
        &self.head
    }

    pub(super) fn highest(&self) -> i64 {
        self.highest
    }

    pub(super) fn checkpoint(&self) -> &Arc<Tipset> {
        &self.checkpoint
    }

    pub(super) fn set_checkpoint(&mut self, tipset: Arc<Tipset>) {
        self.checkpoint = tipset;
    }

    pub(super) fn weight(&self, tipset: &Tipset) -> u128 {
        consensus::weight(tipset, &self.network)
    }

    pub(super) fn put_header(&mut self, block: &Arc<Block>) {
        self.blocks.entry(block.cid()).or_insert_with(|| Arc::clone(block));
    }

    /// Stores a block with messages that match its root.
    pub(super) fn put_full(&mut self, block: &FullBlock) {
        self.put_header(&block.header);
        self.put_messages(block.header.header().messages, &block.messages);
    }

    pub(super) fn put_messages(&mut self, root: Cid, messages: &Arc<BlockMessages>) {
        self.messages.entry(root).or_insert_with(|| Arc::clone(messages));
    }

    pub(super) fn messages(&self, block: &Block) -> Option<&Arc<BlockMessages>> {
        self.messages.get(&block.header().messages)
    }

    pub(super) fn has_all_messages(&self, tipset: &Tipset) -> bool {
        tipset.blocks().iter().all(|block| self.messages(block).is_some())
    }

    /// The tipset of these blocks, if all headers are stored.
    pub(super) fn tipset(&self, cids: &[Cid]) -> Option<Arc<Tipset>> {
        if let Some(tipset) = self.validated.get(cids) {
            return Some(Arc::clone(tipset));
        }
        let blocks: Option<Vec<_>> = cids.iter().map(|cid| self.blocks.get(cid).cloned()).collect();
        Tipset::new(blocks?, self.construction).ok().map(Arc::new)
    }

    pub(super) fn parent(&self, tipset: &Tipset) -> Option<Arc<Tipset>> {
        if tipset.height() == 0 { None } else { self.tipset(tipset.parents()) }
    }

    pub(super) fn is_validated(&self, key: &TipsetKey) -> bool {
        self.validated.contains_key(key)
    }

    /// Whether each of its blocks has passed all checks.
    pub(super) fn has_only_valid(&self, tipset: &Tipset) -> bool {
        let valid = self.valid_blocks.get(&tipset.height());
        let is_valid = |cid: &Cid| valid.is_some_and(|at| at.iter().any(|own| own.cid() == *cid));
        self.is_validated(tipset.key()) || tipset.key().iter().all(is_valid)
    }

    pub(super) fn add_valid_block(&mut self, block: &Arc<Block>) {
        let at = self.valid_blocks.entry(block.height()).or_default();
        if !at.iter().any(|known| known.cid() == block.cid()) {
            at.push(Arc::clone(block));
        }
    }

    pub(super) fn set_validated(&mut self, tipset: &Arc<Tipset>) {
        for block in tipset.blocks() {
            self.add_valid_block(block);
        }
        self.validated.insert(tipset.key().clone(), Arc::clone(tipset));
    }

    /// Whether `ancestor` is `tipset` or stands before it: the tipset of our chain at its height
    /// is compared.
    pub(super) fn is_ancestor(&self, ancestor: &Tipset, tipset: &Arc<Tipset>) -> bool {
        let mut at = Arc::clone(tipset);
        let mut steps = at.height() - ancestor.height();
        while at.height() > ancestor.height() {
            if self.rules.ignores_null_rounds && steps == 0 {
                break;
            }
            let Some(parent) = self.parent(&at) else { return false };
            at = parent;
            steps -= 1;
        }
        if self.rules.ignores_null_rounds && steps > 0 {
            return false;
        }
        at.key() == ancestor.key()
    }

    /// Makes the heaviest tipset the head, given that blocks at `height` were validated.
    pub(super) fn refresh(&mut self, height: i64) -> Option<HeadChange> {
        let head = Arc::clone(&self.head);
        let mut next = Arc::clone(&head);
        match self.heaviest_at(head.height()) {
            Some(best) if self.wins(&best, &head) || best.key() == head.key() => {
                next = best;
            }
            _ if self.stands(&head) => {}
            // A miner of the head has two blocks: the head as it was cannot be formed any more.
            _ => next = self.best_around(&head).unwrap_or(next),
        }
        if height != head.height()
            && let Some(best) = self.heaviest_at(height)
            && self.wins(&best, &next)
        {
            next = best;
        }
        self.prune();
        if next.key() == head.key() { None } else { Some(self.set_head(next)) }
    }

    /// Whether the valid blocks at the height of a tipset are its own.
    pub(super) fn is_alone(&self, tipset: &Tipset) -> bool {
        let valid = self.valid_blocks.get(&tipset.height());
        valid.is_none_or(|blocks| blocks.len() <= tipset.blocks().len())
    }

    /// Makes `next`, whose ancestors are all validated, the head.
    pub(super) fn set_head(&mut self, next: Arc<Tipset>) -> HeadChange {
        let (_, revert, mut apply) = self.join(&self.head, &next);
        if self.rules.applies_newest_first {
            apply.reverse();
        }
        let formed = !self.is_validated(next.key());
        let lighter = self.weight(&next) < self.weight(&self.head);
        self.validated.entry(next.key().clone()).or_insert_with(|| Arc::clone(&next));
        self.highest = self.highest.max(next.height());
        self.head = Arc::clone(&next);
        HeadChange { head: next, revert, apply, lighter, formed }
    }

    /// How to go from one tipset to another: the last common one, what leaves the chain, newest
    /// first, and what joins it, oldest first. Both lead to genesis.
    pub(super) fn join(
        &self,
        from: &Arc<Tipset>,
        to: &Arc<Tipset>,
    ) -> (Arc<Tipset>, Vec<TipsetKey>, Vec<TipsetKey>) {
        let (mut revert, mut apply) = (Vec::new(), Vec::new());
        let (mut old, mut new) = (Arc::clone(from), Arc::clone(to));
        while old.key() != new.key() {
            if old.height() >= new.height() {
                revert.push(old.key().clone());
                old = self.parent(&old).expect("the chain is stored down to genesis");
            } else {
                apply.push(new.key().clone());
                new = self.parent(&new).expect("what is validated leads to genesis");
            }
        }
        apply.reverse();
        (old, revert, apply)
    }

    pub(super) fn leads_to_genesis(&self, tipset: &Arc<Tipset>) -> bool {
        let mut at = Arc::clone(tipset);
        while at.height() > 0 {
            match self.parent(&at) {
                Some(parent) if parent.height() < at.height() => at = parent,
                _ => return false,
            }
        }
        self.is_validated(at.key())
    }

    /// Whether a valid tipset takes the place of the head: it is better, and leaves neither the
    /// checkpoint nor too much of our chain, and does not fork at genesis.
    pub(super) fn would_follow(&self, head: &Arc<Tipset>, tipset: &Arc<Tipset>) -> bool {
        let (ancestor, revert, _) = self.join(head, tipset);
        self.wins(tipset, head)
            && !self.leaves_too_much(head, tipset)
            && (ancestor.height() > 0 || revert.is_empty())
    }

    /// Whether all miners of a tipset have one valid block at its height.
    fn stands(&self, tipset: &Tipset) -> bool {
        let valid = self.valid_blocks.get(&tipset.height()).map_or(&[][..], Vec::as_slice);
        let second = |own: &Arc<Block>| {
            let same_miner = |other: &Arc<Block>| other.header().miner == own.header().miner;
            valid.iter().any(|other| same_miner(other) && other.cid() != own.cid())
        };
        !self.rules.drops_equivocators || !tipset.blocks().iter().any(second)
    }

    pub(super) fn wins(&self, challenger: &Arc<Tipset>, current: &Arc<Tipset>) -> bool {
        let (new, old) = (self.weight(challenger), self.weight(current));
        new > old || (new == old && self.wins_tie(challenger, current))
    }

    fn wins_tie(&self, challenger: &Tipset, current: &Tipset) -> bool {
        match self.rules.tie {
            Tie::FirstTicket => breaks_tie(challenger, current),
            Tie::Keep => false,
            Tie::AnyTicket => challenger
                .blocks()
                .iter()
                .zip(current.blocks())
                .any(|(new, old)| new.ticket_digest() < old.ticket_digest()),
        }
    }

    /// The heaviest tipset that the valid blocks of a height make and that may become the head.
    fn heaviest_at(&self, height: i64) -> Option<Arc<Tipset>> {
        let blocks = self.valid_blocks.get(&height)?;
        let counts = |(index, block): &(usize, &Arc<Block>)| {
            let same_miner = |other: &Arc<Block>| other.header().miner == block.header().miner;
            if self.rules.drops_equivocators {
                blocks.iter().filter(|other| same_miner(other)).count() == 1
            } else {
                !blocks[..*index].iter().any(same_miner)
            }
        };
        let counting = blocks.iter().enumerate().filter(counts).map(|(_, block)| block);
        let mut best: Option<Arc<Tipset>> = None;
        for group in by_parents(counting) {
            let Ok(tipset) = Tipset::new(group, self.construction) else { continue };
            let tipset = Arc::new(tipset);
            let better = best.as_ref().is_none_or(|best| self.wins(&tipset, best));
            if better && !self.leaves_too_much(&self.head, &tipset) {
                best = Some(tipset);
            }
        }
        best
    }

    fn best_around(&self, head: &Arc<Tipset>) -> Option<Arc<Tipset>> {
        let mut best: Option<Arc<Tipset>> = None;
        // DIFFERENCE: Venus looks nearby only, so that the outcome depends on where it stood.
        let heights = if self.rules.searches_all {
            0..=i64::MAX
        } else {
            head.height() - SEARCH_BELOW..=head.height() + SEARCH_ABOVE
        };
        for &height in self.valid_blocks.range(heights).map(|(height, _)| height) {
            if let Some(tipset) = self.heaviest_at(height)
                && best.as_ref().is_none_or(|best| self.wins(&tipset, best))
            {
                best = Some(tipset);
            }
        }
        best
    }

    /// Whether going from `head` to `new` leaves the checkpoint, or our chain further back than
    /// finality.
    ///
    /// DIFFERENCE: Venus counts the tipsets that we leave, and those that it fetches of the fork.
    /// Epochs since the common ancestor bound both, and do not depend on how far a fork has come.
    fn leaves_too_much(&self, head: &Arc<Tipset>, new: &Arc<Tipset>) -> bool {
        let (mut old, mut new) = (Arc::clone(head), Arc::clone(new));
        while old.key() != new.key() {
            let back = if new.height() > old.height() {
                self.parent(&new).map(|parent| new = parent)
            } else {
                let expands = self.rules.expands_checkpoint && old.height() == new.height();
                if old.key() == self.checkpoint.key() && !expands {
                    return true;
                }
                self.parent(&old).map(|parent| old = parent)
            };
            let depth = (self.highest - old.height()) as u64;
            if back.is_none() || (depth > self.network.finality && self.rules.own_side_bounded) {
                return true;
            }
        }
        false
    }

    /// Blocks beyond finality cannot become the head any more.
    fn prune(&mut self) {
        let finality = i64::try_from(self.network.finality).unwrap_or(i64::MAX);
        let lowest = self.head.height().saturating_sub(finality).saturating_sub(SEARCH_BELOW + 1);
        while let Some(entry) = self.valid_blocks.first_entry()
            && *entry.key() < lowest
        {
            entry.remove();
        }
    }
}

/// Blocks by their parents, in the order of the first of each.
pub(super) fn by_parents<'a>(blocks: impl Iterator<Item = &'a Arc<Block>>) -> Vec<Vec<Arc<Block>>> {
    let mut groups: Vec<Vec<Arc<Block>>> = Vec::new();
    for block in blocks {
        let parents = &block.header().parents;
        match groups.iter_mut().find(|group| group[0].header().parents == *parents) {
            Some(group) => group.push(Arc::clone(block)),
            None => groups.push(vec![Arc::clone(block)]),
        }
    }
    groups
}
