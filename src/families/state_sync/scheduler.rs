use std::collections::BTreeMap;
use std::fmt;

use crate::primitives::ethereum_state::{
    Account, Blob, Child, EMPTY_ROOT, Hash32, HashTable, Node, NodeError,
};

use super::fault::Fault;
use super::msgrate::ITEMS_PER_REQUEST_MAX;
use super::position::Position;
use super::queue::Queue;
use super::request_index::RequestIndex;
use super::store::{Batch, Store};

/// Items of one depth are handed out until more than this many of them are open (geth trie/sync.go
/// `maxFetchesPerDepth`, #21491).
pub const FETCHES_PER_DEPTH_MAX: i32 = 16_384;

/// Depths go up to 64 nibbles of an account's key and 64 of a storage key.
const DEPTHS: usize = 129;

/// Knows which nodes and codes of a state are missing, and in which order to fetch them.
///
/// geth v1.10.13 trie/sync.go `Sync`, keyed by hash. An item is handed out once: the caller owns
/// the retries. A parent is finished only after all that it refers to.
#[derive(Clone, Debug)]
pub struct Scheduler {
    requests: Vec<Request>,
    free: Vec<u32>,
    /// The parents of a request behind the first: few have more.
    other_parents: BTreeMap<u32, Vec<u32>>,
    nodes: RequestIndex,
    codes: RequestIndex,
    queue: Queue,
    queued: u32,
    fetches: Box<[i32; DEPTHS]>,
    /// What is finished and not yet durable.
    finished_nodes: HashTable<()>,
    finished_codes: HashTable<()>,
    /// What was finished before it was handed out, by its turn: it is in the queue still.
    early: BTreeMap<u32, Hash32>,
    fault: Option<Fault>,
}

/// An item that is missing. Its bytes are not kept: see [`Store`].
///
/// There are tens of thousands, met in no order: so each shall be one line of the cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Request {
    pub(super) hash: Hash32,
    position: Position,
    /// When it was scheduled: its place may since be another's.
    turn: u32,
    dependencies: u32,
    parent: Option<u32>,
    has_other_parents: bool,
    delivered: bool,
    done: bool,
    is_code: bool,
    /// Whether leaves below are accounts; those of storage tries are not.
    is_account_trie: bool,
    handed_out: bool,
}

/// Items to ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Hashes of trie nodes.
    pub nodes: Vec<Hash32>,
    /// Hashes of code.
    pub codes: Vec<Hash32>,
}

/// Why a blob was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessError {
    /// It came before.
    AlreadyProcessed,
    /// A leaf of the state trie holds no account. The node can never be finished.
    BadAccount,
    /// It hashes right, but is no trie node.
    BadNode(NodeError),
    /// Nothing of the kind is missing.
    NotRequested,
}

impl Scheduler {
    /// A scheduler for the state of `root`.
    pub fn new(root: Hash32, store: &Store) -> Self {
        Self::with_fault(root, store, None)
    }

    /// A scheduler with a known bug.
    pub(super) fn with_fault(root: Hash32, store: &Store, fault: Option<Fault>) -> Self {
        let mut scheduler = Self {
            requests: Vec::new(),
            free: Vec::new(),
            other_parents: BTreeMap::new(),
            nodes: RequestIndex::default(),
            codes: RequestIndex::default(),
            queue: Queue::default(),
            queued: 0,
            fetches: Box::new([0; DEPTHS]),
            finished_nodes: HashTable::default(),
            finished_codes: HashTable::default(),
            early: BTreeMap::new(),
            fault,
        };
        scheduler.add_trie(store, root, Position::ROOT, None, true);
        scheduler
    }

