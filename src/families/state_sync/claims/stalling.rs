use std::collections::BTreeMap;

use crate::families::state_sync::msgrate::TTL_MS_MAX;
use crate::families::state_sync::{Event, Profile, StateSync};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Output, PeerId, Time};
use crate::trace::{Step, What};

use super::watch::{Seen, Watch};

/// Silence has an end.
pub(super) static STALLING_PEER_DROPPED: Claim = Claim {
    id: "stalling-peer-dropped",
    summary: "A peer that leaves a request of two items or fewer unanswered for a minute is \
              dropped.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Events,
    why: "A peer that does not answer the least request in a minute holds up the sync for as long \
          as it likes.",
    exceptions: "",
    source: "geth #14460, #2855: threshold of one item where two were the least",
};

/// Items of a request that any peer can answer.
const SMALL: usize = 2;

pub(super) fn make(_: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(Stalling { watch: Watch::default(), waiting: BTreeMap::new(), judged: 0 })
}

struct Stalling {
    watch: Watch,
    /// Small requests by peer, since when.
    waiting: BTreeMap<PeerId, Time>,
    judged: u64,
}

impl Invariant<StateSync> for Stalling {
    fn claim(&self) -> &'static Claim {
        &STALLING_PEER_DROPPED
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        if let What::Out {
            output: Output::Disconnect { peer, .. } | Output::Refuse { peer, .. },
            ..
        } = &step.what
        {
            self.waiting.remove(peer);
        }
        match self.watch.see(step) {
            Seen::Answered { peer, .. } | Seen::Peers { peer } => {
                self.waiting.remove(&peer);
            }
            Seen::Asked { peer, hashes } => {
                self.overdue(step.at)?;
                if hashes.len() <= SMALL {
                    self.judged += 1;
                    self.waiting.insert(peer, step.at);
                } else {
                    self.waiting.remove(&peer);
                }
                return Ok(());
            }
            // Requests of a sync that is over are waited for without consequences.
            Seen::Crashed | Seen::Event(Event::StateSyncStopped { .. }) => self.waiting.clear(),
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, end: &End<'_, StateSync>) -> Result<(), Violation> {
        self.overdue(end.at)
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Stalling {
    fn overdue(&self, now: Time) -> Result<(), Violation> {
        let late = self.waiting.iter().find(|(_, at)| now.since(**at) > TTL_MS_MAX);
        match late {
            None => Ok(()),
            Some((peer, at)) => Err(Violation::new(
                &STALLING_PEER_DROPPED,
                format!("{peer}, asked for at most {SMALL} items at {at}, answers or is dropped"),
                format!("it is still there at {now}"),
            )
            .about(*peer)),
        }
    }
}
