use std::fmt::{self, Debug, Display};
use std::hash::Hash;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Millis, PeerId, Time};

/// Bounds shared by all values that cross the engine or stand in files, said once.
pub trait Data:
    Clone + Debug + PartialEq + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static
{
}

impl<T> Data for T where
    T: Clone
        + Debug
        + PartialEq
        + Serialize
        + DeserializeOwned
        + JsonSchema
        + Send
        + Sync
        + 'static
{
}

/// A family of sync protocols: its vocabulary, its worlds and its honest peers.
///
/// Implementors are zero-sized markers. All methods are pure functions. The marker's own schema is
/// never used: it lends its name to those of generic types.
pub trait Family: Copy + Debug + Default + Eq + Hash + JsonSchema + Send + Sync + 'static {
    /// The name on the command line and in files, in kebab case.
    const NAME: &'static str;

    /// What peers and subject send to each other. Cheap to clone.
    type Message: Data;
    /// A stimulus that comes from no peer.
    type Command: Data;
    /// Progress that the subject reports.
    type Event: Data;
    /// Why the subject drops a peer.
    type Reason: Data;
    /// What the handshake of a peer says.
    type Hello: Data;
    /// All that the subject knows at the beginning: parameters, settings, what it has stored.
    type Start: Data;
    /// How much the subject holds.
    type Gauges: Data;

    /// The small serialisable description of a world.
    type Spec: Data;
    /// What the honest network knows, built from a [`Family::Spec`].
    type World: Debug + Send + Sync + 'static;
    /// What one peer has and how it serves: its tip, its limits.
    type PeerSpec: Data;
    /// Something that a peer does on its own: it finds a block, it announces one.
    type Action: Data;
    /// A way to lie, applied to what an honest peer would have answered.
    type Misbehavior: Data;
    /// An honest peer.
    type Peer: PeerModel<Self>;

    /// What a request asks for and a response brings: a block hash, a node hash, a range.
    type Key: Copy + Debug + Display + Eq + Ord + Hash + Send + Sync + 'static;
    /// What is known of the subject's progress, from its events alone.
    type Progress: Clone + Debug + Default + Send + 'static;
    /// What keeps the subject from having converged.
    type Missing;
    /// Where a run can end: the tip, the head, the last block that is filled.
    type Ending: Data;

    /// Builds the world.
    ///
    /// # Errors
    /// When the description has no world; the error names the field.
    fn build(spec: &Self::Spec) -> Result<Self::World, SpecError>;

    /// Checks that a peer fits the world.
    ///
    /// # Errors
    /// The error names the field of the peer's description.
    fn check_peer(world: &Self::World, spec: &Self::PeerSpec) -> Result<(), SpecError>;

    /// Checks that a peer's action fits the world.
    ///
    /// # Errors
    /// The error names the field of the action.
    fn check_action(world: &Self::World, action: &Self::Action) -> Result<(), SpecError>;

    /// Checks that a lie fits the world.
    ///
    /// # Errors
    /// The error names the field of the lie.
    fn check_misbehavior(_world: &Self::World, _how: &Self::Misbehavior) -> Result<(), SpecError> {
        Ok(())
    }

    /// Checks that a command fits the world.
    ///
    /// # Errors
    /// The error names the field of the command.
    fn check_command(world: &Self::World, command: &Self::Command) -> Result<(), SpecError>;

    /// What the subject is told at the beginning.
    fn start(world: &Self::World) -> Self::Start;

    /// Sets the profile of the subject (which client at which version) in a description.
    fn set_profile(spec: &mut Self::Spec, profile: &str);

    /// The profile in a description.
    fn profile(spec: &Self::Spec) -> &str;

    /// An honest peer of this world.
    fn peer(world: &Arc<Self::World>, spec: &Self::PeerSpec) -> Self::Peer;

    /// Turns what an honest peer would answer into a lie. `request` is what the subject sent.
    /// `ordinal` counts the lies of this peer so far, for lies that go on and on.
    fn misbehave(
        world: &Self::World,
        peer: &mut Self::Peer,
        how: &Self::Misbehavior,
        request: &Self::Message,
        ordinal: u32,
        replies: &mut Replies<Self>,
    );

    /// What a message is to the exchange of requests and responses.
    fn role(message: &Self::Message) -> Role;

    /// Calls `each` with all items that a request asks for.
    fn asked(message: &Self::Message, each: &mut dyn FnMut(Self::Key));

    /// Calls `each` with all items that a response settles: those that it brings, and those that
    /// it says the sender does not have.
    fn answered(message: &Self::Message, each: &mut dyn FnMut(Self::Key, bool));

    /// The limits of the protocol on one message from the subject, and what was sent, if it broke
    /// one.
    fn over_limit(message: &Self::Message) -> Option<(u64, u64)>;

    /// The message as version 1 of the adapter protocol has it, if that is another.
    fn in_version_1(_message: &Self::Message) -> Option<Self::Message> {
        None
    }

    /// How long a correct subject leaves an item with a connected peer at least, before it asks
    /// another for the same item.
    const RETRY_MS: Millis = 2_000;

    /// How long an answer may take before a correct subject may drop the peer for it.
    const ANSWER_MS: Millis = 2_000;

    /// A peer's own doing in words: `moves to m12`.
    fn describe_action(_world: &Self::World, action: &Self::Action) -> String {
        format!("does {action:?}")
    }

    /// An item in words that fit the other descriptions.
    fn describe_key(_world: &Self::World, key: Self::Key) -> String {
        key.to_string()
    }

    /// Whether a response ends all that its sender was asked for, brought or not. So it is where a
    /// peer has one open request and the protocol has no word for what it does not have.
    const RESPONSE_SETTLES_ALL: bool = false;

    /// Whether two items of this world share a key, so that each may be asked for on its own.
    fn is_two_items(_world: &Self::World, _key: Self::Key) -> bool {
        false
    }

    /// Whether an item that was asked for is still missing and could be had from an honest peer.
    fn wanted(
        _world: &Self::World,
        _honest: &[PeerId],
        _progress: &Self::Progress,
        _key: Self::Key,
    ) -> bool {
        true
    }

    /// Whether a correct subject has no reason to drop a peer that serves this honestly: an honest
    /// peer on a chain that the subject must refuse is not to blame, but is dropped all the same.
    fn must_keep(_world: &Self::World, _spec: &Self::PeerSpec) -> bool {
        true
    }

    /// Whether that is still so when a peer has done this on its own: found a block, moved to
    /// another chain.
    fn must_keep_after(_world: &Self::World, _action: &Self::Action) -> bool {
        true
    }

    /// Whether a peer that has done `acts` on its own is of use at `now` to a subject that has come so
    /// far. One that has nothing to give may be dropped to make room.
    fn is_of_use(
        _world: &Self::World,
        _spec: &Self::PeerSpec,
        _acts: &[Self::Action],
        _progress: &Self::Progress,
        _now: Time,
    ) -> bool {
        true
    }

    /// Why an event cannot be true in this world, if it cannot: progress on something invalid.
    fn refute(_world: &Self::World, _event: &Self::Event) -> Option<String> {
        None
    }

    /// The item that an event says is stored for good, so that it is not asked for again even
    /// after a restart.
    fn durable(_event: &Self::Event) -> Option<Self::Key> {
        None
    }

    /// The most items that a subject may have asked for and not yet received.
    fn in_flight_max(_world: &Self::World) -> u64 {
        u64::MAX
    }

    /// What of the gauges is above its bound, if anything is.
    fn over_memory(_world: &Self::World, _gauges: &Self::Gauges) -> Option<OverMemory> {
        None
    }

    /// A message cut short at about `keep` of its items, if the family has such a fault.
    fn truncate(_message: &Self::Message, _keep: u32) -> Option<Self::Message> {
        None
    }

    /// A message with a bit of its content changed, if the family has such a fault.
    fn corrupt(_message: &Self::Message, _salt: u32) -> Option<Self::Message> {
        None
    }

    /// Folds an event into what is known of the subject's progress.
    fn note(world: &Self::World, progress: &mut Self::Progress, event: &Self::Event);

    /// Where an event says that the subject has got to, if it is one that does. The last one of a
    /// run is its ending.
    fn ending(event: &Self::Event) -> Option<Self::Ending>;

    /// Folds what the subject is told into what is known of its progress: what it must follow may
    /// depend on how it was told.
    fn note_command(
        _world: &Self::World,
        _progress: &mut Self::Progress,
        _command: &Self::Command,
    ) {
    }

    /// How long after it was given the last command of the plan is given again, and so on until the
    /// subject has followed it; `None` if whoever gives such a command gives it once.
    fn repeats_after(_command: &Self::Command) -> Option<Millis> {
        None
    }

    /// Whether an event ends all that was asked for before: what is wanted still, the subject
    /// finds out anew.
    fn asks_anew(_event: &Self::Event) -> bool {
        false
    }

    /// Forgets what a restart loses.
    fn note_restart(_world: &Self::World, _progress: &mut Self::Progress) {}

    /// What is still missing; `None` when the subject has converged with `honest`, the honest peers
    /// that are connected. It must be cheap: it is asked after each event.
    fn missing(
        world: &Self::World,
        honest: &[&Self::Peer],
        progress: &Self::Progress,
    ) -> Option<Self::Missing>;

    /// The longest time that a correct subject of this profile needs after the network has healed,
    /// for a world of this size with this many peers.
    fn patience(world: &Self::World, peers: usize) -> Millis;

    /// What is missing, in words.
    fn describe_missing(
        world: &Self::World,
        progress: &Self::Progress,
        missing: &Self::Missing,
    ) -> String;

    /// One line for people: `headers 12 (m1..m12)`.
    fn describe_message(world: &Self::World, message: &Self::Message) -> String;

    /// One line for people.
    fn describe_event(world: &Self::World, event: &Self::Event) -> String;

    /// One line for people.
    fn describe_command(world: &Self::World, command: &Self::Command) -> String;
}

