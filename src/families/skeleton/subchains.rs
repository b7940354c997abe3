//! How the subchains change: at a new head, at a delivery, after a fill.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::PeerId;
use crate::primitives::ethereum_header::SealedHeader;

use super::message::{BoundsAnswer, Event, HeadAnswer};
use super::{Batch, Fault, LocalChain, Profile, Scratch, Status, Store, Subchain};

/// The subchains with their store.
#[derive(Clone, Debug, Default)]
pub struct Subchains {
    pub(super) store: Store,
    pub(super) status: Status,
    pub(super) profile: Profile,
    pub(super) fault: Option<Fault>,
}

/// What a delivery comes to.
#[derive(Debug, Default)]
pub struct Consumed {
    /// The primary subchain has reached the local chain.
    pub linked: bool,
    /// The primary subchain has merged with an older one.
    pub merged: bool,
    /// Who delivered a batch that does not hang on the primary subchain.
    pub culprit: Option<PeerId>,
    /// What became durable.
    pub stored: Option<Event>,
}

/// Why nothing is removed though something is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CleanError {
    /// The filled block is below the tail (`geth-1.10`).
    BelowTail,
    /// The row above the filled block does not hang on it.
    Discontinuous,
    /// There is no row above the filled block.
    Missing,
}

impl Subchains {
    /// The subchains that `store` holds. They are read when the first head comes.
    pub fn new(store: Store, profile: Profile) -> Self {
        Self { store, status: Status::default(), profile, fault: None }
    }

    /// The subchains in memory, the primary first.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The primary subchain.
    pub fn primary(&self) -> Option<&Subchain> {
        self.status.subchains.first()
    }

    /// Begins with `head`: drops and trims what is persisted until it fits (geth `initSync`).
    pub fn init(&mut self, head: &SealedHeader) -> Event {
        let number = head.number();
        let forgets =
            self.fault == Some(Fault::StatusNotLoaded) && self.status == Status::default();
        self.status = self.store.status().filter(|_| !forgets).unwrap_or_default();
        let chains = &mut self.status.subchains;
        while let Some(last) = chains.first_mut() {
            if last.tail >= number {
                chains.remove(0);
                continue;
            }
            if last.head >= number && self.fault != Some(Fault::OverlapNotTrimmed) {
                last.head = number - 1;
            }
            break;
        }
        let below = self.store.hash(number - 1);
        match chains.first_mut() {
            Some(last) if last.head == number - 1 && below == Some(head.parent()) => {
                last.head = number;
            }
            _ => chains.insert(0, Subchain { head: number, tail: number, next: head.parent() }),
        }
        let mut batch = Batch::default();
        batch.put(head.clone());
        self.save(batch)
    }

    /// Takes in an announced head while a cycle runs (geth `processNewHead`).
    pub fn place(
        &mut self,
        head: &SealedHeader,
        finalized: Option<u64>,
        stored: &mut Vec<Event>,
    ) -> HeadAnswer {
        if self.profile == Profile::Geth117
            && finalized.is_some()
            && finalized != self.status.finalized
        {
            self.status.finalized = finalized;
            stored.push(self.save(Batch::default()));
        }
        let (number, last) = (head.number(), self.status.subchains[0]);
        let same = self.store.hash(number) == Some(head.hash());
        if last.tail >= number {
            // geth takes a head below the only header for known if any row is that head, and does not
            // follow it.
            let is_all = last.head == last.tail && same;
            return if is_all { HeadAnswer::Accepted } else { HeadAnswer::Reorged };
        }
        if last.head + 1 < number && self.fault != Some(Fault::GappedHeadAccepted) {
            return HeadAnswer::Gapped;
        }
        if last.head == number && same && self.profile == Profile::Geth117 {
            return HeadAnswer::Accepted;
        }
        let below = self.store.hash(number - 1);
        if self.fault == Some(Fault::MissingParentPanics) && below != Some(head.parent()) {
            assert!(number != last.tail + 1, "the log line names the ancestor below the tail");
        }
        let unchecked = [Fault::ForkedHeadAccepted, Fault::GappedHeadAccepted];
        if below != Some(head.parent()) && !self.fault.is_some_and(|f| unchecked.contains(&f)) {
            return HeadAnswer::Forked;
        }
        self.status.subchains[0].head = number;
        if self.fault == Some(Fault::HeadNotPersisted) {
            return HeadAnswer::Accepted;
        }
        let mut batch = Batch::default();
        batch.put(head.clone());
        stored.push(self.save(batch));
        HeadAnswer::Accepted
    }

