//! The pure functions of the family that table cases can be fed to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::{FunctionKind, table_function};
use crate::machine::{PeerId, Time};
use crate::primitives::ethereum_state::{
    Blob, Child, EMPTY_ROOT, Hash32, Nibbles, Node, build_trie,
};

use super::Profile;
use super::registry::Registry;
use super::scheduler::{ProcessError, Scheduler};
use super::session::{pivot_after_headers, pivot_after_results, pivot_of, split_around_pivot};
use super::store::{Batch, Store};
use super::tracker::Attempts;
use super::worker::{Tasks, Worker};

/// All functions.
pub(super) fn all() -> Vec<FunctionKind> {
    vec![
        table_function!(
            "node-children",
            "what a trie node refers to, by the path below it",
            node_children
        ),
        table_function!("pivot-choice", "the pivot for a head", choice),
        table_function!("pivot-split", "blocks before, at and after the pivot", split),
        table_function!(
            "pivot-staleness",
            "where the pivot moves when headers or blocks up to a head are there",
            staleness
        ),
        table_function!("request-assignment", "which items go to which idle peer", assignment),
        table_function!(
            "scheduler",
            "what is asked for, taken and finished, step by step",
            transcript
        ),
        table_function!("trie-root", "the root of the trie of some leaves", trie_root),
    ]
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Head {
    head: u32,
}

#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pivot {
    pivot: Option<u32>,
}

fn choice(given: &Head) -> Result<Pivot, String> {
    Ok(Pivot { pivot: pivot_of(block("head", given.head)?) })
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PivotAndHead {
    pivot: u32,
    head: u32,
}

#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Moved {
    after_headers: u32,
    after_blocks: u32,
}

fn staleness(given: &PivotAndHead) -> Result<Moved, String> {
    let (pivot, head) = (block("pivot", given.pivot)?, block("head", given.head)?);
    if pivot == 0 {
        return Err("pivot: there is none below block 1".to_owned());
    }
    Ok(Moved {
        after_headers: pivot_after_headers(pivot, head),
        after_blocks: pivot_after_results(pivot, head),
    })
}

/// A block number that can be reckoned with.
fn block(field: &str, number: u32) -> Result<u32, String> {
    const MOST: u32 = 1 << 31;
    if number <= MOST { Ok(number) } else { Err(format!("{field}: at most {MOST}, got {number}")) }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Blocks {
    pivot: u32,
    first: u32,
    last: u32,
}

#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parts {
    before_to: Option<u32>,
    has_pivot: bool,
    after_from: Option<u32>,
}

fn split(given: &Blocks) -> Result<Parts, String> {
    if given.first > given.last {
        return Err(format!("first: at most last, {}, got {}", given.last, given.first));
    }
    let (pivot, last) = (block("pivot", given.pivot)?, block("last", given.last)?);
    let split = split_around_pivot(pivot, given.first, last);
    let (before_to, has_pivot) = (split.before_to, split.has_pivot);
    Ok(Parts { before_to, has_pivot, after_from: split.after_from })
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Leaves {
    leaves: Vec<Leaf>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Leaf {
    key: Hash32,
    value: Blob,
}

#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Root {
    root: Hash32,
}

fn trie_root(given: &Leaves) -> Result<Root, String> {
    let mut leaves: Vec<_> =
        given.leaves.iter().map(|leaf| (leaf.key, leaf.value.bytes())).collect();
    leaves.sort_by_key(|leaf| leaf.0);
    if leaves.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err("leaves: a key stands twice".to_owned());
    }
    if leaves.iter().any(|leaf| leaf.1.is_empty()) {
        return Err("leaves: a leaf has a value".to_owned());
    }
    Ok(Root { root: build_trie(&leaves, &mut drop) })
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneNode {
    node: Blob,
}

#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Children {
    Invalid {},
    Node { children: Vec<Below> },
}

/// A child by its path: a hash or a value.
#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Below {
    Hash { path: Nibbles, hash: Hash32 },
    Value { path: Nibbles, value: Blob },
}

fn node_children(given: &OneNode) -> Result<Children, String> {
    let Ok(node) = Node::decode(given.node.bytes()) else { return Ok(Children::Invalid {}) };
    let mut children = Vec::new();
    node.walk(&mut Vec::new(), &mut |path, child| {
        let path = Nibbles::new(path.to_vec());
        match child {
            Child::Hash(hash) => children.push(Below::Hash { path, hash }),
            Child::Value(value) => children.push(Below::Value { path, value: Blob::new(value) }),
            Child::Embedded(_) | Child::Empty => {}
        }
    });
    Ok(Children::Node { children })
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Idle {
    #[serde(default)]
    profile: Profile,
    peers: Vec<Known>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<Wanted>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    codes: Vec<Wanted>,
}

/// A peer, and what was measured of it so far.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Known {
    id: PeerId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    delivered: Vec<Delivery>,
    #[serde(default)]
    busy: bool,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Delivery {
    items: u32,
    after_ms: u32,
}

/// An item that waits, and the peers that it need not be asked of again.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    hash: Hash32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tried: Vec<PeerId>,
}

