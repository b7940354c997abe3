use std::collections::{BTreeMap, BTreeSet};

use crate::families::skeleton::{Event, Message, Reason, Skeleton, World};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Input, Millis, Output, PeerId, Time};
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;
use crate::trace::{Step, What};

use super::ledger::{BOTH, Durable, OneClaim, Phase, event_of};

macro_rules! claims {
    ($($name:ident $make:ident $id:literal $strength:expr, $summary:literal $why:literal
       $exceptions:literal $source:literal;)*) => {
        $(
            #[doc = $summary]
            pub(super) static $name: Claim = Claim {
                id: $id,
                summary: $summary,
                strength: $strength,
                needs: Needs::Events,
                why: $why,
                exceptions: $exceptions,
                source: $source,
            };

            pub(super) fn $make(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
                Requests::boxed(context, &$name)
            }
        )*
    };
}

claims! {
    GENESIS_NOT_ASKED genesis "genesis-not-asked" Strength::Must,
        "Genesis is never asked for: it is known."
        "All chains that a peer may serve begin with the block that the node was configured with."
        ""
        "geth eth/downloader/skeleton.go `assignTasks`";
    BATCH_ASKED_ONCE once "batch-asked-once" Strength::Profile(BOTH),
        "In one cycle a batch is asked of one peer at a time, and not again once it is delivered."
        "A second copy costs a peer and brings nothing."
        "Between a failure and what it leads to, within one instant, there is no order."
        "geth eth/downloader/skeleton.go `scratchOwners`";
    BATCH_FROM_THE_GRID grid "batch-from-the-grid" Strength::Profile(BOTH),
        "Requests are whole batches below the tail, within the scratch space."
        "Whole batches on one grid can be told apart by their number alone, and memory is bounded."
        ""
        "geth eth/downloader/skeleton.go `assignTasks`";
    IDLE_PEER_ASKED idle "idle-peer-asked" Strength::Profile(BOTH),
        "No peer is idle while a batch within the scratch space is free: a batch that failed is \
         free again."
        "A peer that could be asked and is not makes the sync slower, a batch that is not asked \
         for again stops it."
        "Peers whose connection is being closed."
        "geth eth/downloader/skeleton.go `assignTasks`, `revertRequest`";
    PEER_ASKED_ONCE peer_once "peer-asked-once" Strength::Profile(BOTH),
        "In one cycle a peer has one open request."
        "Its throughput is measured by that, and a slow one holds up one batch only."
        ""
        "geth eth/downloader/skeleton.go `idles`";
    DROPPED_FOR_CAUSE cause "dropped-for-cause" Strength::Profile(BOTH),
        "A peer is dropped if, and only if, its answer is late, has another form than was asked \
         for, or does not hang on the skeleton; and the one who delivered it is dropped."
        "Who keeps a useless peer can be stalled for ever; who drops a useful one is left alone."
        "Between the cause and the drop, within one instant, there is no order; a peer has from 6 \
         s to a minute, for geth tunes that to its round trips."
        "geth eth/downloader/skeleton.go `executeTask`, `processResponse`; #23982";
}

#[derive(Clone, Copy)]
struct Open {
    id: u64,
    origin: u64,
    amount: u64,
    at: Time,
}

impl Open {
    fn overlaps(&self, other: &Self) -> bool {
        let above = if self.origin > other.origin { self.amount } else { other.amount };
        self.origin.abs_diff(other.origin) < above
    }
}

/// geth tunes the time that a peer has to its round trips, which it takes for two seconds at least
/// (p2p/msgrate `rttMinEstimate`, `ttlScaling`).
const TIMEOUT_MS_MIN: Millis = 6_000;

/// One fold that sees all; each claim has one of its own that reports only that.
///
/// What happens at one instant has no order: a client may drop a peer before it writes the batch
/// that shows why, and may give a late batch to another before it drops the late peer. So drops and
/// repeated requests are judged when the instant is over.
struct Requests {
    reports: OneClaim,
    context: Context<Skeleton>,
    durable: Durable,
    phase: Phase,
    now: Time,
    /// The connected peers with what they were asked for in this cycle.
    peers: BTreeMap<PeerId, Option<Open>>,
    /// What was delivered and is not yet next to the skeleton.
    delivered: BTreeMap<u64, (PeerId, Hash32)>,
    /// Peers whose connection is being closed: what they were asked for is free when it is.
    leaving: BTreeSet<PeerId>,
    instant: Instant,
}

