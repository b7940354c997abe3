use crate::families::state_sync::{Event, Profile, StateSync};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::Family;
use crate::primitives::ethereum_state::Blob;
use crate::trace::Step;

use super::watch::{Seen, Watch};

/// The count of entries is durable too.
pub(super) static WRITTEN_ENTRIES_COUNTED: Claim = Claim {
    id: "written-entries-counted",
    summary: "The number of entries that were taken so far goes on after a restart where it was: it \
              never falls, covers all that is written, and counts nothing that nobody has sent.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Restart,
    why: "The number is what people see of a sync that takes days.",
    exceptions: "geth counts blobs, not entries (v1.10.13 eth/downloader/statesync.go \
                 `numUncommitted`): one that is node and code at once counts once, and one that waits \
                 for what it refers to counts with the next write.",
    source: "geth #16224: the progress counter was not restored; statesync.go updateStats",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let (context, watch) = (context.clone(), Watch::default());
    Box::new(Counted { context, watch, total: 0, least: 0, most: 0, judged: 0 })
}

struct Counted {
    context: Context<StateSync>,
    watch: Watch,
    /// What was said last.
    total: u64,
    /// Entries that were written, those that are node and code at once left out of the codes.
    least: u64,
    /// Entries that have come.
    most: u64,
    judged: u64,
}

impl Invariant<StateSync> for Counted {
    fn claim(&self) -> &'static Claim {
        &WRITTEN_ENTRIES_COUNTED
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        let (nodes, codes, total) = match self.watch.see(step) {
            Seen::Answered { blobs, .. } => {
                let world = &self.context.world;
                let two = |blob: &&Blob| StateSync::is_two_items(world, blob.hash());
                self.most += (blobs.len() + blobs.iter().filter(two).count()) as u64;
                return Ok(());
            }
            Seen::Event(Event::Written { nodes, codes, total }) => (nodes, codes, *total),
            _ => return Ok(()),
        };
        self.judged += 1;
        let known = self.context.world.chain.nodes();
        let only_codes = codes.iter().filter(|hash| !known.contains_key(hash)).count();
        self.least += (nodes.len() + only_codes) as u64;
        let least = self.least.max(self.total);
        if (least..=self.most).contains(&total) {
            self.total = total;
            return Ok(());
        }
        Err(Violation::new(
            &WRITTEN_ENTRIES_COUNTED,
            format!("{least} to {} entries so far", self.most),
            format!("{total} at {}", step.at),
        ))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
