use std::sync::Arc;

use serde::Serialize;

use crate::machine::{Family, Observes, PeerId, SpecError, Time};
use crate::scenario::{Scenario, build_world};
use crate::trace::Step;

/// A claim about every run of a correct subject.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its name, in kebab case.
    pub id: &'static str,
    /// What must hold, in one sentence.
    pub summary: &'static str,
    /// Who is bound by it.
    pub strength: Strength,
    /// What the engine must see to check it.
    pub needs: Needs,
    /// Why every correct design keeps it; for a claim of a profile, why the client does so.
    pub why: &'static str,
    /// Where it is not owed, in words; empty if there is no exception.
    pub exceptions: &'static str,
    /// Where it comes from: a protocol document, a client's source, a bug.
    pub source: &'static str,
}

/// Who is bound by a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Every correct implementation.
    Must,
    /// The named profiles only: this client at this version does it so.
    Profile(&'static [&'static str]),
}

/// What the engine must see of a subject to check a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Its messages.
    Messages,
    /// Its events too.
    Events,
    /// Its gauges too.
    Gauges,
    /// That it can be killed and started again.
    Restart,
}

impl Needs {
    /// Whether a subject that shows `observes` shows enough.
    pub fn met_by(self, observes: Observes) -> bool {
        match self {
            Self::Messages => true,
            Self::Events => observes.events,
            Self::Gauges => observes.gauges,
            Self::Restart => observes.restart,
        }
    }
}

/// A claim that did not hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Violation {
    /// The claim's id.
    pub claim: &'static str,
    /// The peer that it is about, if it is about one.
    pub peer: Option<PeerId>,
    /// What would have been right.
    pub expected: String,
    /// What was seen.
    pub got: String,
    /// The last lines of the subject's log, if it failed as a program.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// The step of the run that showed it; for what only the end shows, the last one.
    #[serde(skip)]
    pub seq: u64,
}

impl Violation {
    /// A violation of `claim`.
    pub fn new(claim: &Claim, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self {
            claim: claim.id,
            peer: None,
            expected: expected.into(),
            got: got.into(),
            log: Vec::new(),
            seq: 0,
        }
    }

    /// The same violation, about `peer`.
    #[must_use]
    pub fn about(mut self, peer: PeerId) -> Self {
        self.peer = Some(peer);
        self
    }

    /// The same violation, with the last lines of the subject's log.
    #[must_use]
    pub fn with_log(mut self, log: Vec<String>) -> Self {
        self.log = log;
        self
    }
}

/// What an invariant may know besides the steps.
#[derive(Debug)]
pub struct Context<F: Family> {
    /// The plan of the run.
    pub scenario: Arc<Scenario<F>>,
    /// Its world.
    pub world: Arc<F::World>,
}

impl<F: Family> Context<F> {
    /// Checks a plan and builds its world.
    ///
    /// # Errors
    /// The first thing that does not fit, with the path of its field.
    pub fn new(scenario: Scenario<F>) -> Result<Self, SpecError> {
        let world = Arc::new(build_world(&scenario)?);
        Ok(Self { scenario: Arc::new(scenario), world })
    }
}

// A derived `Clone` would ask for worlds that can be cloned; they are shared.
impl<F: Family> Clone for Context<F> {
    fn clone(&self) -> Self {
        Self { scenario: Arc::clone(&self.scenario), world: Arc::clone(&self.world) }
    }
}

/// How the run ended.
#[derive(Clone, Debug)]
pub struct End<'a, F: Family> {
    /// When.
    pub at: Time,
    /// What the subject's events say of its progress.
    pub progress: &'a F::Progress,
    /// What was missing for convergence; `None` if it had converged.
    pub pending: Option<String>,
    /// What was missing again after the subject had converged, by its own doing.
    pub fell_back: Option<String>,
    /// When the network was repaired; `None` if the run ended before.
    pub healed_at: Option<Time>,
    /// When the subject converged for good.
    pub converged_at: Option<Time>,
    /// The honest peers that are connected, or would be if the subject had not dropped them.
    pub honest: &'a [PeerId],
    /// How often the subject has dropped honest peers since the network was repaired.
    pub dropped: &'a [(PeerId, u32)],
}

/// A fold over the steps of one run that checks one claim.
pub trait Invariant<F: Family>: Send {
    /// The claim.
    fn claim(&self) -> &'static Claim;

    /// Sees one step.
    ///
    /// # Errors
    /// The violation, at the step that shows it.
    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation>;

    /// Sees how much the subject holds, after each input and each act of its own.
    ///
    /// # Errors
    /// The violation.
    fn measure(&mut self, _now: Time, _gauges: &F::Gauges) -> Result<(), Violation> {
        Ok(())
    }

    /// Sees the end of the run.
    ///
    /// # Errors
    /// The violation that only the end shows.
    fn finish(&mut self, _end: &End<'_, F>) -> Result<(), Violation> {
        Ok(())
    }

    /// How often the claim was put to the test in this run. Zero means that it passed for want of
    /// an occasion.
    fn exercised(&self) -> u64;
}
