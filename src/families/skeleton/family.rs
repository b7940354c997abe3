use std::sync::Arc;

use schemars::JsonSchema;

use crate::machine::{Family, Millis, OverMemory, PeerId, Replies, Role, SpecError};
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;

use super::message::{
    BoundsAnswer, Command, CycleEnd, Event, Gauges, HeadAnswer, Hello, Message, Reason, Start,
};
use super::misbehavior::{self, Misbehavior};
use super::world::check_place;
use super::{Action, Ending, Peer, PeerSpec, Profile, Spec, World};

/// The skeleton family: geth's beacon header sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, JsonSchema)]
pub struct Skeleton;

/// What is known of the subject's progress.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The forced head that was announced last, if nothing has changed the local chain since.
    pub target: Option<Hash32>,
    /// Whether it was taken in. If not, it will be announced again.
    pub taken: bool,
    /// Whether the process was told to shut the skeleton down: it need follow nothing then.
    pub terminated: bool,
    /// Heads that were taken in after it without force: each may be followed in its place.
    pub instead: Vec<Hash32>,
    /// The head that was filled last; the local chain's, if absent.
    pub filled: Option<Hash32>,
    /// The tail of the primary subchain, if the subject says what it persists.
    pub tail: Option<u64>,
    /// A head that was announced without force and is not answered.
    pub announced: Option<Hash32>,
    /// Subchains and the primary's tail, for people.
    pub shape: String,
}

/// The most headers that a peer may be asked for (geth `maxHeadersServe`).
const HEADERS_ASKED_MAX: u64 = 1_024;

/// Consensus clients announce their head in each slot, new or not (consensus-specs,
/// `SECONDS_PER_SLOT`).
const SLOT_MS: Millis = 12_000;

impl Family for Skeleton {
    const NAME: &'static str = "skeleton";
    /// A new cycle asks anew for what the cycle before had asked for.
    const RETRY_MS: Millis = 0;

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
    /// The number of a header.
    type Key = u64;
    type Progress = Progress;
    type Missing = Hash32;
    type Ending = Ending;

    fn build(spec: &Spec) -> Result<World, SpecError> {
        World::build(spec)
    }

    fn check_peer(world: &World, spec: &PeerSpec) -> Result<(), SpecError> {
        check_place(&world.tree, "branch", "head", spec.branch, spec.head.unwrap_or(0))?;
        if spec.think_ms > 1_000_000 {
            return Err(SpecError::new("think_ms", "at most 1000000"));
        }
        Ok(())
    }

    fn check_action(world: &World, action: &Action) -> Result<(), SpecError> {
        let Action::Follow { branch } = action;
        check_place(&world.tree, "branch", "branch", *branch, 0)
    }

    fn check_command(world: &World, command: &Command) -> Result<(), SpecError> {
        let known = |field, hash: &Hash32| {
            let found = world.tree.find(hash);
            found.ok_or_else(|| SpecError::new(field, "a header of the tree"))
        };
        match command {
            Command::Bounds {} | Command::Terminate {} => Ok(()),
            Command::Head { header, .. } => {
                known("header", &header.hash())?;
                let above = header.number() > 0;
                above.then_some(()).ok_or_else(|| SpecError::new("header", "not genesis"))
            }
            Command::SetHead { hash, .. } => known("hash", hash).map(drop),
        }
    }

