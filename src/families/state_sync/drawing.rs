use crate::primitives::ethereum_state::{Account, Child, EMPTY_ROOT, Hash32, HashTable, Node};
use crate::scenario::{BoxKind, Drawing, Link, NoteKind, PictureBox, Scenario};

use super::{Action, StateSync, World};

/// The most nodes that are drawn.
const BOXES_MAX: usize = 80;

/// Leaves beside each other of which no more than this are drawn one by one.
const LEAVES_MAX: usize = 3;

/// The tries of all states from their roots to the right: nodes, accounts, their storage and code.
pub(super) fn drawing(scenario: &Scenario<StateSync>, world: &World) -> Drawing {
    let mut tries = Tries {
        world,
        held: world.stored_mark(),
        places: HashTable::default(),
        drawing: Drawing::default(),
        hidden: 0,
    };
    let mut states: Vec<(Hash32, u32, u32)> = Vec::new();
    for (block, number) in world.chain.blocks().iter().zip(0..) {
        match states.last_mut() {
            Some((root, _, last)) if *root == block.state_root => *last = number,
            _ => states.push((block.state_root, number, number)),
        }
    }
    let mut rows = 0;
    for (root, ..) in &states {
        if *root != EMPTY_ROOT {
            rows = tries.enter(*root, 0, rows, None);
        } else if !tries.places.contains_key(root) {
            tries.place(*root, (0, rows), "empty state".to_owned());
            rows += 1;
        }
    }
    tries.note_roots(scenario, &states);
    tries.note_lacks(scenario);
    let total = world.chain.nodes().len() + world.chain.codes().len();
    let empty = usize::from(tries.places.contains_key(&EMPTY_ROOT));
    let drawn = tries.drawing.boxes.len() - empty + tries.hidden;
    let mut drawing = tries.drawing;
    drawing.caption = "The state tries, roots on the left".to_owned();
    let columns = drawing.boxes.iter().map(|its| its.column as usize + 1).max().unwrap_or(0);
    drawing.columns = vec![String::new(); columns];
    drawing.rows = vec![String::new(); rows];
    let left_out = total.saturating_sub(drawn);
    drawing.left_out = (left_out > 0).then(|| format!("{left_out} trie nodes and codes"));
    drawing
}

struct Tries<'a> {
    world: &'a World,
    /// The bit of the state that the subject has at the start.
    held: u64,
    places: HashTable<usize>,
    drawing: Drawing,
    /// Leaves that stand in a box together with others, beyond the one that it counts for.
    hidden: usize,
}