/// An honest peer of a family: how it serves what the world gives it.
pub trait PeerModel<F: Family>: Debug + Send {
    /// What its handshake says at `now`.
    fn hello(&self) -> F::Hello;

    /// A new connection: state of an earlier one is forgotten. It may speak first.
    fn connected(&mut self, now: Time, replies: &mut Replies<F>);

    /// A message from the subject.
    fn receive(&mut self, now: Time, message: &F::Message, replies: &mut Replies<F>);

    /// Its link, which lost or changed messages, is repaired while it is connected. It may resend
    /// what was lost.
    fn healed(&mut self, _now: Time, _replies: &mut Replies<F>) {}

    /// It does something on its own. `online` says whether it is connected: a block that is found
    /// offline is announced after the next handshake only as the protocol does.
    fn act(&mut self, now: Time, action: &F::Action, online: bool, replies: &mut Replies<F>);
}

/// What a peer sends in one go, in order.
pub type Replies<F> = Vec<Reply<F>>;

/// One message of a peer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply<F: Family> {
    /// What is sent.
    pub message: F::Message,
    /// Extra time before it is sent, beyond the link's latency.
    pub delay: Millis,
}

impl<F: Family> Reply<F> {
    /// A message sent at once.
    pub fn now(message: F::Message) -> Self {
        Self { message, delay: 0 }
    }
}

/// What a message is to the exchange of requests and responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It tells something that nobody asked for.
    Announcement,
    /// It asks for something.
    Request,
    /// It answers.
    Response,
}

/// A gauge above its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverMemory {
    /// What is held.
    pub what: &'static str,
    /// How many of it.
    pub got: u64,
    /// How many are allowed.
    pub limit: u64,
}

/// A description that has no world, or a part that does not fit its world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// The path of the field inside the description, such as `branches[2].parent`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl SpecError {
    /// An error in `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// The same error seen from outside: `prefix` goes before the field.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        let dot = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        self.field = format!("{prefix}{dot}{}", self.field);
        self
    }
}

impl Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for SpecError {}
