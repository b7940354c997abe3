use crate::families::state_sync::{Event, StateSync};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::primitives::ethereum_state::{EMPTY_ROOT, Hash32, HashTable};
use crate::trace::Step;
use crate::world::state::{Reference, references};

use super::watch::{Durable, Seen, Watch};

/// A state that is said to be whole is whole.
pub(super) static FINISHED_STATE_COMPLETE: Claim = Claim {
    id: "finished-state-complete",
    summary: "When the sync of a state ends well, or a pivot is committed, its state is durable \
              down to the last storage node and code; blocks are executed on such a state only.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "Execution on a state with holes ends in a wrong root, long after the sync is over.",
    exceptions: "",
    source: "geth #21080: a code blob answered for a trie node; #28163, #28595: dangling nodes",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let durable = Durable::at_start(&context.world);
    let (watch, whole) = (Watch::default(), HashTable::default());
    let context = context.clone();
    Box::new(Complete { context, watch, durable, whole, executed: 0, judged: 0 })
}

struct Complete {
    context: Context<StateSync>,
    watch: Watch,
    durable: Durable,
    /// Nodes below which nothing is missing.
    whole: HashTable<()>,
    /// The last block whose state is there because it was executed, or committed as pivot.
    executed: u32,
    judged: u64,
}

impl Invariant<StateSync> for Complete {
    fn claim(&self) -> &'static Claim {
        &FINISHED_STATE_COMPLETE
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        let Seen::Event(event) = self.watch.see(step) else { return Ok(()) };
        self.durable.write(event);
        let root = match event {
            Event::StateSyncStopped { root, error: None } => *root,
            Event::PivotCommitted { number } => {
                let Some(block) = self.context.world.chain.blocks().get(*number as usize) else {
                    return Ok(());
                };
                self.executed = self.executed.max(*number);
                block.state_root
            }
            Event::Imported { from, to } => {
                if *from > self.executed + 1 {
                    return Err(Violation::new(
                        &FINISHED_STATE_COMPLETE,
                        format!("execution goes on after block {}", self.executed),
                        format!("blocks {from} to {to} are executed at {}", step.at),
                    ));
                }
                self.executed = self.executed.max(*to);
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.judged += 1;
        let absent = self.walk(root);
        let world = &self.context.world;
        match absent {
            None => Ok(()),
            Some(absent) => Err(Violation::new(
                &FINISHED_STATE_COMPLETE,
                format!("{} is whole", world.name(&root)),
                format!("{} is not durable at {}", world.name(&absent.hash()), step.at),
            )),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Complete {
    /// The first item under a root that is not durable.
    fn walk(&mut self, root: Hash32) -> Option<Reference> {
        if root == EMPTY_ROOT {
            return None;
        }
        let mut open = vec![Reference::Node(root)];
        while let Some(reference) = open.pop() {
            match reference {
                Reference::Code(hash) if self.durable.codes.contains_key(&hash) => {}
                Reference::Node(hash) if self.durable.nodes.contains_key(&hash) => {
                    if self.whole.insert(hash, ()).is_none()
                        && let Some(stored) = self.context.world.chain.nodes().get(&hash)
                    {
                        references(&stored.blob, &mut |next| open.push(next));
                    }
                }
                absent => return Some(absent),
            }
        }
        None
    }
}
