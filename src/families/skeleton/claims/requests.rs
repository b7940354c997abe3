use std::collections::{BTreeMap, BTreeSet};

use crate::families::skeleton::{Event, Message, Reason, Skeleton, World};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Input, Output, PeerId, Time};
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;
use crate::trace::{Step, What};

use super::ledger::{BOTH, Durable, OneClaim, Phase, event_of, is_input};

macro_rules! claims {
    ($($name:ident $make:ident $id:literal $strength:expr, $summary:literal $source:literal;)*) => {
        $(
            #[doc = $summary]
            pub(super) static $name: Claim = Claim {
                id: $id,
                summary: $summary,
                strength: $strength,
                needs: Needs::Events,
                why: "",
                exceptions: "",
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
        "geth eth/downloader/skeleton.go `assignTasks`";
    BATCH_ASKED_ONCE once "batch-asked-once" Strength::Profile(BOTH),
        "In one cycle a batch is asked of one peer at a time, and not again once it is delivered."
        "geth eth/downloader/skeleton.go `scratchOwners`";
    BATCH_FROM_THE_GRID grid "batch-from-the-grid" Strength::Profile(BOTH),
        "Requests are whole batches below the tail, within the scratch space."
        "geth eth/downloader/skeleton.go `assignTasks`";
    IDLE_PEER_ASKED idle "idle-peer-asked" Strength::Profile(BOTH),
        "No peer is idle while a batch within the scratch space is free: a batch that failed is \
         free again."
        "geth eth/downloader/skeleton.go `assignTasks`, `revertRequest`";
    PEER_ASKED_ONCE peer_once "peer-asked-once" Strength::Profile(BOTH),
        "In one cycle a peer has one open request."
        "geth eth/downloader/skeleton.go `idles`";
    DROPPED_FOR_CAUSE cause "dropped-for-cause" Strength::Profile(BOTH),
        "A peer is dropped if, and only if, its answer is late, has another form than was asked \
         for, or does not hang on the skeleton; and the one who delivered it is dropped."
        "geth eth/downloader/skeleton.go `executeTask`, `processResponse`; #23982";
}

struct Open {
    id: u64,
    origin: u64,
    amount: u64,
    at: Time,
}

/// One fold that sees all; each claim has one of its own that reports only that.
struct Requests {
    reports: OneClaim,
    context: Context<Skeleton>,
    durable: Durable,
    phase: Phase,
    /// The connected peers with what they were asked for in this cycle.
    peers: BTreeMap<PeerId, Option<Open>>,
    /// What was delivered and is not yet next to the skeleton.
    delivered: BTreeMap<u64, (PeerId, Hash32)>,
    /// Peers whose connection is being closed: what they were asked for is free when it is.
    leaving: BTreeSet<PeerId>,
    /// A drop that is due.
    owed: Option<(PeerId, Reason)>,
}

impl Requests {
    fn boxed(context: &Context<Skeleton>, claim: &'static Claim) -> Box<dyn Invariant<Skeleton>> {
        Box::new(Self {
            reports: OneClaim::new(claim),
            context: context.clone(),
            durable: Durable::new(context.world.start()),
            phase: Phase::default(),
            peers: BTreeMap::new(),
            delivered: BTreeMap::new(),
            leaving: BTreeSet::new(),
            owed: None,
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

    fn asked(&mut self, now: Time, peer: PeerId, open: Open) -> Result<(), Violation> {
        self.pass_over_orphan();
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
        let overlaps = |other: &Open| {
            let above = if origin > other.origin { amount } else { other.amount };
            origin.abs_diff(other.origin) < above
        };
        let twice = self.peers.iter().find(|(_, other)| other.as_ref().is_some_and(overlaps));
        let twice = twice.map(|(peer, _)| *peer);
        // A batch that does not hang on the skeleton is asked for again; that is no second time.
        let next = self.durable.primary().map(|primary| primary.next);
        let wrong = |hash: &Hash32| origin == front && next != Some(*hash);
        let delivered = self.delivered.get(&origin).filter(|(_, hash)| !wrong(hash));
        let twice = twice.or_else(|| delivered.map(|(peer, _)| *peer));
        self.judge(&BATCH_ASKED_ONCE, peer, twice.is_none(), || {
            let other = twice.map_or_else(String::new, |peer| peer.to_string());
            (format!("{origin} is asked of one peer"), format!("{other} has it already"))
        })?;
        let busy = self.peers.get(&peer).is_some_and(Option::is_some);
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
            Err(reason) => self.owed = Some((peer, reason)),
        }
    }

    /// A batch that does not hang on the skeleton is thrown away, even if who sent it has left.
    fn pass_over_orphan(&mut self) {
        if let Some((front, (peer, hash))) = self.front_batch()
            && self.durable.primary().is_some_and(|primary| primary.next != hash)
            && !self.peers.contains_key(&peer)
        {
            self.delivered.remove(&front);
        }
    }

    fn front_batch(&self) -> Option<(u64, (PeerId, Hash32))> {
        let front = self.front()?;
        Some((front, *self.delivered.get(&front)?))
    }

    fn dropped(&mut self, now: Time, peer: PeerId, reason: Reason) -> Result<(), Violation> {
        let owed = self.owed.take_if(|(owed, _)| *owed == peer).map(|(_, reason)| reason);
        let timeout = self.world().start().settings.timeout_ms;
        self.leaving.insert(peer);
        let open = self.peers.remove(&peer).flatten();
        let late = open.as_ref().is_some_and(|open| now.since(open.at) >= timeout);
        let front = self.front_batch().filter(|(_, (owner, _))| *owner == peer);
        let next = self.durable.primary().map(|primary| primary.next);
        let off = front.filter(|(_, (_, hash))| next != Some(*hash));
        let just = match reason {
            Reason::TimedOut {} => late,
            Reason::WrongChain {} => off.is_some(),
            Reason::Other { .. } => late || off.is_some() || owed.is_some(),
            _ => owed == Some(reason.clone()),
        };
        if let Some((front, _)) = off {
            self.delivered.remove(&front);
        }
        self.judge(&DROPPED_FOR_CAUSE, peer, just, || {
            ("it is kept".to_owned(), format!("it is dropped: {reason:?}"))
        })
    }

    /// All that a step has brought about is over.
    fn settle(&mut self, now: Time) -> Result<(), Violation> {
        if let Some((peer, reason)) = self.owed.take() {
            let there = self.peers.contains_key(&peer);
            self.judge(&DROPPED_FOR_CAUSE, peer, !there, || {
                (format!("it is dropped: {reason:?}"), "it is kept".to_owned())
            })?;
        }
        let unlinked = Phase::Running { linked: false };
        if self.phase != unlinked {
            return Ok(());
        }
        self.pass_over_orphan();
        if let Some((front, (peer, _))) = self.front_batch() {
            self.judge(&DROPPED_FOR_CAUSE, peer, false, || {
                let expected = format!("the batch from {front} is stored, or its sender dropped");
                (expected, "neither".to_owned())
            })?;
        }
        let timeout = self.world().start().settings.timeout_ms;
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
        if is_input(step) {
            self.settle(step.at)?;
        }
        if let Some(event) = event_of(step) {
            self.durable.note(event);
            if matches!(event, Event::CycleStarted { .. } | Event::CycleEnded { .. }) {
                self.peers.values_mut().for_each(|open| *open = None);
                self.delivered.clear();
            }
            if let Some(front) = self.front() {
                self.delivered.split_off(&(front + 1));
            }
        }
        self.phase.note(step);
        match &step.what {
            What::Crashed { .. } => {
                self.peers.clear();
                self.delivered.clear();
                self.leaving.clear();
                self.owed = None;
            }
            What::In { input: Input::Connected { peer, .. }, .. } => {
                self.peers.insert(*peer, None);
            }
            What::In { input: Input::Disconnected { peer }, .. } => {
                self.peers.remove(peer);
                self.leaving.remove(peer);
            }
            What::In {
                input: Input::Message { peer, message: Message::Headers { id, headers } },
                ..
            } => self.answered(*peer, *id, headers),
            What::Out {
                output: Output::Send { peer, message: Message::GetHeaders { id, origin, amount } },
                ..
            } => {
                let open = Open { id: *id, origin: *origin, amount: *amount, at: step.at };
                self.asked(step.at, *peer, open)?;
            }
            What::Out {
                output: Output::Disconnect { peer, reason } | Output::Refuse { peer, reason },
                ..
            } => {
                self.dropped(step.at, *peer, reason.clone())?;
            }
            _ => {}
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.reports.times()
    }
}
