use std::sync::Arc;

use schemars::JsonSchema;

use crate::machine::{Family, Millis, OverMemory, Replies, Role, SpecError};
use crate::primitives::ethereum_state::{Blob, Hash32};

use super::message::{Command, Event, Gauges, Hello, Message, Reason, Start, SyncError};
use super::misbehavior::{self, Misbehavior};
use super::msgrate::ITEMS_PER_REQUEST_MAX;
use super::worker::BATCH_BYTES;
use super::{Action, Ending, FETCHES_PER_DEPTH_MAX, Peer, PeerSpec, Profile, Spec, World};

/// The state-sync family: geth's fast sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, JsonSchema)]
pub struct StateSync;

/// What is known of the subject's progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// The pivot that was committed.
    pub committed: Option<u32>,
    /// The last block that was executed.
    pub imported: u32,
}

impl Family for StateSync {
    const NAME: &'static str = "state-sync";
    /// geth's timeouts are never shorter than three round trips of two seconds.
    const RETRY_MS: Millis = 5_000;
    const RESPONSE_SETTLES_ALL: bool = true;

    type Message = Message;
    type Command = Command;
    type Event = Event;
    type Reason = Reason;
    type Hello = Hello;
    type Start = Start;
    type Gauges = Gauges;
    type Spec = Spec;
    type World = World;
    type PeerSpec = PeerSpec;
    type Action = Action;
    type Misbehavior = Misbehavior;
    type Peer = Peer;
    type Key = Hash32;
    type Progress = Progress;
    type Missing = ();
    type Ending = Ending;

    fn build(spec: &Spec) -> Result<World, SpecError> {
        World::build(spec)
    }

    fn check_peer(world: &World, spec: &PeerSpec) -> Result<(), SpecError> {
        check_block(world, "head", spec.head)?;
        if spec.think_ms > 1_000_000 {
            return Err(SpecError::new("think_ms", "at most 1000000"));
        }
        Ok(())
    }

    fn check_action(world: &World, action: &Action) -> Result<(), SpecError> {
        let Action::Grow { to } = action;
        check_block(world, "to", *to)
    }

    fn check_command(_world: &World, _command: &Command) -> Result<(), SpecError> {
        Ok(())
    }

    fn start(world: &World) -> Start {
        world.start()
    }

    fn set_profile(spec: &mut Spec, profile: &str) {
        spec.profile = Profile::of_name(profile);
    }

    fn profile(spec: &Spec) -> &str {
        spec.profile.name()
    }

    fn peer(world: &Arc<World>, spec: &PeerSpec) -> Peer {
        Peer::new(world, spec)
    }

    fn misbehave(
        _world: &World,
        peer: &mut Peer,
        how: &Misbehavior,
        request: &Message,
        ordinal: u32,
        replies: &mut Replies<Self>,
    ) {
        misbehavior::misbehave(peer, how, request, ordinal, replies);
    }

    fn role(message: &Message) -> Role {
        match message {
            Message::GetNodeData { .. } => Role::Request,
            Message::NewBlock { .. } => Role::Announcement,
            Message::NodeData { .. } => Role::Response,
        }
    }

    fn asked(message: &Message, each: &mut dyn FnMut(Hash32)) {
        if let Message::GetNodeData { hashes } = message {
            hashes.iter().for_each(|hash| each(*hash));
        }
    }

    fn answered(message: &Message, each: &mut dyn FnMut(Hash32, bool)) {
        if let Message::NodeData { blobs } = message {
            blobs.iter().for_each(|blob| each(blob.hash(), true));
        }
    }

    fn over_limit(message: &Message) -> Option<(u64, u64)> {
        let Message::GetNodeData { hashes } = message else { return None };
        let (got, limit) = (hashes.len() as u64, ITEMS_PER_REQUEST_MAX as u64);
        (got > limit).then_some((got, limit))
    }

    /// Code can be the bytes of a trie node: geth asks for both, for each on its own (v1.10.13
    /// trie/sync.go `nodeReqs`, `codeReqs`).
    fn is_two_items(world: &World, key: Hash32) -> bool {
        world.chain.nodes().contains_key(&key) && world.chain.codes().contains_key(&key)
    }

    fn must_keep(_world: &World, spec: &PeerSpec) -> bool {
        spec.think_ms <= 1_000
    }

    fn refute(world: &World, event: &Event) -> Option<String> {
        let known = |number: &u32| {
            (*number > world.chain.head())
                .then(|| format!("blocks up to {}, the end of the chain", world.chain.head()))
        };
        match event {
            Event::Imported { to, .. } | Event::ReceiptsImported { to } => known(to),
            Event::Pivot { number, .. } | Event::PivotCommitted { number } => known(number),
            Event::StateSyncStarted { root } | Event::StateSyncStopped { root, .. } => {
                let is_root = world.chain.blocks().iter().any(|block| block.state_root == *root);
                (!is_root).then(|| "the state root of a block".to_owned())
            }
            Event::Written { nodes, codes, .. } => {
                let node = nodes.iter().find(|hash| !world.chain.nodes().contains_key(hash));
                let code = codes.iter().find(|hash| !world.chain.codes().contains_key(hash));
                node.or(code).map(|hash| format!("items of the states; {hash} is none"))
            }
            Event::SessionEnded { .. } => None,
        }
    }

