use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, PeerId};
use crate::trace::Step;

/// After the network has healed, the subject reaches what the honest peers have.
pub static CONVERGENCE: Claim = Claim {
    id: "convergence",
    summary: "Once faults have ended and an honest peer is there, the subject converges with it \
              in bounded time.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "",
    exceptions: "",
    source: "btcd #2606, #518, #1417: sync that stalls for ever beside an honest peer",
};

/// What was reached is not lost again.
pub static STAYS_CONVERGED: Claim = Claim {
    id: "stays-converged",
    summary: "A subject that has converged does not fall back by its own doing.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "",
    exceptions: "",
    source: "bchd 1f9a4295: heights that go backwards",
};

/// Checks that the subject converges.
pub fn convergence<F: Family>(_: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(Convergence { judged: 0 })
}

/// Checks that the subject stays converged.
pub fn stays_converged<F: Family>(_: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(StaysConverged { judged: 0 })
}

struct Convergence {
    judged: u64,
}

impl<F: Family> Invariant<F> for Convergence {
    fn claim(&self) -> &'static Claim {
        &CONVERGENCE
    }

    fn observe(&mut self, _: &Step<F>) -> Result<(), Violation> {
        Ok(())
    }

    fn finish(&mut self, end: &End<'_, F>) -> Result<(), Violation> {
        let Some(healed_at) = end.healed_at else { return Ok(()) };
        let is_alone = end.honest.is_empty() && end.dropped.is_empty();
        if is_alone || end.fell_back.is_some() {
            return Ok(());
        }
        self.judged += 1;
        match &end.pending {
            None => Ok(()),
            Some(pending) => Err(Violation::new(
                &CONVERGENCE,
                format!("the subject converges after the network heals at {healed_at}"),
                format!("at {}: {pending}{}", end.at, drops(end.dropped)),
            )),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

/// How often honest peers were dropped, in words.
fn drops(dropped: &[(PeerId, u32)]) -> String {
    let each: Vec<String> =
        dropped.iter().map(|(peer, times)| format!("{peer} {times}x")).collect();
    match each.as_slice() {
        [] => String::new(),
        each => format!("; honest peers that it dropped since then: {}", each.join(", ")),
    }
}

struct StaysConverged {
    judged: u64,
}

impl<F: Family> Invariant<F> for StaysConverged {
    fn claim(&self) -> &'static Claim {
        &STAYS_CONVERGED
    }

    fn observe(&mut self, _: &Step<F>) -> Result<(), Violation> {
        Ok(())
    }

    fn finish(&mut self, end: &End<'_, F>) -> Result<(), Violation> {
        let Some(converged_at) = end.converged_at else { return Ok(()) };
        self.judged += 1;
        match &end.fell_back {
            None => Ok(()),
            Some(pending) => Err(Violation::new(
                &STAYS_CONVERGED,
                format!("what was reached at {converged_at} stays"),
                format!("at {}: {pending}", end.at),
            )),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