    /// Hands out at most `max` items; 0 is as many as there are.
    ///
    /// As in geth, an item that came before its turn is handed out all the same, a finished node as
    /// code, and one that is node and code is handed out for each, as a node while the node is missing.
    pub fn missing(&mut self, max: usize) -> Missing {
        let mut missing = Missing::default();
        for (turn, id) in self.take_queued(if max == 0 { usize::MAX } else { max }) {
            let Some(hash) = self.hash_of(turn, id) else { continue };
            if self.nodes.find(&self.requests, &hash).is_some() {
                missing.nodes.push(hash);
            } else {
                missing.codes.push(hash);
            }
        }
        missing
    }

    /// The same, but nothing that has come, or that was handed out as the other of node and code.
    pub(super) fn missing_once(&mut self, max: usize) -> Missing {
        let mut missing = Missing::default();
        loop {
            // First from the queue, then to the requests: both stay in the cache so.
            let next = self.take_queued(max - missing.nodes.len() - missing.codes.len());
            if next.is_empty() {
                return missing;
            }
            for (turn, id) in next {
                let request = &self.requests[id as usize];
                if request.turn == turn && !request.done {
                    self.hand_out(request.hash, id, &mut missing);
                } else {
                    self.early.remove(&turn);
                }
            }
        }
    }

    /// The hash of a request that was taken out of the queue, and notes that it is handed out.
    fn hash_of(&mut self, turn: u32, id: u32) -> Option<Hash32> {
        let request = &mut self.requests[id as usize];
        if request.turn != turn || request.done {
            return self.early.remove(&turn);
        }
        request.handed_out = true;
        Some(request.hash)
    }

    /// Takes up to `count` requests out of the queue, each with its turn.
    fn take_queued(&mut self, count: usize) -> Vec<(u32, u32)> {
        let mut taken = Vec::with_capacity(count.min(ITEMS_PER_REQUEST_MAX));
        while taken.len() < count {
            let Some((depth, turn, id)) = self.queue.peek() else { break };
            let fetches = &mut self.fetches[depth];
            if *fetches > FETCHES_PER_DEPTH_MAX && self.fault != Some(Fault::BreadthFirst) {
                break;
            }
            *fetches += 1;
            self.queue.pop();
            taken.push((turn, id));
        }
        taken
    }

    /// Hands out one item. One hash can be a node and a code: the fetch of one brings both.
    ///
    fn hand_out(&mut self, hash: Hash32, id: u32, missing: &mut Missing) {
        let other = if self.requests[id as usize].is_code { &self.nodes } else { &self.codes };
        let other = other.find(&self.requests, &hash).map(|id| id as usize);
        let this = Some(id as usize);
        let [node, code] =
            if self.requests[id as usize].is_code { [other, this] } else { [this, other] };
        let on_its_way = [node, code].into_iter().flatten().any(|id| {
            let request = &self.requests[id];
            request.handed_out && !request.delivered
        });
        let mut wanted = [node, code].map(|id| {
            let id = id?;
            let was_handed_out = std::mem::replace(&mut self.requests[id].handed_out, true);
            (!was_handed_out && !on_its_way && !self.requests[id].delivered).then_some(id)
        });
        if let [Some(_), Some(_)] = wanted {
            wanted[1] = None;
        }
        missing.nodes.extend(wanted[0].map(|_| hash));
        missing.codes.extend(wanted[1].map(|_| hash));
    }

    /// Takes a delivered blob. One blob can be a node and a code at once.
    ///
    /// # Errors
    /// When it is of no use; see [`ProcessError`].
    pub fn process(&mut self, store: &Store, blob: &Blob) -> Result<(), ProcessError> {
        let hash = blob.hash();
        let node = self.nodes.find(&self.requests, &hash);
        let code = self.codes.find(&self.requests, &hash);
        if node.is_none() && code.is_none() {
            return Err(ProcessError::NotRequested);
        }
        let mut filled = false;
        if let Some(code) = code
            && !self.requests[code as usize].delivered
        {
            filled = true;
            self.requests[code as usize].delivered = true;
            self.finish(code);
        }
        if let Some(node) = node
            && !self.requests[node as usize].delivered
        {
            filled = true;
            self.expand(store, node, blob)?;
        }
        if filled { Ok(()) } else { Err(ProcessError::AlreadyProcessed) }
    }

