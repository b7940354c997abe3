use crate::primitives::ethereum_state::Nibbles;
use crate::scenario::Scenario;
use crate::world::state::AccountSpec;

use super::{Action, FULL_BLOCKS_MIN, Misbehavior, PeerSpec, StateSync};

/// Scenarios with a smaller world or simpler peers.
pub(super) fn reductions(scenario: &Scenario<StateSync>) -> Vec<Scenario<StateSync>> {
    let mut smaller = Vec::new();
    let mut with = |edit: &dyn Fn(&mut Scenario<StateSync>)| {
        let mut candidate = scenario.clone();
        edit(&mut candidate);
        if candidate != *scenario {
            smaller.push(candidate);
        }
    };
    let chain = &scenario.world.chain;
    for blocks in [1, FULL_BLOCKS_MIN + 1, chain.blocks / 2, chain.blocks.saturating_sub(1)] {
        with(&|s| shorten(s, blocks));
    }
    with(&|s| s.world.chain.plain_accounts = 0);
    with(&|s| s.world.chain.plain_accounts /= 2);
    with(&|s| s.world.stored_state_of = None);
    for change in 0..chain.changes.len() {
        with(&|s| drop(s.world.chain.changes.remove(change)));
    }
    for account in 0..chain.accounts.len() {
        with(&|s| drop(s.world.chain.accounts.remove(account)));
        for simplify in SIMPLER_ACCOUNTS {
            with(&|s| simplify(&mut s.world.chain.accounts[account]));
        }
    }
    for (index, change) in chain.changes.iter().enumerate() {
        with(&|s| s.world.chain.changes[index].remove.clear());
        for account in 0..change.set.len() {
            with(&|s| drop(s.world.chain.changes[index].set.remove(account)));
            for simplify in SIMPLER_ACCOUNTS {
                with(&|s| simplify(&mut s.world.chain.changes[index].set[account]));
            }
        }
    }
    for (index, peer) in scenario.peers.iter().enumerate() {
        let head = peer.has.head;
        with(&|s| s.peers[index].has = PeerSpec { head, ..PeerSpec::default() });
        with(&|s| s.peers[index].has.think_ms = 0);
        with(&|s| s.peers[index].has.items_max = None);
        with(&|s| s.peers[index].has.keeps = None);
        with(&|s| s.peers[index].has.lacks = Nibbles::default());
        with(&|s| s.peers[index].has.head = chain.blocks);
        with(&|s| s.peers[index].latency_ms = s.peers[index].latency_ms.min(50));
        with(&|s| s.peers[index].sessions[0].join_ms = 0);
        for lie in 0..peer.lies.len() {
            with(&|s| s.peers[index].lies[lie].from = 0);
            with(&|s| s.peers[index].lies[lie].count = Some(1));
            if peer.lies[lie].how != (Misbehavior::AnswerTwice {}) {
                with(&|s| s.peers[index].lies[lie].count = None);
            }
        }
    }
    smaller
}

/// What can be taken from an account.
const SIMPLER_ACCOUNTS: [fn(&mut AccountSpec); 6] = [
    |account| account.storage = None,
    |account| account.code = None,
    |account| account.prefix = Nibbles::default(),
    |account| {
        if let Some(storage) = &mut account.storage {
            storage.slots = storage.slots.min(1);
        }
    },
    |account| {
        if let Some(storage) = &mut account.storage {
            storage.slots /= 2;
        }
    },
    |account| {
        if let Some(storage) = &mut account.storage {
            storage.prefix = Nibbles::default();
        }
    },
];

/// Cuts the chain, and all that names a block of it. What was near the end stays near the end.
fn shorten(scenario: &mut Scenario<StateSync>, blocks: u32) {
    let before = scenario.world.chain.blocks;
    if blocks >= before || blocks == 0 {
        return;
    }
    let cut = before - blocks;
    let shift = |block: u32| if block == 0 { 0 } else { block.saturating_sub(cut).max(1) };
    scenario.world.chain.blocks = blocks;
    let changes = std::mem::take(&mut scenario.world.chain.changes);
    let mut last = 0;
    for mut change in changes {
        change.block = shift(change.block);
        if change.block > last {
            last = change.block;
            scenario.world.chain.changes.push(change);
        }
    }
    scenario.world.stored_state_of = scenario.world.stored_state_of.map(shift);
    for peer in &mut scenario.peers {
        peer.has.head = shift(peer.has.head);
        for action in &mut peer.actions {
            let Action::Grow { to } = &mut action.what;
            *to = shift(*to);
        }
    }
}
