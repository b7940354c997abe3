//! syncheck inside your own `cargo test`.
//!
//! A type that implements [`Machine`] for a family is checked in three lines:
//!
//! ```
//! use syncheck::families::headers_first::{HeadersFirst, SyncManager};
//! use syncheck::testing::Check;
//!
//! Check::<HeadersFirst>::new(|start| Box::new(SyncManager::new(start))).cases(50).assert_holds();
//! ```
//!
//! When a claim breaks, the smallest scenario that shows it is saved below `syncheck-regressions/`
//! and printed with its message chart. Saved scenarios of the family run first next time.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::adapters::{InProcess, quiet_panics};
use crate::campaign::{Finding, Judge, Plan, Silent, SubjectFactory, Totals, run_once, search};
use crate::families::Catalog;
use crate::machine::{Machine, Observes, Subject};
use crate::reports::FindingReport;
use crate::sim::Record;
use crate::vectors::{Document, open_scenario, save, saved};
use crate::verdict::Verdict;

/// What reports call a user's machine.
const SUBJECT: &str = "the machine under test";

/// Runs spent on making a finding small.
const SHRINK_RUNS: u64 = 20_000;

/// Cases that are run twice, to see whether the machine is deterministic.
const TWICE: u64 = 4;

/// A check of a user's own machine.
pub struct Check<F: Catalog> {
    make: fn(&F::Start) -> Box<dyn Machine<F>>,
    profile: Option<&'static str>,
    observes: Observes,
    without: Vec<String>,
    cases: u64,
    seed: u64,
    regressions: PathBuf,
}

/// What a check saw when all claims held.
#[derive(Clone, Debug)]
pub struct Report {
    /// The counts of the search.
    pub totals: Totals,
    /// How many saved scenarios ran before it.
    pub regressions: usize,
}

/// What happened in a scenario, as text that is stable over versions as long as the run is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// One line a step.
    pub text: String,
    /// The SHA3-256 of everything, whole messages included.
    pub digest: String,
    /// The claim that was broken, if one was.
    pub broken: Option<&'static str>,
}

/// Why a check did not hold.
#[derive(Debug)]
pub enum Failure {
    /// A claim was broken.
    Finding(Box<FindingReport>),
    /// The machine, or a saved scenario, could not be run.
    NotRun(String),
}

impl<F: Catalog> Check<F> {
    /// A check of the machines that `make` makes, with 1000 cases of seed 0 and all claims that
    /// bind every implementation.
    pub fn new(make: fn(&F::Start) -> Box<dyn Machine<F>>) -> Self {
        Self {
            make,
            profile: None,
            observes: Observes { events: true, gauges: false, restart: true },
            without: Vec::new(),
            cases: 1_000,
            seed: 0,
            regressions: PathBuf::from("syncheck-regressions"),
        }
    }

    /// How many cases to run.
    #[must_use]
    pub fn cases(mut self, cases: u64) -> Self {
        self.cases = cases;
        self
    }

    /// The seed of the cases.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Holds the machine to what this client at this version does, too.
    #[must_use]
    pub fn profile(mut self, profile: &'static str) -> Self {
        self.profile = Some(profile);
        self
    }

    /// What the machine shows; by default its events, and that it can be restarted. Claims that
    /// need more are left out.
    #[must_use]
    pub fn observing(mut self, observes: Observes) -> Self {
        self.observes = observes;
        self
    }

    /// Leaves a claim out: of a part, for example, that the machine does not have.
    #[must_use]
    pub fn without(mut self, claim: &str) -> Self {
        self.without.push(claim.to_owned());
        self
    }

    /// Where findings are saved and read from.
    #[must_use]
    pub fn regressions(mut self, folder: impl Into<PathBuf>) -> Self {
        self.regressions = folder.into();
        self
    }

    /// Runs the saved scenarios, then the cases.
    ///
    /// # Errors
    /// The first broken claim in its smallest form, or why nothing could be run.
    pub fn run(&self) -> Result<Report, Failure> {
        quiet_panics();
        let judge = Judge::<F>::new(self.profile, self.observes)
            .without(&self.without)
            .map_err(Failure::NotRun)?;
        let regressions = self.run_saved(&judge)?;
        let subject: SubjectFactory<'_, F> =
            &|| Ok(Box::new(InProcess::new(self.make).observing(self.observes)));
        let plan = Plan {
            profile: self.profile.unwrap_or_else(|| F::profiles()[0]),
            seed: self.seed,
            cases: (0, self.cases),
            jobs: 1,
            findings_max: 1,
            found: &[],
            shrink_runs_max: SHRINK_RUNS,
            twice: TWICE,
            subject,
            judge: &judge,
            stop: &AtomicBool::new(false),
        };
        let mut outcome = search(plan, &mut Silent);
        if let Some(error) = outcome.failed {
            return Err(Failure::NotRun(error.to_string()));
        }
        let first = outcome.findings.pop().or_else(|| outcome.flaky.into_iter().next());
        match first {
            None => Ok(Report { totals: outcome.totals, regressions }),
            Some(finding) => Err(self.report(&judge, &finding)),
        }
    }

