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
        known: HashTable::default(),
        waiting: BTreeMap::new(),
        orderly: true,
        judged: 0,
    })
}

struct Order {
    watch: Watch,
    durable: Durable,
    /// All that delivered nodes refer to, with its place.
    known: HashTable<Place>,
    /// How much of it was not asked for, by depth.
    waiting: BTreeMap<usize, usize>,
    /// Whether all requests so far were answered in full, by those who were asked.
    orderly: bool,
    judged: u64,
}

#[derive(Clone, Copy)]
struct Place {
    position: Position,
    is_account_trie: bool,
    asked: bool,
}

impl Invariant<StateSync> for Order {
    fn claim(&self) -> &'static Claim {
        &DEEPEST_FIRST
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        if !self.orderly {
            return Ok(());
        }
        let running = self.watch.running.is_some();
        match self.watch.see(step) {
            Seen::Crashed => self.orderly = false,
            // Whoever leaves may owe something. Whoever comes is asked what others were spared.
            Seen::Peers { .. } => self.orderly &= !running,
            Seen::Answered { blobs, request, .. } => {
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
                        self.known.clear();
                        self.waiting.clear();
                        self.add(*root, Position::ROOT, true, false);
                    }
                    Event::StateSyncStopped { error: Some(_), .. } => self.orderly = false,
                    _ => {}
                }
            }
            Seen::Asked { peer, hashes } => return self.ask(peer, hashes, step),
            Seen::Other => {}
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
        let mut shallowest = usize::MAX;
        for hash in hashes {
            let Some(place) = self.known.get_mut(hash) else { continue };
            if std::mem::replace(&mut place.asked, true) {
                continue;
            }
            let depth = place.position.depth();
            shallowest = shallowest.min(depth);
            if let Some(count) = self.waiting.get_mut(&depth) {
                *count -= 1;
                if *count == 0 {
                    self.waiting.remove(&depth);
                }
            }
        }
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

    fn expand(&mut self, blob: &Blob) {
        let Some(&place) = self.known.get(&blob.hash()) else { return };
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
        let durable = if is_code { &self.durable.codes } else { &self.durable.nodes };
        let nothing = hash == EMPTY_ROOT || hash == Account::EMPTY_CODE;
        if nothing || durable.contains_key(&hash) || self.known.contains_key(&hash) {
            return;
        }
        self.known.insert(hash, Place { position, is_account_trie, asked: false });
        *self.waiting.entry(position.depth()).or_default() += 1;
    }
}
