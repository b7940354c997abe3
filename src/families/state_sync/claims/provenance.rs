use crate::families::state_sync::{Event, StateSync};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::primitives::ethereum_state::{Hash32, HashTable};
use crate::trace::Step;
use crate::world::state::{Reference, references};

use super::watch::{Seen, Watch};

/// Peers cannot fill the store.
pub(super) static STORED_WAS_ASKED_FOR: Claim = Claim {
    id: "stored-was-asked-for",
    summary: "What becomes durable was delivered by a peer, and was asked for, or a delivered node \
              refers to it.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "Whatever else is stored, a peer can fill the disk with.",
    exceptions: "",
    source: "geth trie/sync.go Process: ErrNotRequested",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(Provenance {
        context: context.clone(),
        watch: Watch::default(),
        delivered: HashTable::default(),
        wanted: HashTable::default(),
        judged: 0,
    })
}

struct Provenance {
    context: Context<StateSync>,
    watch: Watch,
    delivered: HashTable<()>,
    /// What was asked for, or what delivered nodes that were wanted refer to.
    wanted: HashTable<()>,
    judged: u64,
}

impl Invariant<StateSync> for Provenance {
    fn claim(&self) -> &'static Claim {
        &STORED_WAS_ASKED_FOR
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        match self.watch.see(step) {
            Seen::Asked { hashes, .. } => {
                self.wanted.extend(hashes.iter().map(|hash| (*hash, ())));
            }
            Seen::Answered { blobs, .. } => {
                for blob in blobs.iter() {
                    self.delivered.insert(blob.hash(), ());
                    if self.wanted.contains_key(&blob.hash()) {
                        let wanted = &mut self.wanted;
                        references(blob, &mut |reference| {
                            let (Reference::Code(hash) | Reference::Node(hash)) = reference;
                            wanted.insert(hash, ());
                        });
                    }
                }
            }
            Seen::Event(Event::Written { nodes, codes, .. }) => {
                for hash in nodes.iter().chain(codes.iter()) {
                    self.check(*hash, step)?;
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

impl Provenance {
    fn check(&mut self, hash: Hash32, step: &Step<StateSync>) -> Result<(), Violation> {
        self.judged += 1;
        let got = match (self.delivered.contains_key(&hash), self.wanted.contains_key(&hash)) {
            (true, true) => return Ok(()),
            (true, false) => "nobody asked for it",
            (false, _) => "nobody sent it",
        };
        Err(Violation::new(
            &STORED_WAS_ASKED_FOR,
            format!("{} was asked for and delivered before", self.context.world.name(&hash)),
            format!("{got}; stored at {}", step.at),
        ))
    }
}
