use std::fmt;

use super::finding::FindingReport;
use super::record::{
    CampaignRecord, ClaimRecord, Header, ProfileRecord, REPORT_FORMAT, RangeRecord,
    RegressionsRecord, StaleRecord, Summary, TotalsRecord,
};

/// All records of a search, sorted by what they are; each list keeps the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignRecords {
    /// What was asked for.
    pub header: Header,
    /// What became of the saved findings: one for each profile that was begun.
    pub regressions: Vec<RegressionsRecord>,
    /// The findings.
    pub findings: Vec<FindingReport>,
    /// The cases that are done.
    pub ranges: Vec<RangeRecord>,
    /// What each profile came to.
    pub profiles: Vec<ProfileRecord>,
    /// Known failures that ought to go.
    pub stale: Vec<StaleRecord>,
    /// What all came to. Without it the records are not complete.
    pub summary: Option<Summary>,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimState<'a> {
    /// It held in so many cases that put it to the test.
    Held(u64),
    /// No case put it to the test.
    Untested,
    /// The subject is known to break it, for this reason.
    Known(&'a str),
    /// It was broken: the findings.
    Broken(Vec<&'a FindingReport>),
}

/// How many claims of a profile are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimCounts {
    /// They held.
    pub held: usize,
    /// No case put them to the test.
    pub untested: usize,
    /// They are known to fail.
    pub known: usize,
    /// They were broken.
    pub broken: usize,
}