    /// Stores what has come next to the primary subchain (geth `processResponse`).
    pub fn consume(&mut self, scratch: &mut Scratch, local: &LocalChain) -> Consumed {
        let mut consumed = Consumed::default();
        let mut batch = Batch::default();
        let mut touched = false;
        while let Some(headers) = scratch.front() {
            touched = true;
            if headers[0].hash() != self.status.subchains[0].next {
                consumed.culprit = scratch.reject_front();
                break;
            }
            let count = self.extend(&headers, local, &mut consumed, &mut batch);
            if consumed.linked {
                self.forget_leftovers(&mut batch);
                break;
            }
            scratch.shift(count);
            consumed.merged |= self.merge();
            if consumed.merged && self.fault != Some(Fault::ScratchConsumedAfterMerge) {
                break;
            }
        }
        if touched {
            consumed.stored = Some(self.save(batch));
        }
        consumed
    }

    /// Removes what is filled (geth `cleanStales`).
    ///
    /// # Errors
    /// What is wrong with the rows. geth writes it to its log and goes on.
    pub fn clean(&mut self, filled: &SealedHeader) -> Result<Vec<Event>, CleanError> {
        match self.profile {
            Profile::Geth110 => self.clean_110(filled),
            Profile::Geth117 => self.clean_117(filled),
        }
    }

    /// The bounds as they stand in the store (geth `Bounds`).
    pub fn bounds(&self) -> BoundsAnswer {
        let Some(status) = self.store.status() else { return BoundsAnswer::NotStarted {} };
        let Some(Subchain { head, tail, .. }) = status.subchains.first().copied() else {
            return BoundsAnswer::NotStarted {};
        };
        let Some(head_hash) = self.store.hash(head) else {
            return BoundsAnswer::Missing { number: head };
        };
        let Some(tail_hash) = self.store.hash(tail) else {
            return BoundsAnswer::Missing { number: tail };
        };
        let unchecked = self.fault == Some(Fault::FinalizedOutOfBounds);
        let within = |number: &u64| unchecked || (tail <= *number && *number <= head);
        let finalized = status.finalized.filter(within);
        let final_hash = match finalized.map(|number| (number, self.store.hash(number))) {
            Some((number, None)) => return BoundsAnswer::Missing { number },
            Some((_, hash)) => hash,
            None => None,
        };
        BoundsAnswer::Known { head: head_hash, tail: tail_hash, finalized: final_hash }
    }

    fn save(&mut self, batch: Batch) -> Event {
        self.store.write(batch, &self.status, self.profile)
    }

    /// Hangs headers on the primary subchain until it links; returns how many.
    fn extend(
        &mut self,
        headers: &[SealedHeader],
        local: &LocalChain,
        consumed: &mut Consumed,
        batch: &mut Batch,
    ) -> u64 {
        let mut count = 0;
        for header in headers {
            count += 1;
            batch.put(header.clone());
            let primary = &mut self.status.subchains[0];
            primary.tail = header.number();
            primary.next = header.parent();
            let below = header.number() - 1;
            consumed.linked = local.links(below, &header.parent(), self.profile, self.fault)
                && (self.fault != Some(Fault::WalksToGenesis) || below == 0);
            if consumed.linked {
                break;
            }
        }
        count
    }

    /// Merges what the primary subchain overlaps (geth `mergeSubchains`).
    pub(super) fn merge(&mut self) -> bool {
        let mut merged = false;
        let chains = &mut self.status.subchains;
        while chains.len() > 1 && chains[1].head >= chains[0].tail {
            if chains[1].tail >= chains[0].tail {
                chains.remove(1);
                continue;
            }
            chains[1].head = chains[0].tail - 1;
            if self.store.hash(chains[1].head) == Some(chains[0].next) {
                let older = chains.remove(1);
                chains[0].tail = older.tail;
                chains[0].next = older.next;
                if self.fault == Some(Fault::MergeKeepsNext) {
                    chains[0].next = older.next;
                    chains[0].tail = older.tail + u64::from(older.tail < older.head);
                }
                merged = true;
            }
        }
        merged
    }

