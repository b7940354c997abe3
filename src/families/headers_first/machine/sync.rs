use std::collections::VecDeque;

use crate::families::headers_first::chain::NodeId;
use crate::families::headers_first::{
    Checkpoint, Event, HeadersFirst, Message, Profile, latest_locator, locator_of,
};
use crate::machine::{Millis, Outbox, PeerId, Time};
use crate::primitives::bitcoin::BlockHash;

use super::SyncManager;
use super::peer::Peer;

/// How long a sync peer may take without having earned more (btcd: `maxStallDuration`).
pub(super) const MAX_STALL_MS: Millis = 3 * 60 * 1_000;

/// What a peer earns with each header or block that brings the chain on.
pub(super) const EARNED_MS: Millis = 10;

/// How long the promises of a peer do not count when it has broken them.
const DOUBT_MS: Millis = 90_000;

/// How often a peer is asked for the parents of its orphans before the tip moves.
const MAX_PARENTS_ASKED: u32 = 10;

/// A pruned peer has at least so many blocks below its tip (BIP 159).
const LIMITED_BLOCKS: u32 = 288;

/// The sync peer, and what is fetched from it.
#[derive(Clone, Debug)]
pub(crate) struct Sync {
    pub(crate) peer: PeerId,
    /// Something is left to fetch (`ibdMode` of btcd 0.26).
    pub(crate) active: bool,
    /// Headers first (`headersFirstMode` of btcd 0.25; always in 0.26).
    pub(crate) headers_first: bool,
    /// The checkpoint that headers are fetched up to (btcd 0.25).
    pub(crate) checkpoint: Option<Checkpoint>,
    /// The last header that came in answer to the requests of this turn.
    pub(crate) list_tip: Option<NodeId>,
    /// The missing blocks that are not yet asked for, oldest first.
    pub(crate) plan: VecDeque<NodeId>,
    /// The plan of downloads is out of date.
    pub(crate) plan_is_stale: bool,
    /// When its turn began.
    pub(crate) since: Time,
    /// Since when it waits for blocks that others were asked for.
    pub(super) blocked_since: Option<Time>,
    /// How much of its turn that took.
    blocked: Millis,
    /// What it has earned by progress.
    pub(crate) earned: Millis,
    /// The tip when it was last asked for blocks after it.
    asked_at_tip: Option<NodeId>,
    /// The best header when it was last asked about an announcement.
    asked_at_header: Option<NodeId>,
}

impl Sync {
    /// How long it has taken, what others took aside.
    pub(super) fn taken(&self, now: Time) -> Millis {
        let blocked = self.blocked + self.blocked_since.map_or(0, |since| now.since(since));
        now.since(self.since).saturating_sub(blocked)
    }

    fn note_blocked(&mut self, now: Time, is_blocked: bool) {
        match (self.blocked_since, is_blocked) {
            (None, true) => self.blocked_since = Some(now),
            (Some(since), false) => {
                self.blocked += now.since(since);
                self.blocked_since = None;
            }
            _ => {}
        }
    }
}

impl SyncManager {
    /// The peer that blocks are synced from, or were last.
    pub(super) fn sync_peer(&self) -> Option<&Peer> {
        self.sync.as_ref().and_then(|sync| self.peers.get(&sync.peer))
    }

    /// Whether something is being fetched from the sync peer.
    pub(super) fn is_syncing(&self) -> bool {
        self.sync.as_ref().is_some_and(|sync| sync.active)
    }

    /// Whether something is being fetched from this peer as sync peer.
    pub(super) fn is_syncing_from(&self, id: PeerId) -> bool {
        self.sync.as_ref().is_some_and(|sync| sync.active && sync.peer == id)
    }

    /// Whether the sync peer waits for blocks that others were asked for.
    pub(super) fn is_blocked(&self) -> bool {
        self.sync.as_ref().is_some_and(|sync| sync.active && sync.blocked_since.is_some())
    }

