//! The cycle of syncing: headers up to the master's head, import of blocks around the pivot.
//!
//! The download of headers, bodies and receipts is not part of this family: what a peer says that
//! it has counts as downloaded.

use crate::machine::{Millis, Outbox, Time};

use super::StateSync;
use super::downloader::{Downloader, FORCE_SYNC_MS, SYNC_PEERS_MIN};
use super::fault::Fault;
use super::message::{Event, SyncError};
use super::session::{
    HEADERS_PER_REQUEST, HEADERS_WITHHELD, RESULTS_MAX, SKELETON_LENGTH_MAX, Session, Stage,
    WITHHOLD_DISTANCE, pivot_after_headers, pivot_after_results, pivot_of, split_around_pivot,
};

/// How often the chain is looked at while the state is on its way.
const LOOK_MS: Millis = 1_000;
/// How often headers are asked for again at the end of the chain (geth `fsHeaderContCheck`).
const HEADERS_AGAIN_MS: Millis = 3_000;

impl Downloader {
    /// When the session wants to go on by itself.
    pub(super) fn session_deadline(&self) -> Option<Time> {
        let session = self.session.as_ref()?;
        let look_at = match session.stage {
            Stage::AwaitState { look_at } => look_at,
            Stage::Split { .. } | Stage::Take => None,
        };
        [session.headers_at, look_at].into_iter().flatten().min()
    }

    /// Begins a cycle with the best peer, if there is something to sync and peers enough (geth
    /// eth/sync.go `nextSyncOp`).
    pub(super) fn begin_session(&mut self, now: Time, out: &mut Outbox<StateSync>) -> bool {
        let peers_min = if self.force_at.is_none() { 1 } else { SYNC_PEERS_MIN };
        if self.session.is_some() || self.peers.len() < peers_min {
            return false;
        }
        let Some((master, connection)) = self.peers.best() else { return false };
        let (head, master_connection) = (connection.head, connection.number);
        let fast = (self.store.full_head == 0 && !self.fast_disabled)
            || self.store.last_pivot.is_some_and(|pivot| pivot > self.store.full_head);
        let local = if fast { self.store.fast_head } else { self.store.full_head };
        if head <= local || head as usize >= self.blocks.len() {
            return false;
        }
        self.peers.reset();
        let pivot = if fast { pivot_of(head).unwrap_or(0) } else { 0 };
        let origin = if !fast {
            local
        } else if pivot == 0 {
            0
        } else {
            local.min(pivot - 1)
        };
        self.session = Some(Session {
            master,
            master_connection,
            ancestor: origin + 1,
            committed: pivot == 0,
            pivot,
            header_from: origin + 1,
            skeleton: true,
            headers_done: false,
            headers_at: Some(now),
            downloaded: origin,
            taken: origin,
            stage: Stage::Take,
            locked_pivot: None,
            tail: origin,
            state_sync: None,
        });
        if pivot > 0 {
            self.store.last_pivot = Some(pivot);
            out.event(Event::Pivot { number: pivot, head });
            let root = self.blocks[pivot as usize].state_root;
            self.start_state_sync(now, root, out);
        }
        true
    }

    pub(super) fn end_session(
        &mut self,
        now: Time,
        result: Result<(), SyncError>,
        out: &mut Outbox<StateSync>,
    ) {
        self.stop_worker(Err(SyncError::Cancelled {}), out);
        let short = self.session.take().is_some_and(|session| session.pivot == 0);
        self.fast_disabled |= short && result.is_ok();
        self.force_at = Some(now + FORCE_SYNC_MS);
        out.event(Event::SessionEnded { error: result.err() });
    }

    /// Lets the session go on. Returns whether it did.
    pub(super) fn run_session(&mut self, now: Time, out: &mut Outbox<StateSync>) -> bool {
        let Some(session) = &self.session else { return false };
        let ended = session.state_sync.as_ref().and_then(|sync| sync.ended.clone());
        if ended == Some(Err(SyncError::Timeout {})) {
            self.end_session(now, Err(SyncError::Timeout {}), out);
            return true;
        }
        if session.headers_at.is_some_and(|at| at <= now) {
            self.fetch_headers(now, out);
            return true;
        }
        if self.next_root.is_some() {
            return false;
        }
        match session.stage {
            Stage::AwaitState { look_at } => self.await_state(now, look_at, ended, out),
            Stage::Split { first, last } => self.split(now, first, last, ended, out),
            Stage::Take => self.take(now, ended, out),
        }
    }

    /// geth `fetchHeaders`, with headers that come at once.
    fn fetch_headers(&mut self, now: Time, out: &mut Outbox<StateSync>) {
        let fault = self.fault;
        let Some(session) = &mut self.session else { return };
        session.headers_at = None;
        let head = match self.peers.connection(session.master) {
            Some(master) if master.number == session.master_connection => master.head,
            // DIFFERENCE: geth waits for the headers of a master that is gone until the timeout.
            _ => return self.end_session(now, Err(SyncError::MasterGone {}), out),
        };
        let head = head.min(self.blocks.len() as u32 - 1);
        let local = self.store.fast_head.max(self.store.full_head).max(session.ancestor);
        loop {
            let from = session.header_from;
            let available = (head + 1).saturating_sub(from);
            if session.skeleton {
                let parts = (available / HEADERS_PER_REQUEST).min(SKELETON_LENGTH_MAX);
                session.skeleton = parts > 0;
                session.header_from += parts * HEADERS_PER_REQUEST;
                session.downloaded = session.header_from - 1;
                let moved = pivot_after_headers(session.pivot, head);
                let may_move =
                    parts > 0 && session.pivot > 0 && fault != Some(Fault::PivotNeverMoves);
                if may_move && moved != session.pivot {
                    session.pivot = moved;
                    self.store.last_pivot = Some(moved);
                    out.event(Event::Pivot { number: moved, head });
                }
                continue;
            }
            if available == 0 && (session.committed || session.pivot > from) {
                session.headers_done = true;
                return;
            }
            let count = available.min(HEADERS_PER_REQUEST);
            let last = (from + count).saturating_sub(1);
            let withheld = if local + WITHHOLD_DISTANCE < last { HEADERS_WITHHELD } else { 0 };
            let usable = count.saturating_sub(withheld);
            if usable == 0 {
                session.headers_at = Some(now + HEADERS_AGAIN_MS);
                return;
            }
            session.header_from += usable;
            session.downloaded = session.header_from - 1;
        }
    }