    /// Runs the check and panics with the whole report if a claim breaks.
    ///
    /// # Panics
    /// When a claim breaks, or nothing can be run.
    pub fn assert_holds(&self) -> Report {
        match self.run() {
            Ok(report) => report,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Runs one scenario file and gives back what happened, for a snapshot: the same machine gives
    /// the same text.
    ///
    /// ```
    /// use syncheck::families::headers_first::{HeadersFirst, SyncManager};
    /// use syncheck::testing::Check;
    ///
    /// # fn main() -> Result<(), syncheck::testing::Failure> {
    /// let check = Check::<HeadersFirst>::new(|start| Box::new(SyncManager::new(start)));
    /// let trace = check.trace("vectors/headers-first/scenarios/lie-slow.yaml")?;
    /// assert_eq!(trace.broken, None);
    /// assert!(trace.text.contains("p1 --> S  headers m1"));
    /// // With the crate insta: insta::assert_snapshot!(trace.text);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why the file or the machine cannot be run.
    pub fn trace(&self, file: impl AsRef<Path>) -> Result<Traced, Failure> {
        quiet_panics();
        let not_run = |error: &dyn fmt::Display| Failure::NotRun(error.to_string());
        let path = file.as_ref();
        let (_, context) = open_scenario::<F>(path).map_err(|error| not_run(&error))?;
        let judge = Judge::<F>::new(self.profile, self.observes)
            .without(&self.without)
            .map_err(Failure::NotRun)?;
        let run = run_once(&context, self.subject().as_mut(), &judge, Record::Steps);
        if let Verdict::SubjectFailed(error) = &run.verdict {
            return Err(not_run(error));
        }
        let trace = run.trace.as_ref().expect("the run was recorded");
        let broken = run.verdict.violation().map(|violation| violation.claim);
        Ok(Traced { text: trace.to_text(), digest: trace.digest(), broken })
    }

    fn run_saved(&self, judge: &Judge<F>) -> Result<usize, Failure> {
        let mut ran = 0;
        for path in saved(&self.regressions, F::NAME) {
            let not_run = |error: &dyn fmt::Display| Failure::NotRun(error.to_string());
            let (_, context) = open_scenario::<F>(&path).map_err(|error| not_run(&error))?;
            let mut subject = self.subject();
            let run = run_once(&context, subject.as_mut(), judge, Record::Steps);
            if let Verdict::SubjectFailed(error) = &run.verdict {
                return Err(not_run(error));
            }
            let subject = SUBJECT.to_owned();
            if let Some(report) = FindingReport::of_run(subject, judge, &context.scenario, &run) {
                return Err(Failure::Finding(Box::new(FindingReport {
                    file: Some(path),
                    ..report
                })));
            }
            ran += 1;
        }
        Ok(ran)
    }

    fn subject(&self) -> Box<dyn Subject<F>> {
        Box::new(InProcess::new(self.make).observing(self.observes))
    }

    fn report(&self, judge: &Judge<F>, finding: &Finding<F>) -> Failure {
        let shrunk = &finding.shrunk;
        let document = Document::failing(shrunk.scenario.clone(), shrunk.violation.claim);
        let file = match save(&self.regressions, &document) {
            Ok(file) => file,
            Err(message) => return Failure::NotRun(message),
        };
        let replay = "run the test again: saved scenarios go first".to_owned();
        Failure::Finding(Box::new(FindingReport {
            file: Some(file),
            replay: Some(replay),
            ..FindingReport::of_finding(SUBJECT.to_owned(), judge, self.seed, finding)
        }))
    }
}

impl<F: Catalog> fmt::Debug for Check<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("family", &F::NAME)
            .field("profile", &self.profile)
            .field("cases", &self.cases)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finding(report) => f.write_str(&report.to_text()),
            Self::NotRun(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}
