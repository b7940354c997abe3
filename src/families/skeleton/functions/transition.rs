use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::skeleton::message::{
    BoundsAnswer, Command, CycleEnd, Event, HeadAnswer, Hello, Message, Reason, Start,
};
use crate::families::skeleton::world::check_settings;
use crate::families::skeleton::{Profile, Settings, Skeleton, Syncer};
use crate::machine::{Dialer, Input, Machine, Millis, Outbox, Output, PeerId, Time};
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::number::{Number, number};

use super::label::{Label, Labels};
use super::shape::{ChainShape, LocalShape, Shape, StoredShape, SubchainShape};

/// What [`transition`] begins with, and what happens then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransitionGiven {
    /// The client.
    #[serde(default)]
    pub profile: Profile,
    /// Sizes and times.
    #[serde(default)]
    pub settings: Settings,
    /// The headers.
    #[serde(default)]
    pub chain: ChainShape,
    /// The local chain; genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalShape>,
    /// What is persisted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredShape>,
    /// The peers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<TablePeer>,
    /// What happens, one after the other. Answers to requests come at once.
    pub steps: Vec<TableStep>,
}

/// A peer by what it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TablePeer {
    /// Its name.
    pub id: PeerId,
    /// What it answers its first requests with, whatever is asked for; `null` is no answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Option<Labels>>,
    /// The headers that it has, one of each number. It answers all other requests with them, from
    /// the first that is asked for down to the first that it does not have.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub has: Labels,
    /// How long its first answers take; the last of these holds for all that follow. At once, if
    /// there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delays_ms: Vec<Millis>,
    /// Whether it comes only by a step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub comes_later: bool,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum TableStep {
    /// A head is announced.
    Head {
        /// The head.
        header: Label,
        /// Whether it is forced.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        force: bool,
        /// The finalized number that comes with it.
        #[serde(default, with = "number::optional", skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<Number<u64>>")]
        finalized: Option<u64>,
    },
    /// A peer joins.
    Join {
        /// Which.
        peer: PeerId,
    },
    /// A peer leaves.
    Leave {
        /// Which.
        peer: PeerId,
    },
    /// The process dies and comes back, with the peers that it had.
    Restart {},
    /// The local chain changes.
    SetHead {
        /// Its head from now on.
        header: Label,
        /// Whether the blocks above are deleted.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        delete: bool,
    },
    /// The skeleton is shut down.
    Terminate {},
    /// Time passes: what is linked is filled, what is not answered is late.
    Wait {
        /// How much.
        ms: Millis,
    },
}

/// What [`transition`] leads to: one outcome for each step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransitionResult {
    /// The outcomes.
    pub steps: Vec<StepOutcome>,
}

/// How things stand after a step and all that it has brought about. A result has all fields; an
/// expectation has those that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepOutcome {
    /// The answer to the head, if one was announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<HeadAnswer>,
    /// How cycles ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Vec<CycleEnd>>,
    /// Whether the cycle that runs now is linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<bool>,
    /// The subchains that are persisted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subchains: Option<Vec<SubchainShape>>,
    /// The finalized number that is persisted; `null` says that there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finalized: Option<u64>,
    /// The rows that are persisted, the highest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Labels>,
    /// The bounds as the filler sees them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<BoundsShape>,
    /// The last block that is filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filled: Option<Label>,
    /// The numbers of the first headers that were asked for in this step, in the order of asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Vec<u64>>,
    /// How many headers all peers have sent since the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<u64>,
    /// The peers that were dropped in this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Vec<DroppedPeer>>,
}

/// A peer that is dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DroppedPeer {
    /// Which.
    pub peer: PeerId,
    /// Why.
    pub why: Reason,
}

/// The bounds of the skeleton, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum BoundsShape {
    /// All is there.
    Known {
        /// The highest header.
        head: Label,
        /// The lowest header.
        tail: Label,
        /// The finalized header, if it is between them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finalized: Option<Label>,
    },
    /// A row is missing.
    Missing {
        /// Its number.
        #[serde(with = "number")]
        #[schemars(with = "Number<u64>")]
        number: u64,
    },
    /// Nothing is persisted that could be read.
    NotStarted {},
}

