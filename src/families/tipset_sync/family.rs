use std::sync::Arc;

use schemars::JsonSchema;

use crate::machine::{Family, Millis, OverMemory, PeerId, Replies, Role, SpecError};
use crate::primitives::filecoin::{Tipset, TipsetKey};

use super::describe;
use super::endings::Ending;
use super::message::{
    Command, Event, Gauges, Handshake, Message, Reason, RequestKey, Start, status,
};
use super::misbehavior::{self, Misbehavior, misbehave};
use super::peer::{Action, Peer, PeerSpec};
use super::server::REQUEST_LENGTH_MAX;
use super::world::{Past, Spec, World};

/// Filecoin's tipset sync, as Venus does it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, JsonSchema)]
pub struct TipsetSync;

/// What is known of a subject's progress.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Its head, once it has moved.
    pub head: Option<TipsetKey>,
    /// The height of its highest head.
    pub highest: i64,
    /// The best of its heads: a head may be lost when a miner in it turns out to have two blocks.
    pub best: Option<Arc<Tipset>>,
    /// The heads that it left for another chain.
    pub left: Vec<Arc<Tipset>>,
    /// Its checkpoint, once it was set.
    pub checkpoint: Option<TipsetKey>,
}

impl Progress {
    fn head(&self, world: &World) -> Arc<Tipset> {
        let head = self.head.as_ref().and_then(|key| world.tipset(key));
        head.unwrap_or_else(|| Arc::clone(&world.stored))
    }
}

impl Family for TipsetSync {
    const NAME: &'static str = "tipset-sync";

    type Message = Message;
    type Command = Command;
    type Event = Event;
    type Reason = Reason;
    type Hello = Handshake;
    type Start = Start;
    type Gauges = Gauges;
    type Spec = Spec;
    type World = World;
    type PeerSpec = PeerSpec;
    type Action = Action;
    type Misbehavior = Misbehavior;
    type Peer = Peer;
    type Key = RequestKey;
    type Progress = Progress;
    type Missing = Arc<Tipset>;
    type Ending = Ending;

    fn build(spec: &Spec) -> Result<World, SpecError> {
        World::build(spec)
    }

    fn check_peer(world: &World, spec: &PeerSpec) -> Result<(), SpecError> {
        let tip = world.tree.tipset_or_genesis(spec.tip.as_ref());
        tip.map(drop).map_err(|message| SpecError::new("tip", message))
    }

    fn check_action(world: &World, action: &Action) -> Result<(), SpecError> {
        action.check(world)
    }

    fn check_command(_world: &World, command: &Command) -> Result<(), SpecError> {
        match command {
            Command::SetConcurrent { count: 1..=100 } => Ok(()),
            Command::SetConcurrent { .. } => Err(SpecError::new("count", "between 1 and 100")),
        }
    }

    fn start(world: &World) -> Start {
        world.start()
    }

    fn set_profile(spec: &mut Spec, profile: &str) {
        profile.clone_into(&mut spec.profile);
    }

    fn profile(spec: &Spec) -> &str {
        &spec.profile
    }

    fn peer(world: &Arc<World>, spec: &PeerSpec) -> Peer {
        Peer::new(world, spec)
    }

    fn misbehave(
        world: &World,
        _peer: &mut Peer,
        how: &Misbehavior,
        request: &Message,
        _ordinal: u32,
        replies: &mut Replies<Self>,
    ) {
        misbehave(world, how, request, replies);
    }

    fn role(message: &Message) -> Role {
        match message {
            Message::Request { .. } => Role::Request,
            Message::Response { .. } => Role::Response,
            Message::Checkpoint { .. }
            | Message::Gossip { .. }
            | Message::Hello { .. }
            | Message::OwnBlock { .. } => Role::Announcement,
        }
    }

    fn asked(message: &Message, each: &mut dyn FnMut(RequestKey)) {
        if let Message::Request { request } = message {
            each(request.key());
        }
    }

    fn answered(message: &Message, each: &mut dyn FnMut(RequestKey, bool)) {
        if let Message::Response { request, status, chain, .. } = message {
            let good = matches!(*status, status::OK | status::PARTIAL) && !chain.is_empty();
            each(request.key(), good);
        }
    }

    fn over_limit(message: &Message) -> Option<(u64, u64)> {
        match message {
            Message::Request { request } if request.length > REQUEST_LENGTH_MAX => {
                Some((request.length, REQUEST_LENGTH_MAX))
            }
            Message::Response { request, chain, .. } if chain.len() as u64 > request.length => {
                Some((chain.len() as u64, request.length))
            }
            _ => None,
        }
    }

    fn must_keep(world: &World, spec: &PeerSpec) -> bool {
        let Ok(mut root) = world.tree.tipset_or_genesis(spec.tip.as_ref()) else { return true };
        while let Some(parent) = world.tree.parent(&root) {
            root = parent;
        }
        root.key() == world.tree.genesis().key()
    }

