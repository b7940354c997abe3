//! Headers that are believed, asked for or counted against reason.

use crate::families::headers_first::chain::Unchecked;
use crate::families::headers_first::{
    Event, HeadersFirst, Inventory, Message, Profile, Start, SyncManager, locator_of,
};
use crate::machine::{Input, Machine, Outbox, Output, PeerId, Time};
use crate::primitives::bitcoin::BlockHash;

use super::bugged::{Bug, manager};

/// A machine whose chain leaves a check out.
pub(super) fn unchecked(
    profile: Profile,
    start: &Start,
    change: impl FnOnce(&mut Unchecked),
) -> Box<dyn Machine<HeadersFirst>> {
    let mut manager = manager(profile, start);
    change(&mut manager.chain.unchecked);
    Box::new(manager)
}

/// A machine that keeps every orphan.
pub(super) fn unbounded_orphans(start: &Start) -> Box<dyn Machine<HeadersFirst>> {
    let mut manager = manager(Profile::Btcd025, start);
    manager.chain.orphan_limit = usize::MAX;
    Box::new(manager)
}

/// A sync peer that sends headers, known ones too, makes progress: its turn goes on, and it is
/// asked again with each look at the clock.
#[derive(Default)]
pub(super) struct KnownHeadersAreProgress {
    before: Option<(PeerId, Box<SyncManager>)>,
}

impl Bug for KnownHeadersAreProgress {
    fn before(
        &mut self,
        manager: &mut SyncManager,
        now: Time,
        input: &mut Input<HeadersFirst>,
        out: &mut Outbox<HeadersFirst>,
    ) -> bool {
        let syncing = manager.sync.as_ref().filter(|sync| sync.active).map(|sync| sync.peer);
        match (input, syncing) {
            (Input::Message { peer, message: Message::Headers { headers } }, Some(from))
                if *peer == from && !headers.is_empty() =>
            {
                self.before = Some((from, Box::new(manager.clone())));
            }
            (Input::Deadline {}, Some(from)) if manager.peers[&from].requested.is_empty() => {
                manager.ask_headers_from_start(now, from, out);
            }
            _ => {}
        }
        true
    }

    fn after(&mut self, manager: &mut SyncManager, now: Time, out: &mut Outbox<HeadersFirst>) {
        let Some((peer, before)) = self.before.take() else { return };
        let goes_on = manager.sync.as_ref().is_some_and(|sync| sync.active && sync.peer == peer);
        let has_news = out.outputs().iter().any(|output| match output {
            Output::Event { event } => matches!(event, Event::HeaderAccepted { .. }),
            Output::Dial { .. } | Output::Disconnect { .. } | Output::Refuse { .. } => true,
            Output::Send { .. } => false,
        });
        if goes_on || has_news {
            return;
        }
        *manager = *before;
        out.drain();
        if let (Some(sync), Some(peer)) = (&mut manager.sync, manager.peers.get_mut(&peer)) {
            sync.since = now;
            peer.headers_due = None;
        }
    }
}

/// Each unknown block of an inv makes the machine ask for headers, and all ask for the same.
#[derive(Default)]
pub(super) struct HeadersAskedPerEntry {
    announced: Option<(PeerId, usize)>,
}

impl Bug for HeadersAskedPerEntry {
    fn before(
        &mut self,
        manager: &mut SyncManager,
        _: Time,
        input: &mut Input<HeadersFirst>,
        _: &mut Outbox<HeadersFirst>,
    ) -> bool {
        self.announced = match input {
            Input::Message { peer, message: Message::Inv { items } } => {
                let is_unknown =
                    |item: &&Inventory| item.is_block() && manager.chain.find(&item.hash).is_none();
                Some((*peer, items.iter().filter(is_unknown).count()))
            }
            _ => None,
        };
        true
    }

    fn after(&mut self, manager: &mut SyncManager, _: Time, out: &mut Outbox<HeadersFirst>) {
        let Some((peer, count)) = self.announced.take() else { return };
        if !manager.peers.contains_key(&peer) {
            return;
        }
        let best = manager.chain.hash(manager.chain.best_header());
        for _ in 0..count {
            let locator = locator_of(&manager.chain, &best);
            out.send(peer, Message::GetHeaders { locator, stop: BlockHash::ZERO });
        }
    }
}
