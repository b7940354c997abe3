use crate::families::{Catalog, ClaimEntry};
use crate::invariant::{Claim, Context, NEVER_PANICS_OR_HANGS, Needs, Strength, Suite, Violation};
use crate::machine::{Observes, Subject, SubjectError};
use crate::sim::{Record, Run, simulate};
use crate::verdict::Verdict;

/// The claims that a subject is held to.
#[derive(Debug)]
pub struct Judge<F: Catalog> {
    entries: Vec<ClaimEntry<F>>,
    /// The claims that the subject is known to break.
    known: Vec<&'static str>,
}

impl<F: Catalog> Judge<F> {
    /// Holds a subject that shows `observes` to all *must* claims, and to those of `profile` if
    /// one is named. Left out are claims that need more than the subject shows, and those that the
    /// client of the profile is known to break.
    pub fn new(profile: Option<&str>, observes: Observes) -> Self {
        let mut entries = F::claims();
        entries.retain(|entry| entry.claim.needs.met_by(observes) && binds(entry, profile));
        Self { entries, known: Vec::new() }
    }

    /// The same judge without the named claims.
    ///
    /// # Errors
    /// The first name that is no claim of the family.
    pub fn without(mut self, claims: &[String]) -> Result<Self, String> {
        let known = F::claims();
        for name in claims {
            if !known.iter().any(|entry| entry.claim.id == name) {
                return Err(format!("{} has no claim {name:?}", F::NAME));
            }
            self.entries.retain(|entry| entry.claim.id != name);
        }
        Ok(self)
    }

    /// The same judge of a subject that is known to break the claims for which `is_known` holds. A
    /// search counts how often it does, and goes on to look for what else it breaks.
    #[must_use]
    pub fn knowing(mut self, is_known: impl Fn(&str) -> bool) -> Self {
        let ids = self.entries.iter().map(|entry| entry.claim.id);
        self.known = ids.filter(|id| is_known(id)).collect();
        self
    }

    /// Whether the subject is known to break a claim.
    pub fn knows(&self, claim: &str) -> bool {
        self.known.contains(&claim)
    }

    /// The same judge without the claims that the subject is known to break.
    #[must_use]
    pub fn beyond_known(&self) -> Self {
        let entries = self.entries.iter().filter(|entry| !self.knows(entry.claim.id));
        Self { entries: entries.copied().collect(), known: self.known.clone() }
    }

    /// The claims in the order in which they judge.
    pub fn entries(&self) -> &[ClaimEntry<F>] {
        &self.entries
    }

    /// The claim of a violation that this judge has found.
    pub fn claim_of(&self, violation: &Violation) -> &'static Claim {
        let mut claims = self.entries.iter().map(|entry| entry.claim);
        claims.find(|claim| claim.id == violation.claim).unwrap_or(&NEVER_PANICS_OR_HANGS)
    }

    /// The claims that this judge leaves out because the subject does not show enough.
    pub fn unseen(profile: Option<&str>, observes: Observes) -> Vec<(&'static str, Needs)> {
        F::claims()
            .iter()
            .filter(|entry| binds(entry, profile) && !entry.claim.needs.met_by(observes))
            .map(|entry| (entry.claim.id, entry.claim.needs))
            .collect()
    }

    fn suite(&self, context: &Context<F>) -> Suite<F> {
        Suite::new(self.entries.iter().map(|entry| (entry.make)(context)).collect())
    }
}

fn binds<F: Catalog>(entry: &ClaimEntry<F>, profile: Option<&str>) -> bool {
    match entry.claim.strength {
        Strength::Must => profile.is_none_or(|name| !F::deviates(name, entry.claim.id)),
        Strength::Profile(profiles) => profile.is_some_and(|name| profiles.contains(&name)),
    }
}

/// Runs one scenario. A subject that lacks what the scenario requires is not asked.
pub fn run_once<F: Catalog>(
    context: &Context<F>,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    record: Record,
) -> Run<F> {
    let required = F::requires(&context.scenario);
    if let Some(name) = subject.capabilities().lacking(&required) {
        let message = format!("{name}; it does not name this capability");
        return Run::not_made(context, SubjectError::Unsupported { message }, record);
    }
    simulate(context, subject, judge.suite(context), record)
}

/// Judges a run that breaks a claim that the subject is known to break once more, without those
/// claims. Returns that claim too, if there is one.
pub fn beyond_known<F: Catalog>(
    context: &Context<F>,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    record: Record,
    run: Run<F>,
) -> (Run<F>, Option<&'static str>) {
    let claim = match &run.verdict {
        Verdict::Fail(violation) if judge.knows(violation.claim) => violation.claim,
        _ => return (run, None),
    };
    let mut run = run_once(context, subject, &judge.beyond_known(), record);
    // The simulator itself sees panics, whoever judges.
    if run.verdict.violation().is_some_and(|violation| judge.knows(violation.claim)) {
        run.verdict = Verdict::Pass;
    }
    (run, Some(claim))
}
