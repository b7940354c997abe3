use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::campaign::Totals;
use crate::invariant::{Claim, Strength};

use super::finding::FindingReport;
use super::totals::Gaps;

/// The format of a report, as its header names it.
pub const REPORT_FORMAT: &str = "syncheck-report/1";

/// One line of the NDJSON report of a search. All other reports are made of these lines.
///
/// A report is a header; then for each profile its saved findings, a `regressions` line, findings
/// and ranges of cases in the order of the cases, and a `profile` line; then what is stale in the
/// list of known failures, and a summary. A report without its summary is not complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CampaignRecord {
    /// A broken claim.
    Finding(Box<FindingReport>),
    /// What was asked for; the first line.
    Header(Header),
    /// What a profile came to.
    Profile(ProfileRecord),
    /// Cases that are done, so that a search can go on behind them.
    Range(RangeRecord),
    /// What became of the findings that were saved before.
    Regressions(RegressionsRecord),
    /// A known failure that ought to go.
    Stale(StaleRecord),
    /// What all came to; the last line.
    Summary(Summary),
}

/// What was asked of a search. Reports belong together if their headers differ in the shard only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The format of the report.
    pub format: String,
    /// The version of the program.
    pub version: String,
    /// The seed.
    pub seed: u64,
    /// Cases for each family and profile, of all shards together.
    pub cases: u64,
    /// The part of the cases that ran here; all, if absent.
    pub shard: Option<ShardRecord>,
    /// The families in their order.
    pub families: Vec<String>,
    /// The profile, if one was asked for.
    pub profile: Option<String>,
    /// Who was tested.
    pub subject: String,
    /// Claims that were left out.
    pub without: Vec<String>,
    /// After how many findings the search ends.
    pub max_findings: u64,
    /// Runs spent on making one finding small, if that was said.
    pub shrink_runs: Option<u64>,
    /// The list of known failures.
    pub known_failures: Option<KnownRecord>,
}

/// One part of the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardRecord {
    /// Counts the parts from 1.
    pub part: u64,
    /// How many parts there are.
    pub of: u64,
}

/// A list of known failures, as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownRecord {
    /// The file.
    pub file: String,
    /// Whether entries that ought to go are no error.
    pub allow_stale: bool,
    /// Its entries.
    pub entries: Vec<KnownEntry>,
}

/// An entry of a list of known failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownEntry {
    /// The glob of claims.
    pub claim: String,
    /// The glob of the shapes in which they are broken; all, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<String>,
    /// The family; all, if absent.
    pub family: Option<String>,
    /// Why it fails.
    pub reason: String,
    /// Where to read more.
    pub link: Option<String>,
    /// The last day on which it counts.
    pub expires: Option<String>,
    /// Whether that day had passed.
    pub has_expired: bool,
}

/// What became of the findings of a profile that were saved before; they run first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegressionsRecord {
    /// The family.
    pub family: String,
    /// The profile.
    pub profile: String,
    /// How many ran.
    pub ran: u64,
    /// How many the subject does not support.
    #[serde(default)]
    pub unsupported: u64,
    /// How many of them break a claim again.
    pub findings: u64,
    /// How many broke each claim that the subject is known to break.
    pub known: BTreeMap<String, u64>,
}

/// Cases of a profile that are done, with all findings in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeRecord {
    /// The family.
    pub family: String,
    /// The profile.
    pub profile: String,
    /// The first case.
    pub start: u64,
    /// The case after the last.
    pub end: u64,
    /// What was seen in these cases.
    pub totals: TotalsRecord,
}

/// What the search of a profile came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRecord {
    /// The family.
    pub family: String,
    /// The profile.
    pub profile: String,
    /// Why the search of the profile ended.
    pub ended: Ended,
    /// What was seen in all its cases.
    pub totals: TotalsRecord,
    /// The claims that judged.
    pub claims: Vec<ClaimRecord>,
    /// The ways to lie.
    pub lies: Vec<LieRecord>,
    /// What was never put to the test.
    pub gaps: Gaps,
    /// The time that it took.
    pub elapsed_ms: u64,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// All cases ran.
    Complete,
    /// There were as many findings as were asked for.
    MaxFindings,
    /// The time was up.
    TimeLimit,
    /// Somebody ended it.
    Interrupted,
    /// The subject failed to run, or a finding could not be saved.
    Failed,
}

/// A claim that judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRecord {
    /// Its name.
    pub claim: String,
    /// What must hold.
    pub summary: String,
    /// Where it comes from.
    pub source: String,
    /// The profiles that it binds; every implementation, if empty.
    pub binds: Vec<String>,
    /// Why it is known to fail, if it is.
    pub known: Option<String>,
}

/// A way to lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LieRecord {
    /// Its name.
    pub lie: String,
    /// What it does.
    pub summary: String,
}

/// What was seen in some cases. What was seen never has no entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotalsRecord {
    /// Cases that ran.
    pub cases: u64,
    /// Cases that broke a claim.
    pub failed: u64,
    /// Cases of which nothing can be said: a bound was reached.
    pub inconclusive: u64,
    /// Cases that did not run because the subject does not support them.
    pub unsupported: u64,
    /// What the first of them asked for and did not get.
    pub unsupported_why: Option<String>,
    /// Messages that were delivered.
    pub messages: u64,
    /// What the subject saw.
    pub inputs: u64,
    /// How many cases have each remarkable feature.
    pub labels: BTreeMap<String, u64>,
    /// How often each kind of fault took effect.
    pub faults: BTreeMap<String, u64>,
    /// How often each lie changed an answer.
    pub lies: BTreeMap<String, u64>,
    /// In how many cases each claim was put to the test.
    pub tested: BTreeMap<String, u64>,
    /// How many cases broke what the subject is known to break: a claim, or `claim: shape` where the
    /// list says in what shape.
    pub known: BTreeMap<String, u64>,
}

