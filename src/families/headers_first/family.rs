use std::fmt;
use std::sync::Arc;

use bitcoin::hashes::Hash as _;
use schemars::JsonSchema;

use crate::machine::{Family, Millis, OverMemory, PeerId, Replies, Role, SpecError, Time};
use crate::primitives::bitcoin::{BlockHash, Header};
use crate::world::BlockId;

use super::describe;
use super::locator::{MAX_HEADERS_PER_MESSAGE, MAX_INVENTORY_PER_MESSAGE, MAX_LOCATOR_HASHES};
use super::{
    Action, Command, Ending, Event, Gauges, Hello, HonestPeer, Inventory, InventoryKind, Message,
    Misbehavior, PeerSpec, Profile, Reason, Services, Spec, Start, World,
};

/// Bitcoin block sync as btcd's `netsync` does it, as the one who syncs and as the one who serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, JsonSchema)]
pub struct HeadersFirst;

/// A block or a transaction by hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// Whether it is a block.
    pub block: bool,
    /// Its hash.
    pub hash: BlockHash,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.block { "block" } else { "transaction" };
        write!(f, "{kind} {:.8}", self.hash.to_string())
    }
}

impl Item {
    fn of(inventory: &Inventory) -> Option<Self> {
        (inventory.kind != InventoryKind::Unknown)
            .then(|| Self { block: inventory.is_block(), hash: inventory.hash })
    }
}

/// What the subject's events say of its progress.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The tip that it reported last, if the world knows it.
    pub tip: Option<BlockId>,
}

/// Less work than an honest peer's.
#[derive(Clone, Copy, Debug)]
pub struct Missing {
    tip: BlockId,
    /// The honest peer's.
    best: BlockId,
}

/// netsync's `maxRequestedBlocks`, for blocks and transactions each.
const REQUESTED_MAX: u64 = 50_000;

/// `maxOrphanBlocks` of btcd's blockchain.
const ORPHANS_MAX: u64 = 100;

/// `maxKnownInventory` of btcd's peer.
const KNOWN_INVENTORY_MAX: u64 = 1_000;

/// What a subject holds is bounded as if it had at most this many peers. No run connects more at once.
const PEERS_MAX: u64 = 125;

impl Family for HeadersFirst {
    const NAME: &'static str = "headers-first";

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
    type Peer = HonestPeer;
    type Key = Item;
    type Progress = Progress;
    type Missing = Missing;
    type Ending = Ending;

    fn build(spec: &Spec) -> Result<World, SpecError> {
        World::build(spec)
    }

    fn check_peer(world: &World, spec: &PeerSpec) -> Result<(), SpecError> {
        world.place(&spec.tip).map(drop).map_err(|error| error.within("tip"))
    }

