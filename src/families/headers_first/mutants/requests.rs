//! Requests that are lost, doubled, or marked in the wrong way.

use std::collections::BTreeMap;

use crate::families::headers_first::{Event, HeadersFirst, Message, SyncManager};
use crate::machine::{Input, Outbox, Output, PeerId, Time};
use crate::primitives::bitcoin::BlockHash;

use super::bugged::Bug;

/// Answers "not found" are seen by the clock for answers alone; the blocks stay asked for.
#[derive(Default)]
pub(super) struct NotFoundIgnored;

impl Bug for NotFoundIgnored {
    fn before(
        &mut self,
        manager: &mut SyncManager,
        _: Time,
        input: &mut Input<HeadersFirst>,
        _: &mut Outbox<HeadersFirst>,
    ) -> bool {
        let Input::Message { peer, message: Message::NotFound { .. } } = input else {
            return true;
        };
        if let Some(peer) = manager.peers.get_mut(peer) {
            peer.data_due = None;
        }
        false
    }
}

/// A new sync peer makes the machine forget what it has asked of all others.
#[derive(Default)]
pub(super) struct MarksClearedForNewSyncPeer;

impl Bug for MarksClearedForNewSyncPeer {
    fn after(&mut self, manager: &mut SyncManager, _: Time, out: &mut Outbox<HeadersFirst>) {
        let is_new = |output: &Output<HeadersFirst>| {
            matches!(output, Output::Event { event: Event::SyncPeer { peer: Some(_) } })
        };
        if out.outputs().iter().any(is_new) {
            manager.in_flight.clear();
        }
    }
}

/// A block that nobody was asked for is stored.
#[derive(Default)]
pub(super) struct UnrequestedBlockKept;

impl Bug for UnrequestedBlockKept {
    fn before(
        &mut self,
        manager: &mut SyncManager,
        _: Time,
        input: &mut Input<HeadersFirst>,
        _: &mut Outbox<HeadersFirst>,
    ) -> bool {
        if let Input::Message { peer, message: Message::Block { block } } = input
            && let Some(peer) = manager.peers.get_mut(peer)
        {
            peer.requested.insert(block.hash());
        }
        true
    }
}

/// The map of requests makes room at its limit by forgetting one that is still on its way. The
/// limit is lower than the client's, so that small worlds reach it.
#[derive(Default)]
pub(super) struct RequestsEvicted;

const LOW_LIMIT: usize = 8;

impl Bug for RequestsEvicted {
    fn after(&mut self, manager: &mut SyncManager, _: Time, _: &mut Outbox<HeadersFirst>) {
        while manager.in_flight.len() > LOW_LIMIT
            && let Some((hash, owner)) = manager.in_flight.swap_remove_index(LOW_LIMIT / 2)
        {
            if let Some(owner) = manager.peers.get_mut(&owner) {
                owner.requested.swap_remove(&hash);
            }
        }
    }
}

/// After the block of a checkpoint nothing is asked for.
#[derive(Default)]
pub(super) struct StuckAtCheckpoint;

impl Bug for StuckAtCheckpoint {
    fn after(&mut self, manager: &mut SyncManager, _: Time, out: &mut Outbox<HeadersFirst>) {
        let checkpoints = manager.chain.checkpoints();
        let is_from_checkpoint = |hash| checkpoints.iter().any(|it| it.hash == hash);
        out.outputs_mut().retain(|output| match output {
            Output::Send { message: Message::GetBlocks { locator, .. }, .. }
            | Output::Send { message: Message::GetHeaders { locator, .. }, .. } => {
                !(locator.len() == 1 && is_from_checkpoint(locator[0]))
            }
            _ => true,
        });
    }
}

/// Locators have the tip alone, and an answer that begins elsewhere is not taken.
#[derive(Default)]
pub(super) struct LocatorOfOneHash {
    asked: BTreeMap<PeerId, BlockHash>,
}

impl Bug for LocatorOfOneHash {
    fn before(
        &mut self,
        _: &mut SyncManager,
        _: Time,
        input: &mut Input<HeadersFirst>,
        _: &mut Outbox<HeadersFirst>,
    ) -> bool {
        if let Input::Message { peer, message: Message::Headers { headers } } = input
            && let Some(first) = headers.first()
            && self.asked.get(peer).is_some_and(|asked| *asked != first.parent())
        {
            headers.clear();
        }
        true
    }

    fn after(&mut self, _: &mut SyncManager, _: Time, out: &mut Outbox<HeadersFirst>) {
        edit_locators(out, |peer, locator| {
            locator.truncate(1);
            self.asked.extend(locator.first().map(|tip| (peer, *tip)));
        });
    }
}

/// Locators begin one block below the tip.
#[derive(Default)]
pub(super) struct LocatorOffByOne;

impl Bug for LocatorOffByOne {
    fn after(&mut self, _: &mut SyncManager, _: Time, out: &mut Outbox<HeadersFirst>) {
        edit_locators(out, |_, locator| {
            if locator.len() > 1 {
                locator.remove(0);
            }
        });
    }
}

/// Locators name each block down to genesis.
#[derive(Default)]
pub(super) struct LocatorOfAllBlocks;

impl Bug for LocatorOfAllBlocks {
    fn after(&mut self, manager: &mut SyncManager, _: Time, out: &mut Outbox<HeadersFirst>) {
        let chain = &manager.chain;
        edit_locators(out, |_, locator| {
            if locator.len() > 1
                && let Some(first) = chain.find(&locator[0])
            {
                let heights = (0..=chain.height(first)).rev();
                *locator =
                    heights.map(|height| chain.hash(chain.ancestor(first, height))).collect();
            }
        });
    }
}

fn edit_locators(
    out: &mut Outbox<HeadersFirst>,
    mut edit: impl FnMut(PeerId, &mut Vec<BlockHash>),
) {
    for output in out.outputs_mut() {
        if let Output::Send {
            peer,
            message: Message::GetBlocks { locator, .. } | Message::GetHeaders { locator, .. },
        } = output
        {
            edit(*peer, locator);
        }
    }
}
