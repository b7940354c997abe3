use crate::campaign::{Judge, run_once};
use crate::families::{Catalog, Mismatch};
use crate::invariant::{Context, Violation, generic};
use crate::machine::{Family, Subject, SubjectError};
use crate::sim::{Mode, Record, Run};
use crate::vectors::{
    CaseResult, Document, DocumentError, ExpectedVerdict, SCENARIO, VectorFile, verify_table,
};
use crate::verdict::Verdict;

use super::play::{Strictness, play};

/// How one vector came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseLine {
    /// The case's name, or the scenario's title.
    pub name: String,
    /// Line and column at which a case of a table begins that does not hold, from 1.
    pub place: Option<(usize, usize)>,
    /// How.
    pub outcome: CaseOutcome,
}

/// How a vector can come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseOutcome {
    /// It does not hold.
    Fail(Mismatch),
    /// It means nothing to its function; says why.
    Invalid(DocumentError),
    /// It holds.
    Pass,
    /// It cannot be run against this subject; says why.
    Unsupported(String),
}

/// Whom vectors are run against.
#[derive(Debug)]
pub enum Under<'a> {
    /// The reference and the mutants: files say which.
    Ours,
    /// Another subject, held to what binds everybody, and to a profile if one is named.
    Other {
        /// The profile.
        profile: Option<&'a str>,
    },
}

/// Makes the subject that a scenario's file asks for.
pub type MakeSubject<'a, F> =
    &'a mut dyn FnMut(&Document<F>) -> Result<Box<dyn Subject<F>>, SubjectError>;

/// Checks one file by what it says alone. `make` makes the subject that a scenario runs against.
///
/// # Errors
/// When the file means nothing to us, or the subject fails to run as a program. A case of a table
/// that means nothing is an outcome of this case.
pub fn verify_document<F: Catalog>(
    file: &VectorFile,
    under: &Under<'_>,
    make: MakeSubject<'_, F>,
) -> Result<Vec<CaseLine>, DocumentError> {
    if file.header().kind != SCENARIO {
        let report = verify_table::<F>(file)?;
        return Ok(report.cases.into_iter().map(|case| case_line(case, under)).collect());
    }
    let (document, context) = file.scenario::<F>()?;
    let outcome = match make(&document)
        .and_then(|mut subject| verify_scenario(&document, &context, subject.as_mut(), under))
    {
        Ok(None) => CaseOutcome::Pass,
        Ok(Some(mismatch)) => CaseOutcome::Fail(mismatch),
        Err(SubjectError::Unsupported { message }) => CaseOutcome::Unsupported(message),
        Err(error) => {
            let message = format!("the subject cannot run: {error}");
            return Err(DocumentError::new(file.path(), message));
        }
    };
    let name = document.title.unwrap_or_else(|| SCENARIO.to_owned());
    Ok(vec![CaseLine { name, place: None, outcome }])
}

fn case_line(case: CaseResult, under: &Under<'_>) -> CaseLine {
    let outcome = match (under, case.outcome) {
        (_, Err(error)) => CaseOutcome::Invalid(error),
        (Under::Other { .. }, Ok(_)) => {
            CaseOutcome::Unsupported("a subject shows what it sends, not its functions".to_owned())
        }
        (Under::Ours, Ok(None)) => CaseOutcome::Pass,
        (Under::Ours, Ok(Some(mismatch))) => CaseOutcome::Fail(mismatch),
    };
    CaseLine { name: case.name, place: case.place, outcome }
}

/// Runs a scenario as its file says, and then plays its script.
fn verify_scenario<F: Catalog>(
    document: &Document<F>,
    context: &Context<F>,
    subject: &mut dyn Subject<F>,
    under: &Under<'_>,
) -> Result<Option<Mismatch>, SubjectError> {
    let own = F::profile(&context.scenario.world);
    let profile = match under {
        Under::Ours => Some(own),
        Under::Other { profile } => *profile,
    };
    let judge = Judge::<F>::new(profile, subject.observes());
    let is_expected = |violation: &Violation| {
        document.expect.claim.as_deref().is_none_or(|claim| claim == violation.claim)
    };
    let mode = Mode { until: Some(&is_expected), ..Mode::from(Record::Steps) };
    let run = run_once(context, subject, &judge, mode);
    if let Verdict::SubjectFailed(error) = &run.verdict {
        return Err(error.clone());
    }
    let wrong_end = || profile.is_none_or(must_converge::<F>).then(|| wrong_end(document, &run))?;
    if let Some(mismatch) = wrong_verdict(document, &run).or_else(wrong_end) {
        return Ok(Some(mismatch));
    }
    let Some(script) = &document.script else { return Ok(None) };
    match under {
        // A script is what the reference does, not what its mutants do.
        Under::Ours if document.subject.is_none() => play(script, subject, Strictness::Exact),
        Under::Other { profile: Some(profile) } if *profile == own => {
            play(script, subject, Strictness::PerPeer)
        }
        _ => Ok(None),
    }
}

fn wrong_verdict<F: Family>(document: &Document<F>, run: &Run<F>) -> Option<Mismatch> {
    let got = match &run.verdict {
        Verdict::Fail(violations) => {
            // One that is expected is not hidden by others.
            let expected = document.expect.claim.as_deref();
            let claim = expected.filter(|claim| run.verdict.breaks(claim));
            format!("fail {}", claim.unwrap_or(violations[0].claim))
        }
        Verdict::Inconclusive(limit) => format!("inconclusive: {limit}"),
        Verdict::Interrupted => "interrupted".to_owned(),
        Verdict::Pass => "pass".to_owned(),
        Verdict::SubjectFailed(error) => format!("error {error}"),
    };
    let expected = match (&document.expect.verdict, &document.expect.claim) {
        (ExpectedVerdict::Fail, Some(claim)) => format!("fail {claim}"),
        (ExpectedVerdict::Fail, None) => "fail".to_owned(),
        (ExpectedVerdict::Pass, _) => "pass".to_owned(),
    };
    let holds = got == expected || (expected == "fail" && got.starts_with("fail "));
    (!holds).then(|| Mismatch::whole(expected, got))
}

/// Whether a profile is held to where runs end. It is not, where its client is known to stop short.
pub(super) fn must_converge<F: Catalog>(profile: &str) -> bool {
    !F::deviates(profile, generic::CONVERGENCE.id)
}

/// Where a run has ended, if it is none of those that the file lists. A subject that reports no such
/// event says nothing about its end.
fn wrong_end<F: Family>(document: &Document<F>, run: &Run<F>) -> Option<Mismatch> {
    let last = run.trace.as_ref()?.ending()?;
    if document.endings.is_empty() || document.endings.contains(&last) {
        return None;
    }
    let show = |ending| serde_json::to_string(ending).unwrap_or_default();
    let endings: Vec<String> = document.endings.iter().map(show).collect();
    let expected = format!("an end with {}", endings.join(" or "));
    Some(Mismatch::whole(expected, show(&last)))
}
