use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::adapters::{About, Stopwatch, set_after};
use crate::families::{Catalog, FamilyId, Visit};
use crate::machine::{Observes, SubjectError};
use crate::reports::{Header, REPORT_FORMAT};

use super::Exit;
use super::arguments::RunArguments;
use super::baseline::Baseline;
use super::conclusion::{Close, conclude};
use super::ledger::Ledger;
use super::output::refuse;
use super::profile::search_profile;
use super::reports::write_reports;
use super::resume::open_ledger;
use super::selection::families;
use super::signals::stop_flag;
use super::subjects::{Choice, shell_words};

/// Searches for a counterexample.
pub(super) fn run(arguments: &RunArguments) -> Exit {
    match try_run(arguments) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_run(arguments: &RunArguments) -> Result<Exit, Exit> {
    if arguments.cases == 0 || arguments.max_findings == 0 {
        return Err(refuse(Exit::Usage, "--cases and --max-findings are at least 1"));
    }
    let stop = stop_flag();
    let out_of_time = Arc::new(AtomicBool::new(false));
    if let Some(limit) = arguments.search.time_limit {
        set_after(limit, vec![Arc::clone(&out_of_time), Arc::clone(&stop)]);
    }
    let families = families(arguments).map_err(|message| refuse(Exit::Usage, message))?;
    let baseline = Baseline::open(arguments.known_failures.as_deref(), arguments.allow_stale)?;
    let header = header(arguments, &families, &baseline);
    let (ledger, elapsed_before_ms) = open_ledger(arguments, header)?;
    let mut campaign = Campaign {
        baseline,
        arguments,
        ledger,
        stop,
        out_of_time,
        watch: Stopwatch::start(),
        is_not_deterministic: false,
        failed: None,
    };
    for family in families {
        match family.visit(Search { campaign: &mut campaign }) {
            Ok(()) => {}
            // Nothing is wrong with a child that nobody waits for.
            Err(_) if campaign.stop.load(Ordering::Relaxed) => {}
            Err(Exit::SubjectFailed) => campaign.failed = Some(Exit::SubjectFailed),
            Err(exit) => return Err(exit),
        }
        if campaign.is_over() {
            break;
        }
    }
    campaign.conclude(elapsed_before_ms)
}

/// What was asked for, as reports name it.
fn header(arguments: &RunArguments, families: &[FamilyId], baseline: &Baseline) -> Header {
    let words = arguments.child.command.iter().map(|word| word.to_string_lossy());
    let subject = shell_words(words);
    Header {
        format: REPORT_FORMAT.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: arguments.search.seed,
        cases: arguments.cases,
        shard: arguments.search.shard.map(Into::into),
        families: families.iter().map(ToString::to_string).collect(),
        profile: arguments.profile.clone(),
        subject: if subject.is_empty() { "reference".to_owned() } else { subject },
        without: arguments.without.clone(),
        max_findings: arguments.max_findings as u64,
        shrink_runs: arguments.shrink_runs,
        known_failures: baseline.record(),
    }
}

/// A search of several profiles.
pub(super) struct Campaign<'a> {
    pub(super) arguments: &'a RunArguments,
    pub(super) baseline: Baseline,
    pub(super) ledger: Ledger,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) out_of_time: Arc<AtomicBool>,
    pub(super) watch: Stopwatch,
    /// It was said that the subject is not deterministic.
    pub(super) is_not_deterministic: bool,
    /// Why it ends before its time.
    pub(super) failed: Option<Exit>,
}

impl Campaign<'_> {
    fn conclude(mut self, elapsed_before_ms: u64) -> Result<Exit, Exit> {
        let close = match self.failed {
            Some(exit) => Close::Failed(exit),
            None if self.out_of_time.load(Ordering::Relaxed) => Close::OutOfTime,
            None if self.stop.load(Ordering::Relaxed) => Close::Interrupted,
            None => Close::Done,
        };
        let elapsed_ms = millis(self.watch.elapsed()).saturating_add(elapsed_before_ms);
        let exit = conclude(&mut self.ledger, close, elapsed_ms);
        write_reports(&self.arguments.reports, &self.ledger.records)?;
        Ok(exit)
    }

    /// Whether no further profile is searched.
    fn is_over(&self) -> bool {
        self.failed.is_some()
            || self.stop.load(Ordering::Relaxed)
            || self.ledger.records.firm() >= self.arguments.max_findings
    }
}

/// Whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

struct Search<'a, 'b> {
    campaign: &'a mut Campaign<'b>,
}

impl Visit for Search<'_, '_> {
    type Output = Result<(), Exit>;

    fn visit<F: Catalog>(self) -> Self::Output {
        let arguments = self.campaign.arguments;
        let choice = Choice::<F>::of(&arguments.child);
        let about = match choice.about() {
            // A child that is tried with all families need not run them all.
            Err(SubjectError::Unsupported { .. }) if arguments.families.is_empty() => return Ok(()),
            Err(SubjectError::Interrupted) => return Ok(()),
            about => about.map_err(|error| refuse(Exit::SubjectFailed, error))?,
        };
        let profiles = profiles::<F>(arguments, about.as_ref())?;
        let observes = about.map_or(Observes::ALL, |about| about.observes);
        for profile in profiles {
            search_profile(self.campaign, &choice, observes, profile);
            if self.campaign.is_over() {
                break;
            }
        }
        Ok(())
    }
}

/// The profiles to search: the one that is asked for; or else all of the reference, and the first
/// that a child runs.
fn profiles<F: Catalog>(
    arguments: &RunArguments,
    about: Option<&About>,
) -> Result<Vec<&'static str>, Exit> {
    let known = F::profiles();
    let runs = |name: &str| {
        let named = about.and_then(|about| about.profiles.as_ref());
        named.is_none_or(|named| named.iter().any(|its| its == name))
    };
    if let Some(name) = &arguments.profile {
        let Some(profile) = known.iter().find(|profile| *profile == name) else {
            let message = format!("{} has the profiles {}", F::NAME, known.join(", "));
            return Err(refuse(Exit::Usage, format!("--profile {name}: {message}")));
        };
        if !runs(profile) {
            let message = format!("the subject does not run the profile {profile}");
            return Err(refuse(Exit::SubjectFailed, message));
        }
        return Ok(vec![*profile]);
    }
    let mut all: Vec<&str> = known.iter().copied().filter(|profile| runs(profile)).collect();
    if all.is_empty() {
        let message = format!("the subject runs no profile of {}: {}", F::NAME, known.join(", "));
        return Err(refuse(Exit::SubjectFailed, message));
    }
    if about.is_some() {
        all.truncate(1);
    }
    Ok(all)
}

/// As many workers as asked for, or as there are cores.
pub(super) fn jobs(asked: Option<std::num::NonZeroUsize>) -> usize {
    asked.or_else(|| thread::available_parallelism().ok()).map_or(1, usize::from)
}