    fn check_action(world: &World, action: &Action) -> Result<(), SpecError> {
        for (field, place) in action.places() {
            world.place(place).map_err(|error| error.within(&field))?;
        }
        match action {
            Action::AskData { blocks, unknown } => {
                let asked = blocks.len() as u64 + u64::from(*unknown);
                if asked > u64::from(MAX_INVENTORY_PER_MESSAGE) {
                    let message = format!("at most {MAX_INVENTORY_PER_MESSAGE}, got {asked}");
                    return Err(SpecError::new("unknown", message));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn check_misbehavior(world: &World, how: &Misbehavior) -> Result<(), SpecError> {
        how.check(world)
    }

    fn check_command(_: &World, command: &Command) -> Result<(), SpecError> {
        match *command {}
    }

    fn start(world: &World) -> Start {
        world.start()
    }

    fn set_profile(spec: &mut Spec, profile: &str) {
        if let Some(profile) = Profile::from_name(profile) {
            spec.profile = profile;
        }
    }

    fn profile(spec: &Spec) -> &str {
        spec.profile.name()
    }

    fn peer(world: &Arc<World>, spec: &PeerSpec) -> HonestPeer {
        HonestPeer::new(Arc::clone(world), spec.clone())
    }

    fn misbehave(
        _: &World,
        peer: &mut HonestPeer,
        how: &Misbehavior,
        request: &Message,
        _: u32,
        replies: &mut Replies<Self>,
    ) {
        how.apply(peer, request, replies);
    }

    fn role(message: &Message) -> Role {
        match message {
            Message::GetBlocks { .. } | Message::GetData { .. } | Message::GetHeaders { .. } => {
                Role::Request
            }
            Message::Block { .. }
            | Message::Headers { .. }
            | Message::NotFound { .. }
            | Message::Tx { .. } => Role::Response,
            Message::Inv { .. }
            | Message::Reject { .. }
            | Message::SendHeaders {}
            | Message::Unknown { .. } => Role::Announcement,
        }
    }

    fn asked(message: &Message, each: &mut dyn FnMut(Item)) {
        if let Message::GetData { items } = message {
            items.iter().filter_map(Item::of).for_each(each);
        }
    }

    fn answered(message: &Message, each: &mut dyn FnMut(Item, bool)) {
        match message {
            // A block with another body than its header commits to is not the block.
            Message::Block { block } => {
                each(Item { block: true, hash: block.hash() }, block.merkle_root_matches())
            }
            Message::NotFound { items } => {
                items.iter().filter_map(Item::of).for_each(|item| each(item, false));
            }
            Message::Tx { id, .. } => each(Item { block: false, hash: *id }, true),
            _ => {}
        }
    }

    fn in_version_1(message: &Message) -> Option<Message> {
        match message {
            Message::Tx { id, raw: Some(_) } => Some(Message::Tx { id: *id, raw: None }),
            _ => None,
        }
    }

    fn over_limit(message: &Message) -> Option<(u64, u64)> {
        let (got, limit) = match message {
            Message::GetBlocks { locator, .. } | Message::GetHeaders { locator, .. } => {
                (locator.len(), MAX_LOCATOR_HASHES)
            }
            Message::GetData { items } | Message::Inv { items } | Message::NotFound { items } => {
                (items.len(), MAX_INVENTORY_PER_MESSAGE)
            }
            Message::Headers { headers } => (headers.len(), MAX_HEADERS_PER_MESSAGE),
            _ => return None,
        };
        (got as u64 > u64::from(limit)).then_some((got as u64, u64::from(limit)))
    }

    fn wanted(world: &World, _: &[PeerId], progress: &Progress, item: Item) -> bool {
        let Some(id) = world.find(&item.hash).filter(|id| item.block && world.is_valid(*id)) else {
            return false;
        };
        let tip = progress.tip.unwrap_or_else(|| world.start_tip());
        world.keeps_checkpoints(id) && world.ancestor(tip, world.height(id)) != Some(id)
    }

    /// Clients look for peers that serve all blocks with witnesses, and may close other connections
    /// (Bitcoin Core, `HasAllDesirableServiceFlags`; btcd, `isSyncCandidate`). Who claims less height
    /// than it has may have grown since.
    fn must_keep(world: &World, spec: &PeerSpec) -> bool {
        world.place(&spec.tip).is_ok_and(|tip| {
            let claims_right = spec.claims.is_none_or(|height| height <= world.height(tip));
            let serves_all = spec.services == Services::Full;
            claims_right && serves_all && world.is_valid(tip) && world.suits_checkpoints(tip)
        })
    }

    fn must_keep_after(world: &World, action: &Action) -> bool {
        let Action::Advance { tip } = action else { return true };
        world.place(tip).is_ok_and(|tip| world.is_valid(tip) && world.suits_checkpoints(tip))
    }

    /// Bitcoin Core drops outbound peers with less work than its own tip after 20 minutes
    /// (`ConsiderEviction`), and those that bring no fresh headers (`m_headers_sync_timeout`). bcoin
    /// drops a peer whose headers end below the next checkpoint.
    fn is_of_use(
        world: &World,
        spec: &PeerSpec,
        acts: &[Action],
        progress: &Progress,
        now: Time,
    ) -> bool {
        let Ok(mut tip) = world.place(&spec.tip) else { return false };
        for act in acts {
            if let Action::Advance { tip: next } = act
                && let Ok(next) = world.place(next)
                && world.work(next) > world.work(tip)
            {
                tip = next;
            }
        }
        let own = progress.tip.unwrap_or_else(|| world.start_tip());
        let mut checkpoints = world.checkpoints().iter();
        let next = checkpoints.find(|checkpoint| checkpoint.height > world.height(own));
        next.is_none_or(|checkpoint| world.height(tip) >= checkpoint.height)
            && world.work(tip) >= world.work(own)
            && world.is_fresh(tip, now)
    }

    fn refute(world: &World, event: &Event) -> Option<String> {
        let (what, hash, holds): (_, _, fn(&World, BlockId) -> bool) = match event {
            Event::BlockAccepted { hash, .. } => ("blocks", hash, World::may_be_stored),
            Event::HeaderAccepted { hash, .. } => ("headers", hash, World::header_is_valid),
            Event::Tip { hash, .. } => ("tips", hash, World::is_valid),
            _ => return None,
        };
        match world.find(hash) {
            Some(id) if holds(world, id) => None,
            Some(_) => Some(format!("only valid {what} are taken")),
            None => Some(format!("only {what} that exist are taken")),
        }
    }

    fn durable(event: &Event) -> Option<Item> {
        match event {
            Event::BlockAccepted { hash, .. } => Some(Item { block: true, hash: *hash }),
            _ => None,
        }
    }

    fn in_flight_max(_: &World) -> u64 {
        2 * REQUESTED_MAX
    }

    fn over_memory(world: &World, gauges: &Gauges) -> Option<OverMemory> {
        let bounds = [
            ("orphans", gauges.orphans, ORPHANS_MAX),
            ("requested blocks", gauges.requested_blocks, REQUESTED_MAX),
            ("requested transactions", gauges.requested_transactions, REQUESTED_MAX),
            ("known inventory", gauges.known_inventory, KNOWN_INVENTORY_MAX * PEERS_MAX),
            ("headers waiting for blocks", gauges.header_list, world.len() as u64 + 1),
            ("queued announcements", gauges.request_queue, REQUESTED_MAX * PEERS_MAX),
        ];
        bounds
            .into_iter()
            .find(|(_, got, limit)| got > limit)
            .map(|(what, got, limit)| OverMemory { what, got, limit })
    }

    fn truncate(message: &Message, keep: u32) -> Option<Message> {
        let keep = keep as usize;
        match message {
            Message::Headers { headers } if headers.len() > keep => {
                Some(Message::Headers { headers: headers[..keep].to_vec() })
            }
            Message::Inv { items } if items.len() > keep => {
                Some(Message::Inv { items: items[..keep].to_vec() })
            }
            _ => None,
        }
    }

    fn corrupt(message: &Message, salt: u32) -> Option<Message> {
        match message {
            Message::Headers { headers } if !headers.is_empty() => {
                let mut headers = headers.clone();
                let index = salt as usize % headers.len();
                let mut fields = *headers[index].fields();
                let mut root = fields.merkle_root.to_byte_array();
                root[salt as usize % 32] ^= 1;
                fields.merkle_root = bitcoin::TxMerkleNode::from_byte_array(root);
                // With real difficulty a changed header never has the work; here it may by chance.
                let target = fields.target();
                while fields.validate_pow(target).is_ok() {
                    fields.nonce = fields.nonce.wrapping_add(1);
                }
                headers[index] = Header::new(fields);
                Some(Message::Headers { headers })
            }
            Message::Inv { items } if !items.is_empty() => {
                let mut items = items.clone();
                let index = salt as usize % items.len();
                let mut bytes = *items[index].hash.as_bytes();
                bytes[salt as usize % 32] ^= 1;
                items[index].hash = BlockHash::from_bytes(bytes);
                Some(Message::Inv { items })
            }
            _ => None,
        }
    }

    fn note(world: &World, progress: &mut Progress, event: &Event) {
        if let Event::Tip { hash, .. } = event {
            progress.tip = world.find(hash).or(progress.tip);
        }
    }

    fn ending(event: &Event) -> Option<Ending> {
        Ending::of(event)
    }

    fn missing(world: &World, honest: &[&HonestPeer], progress: &Progress) -> Option<Missing> {
        let tip = progress.tip.unwrap_or_else(|| world.start_tip());
        let best = honest
            .iter()
            .map(|peer| peer.tip())
            .filter(|tip| world.is_valid(*tip) && world.keeps_checkpoints(*tip))
            .max_by_key(|tip| world.work(*tip))?;
        (world.work(tip) < world.work(best)).then_some(Missing { tip, best })
    }

    fn describe_missing(world: &World, _: &Progress, missing: &Missing) -> String {
        let label = |id| world.label(&world.hash(id));
        format!("the tip is {}, an honest peer has {}", label(missing.tip), label(missing.best))
    }

    /// A peer that stalls is given up after three minutes, sampled each half (btcd, netsync); then
    /// comes the next. Transfers take a few round trips for each 500 blocks.
    fn patience(world: &World, peers: usize) -> Millis {
        const STALL_MS: Millis = 3 * 60_000 + 2 * 30_000;
        const BLOCK_MS: Millis = 10;
        (peers as Millis + 2) * STALL_MS + world.len() as Millis * BLOCK_MS
    }

    fn describe_message(world: &World, message: &Message) -> String {
        describe::message(world, message)
    }

    fn describe_event(world: &World, event: &Event) -> String {
        describe::event(world, event)
    }

    fn describe_command(_: &World, command: &Command) -> String {
        match *command {}
    }

    fn describe_action(world: &World, action: &Action) -> String {
        describe::action(world, action)
    }

    fn describe_key(world: &World, item: Item) -> String {
        let kind = if item.block { "block" } else { "transaction" };
        format!("{kind} {}", world.label(&item.hash))
    }
}
