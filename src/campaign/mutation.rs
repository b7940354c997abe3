use std::sync::atomic::AtomicBool;

use crate::families::{Catalog, Mutant};
use crate::machine::SubjectError;

use super::search::{Finding, Plan, Silent, SubjectFactory, search};
use super::suite::Judge;

/// How a mutant fared.
#[derive(Debug)]
pub struct MutantReport<F: Catalog> {
    /// The mutant.
    pub mutant: &'static Mutant<F>,
    /// What killed it; `None` if it survived.
    pub kill: Option<Kill<F>>,
    /// Cases that ran.
    pub cases: u64,
}

/// The end of a mutant.
#[derive(Debug)]
pub struct Kill<F: Catalog> {
    /// The broken claim in its smallest form.
    pub finding: Finding<F>,
}

/// Searches for a case that tells a mutant from a correct subject.
///
/// # Errors
/// When the mutant fails to run as a program.
pub fn test_mutant<F: Catalog>(
    mutant: &'static Mutant<F>,
    subject: SubjectFactory<'_, F>,
    judge: &Judge<F>,
    seed: u64,
    cases: u64,
    shrink_runs_max: u64,
    stop: &AtomicBool,
) -> Result<MutantReport<F>, SubjectError> {
    let plan = Plan {
        profile: mutant.profile,
        seed,
        cases: (0, cases),
        jobs: 1,
        findings_max: 1,
        found: &[],
        shrink_runs_max,
        twice: 0,
        subject,
        judge,
        stop,
    };
    let mut outcome = search(plan, &mut Silent);
    if let Some(error) = outcome.failed {
        return Err(error);
    }
    let kill = (!outcome.findings.is_empty()).then(|| outcome.findings.remove(0));
    let cases = kill.as_ref().map_or(outcome.totals.cases, |finding| finding.case + 1);
    Ok(MutantReport { mutant, kill: kill.map(|finding| Kill { finding }), cases })
}
