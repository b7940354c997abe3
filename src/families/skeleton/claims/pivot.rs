use crate::families::skeleton::{Event, Skeleton};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::trace::{Step, What};

use super::ledger::{BOTH, Durable, event_of};

/// The pivot of a snap sync that follows the skeleton.
pub(super) static PIVOT_FOLLOWS_THE_HEAD: Claim = Claim {
    id: "pivot-follows-the-head",
    summary: "The pivot stands the full distance behind the head when it is chosen, is never \
              committed stale, and does not move once it is committed.",
    strength: Strength::Profile(BOTH),
    needs: Needs::Events,
    why: "Peers keep the states of the last 128 blocks only; a committed state is executed upon.",
    exceptions: "",
    source: "geth eth/downloader/beaconsync.go `fetchHeaders`; #26453, #28126, #35402, #33150",
};

pub(super) fn follows(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    let durable = Durable::new(context.world.start());
    let distance = context.world.start().settings.pivot_distance;
    Box::new(Pivot { durable, distance, committed: false, judged: 0 })
}

struct Pivot {
    durable: Durable,
    distance: Option<u64>,
    committed: bool,
    judged: u64,
}

impl Invariant<Skeleton> for Pivot {
    fn claim(&self) -> &'static Claim {
        &PIVOT_FOLLOWS_THE_HEAD
    }

    fn observe(&mut self, step: &Step<Skeleton>) -> Result<(), Violation> {
        if matches!(step.what, What::Crashed { .. }) {
            return Ok(());
        }
        let Some(event) = event_of(step) else { return Ok(()) };
        self.durable.note(event);
        let head = self.durable.primary().map_or(0, |primary| primary.head);
        let distance = self.distance.unwrap_or(0);
        let breach = |expected: String, got: String| {
            Err(Violation::new(&PIVOT_FOLLOWS_THE_HEAD, expected, got))
        };
        match event {
            Event::Pivot { number } => {
                self.judged += 1;
                if self.committed {
                    return breach("a committed pivot stays".into(), format!("pivot {number}"));
                }
                if number.saturating_add(distance) != head {
                    let expected = format!("pivot {distance} behind head {head}");
                    return breach(expected, format!("pivot {number}"));
                }
            }
            Event::PivotCommitted { number } => {
                self.judged += 1;
                self.committed = true;
                // geth: stale when the head is more than 2*64-8 ahead.
                if head.saturating_add(8) > number.saturating_add(2 * distance) {
                    let expected = format!("a pivot less than {} behind {head}", 2 * distance - 8);
                    return breach(expected, format!("pivot {number} is committed"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
