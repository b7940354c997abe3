use crate::families::state_sync::{Event, StateSync};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::primitives::ethereum_state::{Blob, HashTable};
use crate::trace::Step;
use crate::world::state::{Reference, references};

use super::watch::{Durable, Seen, Watch};

/// What is finished survives the end of a sync.
pub(super) static STOP_LOSES_NOTHING: Claim = Claim {
    id: "stop-loses-nothing",
    summary: "When the sync of a state stops, for whatever reason, all code and all whole subtries \
              that were delivered are durable.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "A sync is stopped at each move of the pivot; what each stop throws away must be fetched \
          again.",
    exceptions: "The death of the process.",
    source: "geth #16280: cancelled syncs threw away what was not yet written",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let durable = Durable::at_start(&context.world);
    Box::new(Stop {
        context: context.clone(),
        watch: Watch::default(),
        durable,
        wanted_nodes: HashTable::default(),
        wanted_codes: HashTable::default(),
        delivered_nodes: HashTable::default(),
        delivered_codes: HashTable::default(),
        judged: 0,
    })
}

struct Stop {
    context: Context<StateSync>,
    watch: Watch,
    durable: Durable,
    wanted_nodes: HashTable<()>,
    wanted_codes: HashTable<()>,
    delivered_nodes: HashTable<Blob>,
    delivered_codes: HashTable<()>,
    judged: u64,
}

impl Invariant<StateSync> for Stop {
    fn claim(&self) -> &'static Claim {
        &STOP_LOSES_NOTHING
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        let running = self.watch.running;
        match self.watch.see(step) {
            Seen::Crashed => self.forget(),
            Seen::Answered { blobs, request: Some(_), .. } if running.is_some() => {
                blobs.iter().for_each(|blob| self.take(blob));
            }
            Seen::Event(event) => {
                self.durable.write(event);
                match event {
                    Event::StateSyncStarted { root } => {
                        self.forget();
                        self.wanted_nodes.insert(*root, ());
                    }
                    Event::StateSyncStopped { .. } => {
                        let lost = self.lost();
                        let some =
                            !self.delivered_nodes.is_empty() || !self.delivered_codes.is_empty();
                        self.judged += u64::from(some);
                        self.forget();
                        if let Some(lost) = lost {
                            return Err(Violation::new(
                                &STOP_LOSES_NOTHING,
                                format!(
                                    "{} is durable: it came, with all below it",
                                    self.context.world.name(&lost.hash())
                                ),
                                format!("it is not when the sync stops at {}", step.at),
                            ));
                        }
                    }
                    _ => {}
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

impl Stop {
    fn forget(&mut self) {
        self.wanted_nodes.clear();
        self.wanted_codes.clear();
        self.delivered_nodes.clear();
        self.delivered_codes.clear();
    }

    /// Takes a blob if something that came before it refers to it.
    fn take(&mut self, blob: &Blob) {
        let hash = blob.hash();
        if self.wanted_codes.contains_key(&hash) {
            self.delivered_codes.insert(hash, ());
        }
        if self.wanted_nodes.contains_key(&hash) {
            self.delivered_nodes.insert(hash, blob.clone());
            references(blob, &mut |reference| {
                match reference {
                    Reference::Code(hash) => self.wanted_codes.insert(hash, ()),
                    Reference::Node(hash) => self.wanted_nodes.insert(hash, ()),
                };
            });
        }
    }

    /// Something that was delivered whole and is not durable.
    fn lost(&self) -> Option<Reference> {
        let durable = |reference: Reference| match reference {
            Reference::Code(hash) => self.durable.codes.contains_key(&hash),
            Reference::Node(hash) => self.durable.nodes.contains_key(&hash),
        };
        let lost_code = self.delivered_codes.keys().map(|hash| Reference::Code(*hash));
        let lost_node = self.delivered_nodes.values().filter(|blob| {
            // When all that it refers to is durable, it is whole itself.
            let mut whole = true;
            references(blob, &mut |reference| whole &= durable(reference));
            whole
        });
        let lost_node = lost_node.map(|blob| Reference::Node(blob.hash()));
        lost_code.chain(lost_node).find(|reference| !durable(*reference))
    }
}