impl Tries<'_> {
    /// Draws an item at the next free row and all below it; what is drawn already is only linked.
    /// The first item below stands beside it. Returns the next free row.
    fn enter(&mut self, hash: Hash32, depth: usize, row: usize, parent: Option<usize>) -> usize {
        let drawn = self.places.get(&hash).copied();
        if drawn.is_none() && self.drawing.boxes.len() >= BOXES_MAX {
            return row;
        }
        let index = drawn.unwrap_or_else(|| self.place(hash, (depth, row), self.world.name(&hash)));
        if let Some(parent) = parent {
            self.drawing.links.push(Link::new(parent, index));
        }
        if drawn.is_some() {
            return row;
        }
        let is_leaf = |hash: &Hash32| {
            self.world.chain.nodes().contains_key(hash) && self.below(*hash).is_empty()
        };
        let (mut leaves, inner): (Vec<Hash32>, Vec<Hash32>) =
            self.below(hash).into_iter().partition(is_leaf);
        let mut next = row;
        if leaves.len() > LEAVES_MAX {
            next = self.place_together(&leaves, (depth + 1, next), index);
            leaves.clear();
        }
        for child in inner.into_iter().chain(leaves) {
            next = self.enter(child, depth + 1, next, Some(index));
        }
        next.max(row + 1)
    }

    /// One box for many leaves.
    fn place_together(&mut self, leaves: &[Hash32], at: (usize, usize), parent: usize) -> usize {
        if self.drawing.boxes.len() >= BOXES_MAX {
            return at.1;
        }
        let index = self.place(leaves[0], at, format!("{} leaves", leaves.len()));
        self.places.extend(leaves.iter().map(|leaf| (*leaf, index)));
        self.drawing.links.push(Link::new(parent, index));
        self.hidden += leaves.len() - 1;
        at.1 + 1
    }

    fn place(&mut self, hash: Hash32, (depth, row): (usize, usize), label: String) -> usize {
        let index = self.drawing.boxes.len();
        let mut its = PictureBox::new(depth, row, label);
        if self.world.chain.find(&hash).is_some_and(|stored| stored.states & self.held != 0) {
            its.kind = BoxKind::Held;
        }
        self.drawing.boxes.push(its);
        self.places.insert(hash, index);
        index
    }

    /// What an item refers to, each once: nodes, storage roots, code.
    fn below(&self, hash: Hash32) -> Vec<Hash32> {
        let mut found: Vec<Hash32> = Vec::new();
        let Some(stored) = self.world.chain.nodes().get(&hash) else { return found };
        let Ok(node) = Node::decode(stored.blob.bytes()) else { return found };
        node.walk(&mut Vec::new(), &mut |_, child| match child {
            Child::Hash(hash) => found.push(hash),
            Child::Value(value) => {
                let Ok(account) = Account::decode(value) else { return };
                let refers = [
                    (account.storage_root, account.storage_root != EMPTY_ROOT),
                    (account.code_hash, account.code_hash != Account::EMPTY_CODE),
                ];
                found.extend(refers.iter().filter(|(_, is)| *is).map(|(hash, _)| *hash));
            }
            Child::Embedded(_) | Child::Empty => {}
        });
        found.dedup();
        found
    }

    fn note(&mut self, hash: Hash32, kind: NoteKind, words: String) {
        if let Some(index) = self.places.get(&hash) {
            self.drawing.boxes[*index].note(kind, words);
        }
    }

    /// The blocks of each state, and the peers at them.
    fn note_roots(&mut self, scenario: &Scenario<StateSync>, states: &[(Hash32, u32, u32)]) {
        for (root, first, last) in states {
            let blocks = if first == last {
                format!("block {first}")
            } else {
                format!("blocks {first}..{last}")
            };
            self.note(*root, NoteKind::About, blocks);
        }
        if let Some(block) = scenario.world.stored_state_of
            && let Some(block) = self.world.chain.blocks().get(block as usize)
        {
            self.note(block.state_root, NoteKind::Subject, "stored".to_owned());
        }
        let state_of = |number: u32| {
            let blocks = self.world.chain.blocks();
            blocks.get(number as usize).map(|block| block.state_root)
        };
        let mut heads = Vec::new();
        for peer in &scenario.peers {
            let (id, head) = (peer.id, peer.has.head);
            heads.push((state_of(head), format!("{id} at block {head}")));
            for action in &peer.actions {
                let Action::Grow { to } = action.what;
                heads.push((state_of(to), format!("{id} at block {to}, {} ms", action.at_ms)));
            }
        }
        for (root, words) in heads {
            if let Some(root) = root {
                self.note(root, NoteKind::Peer, words);
            }
        }
    }

    /// The peers that lack an item.
    fn note_lacks(&mut self, scenario: &Scenario<StateSync>) {
        for peer in scenario.peers.iter().filter(|peer| !peer.has.lacks.is_empty()) {
            let lacks =
                |hash: &Hash32| peer.has.lacks.as_slice().contains(&(hash.as_bytes()[0] >> 4));
            let mut lacking: Vec<usize> =
                self.places.iter().filter(|(hash, _)| lacks(hash)).map(|(_, at)| *at).collect();
            lacking.sort_unstable();
            for index in lacking {
                let words = format!("{} lacks it", peer.id);
                self.drawing.boxes[index].note(NoteKind::Flaw, words);
            }
        }
    }
}
