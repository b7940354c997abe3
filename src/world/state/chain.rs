use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::ethereum_state::{Account, Blob, Child, EMPTY_ROOT, Hash32, Header, Node};

use super::build::StateBuilder;
use super::{StateError, StateSpec, Stored, StoredTable};

/// A chain of blocks and all that their states are made of.
#[derive(Debug)]
pub struct StateChain {
    blocks: Vec<Block>,
    /// For each block the index of its state.
    state_of: Vec<u8>,
    nodes: StoredTable,
    codes: StoredTable,
}

/// A block, as far as it matters to the sync of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// The hash of its header.
    pub hash: Hash32,
    /// The root of the state after it.
    pub state_root: Hash32,
}

/// What a trie node refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// A contract's code.
    Code(Hash32),
    /// A trie node: a child, or the root of an account's storage.
    Node(Hash32),
}

impl Reference {
    /// The hash of what is referred to.
    pub const fn hash(self) -> Hash32 {
        let (Self::Code(hash) | Self::Node(hash)) = self;
        hash
    }
}

impl StateChain {
    /// Builds the chain.
    ///
    /// # Errors
    /// When the description has no chain; the error names the field.
    pub fn build(spec: &StateSpec) -> Result<Self, StateError> {
        spec.check()?;
        let mut builder = StateBuilder::new(spec);
        let mut root = builder.finish(1)?;
        let mut changes = spec.changes.iter().peekable();
        let mut blocks = Vec::with_capacity(spec.blocks as usize + 1);
        let mut state_of = Vec::with_capacity(spec.blocks as usize + 1);
        let (mut parent, mut state) = (Hash32::ZERO, 0);
        for number in 0..=spec.blocks {
            if let Some(change) = changes.next_if(|change| change.block == number) {
                state += 1;
                builder.change(&change.set, &change.remove);
                root = builder.finish(1 << state)?;
            }
            let header = Header { parent, state_root: root, number: u64::from(number) };
            parent = Hash32::of(&header.encode());
            blocks.push(Block { hash: parent, state_root: root });
            state_of.push(state);
        }
        let StateBuilder { mut nodes, mut codes, .. } = builder;
        nodes.pack();
        codes.pack();
        Ok(Self { blocks, state_of, nodes, codes })
    }

    /// A chain of one block, with a state that was built elsewhere.
    pub fn of_state(state_root: Hash32, blocks: u32, nodes: Vec<Blob>, codes: Vec<Blob>) -> Self {
        let stored = |blobs: Vec<Blob>| {
            let mut table = StoredTable::default();
            blobs.into_iter().for_each(|blob| table.add(blob, 1));
            table.pack();
            table
        };
        let (mut parent, mut chain) = (Hash32::ZERO, Vec::new());
        for number in 0..=u64::from(blocks) {
            parent = Hash32::of(&Header { parent, state_root, number }.encode());
            chain.push(Block { hash: parent, state_root });
        }
        Self {
            state_of: vec![0; chain.len()],
            blocks: chain,
            nodes: stored(nodes),
            codes: stored(codes),
        }
    }

    /// The blocks from genesis on.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The number of the last block.
    pub fn head(&self) -> u32 {
        self.blocks.len() as u32 - 1
    }

    /// All trie nodes of all states.
    pub fn nodes(&self) -> &StoredTable {
        &self.nodes
    }

    /// All code of all states.
    pub fn codes(&self) -> &StoredTable {
        &self.codes
    }

    /// The bits of the states of the blocks from `first` to `last`, both included.
    pub fn states_between(&self, first: u32, last: u32) -> u64 {
        let last = last.min(self.head());
        if first > last {
            return 0;
        }
        let (low, high) = (self.state_of[first as usize], self.state_of[last as usize]);
        (u64::MAX >> (63 - (high - low))) << low
    }

    /// The trie node or code of this hash, nodes first.
    pub fn find(&self, hash: &Hash32) -> Option<&Stored> {
        self.nodes.get(hash).or_else(|| self.codes.get(hash))
    }
}

