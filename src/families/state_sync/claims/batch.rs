use crate::families::state_sync::{Event, StateSync};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::primitives::ethereum_state::Hash32;
use crate::trace::Step;
use crate::world::state::{Reference, references};

use super::watch::{Durable, Seen, Watch};

/// No crash leaves a node without what it refers to.
pub(super) static CHILDREN_BEFORE_PARENTS: Claim = Claim {
    id: "children-before-parents",
    summary: "When a trie node becomes durable, all nodes and code that it refers to are durable, \
              at the latest in the same atomic step.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "A node that is present is taken for its whole subtrie, so what a crash leaves out is \
          never looked for.",
    exceptions: "",
    source: "geth trie/sync.go: a present node stands for its whole subtrie; #19929, #21080",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let durable = Durable::at_start(&context.world);
    Box::new(Batches { context: context.clone(), watch: Watch::default(), durable, judged: 0 })
}

struct Batches {
    context: Context<StateSync>,
    watch: Watch,
    durable: Durable,
    judged: u64,
}

impl Invariant<StateSync> for Batches {
    fn claim(&self) -> &'static Claim {
        &CHILDREN_BEFORE_PARENTS
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        let Seen::Event(event @ Event::Written { nodes, .. }) = self.watch.see(step) else {
            return Ok(());
        };
        self.durable.write(event);
        nodes.iter().try_for_each(|hash| self.check(*hash, step))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Batches {
    fn check(&mut self, hash: Hash32, step: &Step<StateSync>) -> Result<(), Violation> {
        let Some(stored) = self.context.world.chain.nodes().get(&hash) else { return Ok(()) };
        self.judged += 1;
        let mut absent = None;
        references(&stored.blob, &mut |reference| {
            let present = match reference {
                Reference::Code(hash) => self.durable.codes.contains_key(&hash),
                Reference::Node(hash) => self.durable.nodes.contains_key(&hash),
            };
            if !present {
                absent = Some(reference);
            }
        });
        let world = &self.context.world;
        match absent {
            None => Ok(()),
            Some(reference) => Err(Violation::new(
                &CHILDREN_BEFORE_PARENTS,
                format!("{}, durable at {}, has all that it refers to", world.name(&hash), step.at),
                format!("{} is not durable", world.name(&reference.hash())),
            )),
        }
    }
}
