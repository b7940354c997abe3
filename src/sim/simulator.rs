use std::sync::atomic::Ordering;

use smallvec::SmallVec;

use crate::invariant::{Context, End, NEVER_PANICS_OR_HANGS, Suite, Violation};
use crate::machine::{
    Advance, Family, Input, Outbox, PeerId, Replies, Subject, SubjectError, Time,
};
use crate::scenario::PeerPlan;
use crate::trace::{Step, Trace, What};
use crate::verdict::{Limit, Verdict};

use super::peer::PeerState;
use super::queue::{Due, Point, Queue};
use super::run::{Mode, Record, Run, Tally};
use super::spent::{Breach, Spent};

/// Runs the scenario of `context` against `subject` and lets `suite` judge it.
///
/// A broken claim does not end the run, unless `mode` says so. A subject that fails as a program
/// does: what would be seen after that is its consequence.
pub fn simulate<'m, F: Family>(
    context: &Context<F>,
    subject: &mut dyn Subject<F>,
    suite: Suite<F>,
    mode: impl Into<Mode<'m>>,
) -> Run<F> {
    let mut simulator = Simulator::new(context, subject, suite, mode.into());
    let ended = match (simulator.run(), simulator.subject.end()) {
        (Ok(()), Err(error)) => Err(simulator.failure(error)),
        (ended, _) => ended,
    };
    let violations = simulator.suite.take_violations();
    let verdict = match ended {
        _ if !violations.is_empty() => Verdict::Fail(violations),
        Ok(()) | Err(Stop::Objection) => Verdict::Pass,
        Err(Stop::Interrupted) => Verdict::Interrupted,
        Err(Stop::Limit(limit)) => Verdict::Inconclusive(limit),
        Err(Stop::Subject(error)) => Verdict::SubjectFailed(error),
    };
    Run {
        began: simulator.began,
        failure: simulator.failed,
        verdict,
        trace: simulator.trace,
        tally: simulator.tally,
        exercise: simulator.suite.exercise().collect(),
    }
}

/// Why a run stops before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Somebody ended it.
    Interrupted,
    Limit(Limit),
    /// What was looked for was seen, or the subject has failed as a program.
    Objection,
    Subject(SubjectError),
}

impl From<SubjectError> for Stop {
    fn from(error: SubjectError) -> Self {
        Self::Subject(error)
    }
}

pub(super) struct Simulator<'a, F: Family> {
    pub(super) context: &'a Context<F>,
    pub(super) subject: &'a mut dyn Subject<F>,
    pub(super) suite: Suite<F>,
    mode: Mode<'a>,
    began: bool,
    failed: Option<SubjectError>,
    pub(super) spent: Spent,
    pub(super) trace: Option<Trace<F>>,
    pub(super) tally: Tally,
    pub(super) now: Time,
    pub(super) seq: u64,
    pub(super) queue: Queue<F>,
    pub(super) peers: Vec<PeerState<F>>,
    pub(super) sessions: u64,
    pub(super) down: bool,
    /// Commands that came while the subject was down.
    pub(super) postponed: Vec<usize>,
    pub(super) outbox: Outbox<F>,
    pub(super) replies: Replies<F>,
    pub(super) progress: F::Progress,
    pub(super) healed: bool,
    /// Points of the plan that are yet to come; leaving out healing.
    pub(super) plan_left: usize,
    pub(super) converged_at: Option<Time>,
    pub(super) fell_back: Option<String>,
    /// Whether an event has come since convergence was looked for.
    pub(super) progressed: bool,
    /// By when the subject must have converged.
    pub(super) deadline: Option<Time>,
}

impl<'a, F: Family> Simulator<'a, F> {
    fn new(
        context: &'a Context<F>,
        subject: &'a mut dyn Subject<F>,
        suite: Suite<F>,
        mode: Mode<'a>,
    ) -> Self {
        let mut queue = Queue::new();
        let peers = context
            .scenario
            .peers
            .iter()
            .map(|plan| PeerState {
                model: F::peer(&context.world, &plan.has),
                session: None,
                planned: None,
                to_subject: queue.open(None),
                to_peer: queue.open(None),
                lingering: Vec::new(),
                requests_seen: 0,
                lies_told: 0,
                messages_sent: 0,
                reconnects_left: plan.reconnect.map_or(0, |reconnect| reconnect.times),
                awaits_subject: false,
                drop_unseen: false,
                returns: false,
                drops: 0,
                dialer: None,
                is_dialled: false,
                is_refused: false,
            })
            .collect();
        let trace = (mode.record == Record::Steps).then(|| Trace::new(context.world.clone()));
        Self {
            context,
            subject,
            suite,
            mode,
            began: false,
            failed: None,
            spent: Spent::new(&context.scenario.limits),
            trace,
            tally: Tally::default(),
            now: Time::ZERO,
            seq: 0,
            queue,
            peers,
            sessions: 0,
            down: false,
            postponed: Vec::new(),
            outbox: Outbox::new(),
            replies: Vec::new(),
            progress: F::Progress::default(),
            healed: false,
            plan_left: 0,
            converged_at: None,
            fell_back: None,
            progressed: false,
            deadline: None,
        }
    }