    fn start(world: &World) -> Start {
        world.start().clone()
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
            Message::GetHeaders { .. } => Role::Request,
            Message::Headers { .. } => Role::Response,
        }
    }

    fn asked(message: &Message, each: &mut dyn FnMut(u64)) {
        if let Message::GetHeaders { origin, amount, .. } = message {
            let amount = (*amount).min(HEADERS_ASKED_MAX);
            (0..amount).map_while(|below| origin.checked_sub(below)).for_each(each);
        }
    }

    fn answered(message: &Message, each: &mut dyn FnMut(u64, bool)) {
        if let Message::Headers { headers, .. } = message {
            headers.iter().for_each(|header| each(header.number(), true));
        }
    }

    fn over_limit(message: &Message) -> Option<(u64, u64)> {
        let Message::GetHeaders { amount, .. } = message else { return None };
        (*amount > HEADERS_ASKED_MAX).then_some((*amount, HEADERS_ASKED_MAX))
    }

    fn describe_key(_world: &World, key: u64) -> String {
        format!("the header of number {key}")
    }

    /// A header that leads to the head that must be followed, and is not stored. What was asked for
    /// on behalf of a head that was given up is not: see [`Self::asks_anew`].
    fn wanted(world: &World, _honest: &[PeerId], progress: &Progress, key: u64) -> bool {
        let Some((branch, target)) = progress.target.and_then(|head| world.tree.find(&head)) else {
            return false;
        };
        let known = filled(world, progress).is_some_and(|(filled_on, filled)| {
            let header = world.tree.header(branch, key).map(SealedHeader::hash);
            key <= filled && header.is_some_and(|hash| world.tree.is_on(filled_on, key, &hash))
        });
        key < progress.tail.unwrap_or(target) && !known
    }

    fn asks_anew(event: &Event) -> bool {
        let restarted = HeadAnswer::Restarted;
        matches!(event, Event::CycleStarted { .. } | Event::CycleEnded { .. })
            || matches!(event, Event::HeadAnswered { answer, .. } if *answer == restarted)
    }

    fn must_keep(world: &World, spec: &PeerSpec) -> bool {
        // Where there are branches, a peer on the wrong one is dropped for it.
        world.tree.branches() == 1 && spec.head.is_none() && spec.think_ms <= 1_000
    }

    fn refute(world: &World, event: &Event) -> Option<String> {
        let unknown = |headers: &[SealedHeader]| {
            let bad = headers.iter().find(|header| world.tree.find(&header.hash()).is_none())?;
            Some(format!("headers of the tree; {} is none", bad.hash().short()))
        };
        match event {
            Event::Filled { headers } => unknown(headers),
            Event::Stored { rows, .. } => unknown(rows),
            _ => None,
        }
    }

    fn over_memory(_world: &World, gauges: &Gauges) -> Option<OverMemory> {
        let over = |what, got, limit| (got > limit).then_some(OverMemory { what, got, limit });
        over("headers in the scratch space", gauges.scratch_headers, gauges.scratch_max)
            .or_else(|| over("requests, one for each peer", gauges.requests, gauges.peers))
    }

    fn truncate(message: &Message, keep: u32) -> Option<Message> {
        let Message::Headers { id, headers } = message else { return None };
        let kept: Arc<[SealedHeader]> = headers.iter().take(keep as usize).cloned().collect();
        (kept.len() < headers.len()).then_some(Message::Headers { id: *id, headers: kept })
    }

    fn corrupt(message: &Message, salt: u32) -> Option<Message> {
        let Message::Headers { id, headers } = message else { return None };
        let mut headers = headers.to_vec();
        let index = salt as usize % headers.len().max(1);
        let header = headers.get_mut(index)?;
        *header = SealedHeader::empty(header.number(), header.parent(), 1 << 40);
        Some(Message::Headers { id: *id, headers: headers.into() })
    }

    fn note(world: &World, progress: &mut Progress, event: &Event) {
        match event {
            Event::FillerDone { head: Some(head) } => progress.filled = Some(*head),
            // Without a pivot all that is filled is executed.
            Event::Filled { headers } if world.start().settings.pivot_distance.is_none() => {
                progress.filled = headers.last().map(SealedHeader::hash).or(progress.filled);
            }
            Event::HeadAnswered { hash, answer: HeadAnswer::Accepted | HeadAnswer::Restarted } => {
                if progress.announced.take() == Some(*hash) {
                    progress.instead.push(*hash);
                } else {
                    progress.taken = progress.target == Some(*hash);
                }
            }
            Event::HeadAnswered { answer: HeadAnswer::Terminated, .. } => progress.target = None,
            Event::CycleEnded { why: CycleEnd::Terminated } => progress.target = None,
            // It may take until the next head that this is noticed.
            Event::LocalHead { hash } => {
                (progress.target, progress.filled) = (None, Some(*hash));
            }
            Event::Stored { status, .. } => {
                let name = |chain: &super::Subchain| {
                    format!("{}..{} on {}", chain.head, chain.tail, world.tree.name(&chain.next))
                };
                let chains: Vec<String> = status.subchains.iter().take(4).map(name).collect();
                progress.shape = chains.join(", ");
                progress.tail = status.subchains.first().map(|primary| primary.tail);
            }
            _ => {}
        }
    }

    fn note_command(_world: &World, progress: &mut Progress, command: &Command) {
        match command {
            Command::Head { header, force: true, .. } => {
                let target = Some(header.hash());
                if progress.target != target {
                    progress.instead.clear();
                }
                progress.target = target.filter(|_| !progress.terminated);
                (progress.taken, progress.announced) = (false, None);
            }
            Command::Terminate {} => (progress.target, progress.terminated) = (None, true),
            Command::Head { header, .. } => progress.announced = Some(header.hash()),
            _ => {}
        }
    }

    fn repeats_after(command: &Command) -> Option<Millis> {
        matches!(command, Command::Head { force: true, .. }).then_some(SLOT_MS)
    }

    fn ending(event: &Event) -> Option<Ending> {
        Ending::of(event)
    }

    fn note_restart(_world: &World, progress: &mut Progress) {
        // The forced head will be announced again.
        (progress.taken, progress.terminated) = (false, false);
        progress.instead.clear();
        progress.announced = None;
    }

    fn missing(world: &World, honest: &[&Peer], progress: &Progress) -> Option<Hash32> {
        let target = progress.target?;
        let (branch, number) = world.tree.find(&target)?;
        let header = world.tree.header(branch, number)?;
        let is_missing = !std::iter::once(&target)
            .chain(&progress.instead)
            .any(|head| is_filled(world, progress, head))
            && honest.iter().any(|peer| peer.leads_to(header));
        is_missing.then_some(target)
    }

    fn describe_missing(world: &World, progress: &Progress, target: &Hash32) -> String {
        let target = world.tree.name(target);
        let taken = if progress.taken { "taken in" } else { "announced" };
        format!("head {target} is {taken} and not filled; subchains are {}", progress.shape)
    }

    fn patience(world: &World, peers: usize) -> Millis {
        let settings = &world.start().settings;
        let headers = (0..world.tree.branches()).map(|b| world.tree.top(b)).sum::<u64>();
        let rounds = headers / settings.batch + 10;
        let fill = (headers / settings.fill_blocks + 10) * settings.fill_ms;
        // Each liar may be silent for a whole time-out, and come back.
        let silent = (peers as u64 + 1) * 4 * settings.timeout_ms;
        rounds * 5_000 + fill + silent + 4 * settings.state_ms
    }

    fn describe_message(world: &World, message: &Message) -> String {
        match message {
            Message::GetHeaders { id, origin, amount } => {
                format!("get headers #{id}: {amount} from {origin} downwards")
            }
            Message::Headers { id, headers } => {
                format!("headers #{id}: {}", span(world, headers))
            }
        }
    }

    fn describe_event(world: &World, event: &Event) -> String {
        let name = |hash: &Hash32| world.tree.name(hash);
        match event {
            Event::Bounds { answer: BoundsAnswer::Known { head, tail, finalized } } => {
                let finalized = finalized.map_or_else(|| "none".to_owned(), |hash| name(&hash));
                format!("bounds: head {}, tail {}, finalized {finalized}", name(head), name(tail))
            }
            Event::Bounds { answer } => format!("bounds: {answer:?}"),
            Event::CycleEnded { why } => format!("cycle ends, {}", words_of_end(*why)),
            Event::CycleStarted { linked: true } => "cycle begins, linked".to_owned(),
            Event::CycleStarted { linked: false } => "cycle begins".to_owned(),
            Event::Filled { headers } => format!("filled {}", span(world, headers)),
            Event::FillerDone { head: Some(head) } => format!("filler done up to {}", name(head)),
            Event::FillerDone { head: None } => "filler failed".to_owned(),
            Event::FillerResumed {} => "filler runs".to_owned(),
            Event::FillerSuspended { filled } => {
                let filled = filled.map_or_else(|| "nothing".to_owned(), |hash| name(&hash));
                format!("filler stops, filled {filled}")
            }
            Event::HeadAnswered { hash, answer } => {
                format!("head {} {}", name(hash), words_of_answer(*answer))
            }
            Event::LocalHead { hash } => format!("local head is {}", name(hash)),
            Event::Pivot { number } => format!("pivot is {number}"),
            Event::PivotCommitted { number } => format!("pivot {number} committed"),
            Event::Stored { status, rows, deleted } => {
                let chain =
                    |c: &super::Subchain| format!("{}..{} on {}", c.head, c.tail, name(&c.next));
                let chains: Vec<String> = status.subchains.iter().map(chain).collect();
                let deleted = deleted.map_or_else(String::new, |(from, to)| {
                    format!(", rows {from} to {to} deleted")
                });
                format!("stored {}; subchains {}{deleted}", span(world, rows), chains.join(", "))
            }
        }
    }

    fn describe_command(world: &World, command: &Command) -> String {
        match command {
            Command::Bounds {} => "to name its bounds".to_owned(),
            Command::Head { header, force, finalized } => {
                let force = if *force { "forced " } else { "" };
                let finalized = finalized.map_or_else(String::new, |n| format!(", finalized {n}"));
                format!("{force}head {}{finalized}", world.tree.name(&header.hash()))
            }
            Command::SetHead { hash, delete } => {
                let delete = if *delete { ", blocks above deleted" } else { "" };
                format!("local head {}{delete}", world.tree.name(hash))
            }
            Command::Terminate {} => "to shut down".to_owned(),
        }
    }
}

