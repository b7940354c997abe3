use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::families::state_sync::{Event, Message, StateSync, World};
use crate::machine::{Input, Output, PeerId};
use crate::primitives::ethereum_state::{Blob, Hash32, HashTable};
use crate::trace::{Step, What};
use crate::world::state::StoredTable;

/// Follows who is there, what they were asked for, and which state is being synced.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The root of the state whose sync goes on.
    pub(super) running: Option<Hash32>,
    /// The open requests. One whose items are asked of others has been given up.
    pub(super) open: BTreeMap<PeerId, Open>,
    /// The peers that are connected, with their heads.
    pub(super) connected: BTreeMap<PeerId, u32>,
    /// Those of them that the subject has dropped.
    dropped: BTreeSet<PeerId>,
}

/// A request that is not answered.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) hashes: Arc<[Hash32]>,
}

/// What a step is to the exchange of state data.
#[derive(Debug)]
pub(super) enum Seen<'a> {
    /// A peer answers; `request` is what it was asked for, if it was.
    Answered { peer: PeerId, blobs: &'a Arc<[Blob]>, request: Option<Open> },
    /// A peer is asked.
    Asked { peer: PeerId, hashes: &'a Arc<[Hash32]> },
    /// The subject's process has died.
    Crashed,
    /// The subject reports something.
    Event(&'a Event),
    /// A connection has begun or ended.
    Peers { peer: PeerId },
    /// Anything else.
    Other,
}

impl Watch {
    /// The highest head of the peers that the subject has not dropped.
    pub(super) fn best_head(&self) -> Option<u32> {
        let kept = self.connected.iter().filter(|(peer, _)| !self.dropped.contains(*peer));
        kept.map(|(_, head)| *head).max()
    }

    /// Takes note of a step and says what it is.
    pub(super) fn see<'a>(&mut self, step: &'a Step<StateSync>) -> Seen<'a> {
        match &step.what {
            What::Crashed { .. } => {
                *self = Self::default();
                Seen::Crashed
            }
            What::In { input: Input::Connected { peer, hello, .. }, .. } => {
                self.connected.insert(*peer, hello.head);
                self.open.remove(peer);
                Seen::Peers { peer: *peer }
            }
            What::In { input: Input::Disconnected { peer }, .. } => {
                self.connected.remove(peer);
                self.dropped.remove(peer);
                self.open.remove(peer);
                Seen::Peers { peer: *peer }
            }
            What::In { input: Input::Message { peer, message }, .. } => match message {
                Message::NodeData { blobs } => {
                    let request = self.open.remove(peer);
                    Seen::Answered { peer: *peer, blobs, request }
                }
                Message::NewBlock { number } => {
                    if let Some(head) = self.connected.get_mut(peer) {
                        *head = (*head).max(*number);
                    }
                    Seen::Other
                }
                Message::GetNodeData { .. } => Seen::Other,
            },
            What::Out {
                output: Output::Disconnect { peer, .. } | Output::Refuse { peer, .. },
                connected: true,
            } => {
                self.dropped.insert(*peer);
                Seen::Other
            }
            What::Out { output: Output::Event { event }, .. } => {
                match event {
                    Event::StateSyncStarted { root } => self.running = Some(*root),
                    Event::StateSyncStopped { .. } => self.running = None,
                    _ => {}
                }
                Seen::Event(event)
            }
            What::Out {
                output: Output::Send { peer, message: Message::GetNodeData { hashes } },
                ..
            } => {
                self.open.retain(|_, open| !open.hashes.iter().any(|hash| hashes.contains(hash)));
                self.open.insert(*peer, Open { hashes: hashes.clone() });
                Seen::Asked { peer: *peer, hashes }
            }
            _ => Seen::Other,
        }
    }
}

/// What a subject has said to be durable.
#[derive(Debug)]
pub(super) struct Durable {
    pub(super) nodes: HashTable<()>,
    pub(super) codes: HashTable<()>,
}

impl Durable {
    /// What the subject has from the beginning.
    pub(super) fn at_start(world: &World) -> Self {
        let mark = world.stored_mark();
        let stored = |table: &StoredTable| {
            let stored = table.values().filter(|stored| stored.states & mark != 0);
            stored.map(|stored| (stored.blob.hash(), ())).collect()
        };
        Self { nodes: stored(world.chain.nodes()), codes: stored(world.chain.codes()) }
    }

    /// Takes note of what is written.
    pub(super) fn write(&mut self, event: &Event) {
        if let Event::Written { nodes, codes, .. } = event {
            self.nodes.extend(nodes.iter().map(|hash| (*hash, ())));
            self.codes.extend(codes.iter().map(|hash| (*hash, ())));
        }
    }
}