    fn refute(world: &World, event: &Event) -> Option<String> {
        let (tipset, done) = match event {
            Event::HeadChanged { head, .. } => (head, "becomes the head"),
            Event::Validated { tipset } => (tipset, "is validated"),
            Event::CheckpointSet { tipset } => (tipset, "is a checkpoint"),
            Event::SyncEnded { .. } | Event::SyncStarted { .. } => return None,
        };
        if world.tree.is_valid(tipset) {
            return None;
        }
        Some(format!("only a tipset that passes all checks {done}"))
    }

    fn over_memory(world: &World, gauges: &Gauges) -> Option<OverMemory> {
        let settings = &world.spec.settings;
        let bounds = [
            ("targets", gauges.targets, settings.queue_max as u64),
            // Venus drops one only after it has one too many.
            ("finished targets", gauges.history, settings.history_max as u64 + 1),
            ("deferred targets", gauges.deferred, 64),
            ("requests in flight", gauges.in_flight, 256),
        ];
        let over = bounds.into_iter().find(|(_, got, limit)| got > limit);
        over.map(|(what, got, limit)| OverMemory { what, got, limit })
    }

    fn truncate(message: &Message, keep: u32) -> Option<Message> {
        let Message::Response { request, status, error, chain } = message else { return None };
        let chain: Vec<_> = chain.iter().take(keep as usize).cloned().collect();
        Some(Message::Response {
            request: request.clone(),
            status: *status,
            error: error.clone(),
            chain: Arc::new(chain),
        })
    }

    fn corrupt(message: &Message, salt: u32) -> Option<Message> {
        misbehavior::corrupt(message, salt)
    }

    fn note(world: &World, progress: &mut Progress, event: &Event) {
        match event {
            Event::HeadChanged { head, revert, .. } => {
                let left = revert.first().and_then(|left| world.tipset(left));
                progress.left.extend(left);
                if let Some(head) = world.tipset(head) {
                    progress.highest = progress.highest.max(head.height());
                    let best = progress.best.get_or_insert_with(|| Arc::clone(&world.stored));
                    if world.is_better(&head, best) {
                        *best = head;
                    }
                }
                progress.head = Some(head.clone());
            }
            Event::CheckpointSet { tipset } => progress.checkpoint = Some(tipset.clone()),
            Event::SyncEnded { .. } | Event::SyncStarted { .. } | Event::Validated { .. } => {}
        }
    }

    fn ending(event: &Event) -> Option<Ending> {
        Ending::of(event)
    }

    fn missing(world: &World, honest: &[&Peer], progress: &Progress) -> Option<Arc<Tipset>> {
        let known = |key: &Option<TipsetKey>| key.as_ref().and_then(|key| world.tipset(key));
        let head = progress.head(world);
        let checkpoint = known(&progress.checkpoint);
        let checkpoint = checkpoint.unwrap_or_else(|| Arc::clone(&world.checkpoint));
        let highest = progress.highest.max(world.stored.height());
        let past = Past { checkpoint: &checkpoint, highest };
        let chains = honest.iter().filter(|peer| !peer.is_operator());
        // What was no better than a head that was lost, or out of reach from an earlier one, may
        // be synced late: the claims that look at the end see to it.
        let best = progress.best.as_ref().unwrap_or(&head);
        chains.filter_map(|peer| world.sure_part(peer.tip())).find(|tip| {
            world.is_ahead(&head, &past, tip)
                && world.is_better(tip, best)
                && progress.left.iter().all(|left| world.fork_is_short(left, &past, tip))
        })
    }

    fn describe_missing(world: &World, progress: &Progress, missed: &Arc<Tipset>) -> String {
        let head = progress.head(world);
        format!(
            "the head is {} of weight {}, an honest peer has {} of weight {}",
            world.name(head.key()),
            world.tree.weight(&head),
            world.name(missed.key()),
            world.tree.weight(missed),
        )
    }

    fn wanted(_: &World, _: &[PeerId], _: &Progress, _: RequestKey) -> bool {
        // What is asked for is a means: a chain may turn out not to be needed.
        false
    }

    fn patience(_world: &World, peers: usize) -> Millis {
        3_600_000 + 60_000 * peers as Millis
    }

    fn describe_action(world: &World, action: &Action) -> String {
        describe::action(world, action)
    }

    fn describe_message(world: &World, message: &Message) -> String {
        describe::message(world, message)
    }

    fn describe_event(world: &World, event: &Event) -> String {
        describe::event(world, event)
    }

    fn describe_command(_world: &World, command: &Command) -> String {
        match command {
            Command::SetConcurrent { count } => format!("at most {count} syncs at once"),
        }
    }
}