    /// Chooses a sync peer, if one is needed and there is one (btcd: `startSync`).
    ///
    /// DIFFERENCE: btcd picks at random. Here it is who failed longest ago, and of those who never
    /// did, a pick by a hash of peer and choice: so a liar that comes back at once does not get all
    /// turns. DIFFERENCE: a sync peer that has nothing more bars no other (#2606), and a peer
    /// counts that announced an unknown block, whatever its height (#2536).
    pub(super) fn start_sync(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        if self.is_syncing() {
            return;
        }
        let choice = self.choices;
        let rank = |peer: &&Peer| (self.failures.get(&peer.id), mix(peer.id, choice));
        let promising = self.peers.values().filter(|peer| self.promises_more(peer));
        let is_trusted = |peer: &&Peer| peer.doubted_until.is_none_or(|until| until <= now);
        let chosen = promising.clone().filter(is_trusted).min_by_key(rank);
        let Some(chosen) = chosen.map(|peer| peer.id) else {
            self.watch = promising.count() > 0;
            return;
        };
        self.choices += 1;
        self.begin_turn(now, chosen, out);
    }

    /// Whether blocks can be synced from a peer (btcd: `isSyncCandidate`).
    ///
    /// DIFFERENCE: btcd decides at the handshake, for ever; there a peer that is too far ahead, or
    /// behind for a moment, is lost (bchd #470).
    pub(super) fn is_candidate(&self, peer: &Peer) -> bool {
        let limit = self.chain.tip_height().saturating_add(LIMITED_BLOCKS);
        let is_limited = peer.hello.network_limited && peer.last_block <= limit;
        peer.hello.network || is_limited
    }

    /// Goes on with the sync peer: asks for what is missing, or ends its turn.
    pub(super) fn go_on(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        let Some(sync) = self.sync.as_ref().filter(|sync| sync.active) else { return };
        let (id, headers_first, is_stale) = (sync.peer, sync.headers_first, sync.plan_is_stale);
        let Some(peer) = self.peers.get(&id) else { return };
        let waits = is_stale && !peer.requested.is_empty() && !self.quirks.asks_in_flight;
        if peer.owes_headers() || waits {
            self.note_blocked(now, false);
            return;
        }
        if headers_first {
            self.note_announcement_shown(id);
            self.make_plan(id);
            self.fetch_blocks(now, id, out);
        }
        let peer = &self.peers[&id];
        let owes = !peer.requested.is_empty();
        let waits = !peer.queue.is_empty();
        let is_unknown = |hash: BlockHash| self.is_news(&hash) && self.chain.find(&hash).is_none();
        let announces_unknown = peer.last_announced.is_some_and(is_unknown);
        let Some(sync) = &mut self.sync else { return };
        let is_blocked = !owes && (waits || !sync.plan.is_empty());
        sync.note_blocked(now, is_blocked);
        if owes || is_blocked {
            return;
        }
        let best_header = Some(self.chain.best_header());
        if headers_first && announces_unknown && sync.asked_at_header != best_header {
            sync.asked_at_header = best_header;
            self.ask_headers_from_start(now, id, out);
        } else if headers_first || !self.promises_more(&self.peers[&id]) {
            self.end_turn(now, out);
        }
    }

    /// The sync peer has failed to give what it promised, so it is another's turn.
    pub(super) fn fail_turn(&mut self, now: Time, id: PeerId, out: &mut Outbox<HeadersFirst>) {
        self.failures.insert(id, now);
        if self.is_syncing_from(id) {
            self.close_turn(now, out);
        } else {
            self.doubt(now, id);
            self.requests_were_lost(now, out);
        }
    }

    /// Requests have ended without their blocks: others are asked for them now.
    pub(super) fn requests_were_lost(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        if let Some(sync) = &mut self.sync {
            sync.plan_is_stale = true;
        }
        self.empty_queues(now, out);
        if self.is_syncing() {
            self.go_on(now, out);
        } else {
            self.start_sync(now, out);
        }
    }

    /// A block that we do not have and did not ask for.
    pub(super) fn is_news(&self, hash: &BlockHash) -> bool {
        let is_stored = self.chain.find(hash).is_some_and(|id| self.chain.has_block(id));
        !is_stored && !self.chain.is_refused(hash) && !self.in_flight.contains_key(hash)
    }

    /// Looks after the sync peer every 30 s (btcd: `handleStallSample`).
    pub(super) fn sample_sync(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        let Some(sync) = self.sync.as_ref().filter(|sync| sync.active) else {
            self.start_sync(now, out);
            return;
        };
        let (id, headers_first) = (sync.peer, sync.headers_first);
        let peer = &self.peers[&id];
        let owes = peer.owes_headers() || !peer.requested.is_empty();
        let is_late = sync.taken(now) > MAX_STALL_MS + sync.earned;
        if is_late && sync.blocked_since.is_none() && !self.quirks.turn_has_no_limit {
            let height = peer.last_block.max(peer.hello.start_height);
            if owes || height > self.chain.tip_height() {
                self.drop_stalled(now, id, out);
            } else {
                self.end_turn(now, out);
            }
        } else if !owes && !headers_first {
            if self.promises_more(peer) {
                self.ask_for_more_blocks(now, id, out);
            } else {
                self.end_turn(now, out);
            }
        }
    }