/// Calls `each` with all that a trie node refers to. A leaf whose value reads as an account is one:
/// values of storage slots are no lists.
pub fn references(blob: &Blob, each: &mut dyn FnMut(Reference)) {
    let Ok(node) = Node::decode(blob.bytes()) else { return };
    node.walk(&mut Vec::new(), &mut |_, child| match child {
        Child::Hash(hash) => each(Reference::Node(hash)),
        Child::Value(value) => {
            let Ok(account) = Account::decode(value) else { return };
            if account.storage_root != EMPTY_ROOT {
                each(Reference::Node(account.storage_root));
            }
            if account.code_hash != Account::EMPTY_CODE {
                each(Reference::Code(account.code_hash));
            }
        }
        Child::Embedded(_) | Child::Empty => {}
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::primitives::ethereum_state::Nibbles;
    use crate::world::state::{AccountSpec, ChangeSpec, CodeSpec, StorageSpec};

    fn account(id: u32) -> AccountSpec {
        AccountSpec { id, prefix: Nibbles::default(), balance: 1, storage: None, code: None }
    }

    fn storage(seed: u32, slots: u32, prefix: usize, value_bytes: u8) -> StorageSpec {
        StorageSpec { seed, slots, prefix: Nibbles::new(vec![3; prefix]), value_bytes }
    }

    /// All that can be reached from a root.
    fn reach(chain: &StateChain, root: Hash32) -> BTreeSet<Reference> {
        let mut seen = BTreeSet::new();
        let mut open = vec![Reference::Node(root)];
        while let Some(reference) = open.pop() {
            if seen.insert(reference)
                && let Reference::Node(hash) = reference
            {
                references(&chain.nodes()[&hash].blob, &mut |next| open.push(next));
            }
        }
        seen
    }

    #[test]
    fn each_state_can_be_reached_and_nothing_else_is_marked() {
        let shared = storage(1, 9, 0, 32);
        let spec = StateSpec {
            blocks: 10,
            accounts: vec![
                AccountSpec { storage: Some(shared.clone()), ..account(1) },
                AccountSpec { storage: Some(shared.clone()), ..account(2) },
                AccountSpec {
                    code: Some(CodeSpec::StorageRootNode { of: shared }),
                    storage: Some(storage(2, 4, 50, 1)),
                    ..account(3)
                },
            ],
            plain_accounts: 20,
            changes: vec![
                ChangeSpec { block: 4, set: vec![account(9)], remove: vec![1] },
                ChangeSpec { block: 5, set: vec![account(2)], remove: vec![] },
            ],
        };
        let chain = StateChain::build(&spec).unwrap();
        for number in [0, 4, 5, 10] {
            let mark = chain.states_between(number, number);
            assert_eq!(mark.count_ones(), 1);
            let reached = reach(&chain, chain.blocks()[number as usize].state_root);
            let nodes =
                chain.nodes().values().map(|node| (Reference::Node(node.blob.hash()), node));
            let codes =
                chain.codes().values().map(|code| (Reference::Code(code.blob.hash()), code));
            for (reference, stored) in nodes.chain(codes) {
                assert_eq!(reached.contains(&reference), stored.states & mark != 0);
            }
        }
        assert_eq!(chain.states_between(0, 10), 0b111);
        assert_eq!(chain.states_between(3, 4), 0b011);
        assert_eq!(chain.states_between(6, 4), 0);
        let both = chain.codes().keys().filter(|hash| chain.nodes().contains_key(hash)).count();
        assert_eq!(both, 1);
    }

    #[test]
    fn short_leaves_under_a_long_prefix_are_embedded() {
        let spec = StateSpec {
            blocks: 0,
            accounts: vec![AccountSpec { storage: Some(storage(2, 5, 50, 1)), ..account(3) }],
            ..StateSpec::default()
        };
        let chain = StateChain::build(&spec).unwrap();
        // The account's leaf, and an extension over a branch that holds all five leaves.
        assert_eq!(chain.nodes().len(), 3);
    }

    #[test]
    fn a_description_out_of_bounds_is_refused() {
        let twice = StateSpec { accounts: vec![account(1), account(1)], ..StateSpec::default() };
        assert_eq!(StateChain::build(&twice).unwrap_err().field, "accounts[1].id");
        let late = StateSpec {
            changes: vec![ChangeSpec { block: 1, set: vec![], remove: vec![] }],
            ..StateSpec::default()
        };
        assert_eq!(StateChain::build(&late).unwrap_err().field, "changes[0].block");
    }
}