    /// The primary subchain is linked: older ones are of no use any more.
    fn forget_leftovers(&mut self, batch: &mut Batch) {
        let unmasked = self.fault == Some(Fault::LeftoverRowDeleted);
        if self.profile == Profile::Geth117 && !unmasked {
            self.merge();
        }
        if let [primary, leftover] = self.status.subchains[..]
            && leftover.head == leftover.tail
        {
            // DIFFERENCE: geth at c4a6621 deletes the row even if the primary subchain has it (its
            // bug #26451). A batch writes rows before it deletes here, so it would be lost.
            if leftover.head < primary.tail || unmasked {
                batch.delete(leftover.head, leftover.head);
            }
        }
        self.status.subchains.truncate(1);
    }

    fn clean_117(&mut self, filled: &SealedHeader) -> Result<Vec<Event>, CleanError> {
        let number = filled.number();
        let Subchain { head, tail, .. } = self.status.subchains[0];
        let other_side = self.store.hash(number) != Some(filled.hash());
        let skipped = other_side && self.fault != Some(Fault::CleansSideChain);
        if number < tail || skipped || self.fault == Some(Fault::StaleRowsKept) {
            return Ok(Vec::new());
        }
        if number > head && other_side {
            return Ok(Vec::new());
        }
        let row = self.store.row(number + 1).map(SealedHeader::parent);
        let primary = &mut self.status.subchains[0];
        let last = if number < head && self.fault != Some(Fault::CleanupOffByOne) {
            let next = row.ok_or(CleanError::Missing)?;
            if next != filled.hash() && !other_side {
                return Err(CleanError::Discontinuous);
            }
            (primary.tail, primary.next) = (number + 1, next);
            number
        } else {
            // A filled block above the head becomes the whole skeleton, if its row was left behind. A
            // forced head below is lost by that.
            (primary.tail, primary.next) = (number, filled.parent());
            primary.head = primary.head.max(number);
            head.min(number - 1)
        };
        Ok(self.delete(Batch::default(), tail, last))
    }

    /// DIFFERENCE between the profiles: before #28581 and #29358 the filled header itself became
    /// the tail, whatever chain it was on.
    fn clean_110(&mut self, filled: &SealedHeader) -> Result<Vec<Event>, CleanError> {
        let number = filled.number();
        let primary = &mut self.status.subchains[0];
        if number < primary.tail {
            return Err(CleanError::BelowTail);
        }
        let (old_head, old_tail) = (primary.head, primary.tail);
        (primary.tail, primary.next) = (number, filled.parent());
        primary.head = old_head.max(number);
        let mut batch = Batch::default();
        // DIFFERENCE: geth at c4a6621 leaves the row out where the filled block is the one right
        // above the head (its bug #26441), and the bounds have no head then.
        let left_out = old_head + 1 == number && self.fault == Some(Fault::FilledRowNotWritten);
        if old_head < number && !left_out {
            batch.put(filled.clone());
        }
        Ok(self.delete(batch, old_tail, old_head.min(number.saturating_sub(1))))
    }

    /// Deletes rows in steps. Between two of them the status names the rows that are really there.
    fn delete(&mut self, mut batch: Batch, from: u64, to: u64) -> Vec<Event> {
        /// geth writes a batch at 100 KiB (`ethdb.IdealBatchSize`), a deletion takes nine bytes.
        const DELETED_AT_ONCE: u64 = 100 * 1024 / 9;
        let goal = self.status.subchains[0];
        let mut events = Vec::new();
        let mut next = from;
        while to.saturating_sub(next) >= DELETED_AT_ONCE {
            let end = next + DELETED_AT_ONCE;
            let Some(tail) = self.store.row(end) else { break };
            let primary = &mut self.status.subchains[0];
            (primary.tail, primary.next) = (end, tail.parent());
            batch.delete(next, end - 1);
            events.push(self.save(std::mem::take(&mut batch)));
            self.status.subchains[0] = goal;
            next = end;
        }
        batch.delete(next, to);
        events.push(self.save(batch));
        events
    }
}