    /// Asks for headers after the best header, or of btcd 0.25 after the tip up to the next
    /// checkpoint.
    pub(crate) fn ask_headers_from_start(
        &mut self,
        now: Time,
        id: PeerId,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let locator = match self.profile {
            Profile::Btcd025 => latest_locator(&self.chain),
            Profile::Btcd026 => locator_of(&self.chain, &self.chain.hash(self.chain.best_header())),
        };
        if let Some(sync) = &mut self.sync {
            sync.list_tip = None;
        }
        self.ask_headers(now, id, locator, out);
    }

    /// Asks the sync peer for the blocks after its locator, unless that answer is on its way.
    pub(super) fn ask_blocks_from(
        &mut self,
        now: Time,
        id: PeerId,
        locator: Vec<BlockHash>,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        // DIFFERENCE: btcd drops a request that equals the last one to this peer, for ever, so an
        // answer that was lost is never asked for again (#229). Here it is dropped as long as its
        // answer may come (btcd: `prevGetBlocksBegin`, `prevGetBlocksStop`).
        if peer.get_blocks_open_until.is_none_or(|until| until <= now) {
            peer.last_get_blocks = None;
        } else if locator.first().map(|begin| (*begin, BlockHash::ZERO)) == peer.last_get_blocks {
            return;
        }
        let tip = self.chain.tip();
        if let Some(sync) = &mut self.sync {
            sync.asked_at_tip = Some(tip);
        }
        self.ask_blocks(now, id, locator, BlockHash::ZERO, out);
    }

    /// Asks by getblocks, unless the last request was the same (btcd: `PushGetBlocksMsg`).
    pub(super) fn ask_blocks(
        &mut self,
        now: Time,
        id: PeerId,
        locator: Vec<BlockHash>,
        stop: BlockHash,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(begin) = locator.first().copied() else { return };
        if peer.last_get_blocks == Some((begin, stop)) {
            return;
        }
        peer.last_get_blocks = Some((begin, stop));
        peer.get_blocks_open_until = Some(now + super::timers::RESPONSE_MS);
        // DIFFERENCE: btcd gives getblocks 30 s for an inv, but who has nothing after the locator
        // stays silent by the protocol (bchd 23ab2561).
        if self.quirks.inv_deadline {
            peer.inv_due = Some(now + super::timers::RESPONSE_MS);
        }
        out.send(id, Message::GetBlocks { locator, stop });
    }

    /// Asks for what is missing below an orphan.
    pub(super) fn ask_parents(
        &mut self,
        now: Time,
        id: PeerId,
        orphan: BlockHash,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let tip = self.chain.hash(self.chain.tip());
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let times = if peer.parents_asked.0 == tip { peer.parents_asked.1 } else { 0 };
        // DIFFERENCE: btcd goes on for ever with a peer that floods the pool with orphans, for with
        // each of them the oldest is another.
        if times >= MAX_PARENTS_ASKED {
            return;
        }
        peer.parents_asked = (tip, times + 1);
        let root = self.chain.orphan_root(&orphan);
        self.ask_blocks(now, id, latest_locator(&self.chain), root, out);
    }

    fn begin_turn(&mut self, now: Time, id: PeerId, out: &mut Outbox<HeadersFirst>) {
        let checkpoint = match self.profile {
            Profile::Btcd025 => self.chain.next_checkpoint(self.chain.tip_height()),
            Profile::Btcd026 => None,
        };
        let headers_first = self.profile == Profile::Btcd026 || checkpoint.is_some();
        self.sync = Some(Sync {
            peer: id,
            active: true,
            headers_first,
            checkpoint,
            list_tip: None,
            plan: VecDeque::new(),
            plan_is_stale: true,
            since: now,
            blocked_since: None,
            blocked: 0,
            earned: 0,
            asked_at_tip: None,
            asked_at_header: None,
        });
        out.event(Event::SyncPeer { peer: Some(id) });
        self.note_announcement_shown(id);
        if !headers_first {
            self.ask_blocks_from(now, id, latest_locator(&self.chain), out);
        } else if self.headers_are_wanted(id) {
            self.ask_headers_from_start(now, id, out);
        } else {
            self.assume_on_best_headers(id);
            self.go_on(now, out);
        }
    }