/// Why a report cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordsError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl CampaignRecords {
    /// The records of a search that has just begun.
    pub fn new(header: Header) -> Self {
        Self {
            header,
            regressions: Vec::new(),
            findings: Vec::new(),
            ranges: Vec::new(),
            profiles: Vec::new(),
            stale: Vec::new(),
            summary: None,
        }
    }

    /// Reads a report that is complete.
    ///
    /// # Errors
    /// The first line that means nothing, or that the summary is missing.
    pub fn read(text: &str) -> Result<Self, RecordsError> {
        let records = Self::read_lines(text)?;
        if records.summary.is_none() {
            let message = "the report ends without its summary: the search is not over, or was \
                           killed; `syncheck run --resume` goes on with it";
            return Err(RecordsError { line: text.lines().count(), message: message.to_owned() });
        }
        Ok(records)
    }

    /// Reads what there is of a report.
    ///
    /// # Errors
    /// The first line that means nothing.
    pub fn read_lines(text: &str) -> Result<Self, RecordsError> {
        let mut records: Option<Self> = None;
        for (index, line) in text.lines().enumerate() {
            let wrong = |message: String| RecordsError { line: index + 1, message };
            let record = read_line(line).map_err(wrong)?;
            records = Some(match (records, record) {
                (None, CampaignRecord::Header(header)) => Self::new(header),
                (None, _) => return Err(wrong("a report begins with its header".to_owned())),
                (Some(_), CampaignRecord::Header(_)) => {
                    return Err(wrong("here a second report begins".to_owned()));
                }
                (Some(records), _) if records.summary.is_some() => {
                    return Err(wrong("nothing follows the summary of a report".to_owned()));
                }
                (Some(mut records), record) => {
                    records.push(record);
                    records
                }
            });
        }
        let empty = || RecordsError { line: 1, message: "the report is empty".to_owned() };
        records.ok_or_else(empty)
    }

    /// Adds a record behind those of its kind. A header takes the place of the other.
    pub fn push(&mut self, record: CampaignRecord) {
        match record {
            CampaignRecord::Finding(finding) => self.findings.push(*finding),
            CampaignRecord::Header(header) => self.header = header,
            CampaignRecord::Profile(profile) => self.profiles.push(profile),
            CampaignRecord::Range(range) => self.ranges.push(range),
            CampaignRecord::Regressions(regressions) => self.regressions.push(regressions),
            CampaignRecord::Stale(stale) => self.stale.push(stale),
            CampaignRecord::Summary(summary) => self.summary = Some(summary),
        }
    }

    /// All records in the order in which a search writes them.
    pub fn in_order(&self) -> Vec<CampaignRecord> {
        let mut all = vec![CampaignRecord::Header(self.header.clone())];
        for begun in &self.regressions {
            self.push_profile(begun, &mut all);
        }
        all.extend(self.stale.iter().cloned().map(CampaignRecord::Stale));
        all.extend(self.summary.clone().map(CampaignRecord::Summary));
        all
    }

    /// The report.
    pub fn to_ndjson(&self) -> String {
        self.in_order().iter().map(|record| record.to_line() + "\n").collect()
    }

    /// The findings of a profile.
    pub fn findings_of<'a>(
        &'a self,
        family: &'a str,
        profile: &'a str,
    ) -> impl Iterator<Item = &'a FindingReport> {
        self.findings.iter().filter(move |it| it.family == family && it.profile == profile)
    }

    /// The cases of a profile that are done.
    pub fn ranges_of<'a>(
        &'a self,
        family: &'a str,
        profile: &'a str,
    ) -> impl Iterator<Item = &'a RangeRecord> {
        self.ranges.iter().filter(move |it| it.family == family && it.profile == profile)
    }

    /// How many findings there are that repeat: those that count.
    pub fn firm(&self) -> usize {
        self.findings.iter().filter(|finding| finding.is_firm()).count()
    }

    /// How many of them the search of a profile has found, and no saved scenario.
    pub fn found_by_search(&self, family: &str, profile: &str) -> usize {
        let findings = self.findings_of(family, profile);
        findings.filter(|finding| finding.case.is_some() && finding.is_firm()).count()
    }

    /// What became of the saved findings of a profile; none, if it was not begun.
    pub fn regressions_of(&self, family: &str, profile: &str) -> Option<&RegressionsRecord> {
        self.regressions.iter().find(|it| it.family == family && it.profile == profile)
    }

    /// What a profile came to; none, if its search is not over.
    pub fn profile_of(&self, family: &str, profile: &str) -> Option<&ProfileRecord> {
        self.profiles.iter().find(|it| it.family == family && it.profile == profile)
    }

    /// The sum of something that was counted over all profiles.
    pub fn total(&self, counted: fn(&TotalsRecord) -> u64) -> u64 {
        self.profiles.iter().map(|profile| counted(&profile.totals)).sum()
    }

    /// How many claims of a profile are in each state.
    pub fn claim_counts(&self, profile: &ProfileRecord) -> ClaimCounts {
        let mut counts = ClaimCounts::default();
        for claim in &profile.claims {
            match self.state(profile, claim) {
                ClaimState::Broken(_) => counts.broken += 1,
                ClaimState::Held(_) => counts.held += 1,
                ClaimState::Known(_) => counts.known += 1,
                ClaimState::Untested => counts.untested += 1,
            }
        }
        counts
    }

    /// What became of a claim in a profile.
    pub fn state<'a>(
        &'a self,
        profile: &'a ProfileRecord,
        claim: &'a ClaimRecord,
    ) -> ClaimState<'a> {
        let findings = self.findings_of(&profile.family, &profile.profile);
        let broken: Vec<&FindingReport> = findings.filter(|it| it.claim == claim.claim).collect();
        let times = profile.totals.tested.get(&claim.claim).copied().unwrap_or(0);
        match &claim.known {
            _ if !broken.is_empty() => ClaimState::Broken(broken),
            Some(reason) if profile.totals.times_known(&claim.claim) > 0 => {
                ClaimState::Known(reason)
            }
            _ if times > 0 => ClaimState::Held(times),
            _ => ClaimState::Untested,
        }
    }

    fn push_profile(&self, begun: &RegressionsRecord, all: &mut Vec<CampaignRecord>) {
        let (family, profile) = (&begun.family, &begun.profile);
        let boxed = |it: &FindingReport| CampaignRecord::Finding(Box::new(it.clone()));
        let (saved, found): (Vec<_>, Vec<_>) =
            self.findings_of(family, profile).partition(|it| it.case.is_none());
        all.extend(saved.into_iter().map(boxed));
        all.push(CampaignRecord::Regressions(begun.clone()));
        let mut found = found.into_iter().peekable();
        for range in self.ranges_of(family, profile) {
            while let Some(finding) = found.next_if(|it| it.case < Some(range.end)) {
                all.push(boxed(finding));
            }
            all.push(CampaignRecord::Range(range.clone()));
        }
        all.extend(found.map(boxed));
        all.extend(self.profile_of(family, profile).cloned().map(CampaignRecord::Profile));
    }
}

impl CampaignRecord {
    /// The record as one line, without its end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("records have string keys and no fractions")
    }
}

impl fmt::Display for RecordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

impl std::error::Error for RecordsError {}

fn read_line(line: &str) -> Result<CampaignRecord, String> {
    let record = serde_json::from_str(line).map_err(|error| {
        let said = error.to_string();
        let message = said.split(" at line ").next().unwrap_or(&said).to_owned();
        format!("this is no line of a report: {message}")
    })?;
    match &record {
        CampaignRecord::Header(header) if header.format != REPORT_FORMAT => {
            Err(format!("this program reads {REPORT_FORMAT:?}, got {:?}", header.format))
        }
        _ => Ok(record),
    }
}