/// What has happened at the present instant and waits for its end.
#[derive(Default)]
struct Instant {
    /// Who may be dropped, and why.
    grounds: Vec<(PeerId, Reason)>,
    /// Drops that are due.
    owed: Vec<(PeerId, Reason)>,
    dropped: Vec<(PeerId, Reason)>,
    /// Who was dropped or has left.
    gone: BTreeSet<PeerId>,
    /// Batches that were asked for again: of whom, which, and who had been asked.
    again: Vec<(PeerId, Open, PeerId)>,
}

impl Requests {
    fn boxed(context: &Context<Skeleton>, claim: &'static Claim) -> Box<dyn Invariant<Skeleton>> {
        Box::new(Self {
            reports: OneClaim::new(claim),
            context: context.clone(),
            durable: Durable::new(context.world.start()),
            phase: Phase::default(),
            now: Time::ZERO,
            peers: BTreeMap::new(),
            delivered: BTreeMap::new(),
            leaving: BTreeSet::new(),
            instant: Instant::default(),
        })
    }

    fn judge(
        &mut self,
        claim: &'static Claim,
        peer: PeerId,
        holds: bool,
        words: impl FnOnce() -> (String, String),
    ) -> Result<(), Violation> {
        self.reports.judge(claim, holds, words).map_err(|violation| violation.about(peer))
    }

    fn world(&self) -> &World {
        &self.context.world
    }

    /// The number of the header next to the skeleton.
    fn front(&self) -> Option<u64> {
        self.durable.primary().map(|primary| primary.tail.saturating_sub(1))
    }

    fn asked(&mut self, peer: PeerId, open: Open) -> Result<(), Violation> {
        let (origin, amount) = (open.origin, open.amount);
        self.judge(&GENESIS_NOT_ASKED, peer, amount <= origin, || {
            ("nothing below 1 is asked for".to_owned(), format!("{amount} from {origin}"))
        })?;
        let settings = self.world().start().settings;
        let front = self.front().unwrap_or(0);
        let slot = front.checked_sub(origin).map(|below| below / settings.batch);
        let whole = front.checked_sub(origin).is_some_and(|below| below % settings.batch == 0)
            && amount == settings.batch.min(origin)
            && slot.is_some_and(|slot| slot < settings.scratch_batches);
        self.judge(&BATCH_FROM_THE_GRID, peer, whole || origin == 0, || {
            (format!("a whole batch below {}", front + 1), format!("{amount} from {origin}"))
        })?;
        let overlaps = |other: &Option<Open>| other.is_some_and(|other| open.overlaps(&other));
        let twice = self.peers.iter().find(|(_, other)| overlaps(other));
        let twice = twice.map(|(peer, _)| *peer);
        let delivered = self.delivered.get(&origin).map(|(peer, _)| *peer);
        self.judge(&BATCH_ASKED_ONCE, peer, true, || unreachable!("it holds so far"))?;
        if let Some(other) = twice.or(delivered) {
            self.instant.again.push((peer, open, other));
        }
        let (busy, now) = (self.peers.get(&peer).is_some_and(Option::is_some), self.now);
        self.judge(&PEER_ASKED_ONCE, peer, !busy, || {
            ("one open request".to_owned(), format!("another at {now}"))
        })?;
        self.peers.insert(peer, Some(open));
        Ok(())
    }

    /// An answer: what it is worth can be told from it alone.
    fn answered(&mut self, peer: PeerId, id: u64, headers: &[SealedHeader]) {
        let Some(slot) = self.peers.get_mut(&peer) else { return };
        if slot.as_ref().is_none_or(|open| open.id != id) {
            return;
        }
        let Some(open) = slot.take() else { return };
        match worth(&open, headers) {
            Ok(hash) => {
                self.delivered.insert(open.origin, (peer, hash));
            }
            Err(reason) => self.instant.owed.push((peer, reason)),
        }
    }