    fn run(&mut self) -> Result<(), Stop> {
        self.try_run().map_err(|stop| match stop {
            Stop::Subject(error) => self.failure(error),
            stop => stop,
        })
    }

    fn try_run(&mut self) -> Result<(), Stop> {
        let start = F::start(&self.context.world);
        self.schedule_plan();
        let mut outbox = std::mem::take(&mut self.outbox);
        let begun = self.subject.begin(&start, &mut outbox);
        self.outbox = outbox;
        begun?;
        self.began = true;
        self.route_outputs(None)?;
        self.turn_until_over()?;
        self.finish()
    }

    fn schedule_plan(&mut self) {
        let scenario = &self.context.scenario;
        let heal_at = Time::from_millis(scenario.heal.at_ms);
        for (index, plan) in scenario.peers.iter().enumerate() {
            for (session, span) in plan.sessions.iter().enumerate() {
                let join = Time::from_millis(span.join_ms);
                self.queue.push_point(join, Point::Join(index, Some(session)));
                if let Some(leave) = span.leave_ms {
                    self.queue.push_point(Time::from_millis(leave), Point::Leave(index, session));
                }
            }
            for (action, at) in plan.actions.iter().enumerate() {
                self.queue.push_point(Time::from_millis(at.at_ms), Point::Act(index, action));
                self.plan_left += 1;
            }
        }
        for (index, command) in scenario.commands.iter().enumerate() {
            self.queue.push_point(Time::from_millis(command.at_ms), Point::Command(index));
            self.plan_left += 1;
        }
        if self.subject.observes().restart {
            for (index, crash) in scenario.crashes.iter().enumerate() {
                self.queue.push_point(Time::from_millis(crash.at_ms), Point::Crash(index));
                self.plan_left += 1;
            }
        }
        self.queue.push_point(heal_at, Point::Heal);
    }

