//! What a run has spent of its limits.

use crate::invariant::{NEVER_PANICS_OR_HANGS, Violation};
use crate::machine::{Family, Time};
use crate::scenario::Limits;
use crate::verdict::Limit;

use super::queue::Queue;
use super::run::Tally;

/// Turns at one instant that each message on its way at its beginning allows: it is delivered, and
/// answered, and the answer is acted upon.
const TURNS_PER_MESSAGE: u64 = 4;

/// Turns at one instant that each report of progress allows: a large world behind links without
/// latency takes all its turns at once, but gets on.
const TURNS_PER_EVENT: u64 = 64;

/// Turns that a run goes on after its first violation, beside as many as it had had: enough to show
/// what else is broken, and no end of a run that has lost its way.
const TURNS_AFTER_VIOLATION: u64 = 10_000;

/// Turns of a run, and those of the present instant.
#[derive(Debug)]
pub(super) struct Spent {
    limits: Limits,
    turns: u64,
    at_once: u64,
    /// Turns that are allowed at the present instant.
    at_once_max: u64,
    /// Turns that are allowed since a claim was broken.
    broken_max: Option<u64>,
}

/// A limit that is reached.
#[derive(Debug)]
pub(super) enum Breach {
    /// Nothing can be said.
    Limit(Limit),
    /// A claim is broken, and what else is broken has had its time to show.
    Shown,
    /// It is the subject's doing.
    Subject(Violation),
}

impl Spent {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            turns: 0,
            at_once: 0,
            at_once_max: limits.turns_at_once,
            broken_max: None,
        }
    }

    /// Counts a turn.
    pub(super) fn turn<F: Family>(&mut self, before: Time, now: Time, queue: &Queue<F>) {
        self.turns += 1;
        self.at_once += 1;
        if now != before {
            let messages = queue.in_flight().saturating_mul(TURNS_PER_MESSAGE);
            self.at_once = 0;
            self.at_once_max = self.limits.turns_at_once.saturating_add(messages);
        }
    }

    /// Counts a report of progress.
    pub(super) fn progress(&mut self) {
        self.at_once_max = self.at_once_max.saturating_add(TURNS_PER_EVENT);
    }

    /// Notes that a claim is broken.
    pub(super) fn broken(&mut self) {
        let turns = self.turns.saturating_mul(2).saturating_add(TURNS_AFTER_VIOLATION);
        self.broken_max.get_or_insert(turns);
    }

    /// The limit that is reached, if one is.
    pub(super) fn breach<F: Family>(
        &self,
        now: Time,
        tally: &Tally,
        queue: &Queue<F>,
    ) -> Option<Breach> {
        let limits = &self.limits;
        let (turns, in_flight) = (self.turns, queue.in_flight());
        if self.broken_max.is_some_and(|most| turns > most) {
            return Some(Breach::Shown);
        }
        let at_once = self.at_once > self.at_once_max;
        if at_once || (turns > limits.turns && self.at_once > turns / 2) {
            return Some(Breach::Subject(Violation::new(
                &NEVER_PANICS_OR_HANGS,
                "time goes on",
                format!("{} turns at {now} without an end", self.at_once),
            )));
        }
        if in_flight > limits.queue {
            let own = queue.sent_by_subject();
            if own > in_flight / 2 {
                return Some(Breach::Subject(Violation::new(
                    &NEVER_PANICS_OR_HANGS,
                    format!("at most {} messages are on their way at once", limits.queue),
                    format!("at {now} {own} of the subject's own are"),
                )));
            }
            return Some(Breach::Limit(Limit::Queue(limits.queue)));
        }
        if turns > limits.turns {
            return Some(Breach::Limit(Limit::Turns(limits.turns)));
        }
        if tally.messages > limits.messages {
            return Some(Breach::Limit(Limit::Messages(limits.messages)));
        }
        let is_late = now.as_millis() > limits.time_ms;
        is_late.then_some(Breach::Limit(Limit::Time(limits.time_ms)))
    }
}
