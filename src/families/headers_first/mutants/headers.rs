//! Headers that are believed or refused against the rules.

use crate::families::headers_first::{Profile, Start, SyncManager};
use crate::machine::Machine;

use super::bugged::manager;
use crate::families::headers_first::HeadersFirst;
use crate::families::headers_first::chain::Unchecked;

/// A machine whose chain leaves a check out.
pub(super) fn unchecked(
    profile: Profile,
    start: &Start,
    change: impl FnOnce(&mut Unchecked),
) -> Box<dyn Machine<HeadersFirst>> {
    let mut manager: SyncManager = manager(profile, start);
    change(&mut manager.chain.unchecked);
    Box::new(manager)
}

/// A machine that keeps every orphan.
pub(super) fn unbounded_orphans(start: &Start) -> Box<dyn Machine<HeadersFirst>> {
    let mut manager = manager(Profile::Btcd025, start);
    manager.chain.orphan_limit = usize::MAX;
    Box::new(manager)
}

/// A machine that never forgets what a peer knows.
pub(super) fn unbounded_known_inventory(start: &Start) -> Box<dyn Machine<HeadersFirst>> {
    let mut manager = manager(Profile::Btcd026, start);
    manager.known_limit = usize::MAX;
    Box::new(manager)
}
