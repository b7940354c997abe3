//! Peers that are kept or dropped against reason.

use std::collections::BTreeMap;

use crate::families::headers_first::{HeadersFirst, Message, Reason, SyncManager};
use crate::machine::{Input, Millis, Outbox, PeerId, Time};

use super::bugged::Bug;

/// The end of a young connection is handled before its beginning, so the dead peer stays.
#[derive(Default)]
pub(super) struct DoneBeforeAdd {
    joined: BTreeMap<PeerId, Time>,
}

/// How long the two can be in one queue.
const YOUNG_MS: Millis = 10_000;

impl Bug for DoneBeforeAdd {
    fn before(
        &mut self,
        _: &mut SyncManager,
        now: Time,
        input: &mut Input<HeadersFirst>,
        _: &mut Outbox<HeadersFirst>,
    ) -> bool {
        match input {
            Input::Connected { peer, .. } => {
                self.joined.insert(*peer, now);
                true
            }
            Input::Disconnected { peer } => {
                let joined = self.joined.remove(peer);
                joined.is_none_or(|joined| now.since(joined) > YOUNG_MS)
            }
            _ => true,
        }
    }
}

/// A message of an unknown kind ends the connection.
#[derive(Default)]
pub(super) struct UnknownMessageDrops;

impl Bug for UnknownMessageDrops {
    fn before(
        &mut self,
        manager: &mut SyncManager,
        _: Time,
        input: &mut Input<HeadersFirst>,
        out: &mut Outbox<HeadersFirst>,
    ) -> bool {
        let Input::Message { peer, message: Message::Unknown { .. } } = input else {
            return true;
        };
        if manager.peers.contains_key(peer) {
            out.disconnect(*peer, Reason::Other { text: None });
        }
        false
    }
}

/// Nobody looks for headers that were asked for and do not come.
#[derive(Default)]
pub(super) struct HeadersNeverLate;

impl Bug for HeadersNeverLate {
    fn after(&mut self, manager: &mut SyncManager, _: Time, _: &mut Outbox<HeadersFirst>) {
        for peer in manager.peers.values_mut() {
            peer.headers_due = peer.headers_due.map(|_| NEVER);
        }
    }
}

/// Nobody looks for blocks that were asked for and do not come.
#[derive(Default)]
pub(super) struct BlocksNeverLate;

impl Bug for BlocksNeverLate {
    fn after(&mut self, manager: &mut SyncManager, _: Time, _: &mut Outbox<HeadersFirst>) {
        for peer in manager.peers.values_mut() {
            peer.data_due = None;
        }
    }
}

/// Far beyond the end of any run.
const NEVER: Time = Time::from_millis(1 << 52);