impl BoundsShape {
    pub(super) fn of(answer: &BoundsAnswer, shape: &Shape) -> Self {
        match answer {
            BoundsAnswer::Known { head, tail, finalized } => Self::Known {
                head: shape.label(head),
                tail: shape.label(tail),
                finalized: finalized.as_ref().map(|hash| shape.label(hash)),
            },
            BoundsAnswer::Missing { number } => Self::Missing { number: *number },
            BoundsAnswer::NotStarted {} => Self::NotStarted {},
        }
    }
}

/// The subchains that a sequence of heads, answers and other steps leads to.
///
/// # Errors
/// When the input means nothing; the error names the field.
pub fn transition(given: &TransitionGiven) -> Result<TransitionResult, String> {
    check_settings(&given.settings)
        .map_err(|error| format!("settings.{}: {}", error.field, error.message))?;
    let shape = Shape::build(&given.chain)?;
    let mut run = Run::new(given, &shape)?;
    for peer in given.peers.iter().filter(|peer| !peer.comes_later) {
        run.join(peer.id)?;
    }
    let mut steps = Vec::new();
    for (index, step) in given.steps.iter().enumerate() {
        run.outcome = StepOutcome::default();
        run.step(step).map_err(|why| format!("steps[{index}]: {why}"))?;
        steps.push(run.outcome());
    }
    Ok(TransitionResult { steps })
}

/// Whether an expectation has one outcome for each step.
pub(super) fn fits(given: &TransitionGiven, expect: &TransitionResult) -> Result<(), String> {
    let (steps, outcomes) = (given.steps.len(), expect.steps.len());
    if steps == outcomes {
        return Ok(());
    }
    Err(format!("steps: there are {steps} steps, so {steps} outcomes, got {outcomes}"))
}

struct Run<'a> {
    shape: &'a Shape,
    syncer: Syncer,
    peers: BTreeMap<PeerId, PeerState>,
    now: Time,
    /// What is on its way to the syncer.
    pending: VecDeque<Input<Skeleton>>,
    /// Answers that take time, by when they come and in the order of the requests.
    delayed: BTreeMap<(Time, u64), (PeerId, Message)>,
    requests: u64,
    outcome: StepOutcome,
    linked: bool,
    served: u64,
    /// Inputs that the case has come to so far.
    inputs: u64,
}

struct PeerState {
    answers: VecDeque<Option<Vec<SealedHeader>>>,
    has: BTreeMap<u64, SealedHeader>,
    delays_ms: VecDeque<Millis>,
    online: bool,
}

/// No step lasts longer.
const WAIT_MS_MAX: Millis = 10_000_000;

/// No case comes to more inputs: announcements, answers and deadlines. A syncer that asks at once
/// again for what was answered at once would go on for ever.
const INPUTS_MAX: u64 = 100_000;

impl<'a> Run<'a> {
    fn new(given: &TransitionGiven, shape: &'a Shape) -> Result<Self, String> {
        let (rows, status) = shape.stored(given.stored.as_ref(), given.profile)?;
        let stored = given.stored.iter().flat_map(|stored| &stored.subchains);
        let disjoint = stored.clone().zip(stored.skip(1)).all(|(a, b)| b.head < a.tail);
        if !disjoint {
            return Err("stored.subchains: they stand highest first and disjoint".to_owned());
        }
        let start = Start {
            profile: given.profile,
            settings: given.settings,
            status,
            rows: rows.into(),
            local: shape.local(given.local.as_ref())?,
        };
        let mut peers = BTreeMap::new();
        for (index, peer) in given.peers.iter().enumerate() {
            let at = |why: String| format!("peers[{index}]: {why}");
            let state = PeerState::new(peer, shape).map_err(at)?;
            if peers.insert(peer.id, state).is_some() {
                return Err(at(format!("{} is there already", peer.id)));
            }
        }
        let mut syncer = Syncer::new(&start);
        if let Some(above) = given.local.as_ref().and_then(|local| shape.filled_above(local)) {
            syncer.fill_above(above);
        }
        Ok(Self {
            shape,
            syncer,
            peers,
            now: Time::ZERO,
            pending: VecDeque::new(),
            delayed: BTreeMap::new(),
            requests: 0,
            outcome: StepOutcome::default(),
            linked: false,
            served: 0,
            inputs: 0,
        })
    }

