use std::collections::VecDeque;

use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, Input, Millis, Output, Time};
use crate::scenario::Liars;
use crate::trace::{Step, What};

/// A subject that has all asks for nothing.
pub static QUIET_WHEN_DONE: Claim = Claim {
    id: "quiet-when-done",
    summary: "A subject that has converged with honest peers does not keep sending.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "Who has all has nothing to ask. Endless asking is load for all and hides that nothing \
          is gained.",
    exceptions: "the first minute after convergence and after each news; sixteen messages for \
                 each peer; liars that stay and may provoke more",
    source: "zebra #1372; Bitcoin Core #6755: known data asked for again and again",
};

/// Answers to what happened before convergence, and to the last news, may go out for this long.
const GRACE_MS: Millis = 60_000;

/// Messages in the quiet time for each peer that are nobody's fault.
const MESSAGES_PER_PEER_MAX: usize = 16;

/// Checks that the subject falls silent.
pub fn quiet_when_done<F: Family>(context: &Context<F>) -> Box<dyn Invariant<F>> {
    let scenario = &context.scenario;
    let limit = MESSAGES_PER_PEER_MAX * scenario.peers.len().max(1);
    // A liar that stays may provoke messages for ever.
    let provoked =
        scenario.heal.liars == Liars::Stay && scenario.peers.iter().any(|peer| !peer.is_truthful());
    Box::new(Quiet { limit, provoked, last_news: Time::ZERO, last: VecDeque::new(), judged: 0 })
}

struct Quiet {
    limit: usize,
    provoked: bool,
    /// When somebody else last did something on its own, of which the subject may talk.
    last_news: Time,
    /// When the last messages were sent, one more than the limit.
    last: VecDeque<Time>,
    judged: u64,
}

impl<F: Family> Invariant<F> for Quiet {
    fn claim(&self) -> &'static Claim {
        &QUIET_WHEN_DONE
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        match &step.what {
            What::Out { output: Output::Send { .. }, .. } => {
                if self.last.len() > self.limit {
                    self.last.pop_front();
                }
                self.last.push_back(step.at);
            }
            What::Acted { .. }
            | What::Crashed { .. }
            | What::In { input: Input::Connected { .. } | Input::Command { .. }, .. } => {
                self.last_news = step.at;
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, end: &End<'_, F>) -> Result<(), Violation> {
        let Some(converged_at) = end.converged_at else { return Ok(()) };
        if self.provoked || end.fell_back.is_some() {
            return Ok(());
        }
        self.judged += 1;
        let quiet_from = converged_at.max(self.last_news) + GRACE_MS;
        if self.last.len() > self.limit && self.last[0] > quiet_from {
            return Err(Violation::new(
                &QUIET_WHEN_DONE,
                format!("at most {} messages from {quiet_from} to {}", self.limit, end.at),
                format!("more: the last {} since {}", self.last.len(), self.last[0]),
            ));
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