    /// Takes what has come and looks whether the pivot has changed.
    fn take(
        &mut self,
        now: Time,
        ended: Option<Result<(), SyncError>>,
        out: &mut Outbox<StateSync>,
    ) -> bool {
        let Some(session) = &mut self.session else { return false };
        let mut first = session.taken + 1;
        let last = session.downloaded.min(session.taken + RESULTS_MAX);
        if let Some(pivot) = session.locked_pivot {
            first = pivot;
        } else if last < first {
            match ended {
                Some(Err(error)) => self.end_session(now, Err(error), out),
                _ if session.headers_done => self.end_session(now, Ok(()), out),
                _ => return false,
            }
            return true;
        }
        session.taken = session.taken.max(last);
        session.stage = Stage::Split { first, last: session.taken };
        let pivot = session.pivot;
        let locked = session.locked_pivot.is_some();
        let root = self.blocks[pivot as usize].state_root;
        let stale = session.state_sync.as_ref().is_some_and(|sync| sync.root != root);
        if !locked && stale {
            self.start_state_sync(now, root, out);
        }
        true
    }

    /// Imports blocks on both sides of the pivot.
    fn split(
        &mut self,
        now: Time,
        first: u32,
        last: u32,
        ended: Option<Result<(), SyncError>>,
        out: &mut Outbox<StateSync>,
    ) -> bool {
        self.move_pivot(first, last, out);
        let Some(session) = &mut self.session else { return false };
        let pivot = session.pivot;
        let split = split_around_pivot(pivot, first, last);
        if let Some(to) = split.before_to {
            if let Some(Err(error)) = ended {
                self.end_session(now, Err(error), out);
                return true;
            }
            self.store.fast_head = self.store.fast_head.max(to);
            out.event(Event::ReceiptsImported { to });
        }
        if split.has_pivot && !session.committed {
            session.tail = last;
            session.stage = Stage::AwaitState { look_at: None };
            if session.locked_pivot != Some(pivot) {
                session.locked_pivot = Some(pivot);
                let root = self.blocks[pivot as usize].state_root;
                self.start_state_sync(now, root, out);
            }
            return true;
        }
        session.stage = Stage::Take;
        if let Some(from) = split.after_from {
            self.import(from, last, out);
        }
        true
    }

    /// The pivot is stale when the chain is almost two steps ahead of it: its state may be gone
    /// from the network.
    fn move_pivot(&mut self, first: u32, last: u32, out: &mut Outbox<StateSync>) {
        let fault = self.fault;
        let Some(session) = &mut self.session else { return };
        let may_move = (!session.committed || fault == Some(Fault::PivotMovesAfterCommit))
            && session.pivot > 0
            && fault != Some(Fault::PivotNeverMoves);
        let slack = if fault == Some(Fault::PivotTooEarly) { 32 } else { 0 };
        let moved = pivot_after_results(session.pivot.saturating_sub(slack), last);
        if may_move && moved > session.pivot && moved >= first {
            session.pivot = moved;
            self.store.last_pivot = Some(moved);
            out.event(Event::Pivot { number: moved, head: last });
        }
    }

    /// Waits for the state of the pivot and commits it.
    fn await_state(
        &mut self,
        now: Time,
        look_at: Option<Time>,
        ended: Option<Result<(), SyncError>>,
        out: &mut Outbox<StateSync>,
    ) -> bool {
        let Some(session) = &mut self.session else { return false };
        match (ended, look_at) {
            (Some(Err(error)), _) => self.end_session(now, Err(error), out),
            (Some(Ok(())), _) => {
                let tail = session.tail;
                let pivot = session.locked_pivot.unwrap_or(session.pivot);
                session.pivot = pivot;
                session.committed = true;
                session.locked_pivot = None;
                session.stage = Stage::Take;
                self.store.fast_head = self.store.fast_head.max(pivot);
                self.store.full_head = pivot;
                out.event(Event::PivotCommitted { number: pivot });
                if tail > pivot {
                    self.import(pivot + 1, tail, out);
                }
            }
            (None, None) => {
                session.stage = Stage::AwaitState { look_at: Some(now + LOOK_MS) };
                return false;
            }
            (None, Some(at)) if at <= now => session.stage = Stage::Take,
            (None, Some(_)) => return false,
        }
        true
    }

    fn import(&mut self, from: u32, to: u32, out: &mut Outbox<StateSync>) {
        self.store.full_head = self.store.full_head.max(to);
        self.store.fast_head = self.store.fast_head.max(to);
        out.event(Event::Imported { from, to });
    }
}