    fn step(&mut self, step: &TableStep) -> Result<(), String> {
        match step {
            TableStep::Head { header, force, finalized } => {
                let header = self.shape.header(header)?.clone();
                if header.number() == 0 {
                    return Err("header: genesis is no head".to_owned());
                }
                let (force, finalized) = (*force, *finalized);
                self.command(Command::Head { header, force, finalized })?;
            }
            TableStep::Join { peer } => self.join(*peer)?,
            TableStep::Leave { peer } => {
                let state = self.peer(*peer)?;
                if !std::mem::take(&mut state.online) {
                    return Err(format!("peer: {peer} is not there"));
                }
                self.feed(Input::Disconnected { peer: *peer })?;
            }
            TableStep::Restart {} => self.restart()?,
            TableStep::SetHead { header, delete } => {
                let hash = self.shape.hash(header)?;
                self.command(Command::SetHead { hash, delete: *delete })?;
            }
            TableStep::Terminate {} => self.command(Command::Terminate {})?,
            TableStep::Wait { ms } if *ms > WAIT_MS_MAX => {
                return Err(format!("ms: at most {WAIT_MS_MAX}"));
            }
            TableStep::Wait { ms } => {
                let end = self.now + *ms;
                self.wait(end)?;
            }
        }
        Ok(())
    }

    /// Lets time pass. An answer that comes at the last moment is in time.
    fn wait(&mut self, end: Time) -> Result<(), String> {
        loop {
            let answer = self.delayed.keys().next().map(|(at, _)| *at);
            let acts = self.syncer.deadline().map(|due| self.now.max(due));
            let next = [answer, acts].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = next;
            if answer == Some(next) {
                let Some((_, (peer, message))) = self.delayed.pop_first() else { break };
                if self.peers.get(&peer).is_some_and(|state| state.online) {
                    self.feed(Input::Message { peer, message })?;
                }
            } else {
                self.feed(Input::Deadline {})?;
            }
        }
        self.now = end;
        Ok(())
    }

    fn peer(&mut self, peer: PeerId) -> Result<&mut PeerState, String> {
        self.peers.get_mut(&peer).ok_or_else(|| format!("peer: there is no {peer}"))
    }

    fn join(&mut self, peer: PeerId) -> Result<(), String> {
        let state = self.peer(peer)?;
        if std::mem::replace(&mut state.online, true) {
            return Err(format!("peer: {peer} is there already"));
        }
        self.feed(Input::Connected { peer, hello: Hello {}, dialer: Dialer::Peer })
    }

    fn command(&mut self, command: Command) -> Result<(), String> {
        self.feed(Input::Command { command })
    }

    fn restart(&mut self) -> Result<(), String> {
        let mut out = Outbox::new();
        self.syncer.restart(self.now, &mut out);
        self.linked = false;
        self.take(&mut out);
        let online = self.peers.iter().filter(|(_, state)| state.online);
        let peers: Vec<PeerId> = online.map(|(peer, _)| *peer).collect();
        peers.into_iter().try_for_each(|peer| {
            self.feed(Input::Connected { peer, hello: Hello {}, dialer: Dialer::Peer })
        })
    }

    /// Takes a step and all those that it brings about.
    fn feed(&mut self, input: Input<Skeleton>) -> Result<(), String> {
        self.pending.push_back(input);
        while let Some(input) = self.pending.pop_front() {
            self.inputs += 1;
            if self.inputs > INPUTS_MAX {
                let asked = self.outcome.asked.as_deref().unwrap_or_default();
                let last = &asked[asked.len().saturating_sub(3)..];
                return Err(format!(
                    "the case does not end within {INPUTS_MAX} inputs; the last headers asked for \
                     are {last:?}"
                ));
            }
            let mut out = Outbox::new();
            self.syncer.step(self.now, input, &mut out);
            self.take(&mut out);
        }
        Ok(())
    }

