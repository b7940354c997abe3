use crate::families::state_sync::position::Position;
use crate::families::state_sync::{Event, Profile, StateSync};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{PeerId, Time};
use crate::primitives::ethereum_state::{
    Account, Blob, Child, EMPTY_ROOT, Hash32, HashTable, Node,
};
use crate::trace::Step;

use super::watch::{Durable, Seen, Watch};

/// Depth first keeps few nodes in memory.
pub(super) static DEEPEST_FIRST: Claim = Claim {
    id: "deepest-first",
    summary: "As long as everybody answers in full, nothing is asked for before something deeper \
              that is known to be missing.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Events,
    why: "Breadth first holds the whole upper trie in memory.",
    exceptions: "Requests of one instant have no order: geth sends each from its own goroutine.",
    source: "geth #21491: breadth first expansion held the whole upper trie in memory",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(Order {
        context: context.clone(),
        watch: Watch::default(),
        durable: Durable::at_start(&context.world),
        nodes: HashTable::default(),
        codes: HashTable::default(),
        asked: Vec::new(),
        requests: 0,
        orderly: false,
        judged: 0,
    })
}

struct Order {
    context: Context<StateSync>,
    watch: Watch,
    durable: Durable,
    /// All nodes that delivered nodes refer to, with their places.
    nodes: HashTable<Place>,
    /// All code that delivered nodes refer to.
    codes: HashTable<Place>,
    /// What was asked for by rising time, as far as nothing as shallow was asked for later: of the
    /// requests since any instant the shallowest comes first.
    asked: Vec<Asked>,
    requests: u64,
    /// Whether a state is being synced and all its requests were answered in full, by those who were
    /// asked.
    orderly: bool,
    judged: u64,
}

/// The shallowest item of a request.
#[derive(Clone, Copy)]
struct Asked {
    request: u64,
    depth: usize,
    hash: Hash32,
    at: Time,
}

#[derive(Clone, Copy)]
struct Place {
    position: Position,
    is_account_trie: bool,
    /// How many requests had gone out when it became known.
    known: u64,
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
                        self.asked.clear();
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
        self.judged += 1;
        let mut shallowest: Option<Asked> = None;
        let mut late = None;
        for hash in hashes {
            for place in self.mark_asked(*hash).into_iter().flatten() {
                let depth = place.position.depth();
                let since = self.asked.partition_point(|asked| asked.request < place.known);
                if let Some(before) =
                    self.asked.get(since).filter(|asked| asked.at < step.at && asked.depth < depth)
                {
                    late.get_or_insert((*hash, depth, *before));
                }
                if shallowest.is_none_or(|asked| depth < asked.depth) {
                    let request = self.requests;
                    shallowest = Some(Asked { request, depth, hash: *hash, at: step.at });
                }
            }
        }
        self.requests += 1;
        if let Some(shallowest) = shallowest {
            while self.asked.last().is_some_and(|asked| asked.depth >= shallowest.depth) {
                self.asked.pop();
            }
            self.asked.push(shallowest);
        }
        let Some((hash, depth, before)) = late else { return Ok(()) };
        let name = |hash| self.context.world.name(hash);
        Err(Violation::new(
            &DEEPEST_FIRST,
            format!("{} at depth {depth} comes before {}", name(&hash), name(&before.hash)),
            format!(
                "{} at depth {} was asked for at {}, the deeper one of {peer} at {}",
                name(&before.hash),
                before.depth,
                before.at,
                step.at
            ),
        )
        .about(peer))
    }

    /// Nobody waits for this item to be asked for any longer. Returns the places in which somebody
    /// did: one hash can be a node and a code, and is asked for once.
    fn mark_asked(&mut self, hash: Hash32) -> [Option<Place>; 2] {
        [self.nodes.get_mut(&hash), self.codes.get_mut(&hash)].map(|place| {
            let place = place.filter(|place| !place.asked)?;
            place.asked = true;
            Some(*place)
        })
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
        let known_since = self.requests;
        let place =
            Place { position, is_account_trie, known: known_since, asked, delivered: false };
        known.insert(hash, place);
    }
}