/// The last block that is filled: its branch and its number.
fn filled(world: &World, progress: &Progress) -> Option<(u32, u64)> {
    if let Some(filled) = progress.filled {
        return world.tree.find(&filled);
    }
    let local = &world.start().local;
    world.tree.find(&local.head).map(|(branch, head)| (branch, head.min(local.snap_head)))
}

/// Whether a head is filled. It need not be followed if it is below what is filled, on the same
/// chain (Engine API, `engine_forkchoiceUpdatedV1`: a valid ancestor of the head may be skipped).
fn is_filled(world: &World, progress: &Progress, head: &Hash32) -> bool {
    let Some((_, number)) = world.tree.find(head) else { return false };
    filled(world, progress)
        .is_some_and(|(branch, filled)| number <= filled && world.tree.is_on(branch, number, head))
}

/// What a head comes to, in words.
pub(super) const fn words_of_answer(answer: HeadAnswer) -> &'static str {
    match answer {
        HeadAnswer::Accepted => "is taken in",
        HeadAnswer::Busy => "is not taken now",
        HeadAnswer::Forked => "is refused: its parent is not the header below",
        HeadAnswer::Gapped => "is refused: headers below are missing",
        HeadAnswer::NotStarted => "is refused: a forced head must come first",
        HeadAnswer::Refused => "is refused",
        HeadAnswer::Reorged => "is refused: it is not above the tail",
        HeadAnswer::Restarted => "begins a new cycle",
        HeadAnswer::Terminated => "is refused: the skeleton is shut down",
    }
}

/// Why a cycle ends, in words.
pub(super) const fn words_of_end(why: CycleEnd) -> &'static str {
    match why {
        CycleEnd::Linked => "linked to the local chain",
        CycleEnd::Merged => "merged with an older subchain",
        CycleEnd::Reorged => "replaced by a forced head",
        CycleEnd::Terminated => "shut down",
        CycleEnd::Trimmed => "not linked any more",
    }
}

/// The first and the last of some headers.
fn span(world: &World, headers: &[SealedHeader]) -> String {
    let name = |header: &SealedHeader| world.tree.name(&header.hash());
    match headers {
        [] => "nothing".to_owned(),
        [only] => name(only),
        [first, .., last] => format!("{} ({}..{})", headers.len(), name(first), name(last)),
    }
}
