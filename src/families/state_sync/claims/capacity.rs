use std::collections::BTreeSet;

use crate::families::state_sync::{Event, Profile, StateSync};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::PeerId;
use crate::primitives::ethereum_state::{Blob, HashTable};
use crate::trace::Step;
use crate::world::state::references;

use super::watch::{Seen, Watch};

/// Junk does not buy trust.
pub(super) static USELESS_PEER_ASKED_LEAST: Claim = Claim {
    id: "useless-peer-asked-least",
    summary: "After an answer without anything of use, a peer is next asked for the least number \
              of items.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Events,
    why: "Otherwise junk buys trust, and a liar gets the largest requests.",
    exceptions: "Which of several equal peers is asked first is left open.",
    source: "geth #17983: the throughput was measured with all items of an answer, junk included",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(Capacity {
        context: context.clone(),
        watch: Watch::default(),
        useless: BTreeSet::new(),
        asked: BTreeSet::new(),
        wanted: HashTable::default(),
        judged: 0,
    })
}

struct Capacity {
    context: Context<StateSync>,
    watch: Watch,
    /// The peers whose last answer had nothing in it that could be wanted.
    useless: BTreeSet<PeerId>,
    /// Who was asked in the sync that goes on.
    asked: BTreeSet<PeerId>,
    /// The root of the state that is synced, and all that what came of it refers to.
    wanted: HashTable<()>,
    judged: u64,
}

impl Invariant<StateSync> for Capacity {
    fn claim(&self) -> &'static Claim {
        &USELESS_PEER_ASKED_LEAST
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        match self.watch.see(step) {
            Seen::Crashed => {
                self.useless.clear();
                self.asked.clear();
            }
            Seen::Peers { peer } => {
                self.useless.remove(&peer);
                self.asked.remove(&peer);
            }
            // What was asked for in a sync that is over is not measured by what is in the answer.
            Seen::Event(Event::StateSyncStarted { root }) => {
                self.asked.clear();
                self.wanted.clear();
                self.wanted.insert(*root, ());
            }
            Seen::Answered { peer, blobs, request } if self.watch.running.is_some() => {
                let of_use = self.take(blobs);
                if !of_use && request.is_some() && self.asked.contains(&peer) {
                    self.useless.insert(peer);
                }
            }
            Seen::Asked { peer, hashes } => {
                self.asked.insert(peer);
                if self.useless.remove(&peer) {
                    self.judged += 1;
                    return self.judge(peer, hashes.len(), step);
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

impl Capacity {
    /// Takes what came. Returns whether something of it could be wanted.
    fn take(&mut self, blobs: &[Blob]) -> bool {
        let mut of_use = false;
        for blob in blobs {
            if self.wanted.contains_key(&blob.hash()) {
                of_use = true;
                references(blob, &mut |next| {
                    self.wanted.insert(next.hash(), ());
                });
            }
        }
        of_use
    }

    /// Judges what is asked of a peer whose last answer was of no use.
    fn judge(&self, peer: PeerId, items: usize, step: &Step<StateSync>) -> Result<(), Violation> {
        let least = self.context.world.profile.items_min();
        if items <= least {
            return Ok(());
        }
        let expected =
            format!("{peer} is asked for at most {least}: its last answer was of no use");
        let got = format!("{items} items at {}", step.at);
        Err(Violation::new(&USELESS_PEER_ASKED_LEAST, expected, got).about(peer))
    }
}