    /// Makes room for the nodes of an answer that are of use. They are looked at together, and so
    /// are in the cache when they come one by one: here no look-up waits for another.
    pub(super) fn prepare(&mut self, blobs: &[Blob]) {
        // All nodes are lists.
        let is_list = |blob: &Blob| blob.bytes().first().is_some_and(|byte| *byte >= 0xc0);
        let nodes = blobs.iter().filter(|blob| is_list(blob) && self.wants(&blob.hash()));
        self.finished_nodes.reserve(nodes.count());
    }

    /// Whether a blob of this hash would be of use.
    pub fn wants(&self, hash: &Hash32) -> bool {
        let tracked = [&self.nodes, &self.codes].map(|index| index.find(&self.requests, hash));
        tracked.into_iter().flatten().any(|id| !self.requests[id as usize].delivered)
    }

    /// Takes out all that is finished, to be written in one step.
    pub fn commit(&mut self) -> Batch {
        let take = |table: &mut HashTable<()>| table.drain(..).map(|(hash, ())| hash).collect();
        Batch { nodes: take(&mut self.finished_nodes), codes: take(&mut self.finished_codes) }
    }

    /// How many items are missing, or wait for what they refer to.
    pub fn pending(&self) -> usize {
        self.nodes.len() + self.codes.len()
    }

    /// The most items of one depth that are handed out and not finished.
    pub fn fetches_at_one_depth(&self) -> u64 {
        self.fetches.iter().copied().max().unwrap_or(0).max(0) as u64
    }

    /// Decodes a node, schedules what it refers to, and finishes it if that is nothing.
    fn expand(&mut self, store: &Store, id: u32, blob: &Blob) -> Result<(), ProcessError> {
        let node = Node::decode(blob.bytes()).map_err(ProcessError::BadNode)?;
        let request = &mut self.requests[id as usize];
        request.delivered = true;
        let (position, is_account_trie) = (request.position, request.is_account_trie);
        match &node {
            Node::Short { key, child } => {
                self.visit(store, id, child, (position, key), is_account_trie)?;
            }
            Node::Full { children } => {
                // All are looked up before the first is scheduled, as in geth: so the look-ups need
                // not wait for each other.
                let present = children.each_ref().map(|child| match child {
                    Child::Hash(hash) => self.is_present(store, hash),
                    _ => false,
                });
                for (nibble, child) in children.iter().enumerate().filter(|(n, _)| !present[*n]) {
                    let below = (position, &[nibble as u8][..]);
                    self.visit(store, id, child, below, is_account_trie)?;
                }
            }
        }
        let request = &self.requests[id as usize];
        let early = self.fault == Some(Fault::ParentFirst);
        if request.dependencies == 0 || early {
            self.finish(id);
        }
        Ok(())
    }