    /// The batch next to the skeleton, if it is delivered.
    fn front_batch(&self) -> Option<(u64, (PeerId, Hash32))> {
        let front = self.front()?;
        Some((front, *self.delivered.get(&front)?))
    }

    /// Who sent the batch next to the skeleton, if it does not hang on it.
    fn orphan(&self) -> Option<(u64, PeerId)> {
        let (front, (peer, hash)) = self.front_batch()?;
        let primary = self.durable.primary()?;
        let unlinked = self.phase == (Phase::Running { linked: false });
        (unlinked && primary.next != hash).then_some((front, peer))
    }

    /// A batch that does not hang on the skeleton is thrown away, and who sent it is dropped, if it
    /// is still there.
    fn pass_over_orphan(&mut self) {
        if let Some((front, peer)) = self.orphan() {
            self.delivered.remove(&front);
            self.instant.grounds.push((peer, Reason::WrongChain {}));
            if self.peers.contains_key(&peer) {
                self.instant.owed.push((peer, Reason::WrongChain {}));
            }
        }
    }

    /// Peers that owe an answer too long may be dropped from this instant on.
    fn begin_instant(&mut self, now: Time) {
        self.now = now;
        let timeout = self.world().start().settings.timeout_ms.min(TIMEOUT_MS_MIN);
        for (peer, open) in &self.peers {
            if open.is_some_and(|open| now.since(open.at) >= timeout) {
                self.instant.grounds.push((*peer, Reason::TimedOut {}));
            }
        }
    }

    /// All that an instant has brought about is there.
    fn end_instant(&mut self) -> Result<(), Violation> {
        self.pass_over_orphan();
        let Instant { mut grounds, owed, dropped, gone, again } = std::mem::take(&mut self.instant);
        grounds.extend_from_slice(&owed);
        for (peer, reason) in dropped {
            let any = matches!(reason, Reason::Other { .. });
            let just = grounds.iter().any(|(of, why)| *of == peer && (any || *why == reason));
            self.judge(&DROPPED_FOR_CAUSE, peer, just, || {
                ("it is kept".to_owned(), format!("it is dropped: {reason:?}"))
            })?;
        }
        for (peer, reason) in owed {
            self.judge(&DROPPED_FOR_CAUSE, peer, gone.contains(&peer), || {
                (format!("it is dropped: {reason:?}"), "it is kept".to_owned())
            })?;
        }
        for (peer, asked, other) in again {
            let origin = asked.origin;
            let open = self.peers.get(&other).and_then(Option::as_ref);
            let twice = peer != other && open.is_some_and(|open| open.overlaps(&asked))
                || self.delivered.get(&origin).is_some_and(|(by, _)| *by == other);
            self.judge(&BATCH_ASKED_ONCE, peer, !twice, || {
                (format!("{origin} is asked of one peer"), format!("{other} has it already"))
            })?;
        }
        self.look_at_the_rest()
    }

    fn look_at_the_rest(&mut self) -> Result<(), Violation> {
        if self.phase != (Phase::Running { linked: false }) {
            return Ok(());
        }
        if let Some((front, (peer, _))) = self.front_batch() {
            self.judge(&DROPPED_FOR_CAUSE, peer, false, || {
                let expected = format!("the batch from {front} is stored, or its sender dropped");
                (expected, "neither".to_owned())
            })?;
        }
        let (timeout, now) = (self.world().start().settings.timeout_ms, self.now);
        let is_late = |open: &Open| now.since(open.at) > timeout;
        let late = self.peers.iter().find(|(_, open)| open.as_ref().is_some_and(is_late));
        if let Some(peer) = late.map(|(peer, _)| *peer) {
            self.judge(&DROPPED_FOR_CAUSE, peer, false, || {
                (format!("it is dropped after {timeout} ms"), format!("silent until {now}"))
            })?;
        }
        self.look_for_idle()
    }