/// A known failure that ought to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaleRecord {
    /// The glob of claims.
    pub claim: String,
    /// The glob of shapes, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<String>,
    /// The family; all, if absent.
    pub family: Option<String>,
    /// Why it was said to fail.
    pub reason: String,
    /// Why it ought to go.
    pub why: String,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The verdict.
    pub verdict: Outcome,
    /// What else there is to say of it.
    pub why: Option<String>,
    /// Cases that ran.
    pub cases: u64,
    /// Findings.
    pub findings: u64,
    /// Broken claims beside them that did not repeat each time.
    #[serde(default)]
    pub flaky: u64,
    /// Cases of which nothing can be said.
    pub inconclusive: u64,
    /// Saved findings that ran first.
    pub regressions: u64,
    /// The seed.
    pub seed: u64,
    /// The time that it took.
    pub elapsed_ms: u64,
}

/// The verdict on a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The subject failed to run.
    Error,
    /// A claim was broken.
    Fail,
    /// Some or all cases reached a limit of their run.
    Inconclusive,
    /// Somebody ended the search before anything was found.
    Interrupted,
    /// All that ran held.
    Pass,
    /// All that ran held, but the list of known failures is out of date.
    Stale,
}

impl Header {
    /// The first field, beside the shard, in which this header differs from another.
    pub fn unlike(&self, other: &Self) -> Option<&'static str> {
        let fields = [
            ("version", self.version == other.version),
            ("seed", self.seed == other.seed),
            ("number of cases", self.cases == other.cases),
            ("list of families", self.families == other.families),
            ("profile", self.profile == other.profile),
            ("subject", self.subject == other.subject),
            ("claims left out", self.without == other.without),
            ("--max-findings", self.max_findings == other.max_findings),
            ("--shrink-runs", self.shrink_runs == other.shrink_runs),
            ("list of known failures", self.known_failures == other.known_failures),
        ];
        fields.into_iter().find(|(_, is_same)| !is_same).map(|(field, _)| field)
    }

    /// The first field in which this header differs from another.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        self.unlike(other).or_else(|| (self.shard != other.shard).then_some("shard"))
    }
}

impl ClaimRecord {
    /// A claim that judges, and why it is known to fail, if it is.
    pub fn of(claim: &Claim, known: Option<String>) -> Self {
        Self {
            claim: claim.id.to_owned(),
            summary: claim.summary.to_owned(),
            source: claim.source.to_owned(),
            binds: binds(claim),
            known,
        }
    }
}

/// The profiles that a claim binds; none, if it binds every implementation.
pub(super) fn binds(claim: &Claim) -> Vec<String> {
    match claim.strength {
        Strength::Must => Vec::new(),
        Strength::Profile(names) => names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

impl TotalsRecord {
    /// What a search has counted.
    pub fn of(totals: &Totals) -> Self {
        Self {
            cases: totals.cases,
            failed: totals.failed,
            inconclusive: totals.inconclusive,
            unsupported: totals.unsupported,
            unsupported_why: totals.unsupported_why.clone(),
            messages: totals.messages,
            inputs: totals.inputs,
            labels: counts(&totals.labels),
            faults: counts(&totals.fired),
            lies: counts(&totals.lies),
            tested: counts(&totals.exercised),
            known: totals.known.clone(),
        }
    }

    /// Adds what was seen in other cases.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, |mine, its| mine + its);
    }

    /// How many cases broke a claim in ways that are known; one that broke it in two ways counts
    /// twice.
    pub fn times_known(&self, claim: &str) -> u64 {
        let is_it = |name: &str| {
            name.strip_prefix(claim).is_some_and(|rest| rest.is_empty() || rest.starts_with(": "))
        };
        self.known.iter().filter(|(name, _)| is_it(name)).map(|(_, times)| times).sum()
    }

    /// What was seen since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let mut rest = self.clone();
        rest.combine(before, u64::saturating_sub);
        rest
    }

    fn combine(&mut self, other: &Self, with: fn(u64, u64) -> u64) {
        let number = |mine: &mut u64, its: u64| *mine = with(*mine, its);
        number(&mut self.cases, other.cases);
        number(&mut self.failed, other.failed);
        number(&mut self.inconclusive, other.inconclusive);
        number(&mut self.unsupported, other.unsupported);
        if self.unsupported_why.is_none() {
            self.unsupported_why.clone_from(&other.unsupported_why);
        }
        number(&mut self.messages, other.messages);
        number(&mut self.inputs, other.inputs);
        let map = |mine: &mut BTreeMap<String, u64>, its: &BTreeMap<String, u64>| {
            for (what, times) in its {
                number(mine.entry(what.clone()).or_default(), *times);
            }
            mine.retain(|_, times| *times > 0);
        };
        map(&mut self.labels, &other.labels);
        map(&mut self.faults, &other.faults);
        map(&mut self.lies, &other.lies);
        map(&mut self.tested, &other.tested);
        map(&mut self.known, &other.known);
    }
}

/// Counts with names of their own; those of zero are left out.
pub fn counts(counted: &BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
    let seen = counted.iter().filter(|(_, times)| **times > 0);
    seen.map(|(what, times)| ((*what).to_owned(), *times)).collect()
}