    /// Schedules a child. One that stands in its parent whole is not entered: it is too short to
    /// refer to anything.
    fn visit(
        &mut self,
        store: &Store,
        parent: u32,
        child: &Child<'_>,
        (above, key): (Position, &[u8]),
        is_account_trie: bool,
    ) -> Result<(), ProcessError> {
        match child {
            Child::Hash(hash) => {
                let position = above.below(key);
                self.add_trie(store, *hash, position, Some(parent), is_account_trie);
            }
            Child::Value(value) if is_account_trie => {
                let account = Account::decode(value).map_err(|_| ProcessError::BadAccount)?;
                let position = above.below(key);
                self.add_trie(store, account.storage_root, position, Some(parent), false);
                self.add_code(store, account.code_hash, position, parent);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whatever is present has all below it.
    fn is_present(&self, store: &Store, hash: &Hash32) -> bool {
        let legacy = || self.fault == Some(Fault::CodeStoredAsNode) && store.has_code(hash);
        *hash == EMPTY_ROOT
            || self.finished_nodes.contains_key(hash)
            || store.has_node(hash)
            || legacy()
    }

    /// geth `AddSubTrie` and the children of a node.
    fn add_trie(
        &mut self,
        store: &Store,
        hash: Hash32,
        position: Position,
        parent: Option<u32>,
        is_account_trie: bool,
    ) {
        if !self.is_present(store, &hash) {
            self.schedule(hash, position, parent, false, is_account_trie);
        }
    }

    /// geth `AddCodeEntry`.
    fn add_code(&mut self, store: &Store, hash: Hash32, position: Position, parent: u32) {
        if hash == Account::EMPTY_CODE
            || self.finished_codes.contains_key(&hash)
            || store.has_code(&hash)
        {
            return;
        }
        self.schedule(hash, position, Some(parent), true, false);
    }

    /// Adds a request, or only a parent if the same item is missing already.
    fn schedule(
        &mut self,
        hash: Hash32,
        position: Position,
        parent: Option<u32>,
        is_code: bool,
        is_account_trie: bool,
    ) {
        let index = if is_code { &mut self.codes } else { &mut self.nodes };
        let known = index.find(&self.requests, &hash);
        if known.is_some() && self.fault == Some(Fault::SecondParentForgotten) {
            return;
        }
        if let Some(parent) = parent {
            self.requests[parent as usize].dependencies += 1;
        }
        if let Some(known) = known {
            self.add_parent(known, parent);
            return;
        }
        let request = Request {
            hash,
            position,
            turn: self.queued,
            dependencies: 0,
            parent,
            has_other_parents: false,
            delivered: false,
            done: false,
            is_code,
            is_account_trie,
            handed_out: false,
        };
        let id = match self.free.pop() {
            Some(id) => {
                self.requests[id as usize] = request;
                id
            }
            None => {
                self.requests.push(request);
                self.requests.len() as u32 - 1
            }
        };
        index.insert(&self.requests, id);
        let priority = if self.fault == Some(Fault::BreadthFirst) {
            position.breadth_first_priority()
        } else {
            position.priority()
        };
        self.queue.push(priority, self.queued, id);
        self.queued += 1;
    }

    fn add_parent(&mut self, id: u32, parent: Option<u32>) {
        let request = &mut self.requests[id as usize];
        if request.parent.is_none() {
            request.parent = parent;
        } else if let Some(parent) = parent {
            request.has_other_parents = true;
            self.other_parents.entry(id).or_default().push(parent);
        }
    }

    /// Moves an item to what is finished, and with it each parent that waited for nothing else.
    fn finish(&mut self, id: u32) {
        let request = &mut self.requests[id as usize];
        request.done = true;
        let (hash, is_code) = (request.hash, request.is_code);
        if !request.handed_out {
            self.early.insert(request.turn, hash);
        }
        let depth = request.position.depth();
        let parent = request.parent.take();
        let others = std::mem::take(&mut request.has_other_parents)
            .then(|| self.other_parents.remove(&id).unwrap_or_default());
        if is_code {
            self.codes.remove(&hash, id);
            self.finished_codes.insert(hash, ());
        } else {
            self.nodes.remove(&hash, id);
            self.finished_nodes.insert(hash, ());
        }
        self.fetches[depth] -= 1;
        self.free.push(id);
        for parent in parent.into_iter().chain(others.into_iter().flatten()) {
            let request = &mut self.requests[parent as usize];
            request.dependencies = request.dependencies.saturating_sub(1);
            if request.dependencies == 0 && request.delivered && !request.done {
                self.finish(parent);
            }
        }
    }
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyProcessed => f.write_str("already processed"),
            Self::BadAccount => f.write_str("leaf of the state trie is no account"),
            Self::BadNode(error) => write!(f, "invalid state node: {error}"),
            Self::NotRequested => f.write_str("not requested"),
        }
    }
}

impl std::error::Error for ProcessError {}
