use std::collections::BTreeMap;

use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, FastMap, Input, Millis, Output, PeerId, Role, Time};
use crate::scenario::{FaultKind, PeerPlan};
use crate::trace::{Loss, Step, What};

/// Peers that do what the protocol asks are not punished.
pub static HONEST_PEER_KEPT: Claim = Claim {
    id: "honest-peer-kept",
    summary: "A peer is not dropped for nothing: so far it has answered rightly and in time.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "Who drops peers without a cause ends alone, or with those that an attacker left. Each \
          drop is judged by what the peer did before it, not by what it will do.",
    exceptions: "a peer that lied, whose messages came altered, twice or not at all, that answered \
                 later than the family's patience in the last ten minutes of this connection, or \
                 still owes an answer beyond it; one without the services that a client needs; one \
                 that claims more than it has; one whose chain ends below the next checkpoint; one \
                 whose chain is old, or behind the subject's, and so has nothing new",
    source: "btcd #1317, #2304; Bitcoin Core #9213: honest peers dropped for answers not due; the \
             exceptions: Bitcoin Core net_processing.cpp ConsiderEviction and \
             HasAllDesirableServiceFlags, bcoin lib/net/pool.js",
};

/// How long a late answer counts against a connection: three of the longest looks at progress that a
/// known client takes (btcd netsync, 3 min and a sample of 30 s).
const GRUDGE_MS: Millis = 10 * 60_000;

/// Checks that no peer is dropped without a cause.
pub fn honest_peer_kept<F: Family>(context: &Context<F>) -> Box<dyn Invariant<F>> {
    let plans = context.scenario.peers.iter();
    let records = plans.map(|plan| (plan.id, Record::<F>::new())).collect();
    Box::new(HonestKept {
        context: context.clone(),
        records,
        progress: F::Progress::default(),
        judged: 0,
    })
}

struct HonestKept<F: Family> {
    context: Context<F>,
    records: BTreeMap<PeerId, Record<F>>,
    progress: F::Progress,
    judged: u64,
}

/// What a peer has done so far.
struct Record<F: Family> {
    /// What it has done on its own.
    acts: Vec<F::Action>,
    /// It has lied, or its messages were altered, repeated or lost.
    spoiled: bool,
    /// When it last answered late on this connection.
    late_at: Option<Time>,
    /// When each request of this connection was sent, and whether any answer to it has come.
    requests: FastMap<u64, (Time, bool)>,
    /// How many requests it was sent in all.
    asked: u32,
}

impl<F: Family> Invariant<F> for HonestKept<F> {
    fn claim(&self) -> &'static Claim {
        &HONEST_PEER_KEPT
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        match &step.what {
            What::Acted { peer, action } => {
                if let Some(record) = self.records.get_mut(peer) {
                    record.acts.push(action.clone());
                }
            }
            What::In { input: Input::Message { peer, .. }, lie, fault, .. } => {
                if let Some(record) = self.records.get_mut(peer) {
                    record.spoiled |= lie.is_some() || fault.is_some();
                    record.note_answer(step);
                }
            }
            What::In { input: Input::Connected { peer, .. }, .. } => {
                if let Some(record) = self.records.get_mut(peer) {
                    record.forget_connection();
                }
            }
            What::Lost { peer, from_subject: false, loss: Loss::Fault, .. } => {
                if let Some(record) = self.records.get_mut(peer) {
                    record.spoiled = true;
                }
            }
            What::Crashed { .. } => {
                self.records.values_mut().for_each(Record::forget_connection);
                F::note_restart(&self.context.world, &mut self.progress);
            }
            What::Out { output, .. } => return self.see_output(step, output),
            _ => {}
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl<F: Family> HonestKept<F> {
    fn see_output(&mut self, step: &Step<F>, output: &Output<F>) -> Result<(), Violation> {
        match output {
            Output::Event { event } => {
                F::note(&self.context.world, &mut self.progress, event);
            }
            Output::Send { peer, message } => {
                self.judged += 1;
                if let Some(record) = self.records.get_mut(peer)
                    && F::role(message) == Role::Request
                {
                    record.requests.insert(step.seq, (step.at, false));
                    record.asked += 1;
                }
            }
            Output::Disconnect { peer, reason } | Output::Refuse { peer, reason } => {
                if self.has_cause(*peer, step.at) {
                    return Ok(());
                }
                return Err(Violation::new(
                    &HONEST_PEER_KEPT,
                    format!("{peer} is kept: it has been honest and in time so far"),
                    format!("dropped at {}: {reason:?}", step.at),
                )
                .about(*peer));
            }
            Output::Dial { .. } => {}
        }
        Ok(())
    }

    /// Whether a correct subject may drop a peer now.
    fn has_cause(&self, peer: PeerId, now: Time) -> bool {
        let scenario = &self.context.scenario;
        let plan = scenario.peers.iter().find(|plan| plan.id == peer);
        let (Some(plan), Some(record)) = (plan, self.records.get(&peer)) else { return true };
        let world = &self.context.world;
        let heal_ms = scenario.heal.at_ms;
        record.spoiled
            || record.late_at.is_some_and(|at| now.since(at) <= GRUDGE_MS)
            || record.owes(plan, now, heal_ms)
            || !F::must_keep(world, &plan.has)
            || record.acts.iter().any(|act| !F::must_keep_after(world, act))
            || !F::is_of_use(world, &plan.has, &record.acts, &self.progress, now)
    }
}

impl<F: Family> Record<F> {
    fn new() -> Self {
        Self {
            acts: Vec::new(),
            spoiled: false,
            late_at: None,
            requests: FastMap::default(),
            asked: 0,
        }
    }

    fn forget_connection(&mut self) {
        self.late_at = None;
        self.requests.clear();
    }

    /// A message that a request of the subject has brought about is an answer to it.
    fn note_answer(&mut self, step: &Step<F>) {
        let Some(cause) = step.cause else { return };
        let Some((asked_at, answered)) = self.requests.get_mut(&cause) else { return };
        *answered = true;
        if step.at.since(*asked_at) > F::ANSWER_MS {
            self.late_at = Some(step.at);
        }
    }

    /// Whether an answer is overdue. Silence may be an answer, so it counts only where the plan holds
    /// one back: by a lie that has begun, a dead or slow link. What a link has held back until the
    /// healing comes then, and takes its time; so does what was asked for before, on a slow link.
    fn owes(&self, plan: &PeerPlan<F>, now: Time, heal_ms: Millis) -> bool {
        let has_healed = now.as_millis() > heal_ms + F::ANSWER_MS;
        let lies = plan.lies.iter().any(|lie| lie.from < self.asked);
        let latency_ms = 2 * plan.latency_ms;
        let delays =
            |kind| matches!(kind, FaultKind::Delay { by_ms } if by_ms + latency_ms > F::ANSWER_MS);
        let is_slow = 2 * plan.latency_ms > F::ANSWER_MS
            || plan.faults.iter().any(|fault| delays(fault.kind));
        let may_be_held = |asked: Time| !has_healed || asked.as_millis() <= heal_ms;
        self.requests.values().any(|(asked_at, answered)| {
            let is_dead = |asked: Time| {
                plan.stalls.iter().any(|stall| {
                    stall.from_ms <= now.as_millis() && asked.as_millis() <= stall.until_ms
                })
            };
            !answered
                && now.since(*asked_at) > F::ANSWER_MS
                && (lies || (may_be_held(*asked_at) && (is_slow || is_dead(*asked_at))))
        })
    }
}
