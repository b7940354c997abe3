use std::collections::BTreeMap;

use crate::families::state_sync::position::Position;
use crate::families::state_sync::{Event, Profile, StateSync};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::PeerId;
use crate::primitives::ethereum_state::{
    Account, Blob, Child, EMPTY_ROOT, Hash32, HashTable, Node,
};
use crate::trace::Step;

use super::watch::{Durable, Seen, Watch};

/// Depth first keeps few nodes in memory.
pub(super) static DEEPEST_FIRST: Claim = Claim {
    id: "deepest-first",
    summary: "As long as everybody answers in full, nothing is asked for while something deeper is \
              known to be missing.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Events,
    source: "geth #21491: breadth first expansion held the whole upper trie in memory",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(Order {
        watch: Watch::default(),
        durable: Durable::at_start(&context.world),
        nodes: HashTable::default(),
        codes: HashTable::default(),
        waiting: BTreeMap::new(),
        orderly: false,
        judged: 0,
    })
}

struct Order {
    watch: Watch,
    durable: Durable,
    /// All nodes that delivered nodes refer to, with their places.
    nodes: HashTable<Place>,
    /// All code that delivered nodes refer to.
    codes: HashTable<Place>,
    /// How much of it was not asked for, by depth.
    waiting: BTreeMap<usize, usize>,
    /// Whether a state is being synced and all its requests were answered in full, by those who were
    /// asked.
    orderly: bool,
    judged: u64,
}

#[derive(Clone, Copy)]
struct Place {
    position: Position,
    is_account_trie: bool,
    asked: bool,
    delivered: bool,
}

impl Invariant<StateSync> for Order {
    fn claim(&self) -> &'static Claim {
        &DEEPEST_FIRST
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        match self.watch.see(step) {
            Seen::Crashed => self.orderly = false,
            // Whoever leaves may owe something.
            Seen::Peers { .. } => self.orderly = false,
            Seen::Answered { blobs, request, .. } if self.orderly => {
                let asked = request.map(|open| open.hashes);
                let full = asked.is_some_and(|asked| {
                    asked.len() == blobs.len()
                        && blobs.iter().all(|blob| asked.contains(&blob.hash()))
                });
                self.orderly &= full;
                blobs.iter().for_each(|blob| self.expand(blob));
            }
            Seen::Event(event) => {
                self.durable.write(event);
                match event {
                    Event::StateSyncStarted { root } => {
                        self.orderly = true;
                        self.nodes.clear();
                        self.codes.clear();
                        self.waiting.clear();
                        self.add(*root, Position::ROOT, true, false);
                    }
                    Event::StateSyncStopped { .. } => self.orderly = false,
                    _ => {}
                }
            }
            Seen::Asked { peer, hashes } if self.orderly => {
                return self.ask(peer, hashes, step);
            }
            Seen::Answered { .. } | Seen::Asked { .. } | Seen::Other => {}
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Order {
    fn ask(
        &mut self,
        peer: PeerId,
        hashes: &[Hash32],
        step: &Step<StateSync>,
    ) -> Result<(), Violation> {
        let depths: Vec<usize> = hashes.iter().flat_map(|hash| self.mark_asked(*hash)).collect();
        let shallowest = depths.into_iter().min().unwrap_or(usize::MAX);
        self.judged += 1;
        match self.waiting.last_key_value() {
            Some((&deepest, _)) if deepest > shallowest => Err(Violation::new(
                &DEEPEST_FIRST,
                format!("what is missing at depth {deepest} is asked for first"),
                format!("an item at depth {shallowest} asked of {peer} at {}", step.at),
            )
            .about(peer)),
            _ => Ok(()),
        }
    }

    /// Nobody waits for this item to be asked for any longer. Returns the depths at which somebody
    /// did: one hash can be a node and a code, and is asked for once.
    fn mark_asked(&mut self, hash: Hash32) -> impl Iterator<Item = usize> + use<> {
        let depths = [self.nodes.get_mut(&hash), self.codes.get_mut(&hash)].map(|place| {
            let place = place.filter(|place| !place.asked)?;
            place.asked = true;
            Some(place.position.depth())
        });
        for depth in depths.into_iter().flatten() {
            if let Some(count) = self.waiting.get_mut(&depth) {
                *count -= 1;
                if *count == 0 {
                    self.waiting.remove(&depth);
                }
            }
        }
        depths.into_iter().flatten()
    }

    /// Takes a delivered blob, and as known what it refers to.
    fn expand(&mut self, blob: &Blob) {
        let _ = self.mark_asked(blob.hash());
        for table in [&mut self.nodes, &mut self.codes] {
            if let Some(place) = table.get_mut(&blob.hash()) {
                place.delivered = true;
            }
        }
        let Some(&place) = self.nodes.get(&blob.hash()) else { return };
        let Ok(node) = Node::decode(blob.bytes()) else { return };
        let Place { position, is_account_trie, .. } = place;
        let mut found = Vec::new();
        let mut visit = |child: &Child<'_>, below: Position| match child {
            Child::Hash(hash) => found.push((*hash, below, is_account_trie, false)),
            Child::Value(value) if is_account_trie => {
                let Ok(account) = Account::decode(value) else { return };
                found.push((account.storage_root, below, false, false));
                found.push((account.code_hash, below, false, true));
            }
            _ => {}
        };
        match &node {
            Node::Short { key, child } => visit(child, position.below(key)),
            Node::Full { children } => {
                for (nibble, child) in children.iter().enumerate() {
                    visit(child, position.below(&[nibble as u8]));
                }
            }
        }
        for (hash, below, is_account_trie, is_code) in found {
            self.add(hash, below, is_account_trie, is_code);
        }
    }

    fn add(&mut self, hash: Hash32, position: Position, is_account_trie: bool, is_code: bool) {
        let (durable, known, other) = if is_code {
            (&self.durable.codes, &mut self.codes, &self.nodes)
        } else {
            (&self.durable.nodes, &mut self.nodes, &self.codes)
        };
        let nothing = hash == EMPTY_ROOT || hash == Account::EMPTY_CODE;
        if nothing || durable.contains_key(&hash) || known.contains_key(&hash) {
            return;
        }
        let asked = other.get(&hash).is_some_and(|place| place.asked && !place.delivered);
        known.insert(hash, Place { position, is_account_trie, asked, delivered: false });
        if asked {
            return;
        }
        *self.waiting.entry(position.depth()).or_default() += 1;
    }
}
