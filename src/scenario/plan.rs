use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::{Dialer, Family, Millis, PeerId};

/// Everything that happens in one run. The trace is a pure function of it and of the subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "F: Family")]
pub struct Scenario<F: Family> {
    /// What the honest network knows, and how the subject is set up.
    pub world: F::Spec,
    /// The peers, by rising id.
    pub peers: Vec<PeerPlan<F>>,
    /// What the subject is told by nobody's message, by rising time.
    #[serde(default = "Vec::<At<F::Command>>::new", skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<At<F::Command>>,
    /// When the subject's process dies and comes back, by rising time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crashes: Vec<Crash>,
    /// When the network is repaired.
    pub heal: Heal,
    /// Bounds on the run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Something at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct At<T> {
    /// Milliseconds since the start of the run.
    pub at_ms: Millis,
    /// What happens then.
    pub what: T,
}

/// One peer: when it is there, what it has, how its link behaves, how it lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "F: Family")]
pub struct PeerPlan<F: Family> {
    /// Its name.
    pub id: PeerId,
    /// What it has and how it serves.
    pub has: F::PeerSpec,
    /// The time that a message takes, in each direction.
    pub latency_ms: Millis,
    /// Who dials when it connects; itself, if absent.
    #[serde(default, skip_serializing_if = "Dialer::is_peer")]
    pub dialer: Dialer,
    /// When it is connected, by rising time, without overlap.
    pub sessions: Vec<Session>,
    /// Whether it comes back after the subject has dropped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconnect: Option<Reconnect>,
    /// What it does on its own, by rising time.
    #[serde(default = "Vec::<At<F::Action>>::new", skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<At<F::Action>>,
    /// Its lies. For each request the first lie that matches is applied.
    #[serde(default = "Vec::<Lie<F>>::new", skip_serializing_if = "Vec::is_empty")]
    pub lies: Vec<Lie<F>>,
    /// Faults of its messages to the subject. All that match are applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<LinkFault>,
    /// Spans in which nothing of it reaches the subject until their end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stalls: Vec<Stall>,
}

/// A span in which a peer is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// When the handshake is done.
    pub join_ms: Millis,
    /// When it leaves; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_ms: Option<Millis>,
    /// What it sent before it left still arrives afterwards, unless it is back by then. Without
    /// this its messages in flight are lost with the connection.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lingers: bool,
}

/// Coming back after a drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reconnect {
    /// How long after the drop; 0 is at once.
    pub after_ms: Millis,
    /// How often at most.
    pub times: u32,
}

/// A lie, told in answer to some of the subject's requests to this peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "F: Family")]
pub struct Lie<F: Family> {
    /// The first request that it is told to; they are counted from 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from: u32,
    /// To how many requests; to all that follow, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// What it does with the honest answer.
    pub how: F::Misbehavior,
}

/// A fault of messages on their way from a peer to the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkFault {
    /// The first message that it hits; they are counted from 0 over all sessions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from: u32,
    /// How many messages; all that follow, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// What happens to them.
    pub kind: FaultKind,
}

/// What can happen to a message.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// A part of its content is changed.
    Corrupt {
        /// Selects what is changed.
        salt: u32,
    },
    /// It, and all behind it on this connection, come later.
    Delay {
        /// How much later.
        by_ms: Millis,
    },
    /// It comes twice.
    Duplicate {},
    /// It is lost. Transports that keep order lose a message only if its sender never sent it.
    Drop {},
    /// It is cut short.
    Truncate {
        /// How many items are kept.
        keep: u32,
    },
}

/// A span in which a link is dead; what was sent comes at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// When it begins.
    pub from_ms: Millis,
    /// When it ends.
    pub until_ms: Millis,
}

/// The subject's process dies; all connections are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// When it dies.
    pub at_ms: Millis,
    /// How long until it is back, and with it the peers that were connected.
    pub down_ms: Millis,
}

/// When the safety phase ends: from then on no fault and no stall happens, no link is slower than
/// [`Heal::LATENCY_MS_MAX`], and every peer that does not lie comes back, if it is away, and stays. One that
/// the subject drops although it has no reason to comes back a second later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heal {
    /// The instant.
    pub at_ms: Millis,
    /// What becomes of the peers that lie.
    pub liars: Liars,
}

impl Heal {
    /// The slowest link after the network is repaired.
    pub const LATENCY_MS_MAX: Millis = 200;
}

/// What becomes of lying peers when the network heals.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Liars {
    /// They leave and do not come back.
    Leave,
    /// They go on.
    Stay,
}

/// Bounds on a run. Reaching one is a verdict, never a hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Turns of the loop in which time does not move on.
    pub turns_at_once: u64,
    /// Turns of the loop in all.
    pub turns: u64,
    /// Messages on their way at once.
    pub queue: u64,
    /// How long the subject must stay converged before the run ends.
    pub quiet_ms: Millis,
    /// How long after healing it may take to converge; what the family says, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converge_ms: Option<Millis>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turns_at_once: 100_000,
            turns: 50_000_000,
            queue: 4_000_000,
            quiet_ms: 400_000,
            converge_ms: None,
        }
    }
}

impl<F: Family> PeerPlan<F> {
    /// An honest peer that is there from the start and stays.
    pub fn honest(id: PeerId, has: F::PeerSpec) -> Self {
        Self {
            id,
            has,
            latency_ms: 50,
            dialer: Dialer::Peer,
            sessions: vec![Session { join_ms: 0, leave_ms: None, lingers: false }],
            reconnect: None,
            actions: Vec::new(),
            lies: Vec::new(),
            faults: Vec::new(),
            stalls: Vec::new(),
        }
    }

    /// Whether the peer never lies. Its link may lose, cut, change or repeat messages, but only
    /// until the network heals: from then on a correct subject can rely on it.
    pub fn is_truthful(&self) -> bool {
        self.lies.is_empty()
    }

    /// Whether the peer does what the protocol asks of it: it neither lies nor loses, cuts, changes
    /// or repeats messages. An honest peer may be slow, and it may leave.
    pub fn is_honest(&self) -> bool {
        self.lies.is_empty()
            && self.faults.iter().all(|fault| matches!(fault.kind, FaultKind::Delay { .. }))
    }

    /// Whether the peer is honest and its link never holds a message for long enough that a
    /// correct subject may give it up.
    pub fn is_prompt(&self) -> bool {
        self.is_honest()
            && self.latency_ms <= 1_000
            && self.faults.is_empty()
            && self.stalls.iter().all(|stall| stall.until_ms - stall.from_ms <= 2_000)
    }
}
