//! Announcements that are not followed.

use crate::families::headers_first::{HeadersFirst, Message, SyncManager};
use crate::machine::{Input, Outbox, Time};

use super::bugged::Bug;

/// When the sync peer is lost in the middle, the download mode stays on. Until a higher peer comes,
/// no announcement is heard.
#[derive(Default)]
pub(super) struct StuckInDownloadMode {
    is_stuck: bool,
    was_syncing: bool,
}

impl Bug for StuckInDownloadMode {
    fn before(
        &mut self,
        manager: &mut SyncManager,
        _: Time,
        input: &mut Input<HeadersFirst>,
        _: &mut Outbox<HeadersFirst>,
    ) -> bool {
        self.was_syncing = is_syncing(manager);
        !(self.is_stuck && is_inv(input))
    }

    fn after(&mut self, manager: &mut SyncManager, _: Time, _: &mut Outbox<HeadersFirst>) {
        if is_syncing(manager) {
            self.is_stuck = false;
        } else if self.was_syncing && manager.sync.is_none() {
            self.is_stuck = true;
        }
    }
}

/// Without a sync peer, announcements count only when the chain is current.
#[derive(Default)]
pub(super) struct DeafWithoutSyncPeer;

impl Bug for DeafWithoutSyncPeer {
    fn before(
        &mut self,
        manager: &mut SyncManager,
        now: Time,
        input: &mut Input<HeadersFirst>,
        _: &mut Outbox<HeadersFirst>,
    ) -> bool {
        !(is_inv(input) && !is_syncing(manager) && !manager.is_current(now))
    }
}

fn is_syncing(manager: &SyncManager) -> bool {
    manager.sync.as_ref().is_some_and(|sync| sync.active)
}

fn is_inv(input: &Input<HeadersFirst>) -> bool {
    matches!(input, Input::Message { message: Message::Inv { .. }, .. })
}