    fn turn_until_over(&mut self) -> Result<(), Stop> {
        while let Some(until) = self.next_instant() {
            if self.mode.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(Stop::Interrupted);
            }
            let before = self.now;
            self.turn(until)?;
            if self.fell_back.is_some() {
                return Ok(());
            }
            self.spent.turn(before, self.now, &self.queue);
            if let Some(breach) = self.spent.breach(self.now, &self.tally, &self.queue) {
                return Err(match breach {
                    Breach::Limit(limit) => Stop::Limit(limit),
                    Breach::Subject(violation) => {
                        self.suite.object(violation);
                        Stop::Objection
                    }
                    Breach::Shown => Stop::Objection,
                });
            }
        }
        Ok(())
    }

    /// How far the next turn may go; `None` when the run is over.
    fn next_instant(&self) -> Option<Time> {
        let quiet_end = self.converged_at.map(|at| at + self.context.scenario.limits.quiet_ms);
        let end = match (quiet_end, self.deadline) {
            (Some(end), _) if self.plan_left == 0 => Some(end),
            (None, Some(deadline)) => Some(deadline),
            _ => None,
        };
        let until = match (self.queue.next_at(), end) {
            (Some(next), Some(end)) if next > end => end,
            (Some(next), _) => next,
            (None, Some(end)) => end,
            (None, None) => return None,
        };
        let over = end.is_some_and(|end| self.now >= end && until >= end);
        (!over).then_some(until)
    }

    fn turn(&mut self, until: Time) -> Result<(), Stop> {
        if !self.down {
            let mut outbox = std::mem::take(&mut self.outbox);
            let advanced = self.subject.advance(self.now, until, &mut outbox);
            self.outbox = outbox;
            if let Advance::Acted(at) = advanced? {
                self.now = self.now.max(at.min(until));
                if !self.outbox.is_empty() {
                    let cause = self.observe(None, self.input(Input::Deadline {}))?;
                    self.route_outputs(Some(cause))?;
                }
                // It may hold less now without a word.
                self.measure()?;
                return self.look_for_convergence(false);
            }
        }
        self.now = until;
        if self.queue.next_at() != Some(until) {
            return Ok(());
        }
        match self.queue.pop() {
            Some(Due::Plan(point)) => self.reach(point),
            Some(Due::Message(flight)) if flight.to_subject => self.deliver_to_subject(flight),
            Some(Due::Message(flight)) => self.deliver_to_peer(flight),
            None => Ok(()),
        }
    }

    pub(super) fn observe(&mut self, cause: Option<u64>, what: What<F>) -> Result<u64, Stop> {
        self.observe_and_return(cause, what).map(|(seq, _)| seq)
    }

    pub(super) fn observe_and_return(
        &mut self,
        cause: Option<u64>,
        what: What<F>,
    ) -> Result<(u64, What<F>), Stop> {
        let step = Step { seq: self.seq, at: self.now, cause, what };
        self.seq += 1;
        self.tally.steps += 1;
        if let Some(trace) = &mut self.trace {
            trace.push(step.clone());
        }
        if self.suite.observe(&step) {
            self.objection()?;
        }
        Ok((step.seq, step.what))
    }

    /// A claim was broken: whether that ends the run.
    #[cold]
    pub(super) fn objection(&mut self) -> Result<(), Stop> {
        self.spent.broken();
        match self.mode.until {
            Some(until) if self.suite.violations().iter().any(until) => Err(Stop::Objection),
            _ => Ok(()),
        }
    }

    pub(super) fn input(&self, input: Input<F>) -> What<F> {
        What::In { input, lie: None, fault: None, closer: None }
    }

    pub(super) fn plan(&self, peer: usize) -> &'a PeerPlan<F> {
        &self.context.scenario.peers[peer]
    }

    pub(super) fn index_of(&self, id: PeerId) -> Option<usize> {
        self.context.scenario.peers.binary_search_by_key(&id, |plan| plan.id).ok()
    }

    /// The subject has something new to reach, or someone new to reach it with.
    pub(super) fn goal_moved(&mut self) {
        if self.healed {
            let limits = &self.context.scenario.limits;
            let patience = limits
                .converge_ms
                .unwrap_or_else(|| F::patience(&self.context.world, self.peers.len()));
            self.deadline = Some(self.now + patience);
        }
    }

    /// Notes when the subject has converged. That it falls back by its own doing ends the run;
    /// `moved` says that the goal may have moved instead.
    pub(super) fn look_for_convergence(&mut self, moved: bool) -> Result<(), Stop> {
        if !self.healed || !(moved || self.progressed) {
            return Ok(());
        }
        self.progressed = false;
        match (self.missing(), self.converged_at) {
            (None, None) => self.converged_at = Some(self.now),
            (Some(_), Some(_)) if moved => self.converged_at = None,
            (Some(missing), Some(_)) => self.fell_back = Some(self.in_words(&missing)),
            _ => {}
        }
        Ok(())
    }

    fn missing(&self) -> Option<F::Missing> {
        let honest: SmallVec<[&F::Peer; 8]> = (0..self.peers.len())
            .filter(|peer| self.is_honest(*peer) || self.peers[*peer].returns)
            .map(|peer| &self.peers[peer].model)
            .collect();
        F::missing(&self.context.world, &honest, &self.progress)
    }

    fn in_words(&self, missing: &F::Missing) -> String {
        F::describe_missing(&self.context.world, &self.progress, missing)
    }

    /// Whether a peer is connected and truthful: after the healing such a peer is honest.
    fn is_honest(&self, peer: usize) -> bool {
        self.peers[peer].session.is_some() && self.plan(peer).is_truthful()
    }

    fn finish(&mut self) -> Result<(), Stop> {
        let named = |peer: usize| self.plan(peer).id;
        let peers = 0..self.peers.len();
        let honest: Vec<PeerId> =
            peers.clone().filter(|peer| self.is_honest(*peer)).map(named).collect();
        let dropped: Vec<(PeerId, u32)> = peers
            .filter(|peer| self.peers[*peer].drops > 0)
            .map(|peer| (named(peer), self.peers[peer].drops))
            .collect();
        let end = End {
            at: self.now,
            progress: &self.progress,
            pending: self.missing().map(|missing| self.in_words(&missing)),
            fell_back: self.fell_back.clone(),
            healed_at: self.healed.then(|| Time::from_millis(self.context.scenario.heal.at_ms)),
            converged_at: self.converged_at,
            honest: &honest,
            dropped: &dropped,
        };
        self.suite.finish(&end);
        Ok(())
    }

    /// What the failure of a subject as a program ends the run with: a finding, if it has died or
    /// no longer answers.
    fn failure(&mut self, error: SubjectError) -> Stop {
        let (got, log) = match &error {
            SubjectError::Panicked { message } => {
                (format!("a panic at {}: {message}", self.now), Vec::new())
            }
            SubjectError::Exited { message, log } | SubjectError::TimedOut { message, log } => {
                (format!("at {}: {message}", self.now), log.clone())
            }
            SubjectError::Interrupted => return Stop::Interrupted,
            _ => return Stop::Subject(error),
        };
        self.suite.object(Violation::new(&NEVER_PANICS_OR_HANGS, "an answer", got).with_log(log));
        self.failed = Some(error);
        Stop::Objection
    }
}
