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
    source: "geth #16280: cancelled syncs threw away what was not yet written",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let durable = Durable::at_start(&context.world);
    Box::new(Stop {
        watch: Watch::default(),
        durable,
        wanted_nodes: HashTable::default(),
        wanted_codes: HashTable::default(),
        delivered: HashTable::default(),
        judged: 0,
    })
}

struct Stop {
    watch: Watch,
    durable: Durable,
    wanted_nodes: HashTable<()>,
    wanted_codes: HashTable<()>,
    delivered: HashTable<Blob>,
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
                        self.judged += u64::from(!self.delivered.is_empty());
                        self.forget();
                        if let Some(lost) = lost {
                            return Err(Violation::new(
                                &STOP_LOSES_NOTHING,
                                format!("{lost:?} is durable: it came with all below it"),
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
        self.delivered.clear();
    }

    /// Takes a blob if something that came before it refers to it.
    fn take(&mut self, blob: &Blob) {
        let hash = blob.hash();
        let is_node = self.wanted_nodes.contains_key(&hash);
        if !is_node && !self.wanted_codes.contains_key(&hash) {
            return;
        }
        self.delivered.insert(hash, blob.clone());
        if is_node {
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
        self.delivered.values().find_map(|blob| {
            let hash = blob.hash();
            let code = self.wanted_codes.contains_key(&hash);
            let node = self.wanted_nodes.contains_key(&hash);
            if code && !self.durable.codes.contains_key(&hash) {
                return Some(Reference::Code(hash));
            }
            let mut whole = node && !self.durable.nodes.contains_key(&hash);
            if whole {
                // What it refers to is durable: so it would be whole itself.
                references(blob, &mut |reference| {
                    whole &= match reference {
                        Reference::Code(hash) => self.durable.codes.contains_key(&hash),
                        Reference::Node(hash) => self.durable.nodes.contains_key(&hash),
                    };
                });
            }
            whole.then_some(Reference::Node(hash))
        })
    }
}
