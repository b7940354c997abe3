use std::collections::BTreeMap;

use crate::families::state_sync::StateSync;
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::primitives::ethereum_state::Hash32;
use crate::trace::Step;

use super::watch::{Seen, Watch};

/// Old wishes end with the old state.
pub(super) static ASKED_FOR_THE_PRESENT_STATE: Claim = Claim {
    id: "asked-for-the-present-state",
    summary: "While a state is synced, only what belongs to this state is asked for.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "",
    exceptions: "",
    source: "geth #3216: pending requests were kept when the trie root was switched",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let chain = &context.world.chain;
    let state = |number: u32| {
        (chain.blocks()[number as usize].state_root, chain.states_between(number, number))
    };
    let states = (0..=chain.head()).map(state).collect();
    Box::new(Present { context: context.clone(), watch: Watch::default(), states, judged: 0 })
}

struct Present {
    context: Context<StateSync>,
    watch: Watch,
    states: BTreeMap<Hash32, u64>,
    judged: u64,
}

impl Invariant<StateSync> for Present {
    fn claim(&self) -> &'static Claim {
        &ASKED_FOR_THE_PRESENT_STATE
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        let Seen::Asked { peer, hashes } = self.watch.see(step) else { return Ok(()) };
        self.judged += 1;
        let broken = |expected, got| {
            Err(Violation::new(&ASKED_FOR_THE_PRESENT_STATE, expected, got).about(peer))
        };
        let Some(root) = self.watch.running else {
            let expected = "nothing is asked for: no state is being synced".to_owned();
            return broken(expected, format!("a request to {peer} at {}", step.at));
        };
        let mark = self.states.get(&root).copied().unwrap_or(0);
        let world = &self.context.world;
        let chain = &world.chain;
        let belongs = |hash: &Hash32| {
            let node = chain.nodes().get(hash).is_some_and(|node| node.states & mark != 0);
            node || chain.codes().get(hash).is_some_and(|code| code.states & mark != 0)
        };
        match hashes.iter().find(|hash| !belongs(hash)) {
            None => Ok(()),
            Some(hash) => broken(
                format!("items of {}", world.name(&root)),
                format!("{}, asked of {peer} at {}, is none", world.name(hash), step.at),
            ),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
