use crate::machine::{Dialer, Family, Millis, Time};
use crate::scenario::{Heal, LinkFault, PeerPlan};

use super::queue::StreamId;

/// A peer while the run goes on.
#[derive(Debug)]
pub(super) struct PeerState<F: Family> {
    pub(super) model: F::Peer,
    /// The number of the connection that is open.
    pub(super) session: Option<u64>,
    /// The session of the plan that is open, if it is one of the plan.
    pub(super) planned: Option<usize>,
    pub(super) to_subject: StreamId,
    pub(super) to_peer: StreamId,
    /// Connections whose messages still arrive after their end.
    pub(super) lingering: Vec<u64>,
    pub(super) requests_seen: u32,
    pub(super) lies_told: u32,
    pub(super) messages_sent: u32,
    pub(super) reconnects_left: u32,
    /// Whether it was connected when the subject died, and comes back with it.
    pub(super) awaits_subject: bool,
    /// Whether the subject has dropped it and has not yet been told that the connection is gone.
    pub(super) drop_unseen: bool,
    /// Who has dialled the connection that is open, was the last, or is about to open.
    pub(super) dialer: Option<Dialer>,
    /// Whether the subject is dialling it.
    pub(super) is_dialled: bool,
    /// Whether the subject wants nothing more of it.
    pub(super) is_refused: bool,
}

/// The lie that a plan has for a request, counted from 0.
pub(super) fn lie_for<F: Family>(plan: &PeerPlan<F>, request: u32) -> Option<usize> {
    plan.lies.iter().position(|lie| within(lie.from, lie.count, request))
}

/// The faults that a plan has for a message, counted from 0.
pub(super) fn faults_for<F: Family>(
    plan: &PeerPlan<F>,
    message: u32,
) -> impl Iterator<Item = &LinkFault> {
    plan.faults.iter().filter(move |fault| within(fault.from, fault.count, message))
}

fn within(from: u32, count: Option<u32>, ordinal: u32) -> bool {
    ordinal >= from && count.is_none_or(|count| ordinal - from < count)
}

/// When a message sent at `now` arrives, before what its stream and its faults say. Stalls end
/// with the healing at the latest.
pub(super) fn arrival<F: Family>(
    plan: &PeerPlan<F>,
    now: Time,
    delay: Millis,
    heal_at: Time,
) -> Time {
    let latency =
        if now >= heal_at { plan.latency_ms.min(Heal::LATENCY_MS_MAX) } else { plan.latency_ms };
    let at = now + delay + latency;
    plan.stalls
        .iter()
        .filter(|stall| at >= Time::from_millis(stall.from_ms))
        .map(|stall| Time::from_millis(stall.until_ms).min(heal_at))
        .fold(at, Time::max)
}
