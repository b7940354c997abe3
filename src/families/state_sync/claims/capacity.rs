use std::collections::BTreeSet;

use crate::families::state_sync::{Profile, StateSync};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::PeerId;
use crate::trace::Step;

use super::watch::{Seen, Watch};

/// Junk does not buy trust.
pub(super) static USELESS_PEER_ASKED_LEAST: Claim = Claim {
    id: "useless-peer-asked-least",
    summary: "After an answer without anything of use, a peer is next asked for the least number \
              of items.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Events,
    source: "geth #17983: the throughput was measured with all items of an answer, junk included",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let useless = BTreeSet::new();
    Box::new(Capacity { context: context.clone(), watch: Watch::default(), useless, judged: 0 })
}

struct Capacity {
    context: Context<StateSync>,
    watch: Watch,
    /// The peers whose last answer had nothing of any state in it.
    useless: BTreeSet<PeerId>,
    judged: u64,
}

impl Invariant<StateSync> for Capacity {
    fn claim(&self) -> &'static Claim {
        &USELESS_PEER_ASKED_LEAST
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        match self.watch.see(step) {
            Seen::Crashed => self.useless.clear(),
            Seen::Peers { peer } => {
                self.useless.remove(&peer);
            }
            // What comes after the end of a sync is not measured by what is in it.
            Seen::Answered { peer, blobs, request: Some(_) } if self.watch.running.is_some() => {
                let chain = &self.context.world.chain;
                if blobs.iter().all(|blob| chain.find(&blob.hash()).is_none()) {
                    self.useless.insert(peer);
                }
            }
            Seen::Asked { peer, hashes } if self.useless.remove(&peer) => {
                self.judged += 1;
                let least = self.context.world.profile.items_min();
                if hashes.len() > least {
                    return Err(Violation::new(
                        &USELESS_PEER_ASKED_LEAST,
                        format!(
                            "{peer} is asked for at most {least}: its last answer was of no use"
                        ),
                        format!("{} items at {}", hashes.len(), step.at),
                    )
                    .about(peer));
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
