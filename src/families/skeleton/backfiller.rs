//! What fills the linked skeleton with blocks.

use crate::machine::{Outbox, Time};
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;

use super::message::{BoundsAnswer, Event};
use super::{Fault, LocalChain, Profile, Settings, Skeleton, Subchains};

/// The backfiller. Bodies and receipts come without peers here: filling takes time, no requests.
#[derive(Clone, Debug)]
pub struct Backfiller {
    settings: Settings,
    fault: Option<Fault>,
    /// Whether it runs, and what it does next.
    work: Option<Work>,
    /// What was filled when it last ended on its own (geth `beaconBackfiller.filled`).
    filled: Option<SealedHeader>,
    /// Whether a pivot has its state; from then on blocks are executed.
    committed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Work {
    /// The number of the next block.
    next: u64,
    due: Time,
    pivot: Option<Pivot>,
}

#[derive(Clone, Copy, Debug)]
struct Pivot {
    number: u64,
    /// When its state is there.
    state_at: Time,
}

impl Backfiller {
    pub(super) fn new(settings: Settings, fault: Option<Fault>) -> Self {
        Self { settings, fault, work: None, filled: None, committed: false }
    }

    /// When it acts next.
    pub fn due(&self) -> Option<Time> {
        self.work.map(|work| work.due)
    }

    /// The same after the death of the process: the chain is durable, the run is not.
    pub(super) fn restarted(&self) -> Self {
        Self { work: None, filled: None, ..self.clone() }
    }

    /// Starts filling if it does not already (geth eth/downloader/beaconsync.go `resume`).
    pub fn resume(
        &mut self,
        now: Time,
        chains: &Subchains,
        local: &LocalChain,
        out: &mut Outbox<Skeleton>,
    ) {
        if self.work.is_some() {
            return;
        }
        self.filled = None;
        out.event(Event::FillerResumed {});
        self.start(now, chains, local, out);
    }

    /// Stops filling and says what is filled (geth `suspend`).
    pub fn suspend(&mut self, local: &LocalChain, profile: Profile) -> Option<SealedHeader> {
        // DIFFERENCE between the profiles: until #33481 the filled header was remembered.
        let remembered = profile == Profile::Geth110 || self.fault == Some(Fault::CachedFilled);
        if self.work.take().is_none() && remembered {
            return self.filled.clone();
        }
        self.filled = Some(local.snap_head().clone());
        self.filled.clone()
    }

    /// Stops for a change of the local chain (geth eth/api_backend.go `SetHead`).
    pub fn cancel(&mut self, local: &LocalChain, out: &mut Outbox<Skeleton>) {
        if self.work.is_some() {
            self.end(None, local, out);
        }
    }

    /// Does what is due.
    pub fn step(
        &mut self,
        now: Time,
        chains: &Subchains,
        local: &mut LocalChain,
        out: &mut Outbox<Skeleton>,
    ) {
        let Some(mut work) = self.work.filter(|work| work.due <= now) else { return };
        let BoundsAnswer::Known { head, .. } = chains.bounds() else {
            return self.end(None, local, out);
        };
        let primary = chains.store().status().and_then(|status| status.subchains.first().copied());
        let Some(primary) = primary else {
            return self.end(None, local, out);
        };
        self.move_pivot(now, &mut work, primary.head, primary.tail, out);
        let mut filled = Vec::new();
        while work.next <= primary.head && (filled.len() as u64) < self.settings.fill_blocks {
            let Some(header) = header(work.next, primary.tail, chains, local) else { break };
            if !local.import(&header) {
                break;
            }
            filled.push(header);
            work.next += 1;
        }
        let stuck = filled.is_empty() && work.next <= primary.head;
        if !filled.is_empty() {
            out.event(Event::Filled { headers: filled.into() });
        }
        if stuck {
            return self.end(None, local, out);
        }
        let waits = self.commit_pivot(now, &work, local, out);
        work.due = now + self.settings.fill_ms;
        self.work = Some(work);
        if work.next <= primary.head {
            return;
        }
        if waits {
            work.due = now + Settings::CONTINUE_MS;
            self.work = Some(work);
        } else if local.has_canonical(primary.head, &head) {
            self.end(Some(head), local, out);
        } else {
            // DIFFERENCE: geth ends here, and the next announced head starts it again. That the
            // head was replaced meanwhile is seen at once here.
            self.start(now, chains, local, out);
        }
    }

