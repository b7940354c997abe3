use proptest::strategy::ValueTree;

use crate::families::Catalog;
use crate::machine::{SubjectError, log_text};
use crate::scenario::Scenario;
use crate::sim::{Mode, Record, Tally};
use crate::trace::Trace;

use super::repeat::{Difference, Patience, Repeated, Repeats, Seen, repeat};
use super::search::{Broken, Finding, Lot, Outcome, Plan, Progress, draw_case};
use super::shrink::{Shrunk, context_of, shrink_seen};
use super::suite::run_once;

/// So many findings that do not repeat are shown and saved; of further ones a single run that does
/// not show it is enough to leave it.
const FLAKY_MAX: usize = 10;

/// Takes what workers have found, in the order of the cases, and makes findings of it.
pub(super) struct Taker<'a, 'p, F: Catalog> {
    pub(super) plan: Plan<'a, F>,
    pub(super) progress: &'p mut dyn Progress<F>,
    pub(super) outcome: Outcome<F>,
    /// Whether the subject has begun a case.
    pub(super) began: bool,
    /// Whether it was said that the subject is not deterministic.
    pub(super) differs: bool,
}

impl<F: Catalog> Taker<'_, '_, F> {
    /// Runs the first cases twice, and says whether that makes a difference.
    pub(super) fn look_twice(&mut self) {
        let plan = self.plan;
        let (first, last) = plan.cases;
        if plan.twice == 0 {
            return;
        }
        let Ok(mut subject) = (plan.subject)() else { return };
        let strategy = F::strategy(plan.profile, subject.capabilities());
        for case in first..last.min(first.saturating_add(plan.twice)) {
            let tree = draw_case(plan, &strategy, case, subject.capabilities());
            let context = context_of(tree.current());
            let mut traces = Vec::new();
            for _ in 0..2 {
                subject.renew();
                let mode = Mode { record: Record::Steps, stop: Some(plan.stop), until: None };
                let run = run_once(&context, subject.as_mut(), plan.judge, mode);
                if run.is_interrupted() || run.not_run().is_some() || run.failure.is_some() {
                    return;
                }
                traces.extend(run.trace);
            }
            if let [one, other] = traces.as_slice() {
                self.note_difference(case, Difference::of(one, other).as_ref());
            }
        }
    }

    pub(super) fn take_lot(&mut self, lot: Lot<F>) {
        self.outcome.totals.merge(&lot.totals);
        self.progress.cases(&self.outcome.totals);
        for broken in lot.broken {
            self.began |= lot.began.is_some_and(|case| case <= broken.case);
            self.take_broken(&broken);
        }
        self.began |= lot.began.is_some();
        if self.outcome.failed.is_none() {
            self.outcome.failed = lot.failed;
        }
    }

    fn take_broken(&mut self, broken: &Broken<F>) {
        let plan = self.plan;
        if plan.is_found(&self.outcome, &broken.target.fingerprint)
            || self.outcome.failed.is_some()
            || plan.is_enough(&self.outcome.findings, broken.case + 1)
        {
            return;
        }
        let never_began = !self.began && !broken.began;
        if let Some(
            SubjectError::Exited { message, log } | SubjectError::TimedOut { message, log },
        ) = broken.failure.as_ref().filter(|_| never_began)
        {
            let message = format!("it has begun no case: {message}{}", log_text(log));
            self.outcome.failed = Some(SubjectError::NotStarted { message });
            return;
        }
        self.progress.broken(broken.case, &broken.violation);
        match self.finding(broken) {
            Ok(Some(finding)) => {
                self.progress.finding(&finding);
                let is_flaky = finding.repeats.is_flaky();
                let Outcome { findings, flaky, .. } = &mut self.outcome;
                if is_flaky { flaky.push(finding) } else { findings.push(finding) }
            }
            Ok(None) => {}
            Err(SubjectError::Interrupted) => {
                let finding = self.unrepeated(broken);
                self.progress.finding(&finding);
                self.outcome.findings.push(finding);
            }
            Err(error) => self.outcome.failed = Some(error),
        }
    }

    /// Runs a case again, and makes it small if it shows the same each time. None, if there have been
    /// enough that do not.
    fn finding(&mut self, broken: &Broken<F>) -> Result<Option<Finding<F>>, SubjectError> {
        let (plan, target) = (self.plan, &broken.target);
        let bounds = plan.bounds();
        let hangs = matches!(broken.failure, Some(SubjectError::TimedOut { .. }));
        let once = self.outcome.flaky.len() >= FLAKY_MAX;
        let patience = Patience { hangs, once };
        let mut subject = (plan.subject)()?;
        let strategy = F::strategy(plan.profile, subject.capabilities());
        let tree = draw_case(plan, &strategy, broken.case, subject.capabilities());
        let original = &broken.context;
        let repeated = repeat(original, target, subject.as_mut(), plan.judge, bounds, patience)?;
        self.note_difference(broken.case, repeated.difference.as_ref());
        let made = |repeats, shrunk| Finding {
            case: broken.case,
            fingerprint: target.fingerprint.clone(),
            repeats,
            shrunk,
        };
        if repeated.repeats.is_flaky() {
            let as_found = as_found(broken, repeated.seen);
            return Ok((!once).then(|| made(repeated.repeats, as_found)));
        }
        let Some(first) = repeated.seen else { return Err(SubjectError::Interrupted) };
        let judge = plan.judge;
        let shrunk =
            shrink_seen(tree, target, first.clone(), subject.as_mut(), judge, bounds, hangs);
        let smaller = shrunk.scenario != shrunk.original && !shrunk.cut_short;
        let patience = Patience { hangs, once: false };
        let again = if smaller {
            let context = context_of(shrunk.scenario.clone());
            repeat(&context, target, subject.as_mut(), judge, bounds, patience)?
        } else {
            Repeated::NONE
        };
        self.note_difference(broken.case, again.difference.as_ref());
        Ok(Some(match again.repeats.is_flaky() {
            // The subject took less time than it was given for what was found, but not for what was
            // left: or it is not deterministic after all.
            true if hangs => made(repeated.repeats, as_found(broken, Some(first))),
            true => made(again.repeats, as_found(broken, Some(first))),
            false => made(repeated.repeats, shrunk),
        }))
    }

    /// A finding of a search that is being ended: what was seen is told as it is.
    fn unrepeated(&self, broken: &Broken<F>) -> Finding<F> {
        Finding {
            case: broken.case,
            fingerprint: broken.target.fingerprint.clone(),
            repeats: Repeats::NONE,
            shrunk: Shrunk { cut_short: true, ..as_found(broken, None) },
        }
    }

    fn note_difference(&mut self, case: u64, difference: Option<&Difference>) {
        if let (Some(difference), false) = (difference, self.differs) {
            self.differs = true;
            self.progress.not_deterministic(case, difference);
        }
    }
}

/// A finding as it was found, with a run that shows it, if there is one.
fn as_found<F: Catalog>(broken: &Broken<F>, seen: Option<Seen<F>>) -> Shrunk<F> {
    let original = &broken.context;
    let scenario: Scenario<F> = (*original.scenario).clone();
    let seen = seen.unwrap_or_else(|| Seen {
        violation: broken.violation.clone(),
        tally: Tally::default(),
        trace: Trace::new(original.world.clone()),
    });
    Shrunk {
        original: scenario.clone(),
        original_tally: seen.tally.clone(),
        scenario,
        violation: seen.violation,
        tally: seen.tally,
        trace: seen.trace,
        runs: 0,
        cut_short: false,
    }
}
