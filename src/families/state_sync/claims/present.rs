use std::collections::BTreeMap;

use crate::families::state_sync::{Event, StateSync};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{PeerId, Time};
use crate::primitives::ethereum_state::Hash32;
use crate::trace::Step;

use super::watch::{Seen, Watch};

/// Old wishes end with the old state.
pub(super) static ASKED_FOR_THE_PRESENT_STATE: Claim = Claim {
    id: "asked-for-the-present-state",
    summary: "While a state is synced, only what belongs to this state is asked for.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "A state that is left will not be finished: what is asked for on its behalf is thrown \
          away, and peers that have pruned it count as useless.",
    exceptions: "Subjects that do not say when the sync of a state begins; what is asked for at the \
                 very instant at which one state follows another.",
    source: "geth #3216: pending requests were kept when the trie root was switched",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let chain = &context.world.chain;
    let state = |number: u32| {
        (chain.blocks()[number as usize].state_root, chain.states_between(number, number))
    };
    let states = (0..=chain.head()).map(state).collect();
    Box::new(Present {
        context: context.clone(),
        watch: Watch::default(),
        states,
        says: false,
        now: Time::ZERO,
        roots: Vec::new(),
        asked: Vec::new(),
        judged: 0,
    })
}

struct Present {
    context: Context<StateSync>,
    watch: Watch,
    states: BTreeMap<Hash32, u64>,
    /// Whether the subject says which state it syncs.
    says: bool,
    now: Time,
    /// The states that were synced at this instant.
    roots: Vec<Hash32>,
    /// What was asked for at this instant: the items of the state that was synced then are gone
    /// already.
    asked: Vec<(PeerId, Hash32)>,
    judged: u64,
}

impl Invariant<StateSync> for Present {
    fn claim(&self) -> &'static Claim {
        &ASKED_FOR_THE_PRESENT_STATE
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        if step.at > self.now {
            self.end_instant()?;
            self.now = step.at;
        }
        match self.watch.see(step) {
            Seen::Event(Event::StateSyncStarted { root }) => {
                self.says = true;
                self.roots.push(*root);
            }
            Seen::Asked { peer, hashes } => {
                self.judged += 1;
                let mark = self.mark(self.watch.running.as_slice());
                let other = hashes.iter().filter(|hash| !self.belongs(mark, hash));
                let other: Vec<_> = other.map(|hash| (peer, *hash)).collect();
                self.asked.extend(other);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, _end: &End<'_, StateSync>) -> Result<(), Violation> {
        self.end_instant()
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Present {
    /// The mark of all states with these roots.
    fn mark(&self, roots: &[Hash32]) -> u64 {
        roots.iter().filter_map(|root| self.states.get(root)).fold(0, |all, mark| all | mark)
    }

    fn belongs(&self, mark: u64, hash: &Hash32) -> bool {
        let chain = &self.context.world.chain;
        let node = chain.nodes().get(hash).is_some_and(|node| node.states & mark != 0);
        node || chain.codes().get(hash).is_some_and(|code| code.states & mark != 0)
    }

    /// What happens at one instant has no order: it is judged by all states that were synced then.
    fn end_instant(&mut self) -> Result<(), Violation> {
        let roots = std::mem::replace(&mut self.roots, self.watch.running.into_iter().collect());
        let mark = self.mark(&roots);
        for (peer, hash) in std::mem::take(&mut self.asked) {
            if !self.says || self.belongs(mark, &hash) {
                continue;
            }
            let world = &self.context.world;
            let expected = match roots[..] {
                [] => "nothing is asked for: no state is being synced".to_owned(),
                [.., root] => format!("items of {}", world.name(&root)),
            };
            let got = format!("{}, asked of {peer} at {}", world.name(&hash), self.now);
            return Err(Violation::new(&ASKED_FOR_THE_PRESENT_STATE, expected, got).about(peer));
        }
        Ok(())
    }
}