    fn take(&mut self, out: &mut Outbox<Skeleton>) {
        for output in out.drain() {
            match output {
                Output::Event { event } => self.note(&event),
                Output::Send { peer, message } => self.send(peer, &message),
                Output::Dial { .. } => {}
                Output::Disconnect { peer, reason } | Output::Refuse { peer, reason } => {
                    let drop = DroppedPeer { peer, why: reason };
                    self.outcome.dropped.get_or_insert_default().push(drop);
                    if let Some(state) = self.peers.get_mut(&peer) {
                        state.online = false;
                    }
                    self.pending.push_back(Input::Disconnected { peer });
                }
            }
        }
    }

    fn send(&mut self, peer: PeerId, request: &Message) {
        let Message::GetHeaders { id, origin, amount } = *request else { return };
        self.outcome.asked.get_or_insert_default().push(origin);
        let Some(state) = self.peers.get_mut(&peer) else { return };
        if let Some(headers) = state.answer(origin, amount) {
            self.served += headers.len() as u64;
            let message = Message::Headers { id, headers };
            match state.delay() {
                0 => self.pending.push_back(Input::Message { peer, message }),
                delay => {
                    self.delayed.insert((self.now + delay, self.requests), (peer, message));
                    self.requests += 1;
                }
            }
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::CycleEnded { why } => {
                self.linked = false;
                self.outcome.ends.get_or_insert_default().push(*why);
            }
            Event::CycleStarted { linked } => self.linked = *linked,
            Event::HeadAnswered { answer, .. } => self.outcome.answer = Some(*answer),
            _ => {}
        }
    }

    /// What has come of the step, with how things stand now.
    fn outcome(&mut self) -> StepOutcome {
        let chains = self.syncer.subchains();
        let status = chains.store().status().unwrap_or_default();
        let outcome = std::mem::take(&mut self.outcome);
        StepOutcome {
            answer: outcome.answer,
            ends: Some(outcome.ends.unwrap_or_default()),
            linked: Some(self.linked),
            subchains: Some(self.shape.subchains(&status)),
            finalized: status.finalized,
            rows: Some(self.shape.rows(chains.store())),
            bounds: Some(BoundsShape::of(&chains.bounds(), self.shape)),
            filled: Some(self.shape.label(&self.syncer.local().snap_head().hash())),
            asked: Some(outcome.asked.unwrap_or_default()),
            served: Some(self.served),
            dropped: Some(outcome.dropped.unwrap_or_default()),
        }
    }
}

impl PeerState {
    fn new(peer: &TablePeer, shape: &Shape) -> Result<Self, String> {
        let answer = |answer: &Option<Labels>| {
            answer.as_ref().map(|labels| shape.headers(labels)).transpose()
        };
        let answers = peer.answers.iter().map(answer).collect::<Result<_, _>>();
        let answers = answers.map_err(|why| format!("answers: {why}"))?;
        let mut has = BTreeMap::new();
        for header in shape.headers(&peer.has).map_err(|why| format!("has: {why}"))? {
            if has.insert(header.number(), header.clone()).is_some() {
                return Err(format!("has: two headers with the number {}", header.number()));
            }
        }
        if peer.delays_ms.iter().any(|ms| *ms > WAIT_MS_MAX) {
            return Err(format!("delays_ms: at most {WAIT_MS_MAX}"));
        }
        let delays_ms = peer.delays_ms.iter().copied().collect();
        Ok(Self { answers, has, delays_ms, online: false })
    }

    fn delay(&mut self) -> Millis {
        if self.delays_ms.len() > 1 {
            self.delays_ms.pop_front().unwrap_or(0)
        } else {
            self.delays_ms.front().copied().unwrap_or(0)
        }
    }

    fn answer(&mut self, origin: u64, amount: u64) -> Option<Arc<[SealedHeader]>> {
        if let Some(answer) = self.answers.pop_front() {
            return answer.map(Into::into);
        }
        let lowest = (origin + 1).saturating_sub(amount);
        let headers = (lowest..=origin).rev().map_while(|number| self.has.get(&number).cloned());
        Some(headers.collect())
    }
}