    fn look_for_idle(&mut self) -> Result<(), Violation> {
        if !self.reports.is(&IDLE_PEER_ASKED) || !self.leaving.is_empty() {
            return Ok(());
        }
        let idle = self.peers.iter().find(|(_, open)| open.is_none()).map(|(peer, _)| *peer);
        let (Some(peer), Some(front)) = (idle, self.front()) else { return Ok(()) };
        let settings = self.world().start().settings;
        let taken = |origin: &u64| {
            self.delivered.contains_key(origin)
                || self.peers.values().flatten().any(|open| open.origin == *origin)
        };
        let free = (0..settings.scratch_batches)
            .map_while(|slot| front.checked_sub(slot * settings.batch).filter(|o| *o > 0))
            .find(|origin| !taken(origin));
        self.judge(&IDLE_PEER_ASKED, peer, free.is_none(), || {
            (format!("it is asked for the batch from {}", free.unwrap_or(0)), "it is idle".into())
        })
    }

    /// What the subject reports changes what it has, and what it waits for.
    fn note(&mut self, event: &Event) {
        self.durable.note(event);
        if matches!(event, Event::CycleStarted { .. } | Event::CycleEnded { .. }) {
            if let Some((_, peer)) = self.orphan() {
                self.instant.grounds.push((peer, Reason::WrongChain {}));
            }
            self.peers.values_mut().for_each(|open| *open = None);
            self.delivered.clear();
        }
        if let Some(front) = self.front() {
            self.delivered.split_off(&(front + 1));
        }
    }

    fn note_input(&mut self, input: &Input<Skeleton>) {
        match input {
            Input::Connected { peer, .. } => {
                self.peers.insert(*peer, None);
            }
            Input::Disconnected { peer } => {
                self.peers.remove(peer);
                self.leaving.remove(peer);
                self.instant.gone.insert(*peer);
            }
            Input::Message { peer, message: Message::Headers { id, headers } } => {
                self.answered(*peer, *id, headers);
            }
            _ => {}
        }
    }
}

/// The hash of the first header of a batch that is as it was asked for, or what is wrong.
fn worth(open: &Open, headers: &[SealedHeader]) -> Result<Hash32, Reason> {
    let first = headers.first().ok_or(Reason::Empty {})?;
    if first.number() != open.origin {
        return Err(Reason::WrongAnchor {});
    }
    if headers.len() as u64 != open.amount {
        return Err(Reason::WrongCount {});
    }
    let broken = headers.windows(2).any(|pair| pair[0].parent() != pair[1].hash());
    if broken { Err(Reason::BrokenProgression {}) } else { Ok(first.hash()) }
}

impl Invariant<Skeleton> for Requests {
    fn claim(&self) -> &'static Claim {
        self.reports.claim()
    }

    fn observe(&mut self, step: &Step<Skeleton>) -> Result<(), Violation> {
        if step.at > self.now {
            self.end_instant()?;
            self.begin_instant(step.at);
        }
        if let Some(event) = event_of(step) {
            self.note(event);
        }
        self.phase.note(step);
        match &step.what {
            What::Crashed { .. } => {
                self.peers.clear();
                self.delivered.clear();
                self.leaving.clear();
                self.instant = Instant::default();
            }
            What::In { input, .. } => {
                self.pass_over_orphan();
                self.note_input(input);
            }
            What::Out {
                output: Output::Send { peer, message: Message::GetHeaders { id, origin, amount } },
                connected: true,
            } => {
                let open = Open { id: *id, origin: *origin, amount: *amount, at: step.at };
                self.asked(*peer, open)?;
            }
            What::Out {
                output: Output::Disconnect { peer, reason } | Output::Refuse { peer, reason },
                ..
            } => {
                self.leaving.insert(*peer);
                self.peers.remove(peer);
                self.instant.gone.insert(*peer);
                self.instant.dropped.push((*peer, reason.clone()));
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, _end: &End<'_, Skeleton>) -> Result<(), Violation> {
        self.end_instant()
    }

    fn exercised(&self) -> u64 {
        self.reports.times()
    }
}
