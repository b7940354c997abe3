use crate::families::state_sync::{Event, Profile, StateSync};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::trace::Step;

use super::watch::{Seen, Watch};

/// The count of written entries is durable too.
pub(super) static WRITTEN_ENTRIES_COUNTED: Claim = Claim {
    id: "written-entries-counted",
    summary: "The number of entries written so far goes on after a restart where it was.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Restart,
    why: "",
    exceptions: "",
    source: "geth #16224: the progress counter was not restored; statesync.go updateStats",
};

pub(super) fn make(_: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(Counted { watch: Watch::default(), total: 0, judged: 0 })
}

struct Counted {
    watch: Watch,
    total: u64,
    judged: u64,
}

impl Invariant<StateSync> for Counted {
    fn claim(&self) -> &'static Claim {
        &WRITTEN_ENTRIES_COUNTED
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        let Seen::Event(Event::Written { nodes, codes, total }) = self.watch.see(step) else {
            return Ok(());
        };
        self.judged += 1;
        self.total += (nodes.len() + codes.len()) as u64;
        if *total == self.total {
            return Ok(());
        }
        Err(Violation::new(
            &WRITTEN_ENTRIES_COUNTED,
            format!("{} entries written so far", self.total),
            format!("{total} at {}", step.at),
        ))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
