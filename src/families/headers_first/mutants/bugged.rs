use crate::families::headers_first::machine::Quirks;
use crate::families::headers_first::{Gauges, HeadersFirst, Profile, Start, SyncManager};
use crate::machine::{Input, Machine, Outbox, Time};

/// A bug that tampers with the reference from outside.
pub(super) trait Bug: Default + 'static {
    /// Before a step. `false` swallows the input.
    fn before(
        &mut self,
        _manager: &mut SyncManager,
        _now: Time,
        _input: &mut Input<HeadersFirst>,
        _out: &mut Outbox<HeadersFirst>,
    ) -> bool {
        true
    }

    /// After a step that was not swallowed. `out` has its outputs alone.
    fn after(&mut self, _manager: &mut SyncManager, _now: Time, _out: &mut Outbox<HeadersFirst>) {}
}

/// A machine with a bug that tampers with it.
pub(super) fn bugged<B: Bug>(profile: Profile, start: &Start) -> Box<dyn Machine<HeadersFirst>> {
    Box::new(Bugged { manager: manager(profile, start), bug: B::default() })
}

/// The same, with decisions changed as well.
pub(super) fn bugged_and_quirky<B: Bug>(
    profile: Profile,
    start: &Start,
    change: impl FnOnce(&mut Quirks),
) -> Box<dyn Machine<HeadersFirst>> {
    let mut manager = manager(profile, start);
    change(&mut manager.quirks);
    Box::new(Bugged { manager, bug: B::default() })
}

/// A machine that takes one decision in another way.
pub(super) fn quirky(
    profile: Profile,
    start: &Start,
    change: impl FnOnce(&mut Quirks),
) -> Box<dyn Machine<HeadersFirst>> {
    let mut manager = manager(profile, start);
    change(&mut manager.quirks);
    Box::new(manager)
}

/// The reference, to be changed.
pub(super) fn manager(profile: Profile, start: &Start) -> SyncManager {
    SyncManager::new(&Start { profile, ..start.clone() })
}

struct Bugged<B> {
    manager: SyncManager,
    bug: B,
}

impl<B: Bug> Machine<HeadersFirst> for Bugged<B> {
    fn step(&mut self, now: Time, mut input: Input<HeadersFirst>, out: &mut Outbox<HeadersFirst>) {
        let mut own = Outbox::new();
        if self.bug.before(&mut self.manager, now, &mut input, &mut own) {
            self.manager.step(now, input, &mut own);
            self.bug.after(&mut self.manager, now, &mut own);
        }
        for output in own.drain() {
            out.push(output);
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.manager.deadline()
    }

    fn restart(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        self.bug = B::default();
        self.manager.restart(now, out);
    }

    fn gauges(&self) -> Option<Gauges> {
        self.manager.gauges()
    }
}
