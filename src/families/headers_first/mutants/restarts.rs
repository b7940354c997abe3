//! What is lost with the process.

use crate::families::headers_first::{Gauges, HeadersFirst, Profile, Start, SyncManager};
use crate::machine::{Input, Machine, Outbox, Time};

use super::bugged::manager;

/// A machine that has after a restart what it had at its very first start.
pub(super) fn forgetful(profile: Profile, start: &Start) -> Box<dyn Machine<HeadersFirst>> {
    Box::new(Forgetful { manager: manager(profile, start), profile, start: start.clone() })
}

struct Forgetful {
    manager: SyncManager,
    profile: Profile,
    start: Start,
}

impl Machine<HeadersFirst> for Forgetful {
    fn step(&mut self, now: Time, input: Input<HeadersFirst>, out: &mut Outbox<HeadersFirst>) {
        self.manager.step(now, input, out);
    }

    fn deadline(&self) -> Option<Time> {
        self.manager.deadline()
    }

    fn restart(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        self.manager = manager(self.profile, &self.start);
        self.manager.restart(now, out);
    }

    fn gauges(&self) -> Option<Gauges> {
        self.manager.gauges()
    }
}