#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Assigned {
    requests: Vec<Assignment>,
}

#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Assignment {
    peer: PeerId,
    nodes: Vec<Hash32>,
    codes: Vec<Hash32>,
}

fn assignment(given: &Idle) -> Result<Assigned, String> {
    let mut peers = registry(&given.peers)?;
    let mut worker = Worker::new(EMPTY_ROOT, &Store::default(), given.profile, None);
    worker.queue(queue("nodes", &given.nodes)?, queue("codes", &given.codes)?);
    let hashes = |tasks: Tasks| tasks.into_iter().map(|task| task.0).collect::<Vec<_>>();
    let mut requests = Vec::new();
    for peer in peers.idle() {
        let (count, _) = peers.allowance(Time::ZERO, peer, given.profile);
        let (nodes, codes) = worker.fill(peer, count);
        if !nodes.is_empty() || !codes.is_empty() {
            requests.push(Assignment { peer, nodes: hashes(nodes), codes: hashes(codes) });
        }
    }
    Ok(Assigned { requests })
}

fn registry(known: &[Known]) -> Result<Registry, String> {
    let mut peers = Registry::new(Time::ZERO);
    for peer in known {
        if peers.connection(peer.id).is_some() {
            return Err(format!("peers: {} stands twice", peer.id));
        }
        peers.add(Time::ZERO, peer.id, 0);
    }
    for peer in known {
        let number = peers.connection(peer.id).map_or(0, |connection| connection.number);
        for delivery in &peer.delivered {
            peers.ask(Time::ZERO, peer.id);
            let at = Time::from_millis(u64::from(delivery.after_ms));
            peers.release(peer.id, number, at, delivery.items as usize);
        }
        if peer.busy {
            peers.ask(Time::ZERO, peer.id);
        }
    }
    Ok(peers)
}

fn queue(field: &str, wanted: &[Wanted]) -> Result<BTreeMap<Hash32, Attempts>, String> {
    let mut queue = BTreeMap::new();
    for item in wanted {
        let tried = item.tried.iter().copied().collect();
        if queue.insert(item.hash, tried).is_some() {
            return Err(format!("{field}: {} stands twice", item.hash));
        }
    }
    Ok(queue)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Transcript {
    root: Hash32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stored_nodes: Vec<Blob>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stored_codes: Vec<Blob>,
    steps: Vec<Step>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    Commit {},
    Missing { max: u32 },
    Process { blob: Blob },
}

#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Answers {
    steps: Vec<Answer>,
}

/// What comes of a step. Hashes stand by rising value, for their order within a step is free.
#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Answer {
    Committed { nodes: Vec<Hash32>, codes: Vec<Hash32> },
    Missing { nodes: Vec<Hash32>, codes: Vec<Hash32> },
    Processed { result: Outcome, pending: u64 },
}

#[derive(PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    AlreadyProcessed,
    BadAccount,
    BadNode,
    NotRequested,
    Taken,
}

fn transcript(given: &Transcript) -> Result<Answers, String> {
    let mut store = Store::default();
    let hashes = |blobs: &[Blob]| blobs.iter().map(Blob::hash).collect();
    store.write(&Batch { nodes: hashes(&given.stored_nodes), codes: hashes(&given.stored_codes) });
    let mut scheduler = Scheduler::new(given.root, &store);
    let steps = given.steps.iter().map(|step| run(step, &mut scheduler, &mut store)).collect();
    Ok(Answers { steps })
}

fn run(step: &Step, scheduler: &mut Scheduler, store: &mut Store) -> Answer {
    let sorted = |mut hashes: Vec<Hash32>| {
        hashes.sort_unstable();
        hashes
    };
    match step {
        Step::Commit {} => {
            let batch = scheduler.commit();
            store.write(&batch);
            Answer::Committed { nodes: sorted(batch.nodes), codes: sorted(batch.codes) }
        }
        Step::Missing { max } => {
            let missing = scheduler.missing(*max as usize);
            Answer::Missing { nodes: sorted(missing.nodes), codes: sorted(missing.codes) }
        }
        Step::Process { blob } => {
            let result = match scheduler.process(store, blob) {
                Ok(()) => Outcome::Taken,
                Err(ProcessError::AlreadyProcessed) => Outcome::AlreadyProcessed,
                Err(ProcessError::BadAccount) => Outcome::BadAccount,
                Err(ProcessError::BadNode(_)) => Outcome::BadNode,
                Err(ProcessError::NotRequested) => Outcome::NotRequested,
            };
            Answer::Processed { result, pending: scheduler.pending() as u64 }
        }
    }
}