    fn start(
        &mut self,
        now: Time,
        chains: &Subchains,
        local: &LocalChain,
        out: &mut Outbox<Skeleton>,
    ) {
        let Some(ancestor) = find_ancestor(chains, local) else {
            return self.end(None, local, out);
        };
        let head = chains.primary().map_or(0, |primary| primary.head);
        let snap = !self.committed || self.fault == Some(Fault::PivotMovesAfterCommit);
        let distance = self.settings.pivot_distance.filter(|distance| snap && head > *distance);
        let pivot = distance.map(|distance| self.pivot_at(now, head - distance, out));
        // Blocks from the pivot on are executed, so they are all needed (geth `syncToHead`).
        let next = pivot.map_or(ancestor + 1, |pivot| pivot.number.clamp(1, ancestor + 1));
        self.work = Some(Work { next, due: now + self.settings.fill_ms, pivot });
    }

    fn pivot_at(&self, now: Time, number: u64, out: &mut Outbox<Skeleton>) -> Pivot {
        out.event(Event::Pivot { number });
        Pivot { number, state_at: now + self.settings.state_ms }
    }

    /// The pivot follows the head when it has become stale.
    fn move_pivot(
        &self,
        now: Time,
        work: &mut Work,
        head: u64,
        tail: u64,
        out: &mut Outbox<Skeleton>,
    ) {
        let (Some(pivot), Some(distance)) = (work.pivot, self.settings.pivot_distance) else {
            return;
        };
        let fixed = self.committed && self.fault != Some(Fault::PivotMovesAfterCommit);
        if fixed || self.fault == Some(Fault::PivotNeverMoves) {
            return;
        }
        // DIFFERENCE: geth keeps a pivot that a lowered head has left above itself, and waits.
        if head < pivot.number && head <= distance {
            work.pivot = None;
        } else if head < pivot.number || head > stale_after(pivot.number, distance) {
            let number = head - distance;
            assert!(
                number >= tail || self.fault != Some(Fault::PivotBelowTailPanics),
                "the pivot row is in the skeleton"
            );
            work.pivot = Some(self.pivot_at(now, number, out));
        }
    }

    /// Commits the pivot when it and its state are there; says whether that is still awaited.
    fn commit_pivot(
        &mut self,
        now: Time,
        work: &Work,
        local: &LocalChain,
        out: &mut Outbox<Skeleton>,
    ) -> bool {
        let Some(pivot) = work.pivot.filter(|_| !self.committed) else { return false };
        let ready = now >= pivot.state_at && local.snap_head().number() >= pivot.number;
        if ready {
            self.committed = true;
            out.event(Event::PivotCommitted { number: pivot.number });
        }
        !ready
    }

    fn end(&mut self, head: Option<Hash32>, local: &LocalChain, out: &mut Outbox<Skeleton>) {
        self.work = None;
        self.filled = Some(local.snap_head().clone());
        out.event(Event::FillerDone { head });
    }
}

/// The head above which a pivot is stale (geth `2*fsMinFullBlocks-8`).
pub(super) fn stale_after(pivot: u64, distance: u64) -> u64 {
    (pivot + 2 * distance).saturating_sub(Settings::PIVOT_WIGGLE)
}

/// A header of the skeleton, or of the local chain below it.
fn header(number: u64, tail: u64, chains: &Subchains, local: &LocalChain) -> Option<SealedHeader> {
    if number >= tail {
        return chains.store().row(number).cloned();
    }
    // By hash, not by number (geth #24691: `readHeaderRange`).
    let mut hash = chains.primary()?.next;
    loop {
        let header = local.header(&hash)?;
        if header.number() <= number {
            return (header.number() == number).then(|| header.clone());
        }
        hash = header.parent();
    }
}

/// The last header of the skeleton that the local chain has, by bisection (geth
/// `findBeaconAncestor`).
pub(super) fn find_ancestor(chains: &Subchains, local: &LocalChain) -> Option<u64> {
    let primary = chains.primary()?;
    let known = |number: u64, hash: &Hash32| match chains.profile {
        Profile::Geth110 => local.has_all(hash),
        Profile::Geth117 => local.has_canonical(number, hash),
    };
    let mut start = primary.tail - 1;
    if !known(start, &primary.next) {
        return None;
    }
    let mut end = local.snap_head().number().min(primary.head);
    while start + 1 < end {
        let check = u64::midpoint(start, end);
        if chains.store().hash(check).is_some_and(|hash| known(check, &hash)) {
            start = check;
        } else {
            end = check;
        }
    }
    Some(start)
}
