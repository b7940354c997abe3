//! The scheduler, fed in any order, with any batch boundaries.

use std::collections::BTreeSet;

use proptest::prelude::*;
use syncheck::families::state_sync::{ProcessError, Scheduler, Store};
use syncheck::primitives::ethereum_state::{Blob, Hash32, Nibbles};
use syncheck::world::state::{
    AccountSpec, CodeSpec, Reference, StateChain, StateSpec, StorageSpec, references,
};

fn chain(plain_accounts: u32, contracts: u32, slots: u32) -> StateChain {
    let storage = |seed| StorageSpec { seed, slots, prefix: Nibbles::default(), value_bytes: 32 };
    let account = |id| AccountSpec {
        id,
        prefix: Nibbles::default(),
        balance: 1,
        // Neighbours share a trie; some code is the node of a trie.
        storage: Some(storage(id / 2)),
        code: Some(match id % 3 {
            0 => CodeSpec::StorageRootNode { of: storage(id / 4) },
            _ => CodeSpec::Bytes { seed: id / 3, length: 100 },
        }),
    };
    let accounts = (0..contracts).map(account).collect();
    let spec = StateSpec { blocks: 0, accounts, plain_accounts, changes: Vec::new() };
    StateChain::build(&spec).expect("the description has a chain")
}

/// All that a root refers to is stored.
fn is_whole(chain: &StateChain, store: &Store, root: Hash32) -> bool {
    let mut open = vec![Reference::Node(root)];
    let mut seen = BTreeSet::new();
    while let Some(reference) = open.pop() {
        match reference {
            Reference::Code(hash) if store.has_code(&hash) => {}
            Reference::Node(hash) if store.has_node(&hash) => {
                if seen.insert(hash) {
                    references(&chain.nodes()[&hash].blob, &mut |next| open.push(next));
                }
            }
            _ => return false,
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_order_and_any_batches_build_the_whole_state(
        plain in 0..40_u32,
        contracts in 0..8_u32,
        slots in 1..20_u32,
        choices in prop::collection::vec((1..20_usize, any::<prop::sample::Index>(), any::<bool>()), 1..60),
    ) {
        prop_assume!(plain + contracts > 0);
        let chain = chain(plain, contracts, slots);
        let root = chain.blocks()[0].state_root;
        let mut store = Store::default();
        let mut scheduler = Scheduler::new(root, &store);
        let mut choices = choices.into_iter().cycle();
        let mut queue: Vec<Hash32> = Vec::new();
        let mut handed_out = BTreeSet::new();
        while scheduler.pending() > 0 {
            let (max, index, commit) = choices.next().unwrap();
            let missing = scheduler.missing(max);
            for hash in missing.nodes.into_iter().chain(missing.codes) {
                prop_assert!(
                    handed_out.insert(hash) || chain.codes().contains_key(&hash),
                    "{} is handed out twice", hash
                );
                queue.push(hash);
            }
            prop_assert!(!queue.is_empty(), "{} pending and nothing to fetch", scheduler.pending());
            let hash = queue.swap_remove(index.index(queue.len()));
            let blob = chain.find(&hash).unwrap().blob.clone();
            // One hash may be handed out for a node and for a code: the first fetch may bring both.
            let first = scheduler.process(&store, &blob);
            prop_assert!(first.is_ok() || chain.codes().contains_key(&hash), "{:?}", first);
            prop_assert!(scheduler.process(&store, &blob).is_err());
            if commit {
                let batch = scheduler.commit();
                store.write(&batch);
                for node in &batch.nodes {
                    prop_assert!(is_whole(&chain, &store, *node), "a node before its children");
                }
            }
        }
        store.write(&scheduler.commit());
        prop_assert!(is_whole(&chain, &store, root));
        prop_assert_eq!(Scheduler::new(root, &store).pending(), 0);
    }
}

#[test]
fn what_nobody_asked_for_is_refused() {
    let chain = chain(3, 0, 1);
    let store = Store::default();
    let mut scheduler = Scheduler::new(chain.blocks()[0].state_root, &store);
    let junk = Blob::new([1, 2, 3].to_vec());
    assert_eq!(scheduler.process(&store, &junk), Err(ProcessError::NotRequested));
}