    /// A peer that announces a known header has shown it.
    fn note_announcement_shown(&mut self, id: PeerId) {
        let announced = self.peers.get(&id).and_then(|peer| peer.last_announced);
        if let Some(node) = announced.and_then(|hash| self.chain.find(&hash)) {
            self.note_shown(id, node);
        }
    }

    /// Whether headers are asked for at the beginning of a turn. btcd 0.26 asks only a peer that
    /// claims more than the best header's height; of others it fetches blocks at once (`startSync`).
    ///
    /// DIFFERENCE: who has failed before, or announced what is not known, may be on another chain: it
    /// is asked. btcd asks it for the same blocks for ever.
    fn headers_are_wanted(&self, id: PeerId) -> bool {
        let peer = &self.peers[&id];
        self.profile == Profile::Btcd025
            || peer.last_block > self.chain.height(self.chain.best_header())
            || (peer.best_known.is_none() && self.failures.contains_key(&id))
            || peer.last_announced.is_some_and(|hash| self.chain.find(&hash).is_none())
    }

    /// A peer that is no higher than the best header is taken to be on its chain.
    pub(super) fn assume_on_best_headers(&mut self, id: PeerId) {
        let height = self.peers[&id].last_block;
        let shown = self.chain.ancestor(self.chain.best_header(), height);
        self.note_shown(id, shown);
    }

    /// Whether a peer says that it has what we have not.
    fn promises_more(&self, peer: &Peer) -> bool {
        let tip = self.chain.tip();
        let has_more_work =
            |id: NodeId| !self.chain.is_invalid(id) && self.chain.work(id) > self.chain.work(tip);
        let equal = self.quirks.asks_equal_heights && peer.last_block == self.chain.height(tip);
        let more = peer.last_block > self.chain.height(tip)
            || equal
            || peer.best_known.is_some_and(has_more_work)
            || peer.last_announced.is_some_and(|hash| self.is_news(&hash));
        more && self.is_candidate(peer)
    }

    /// Ends the turn of a sync peer that has answered all, or had all the time to do so.
    fn end_turn(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        let announced = self.sync_peer().and_then(|peer| peer.last_announced);
        let is_made_up =
            announced.is_some_and(|hash| self.is_news(&hash) && self.chain.find(&hash).is_none());
        let id = self.sync.as_ref().map(|sync| sync.peer);
        if is_made_up && let Some(peer) = id.and_then(|id| self.peers.get_mut(&id)) {
            peer.last_announced = None;
        }
        self.close_turn(now, out);
    }

    /// Takes the turn from the sync peer and gives it to another that promises more.
    fn close_turn(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        let Some(sync) = &mut self.sync else { return };
        sync.active = false;
        sync.plan.clear();
        let id = sync.peer;
        if self.peers.get(&id).is_some_and(|peer| self.promises_more(peer)) {
            self.doubt(now, id);
            self.sync = None;
            out.event(Event::SyncPeer { peer: None });
        }
        self.requests_were_lost(now, out);
    }

    /// A peer did not give what it promised. It may have had bad luck with its link, so its
    /// promises count again after a while.
    fn doubt(&mut self, now: Time, id: PeerId) {
        self.failures.insert(id, now);
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.doubted_until = Some(now + DOUBT_MS);
            peer.best_known = None;
        }
        self.watch = true;
    }

    /// Without the last hash of a full inv being followed by another, or with an orphan gone from
    /// the pool, nobody would ask for the rest.
    fn ask_for_more_blocks(&mut self, now: Time, id: PeerId, out: &mut Outbox<HeadersFirst>) {
        let sync = self.sync.as_ref().expect("somebody is synced from");
        let is_blocked = !self.peers[&id].queue.is_empty();
        let has_moved = sync.asked_at_tip != Some(self.chain.tip());
        self.note_blocked(now, is_blocked);
        if !is_blocked && has_moved {
            self.ask_blocks_from(now, id, latest_locator(&self.chain), out);
        }
    }

    fn note_blocked(&mut self, now: Time, is_blocked: bool) {
        if let Some(sync) = &mut self.sync {
            sync.note_blocked(now, is_blocked);
        }
    }
}

/// A number that differs from peer to peer and from choice to choice (splitmix64).
fn mix(peer: PeerId, choice: u64) -> u64 {
    let mut x = (u64::from(peer.0) << 32 ^ choice).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