    fn over_memory(_world: &World, gauges: &Gauges) -> Option<OverMemory> {
        let over = |what, got, limit| (got > limit).then_some(OverMemory { what, got, limit });
        let in_flight = (gauges.peers + 1) * ITEMS_PER_REQUEST_MAX as u64;
        // A batch is written before the next request is assigned, so one answer goes beyond it.
        let answer = 2 * 1024 * 1024 + 64 * 1024;
        over("items in flight", gauges.items_in_flight, in_flight)
            .or_else(|| {
                over("requests that have ended", gauges.requests_finished, gauges.peers + 1)
            })
            .or_else(|| over("bytes uncommitted", gauges.bytes_uncommitted, BATCH_BYTES + answer))
            .or_else(|| {
                let limit = FETCHES_PER_DEPTH_MAX as u64 + 1;
                over("open fetches of one depth", gauges.fetches_at_one_depth, limit)
            })
    }

    fn truncate(message: &Message, keep: u32) -> Option<Message> {
        let Message::NodeData { blobs } = message else { return None };
        let kept: Arc<[Blob]> = blobs.iter().take(keep as usize).cloned().collect();
        (kept.len() < blobs.len()).then_some(Message::NodeData { blobs: kept })
    }

    fn corrupt(message: &Message, salt: u32) -> Option<Message> {
        let Message::NodeData { blobs } = message else { return None };
        let mut blobs = blobs.to_vec();
        let index = salt as usize % blobs.len().max(1);
        let blob = blobs.get_mut(index)?;
        *blob = misbehavior::junk(blob);
        Some(Message::NodeData { blobs: blobs.into() })
    }

    fn note(_world: &World, progress: &mut Progress, event: &Event) {
        match event {
            Event::Imported { to, .. } => progress.imported = progress.imported.max(*to),
            Event::PivotCommitted { number } => {
                progress.committed = Some(*number);
                progress.imported = progress.imported.max(*number);
            }
            _ => {}
        }
    }

    fn ending(event: &Event) -> Option<Ending> {
        Ending::of(event)
    }

    fn missing(world: &World, honest: &[&Peer], progress: &Progress) -> Option<()> {
        // Only beside a peer that has everything can nothing stay missing.
        let is_missing = progress.imported < world.chain.head()
            && honest.iter().any(|peer| peer.has_everything());
        is_missing.then_some(())
    }

    fn describe_missing(world: &World, progress: &Progress, (): &()) -> String {
        let head = world.chain.head();
        let pivot = match progress.committed {
            Some(pivot) => format!("pivot {pivot} is committed"),
            None => "no pivot is committed".to_owned(),
        };
        format!("blocks are executed up to {} of {head}; {pivot}", progress.imported)
    }

    fn patience(world: &World, peers: usize) -> Millis {
        world.patience(peers)
    }

    fn describe_key(world: &World, key: Hash32) -> String {
        world.name(&key)
    }

    fn describe_action(_world: &World, action: &Action) -> String {
        let Action::Grow { to } = action;
        format!("grows to block {to}")
    }

    fn describe_message(world: &World, message: &Message) -> String {
        match message {
            Message::GetNodeData { hashes } => {
                format!("get node data {}", list(world, hashes.iter().copied()))
            }
            Message::NewBlock { number } => format!("new block {number}"),
            Message::NodeData { blobs } => {
                format!("node data {}", list(world, blobs.iter().map(Blob::hash)))
            }
        }
    }

    fn describe_event(world: &World, event: &Event) -> String {
        match event {
            Event::Imported { from, to } => format!("blocks {from} to {to} executed"),
            Event::Pivot { number, head } => format!("pivot is {number}, head {head}"),
            Event::PivotCommitted { number } => format!("pivot {number} committed"),
            Event::ReceiptsImported { to } => format!("receipts imported up to {to}"),
            Event::SessionEnded { error: None } => "cycle done".to_owned(),
            Event::SessionEnded { error: Some(error) } => {
                format!("cycle failed: {}", describe_error(world, error))
            }
            Event::StateSyncStarted { root } => format!("sync of {} begins", world.name(root)),
            Event::StateSyncStopped { root, error: None } => {
                format!("{} is whole", world.name(root))
            }
            Event::StateSyncStopped { root, error: Some(error) } => {
                format!("sync of {} stops: {}", world.name(root), describe_error(world, error))
            }
            Event::Written { nodes, codes, total } => {
                let hashes: Vec<Hash32> = nodes.iter().chain(codes.iter()).copied().collect();
                format!("written: {}; {total} in all", list(world, hashes.into_iter()))
            }
        }
    }

    fn describe_command(_world: &World, command: &Command) -> String {
        match command {
            Command::Cancel {} => "to cancel".to_owned(),
        }
    }
}

fn describe_error(world: &World, error: &SyncError) -> String {
    match error {
        SyncError::Cancelled {} => "cancelled".to_owned(),
        SyncError::FailedWithAllPeers { hash, tries, peers } => {
            format!("no peer has {} ({tries} tries, {peers} peers)", world.name(hash))
        }
        SyncError::InvalidNode { hash } => format!("{} is invalid", world.name(hash)),
        SyncError::MasterGone {} => "the master is gone".to_owned(),
        SyncError::Timeout {} => "the master does not answer".to_owned(),
    }
}

/// How many items there are, and the first of them by name.
fn list(world: &World, hashes: impl ExactSizeIterator<Item = Hash32>) -> String {
    const SHOWN: usize = 4;
    let count = hashes.len();
    if count == 0 {
        return "with nothing".to_owned();
    }
    let shown: Vec<String> = hashes.take(SHOWN).map(|hash| world.name(&hash)).collect();
    let more = if count > SHOWN { ", .." } else { "" };
    format!("{count}: {}{more}", shown.join(", "))
}

fn check_block(world: &World, field: &str, number: u32) -> Result<(), SpecError> {
    if number > world.chain.head() {
        let message = format!("at most {}, the end of the chain, got {number}", world.chain.head());
        return Err(SpecError::new(field, message));
    }
    Ok(())
}
