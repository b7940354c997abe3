use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::reports::{CampaignRecords, ClaimState, Ended, FindingReport, Outcome, ProfileRecord};

use super::ending::EndingsRecord;

/// The format of a grid, as its JSON form names it.
pub const GRID_FORMAT: &str = "syncheck-grid/1";

/// What several subjects made of the same scenarios.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// The format.
    pub format: String,
    /// The version of the program.
    pub version: String,
    /// One table for each family and profile that scenarios were drawn for.
    pub sections: Vec<Section>,
    /// All findings, in the order of the sections and columns; cells name them by their place,
    /// counted from 0.
    pub findings: Vec<GridFinding>,
}

/// The subjects that saw the same scenarios.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The family.
    pub family: String,
    /// The profile that the scenarios were drawn for.
    pub profile: String,
    /// The subjects.
    pub columns: Vec<Column>,
    /// The claims that judge at least one of them.
    pub rows: Vec<Row>,
    /// How many scenarios all subjects of the section ran, to compare where they end.
    pub compared: u64,
    /// Those of them that do not end alike for all.
    pub endings: Vec<EndingsRecord>,
}

/// One subject of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub subject: String,
    /// What started it.
    pub command: String,
    /// The seed of its search.
    pub seed: u64,
    /// Cases that were asked for.
    pub asked: u64,
    /// Cases that ran.
    pub cases: u64,
    /// Cases that it does not support.
    pub unsupported: u64,
    /// Cases of which nothing can be said.
    pub inconclusive: u64,
    /// Why its search ended.
    pub ended: Ended,
    /// The verdict of its search, over all families.
    pub verdict: Option<Outcome>,
    /// The time that its search took.
    pub elapsed_ms: u64,
}

/// One claim of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The claim.
    pub claim: String,
    /// What must hold.
    pub summary: String,
    /// The profiles that it binds; every implementation, if empty.
    pub binds: Vec<String>,
    /// What became of it, in the order of the columns.
    pub cells: Vec<Cell>,
}

/// What became of a claim with one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// The state.
    pub state: CellState,
    /// In how many cases the claim was put to the test.
    pub tested: u64,
    /// The findings: those that repeat first, then the shortest first.
    pub findings: Vec<usize>,
    /// Why it is known to fail, if it is.
    pub reason: Option<String>,
}

/// The states that a claim can be in with one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellState {
    /// It was broken, and repeats.
    Broken,
    /// It was broken in some repetitions of a case and not in others.
    Flaky,
    /// It held whenever it was put to the test.
    Held,
    /// The subject is known to break it, and did.
    Known,
    /// The claim does not judge this subject: it binds another profile, or needs more than the
    /// subject shows.
    NotJudged,
    /// No case put it to the test.
    Untested,
}

/// A finding and whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridFinding {
    /// The subject's name in the grid.
    pub subject: String,
    /// The finding.
    pub finding: FindingReport,
}

impl Grid {
    /// Puts the records of searches, each with the name of its subject, together to a grid.
    ///
    /// # Errors
    /// When two searches of the same scenarios cannot stand side by side; the message says why.
    pub fn of(subjects: &[(String, CampaignRecords)]) -> Result<Self, String> {
        let mut grid = Self {
            format: GRID_FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sections: Vec::new(),
            findings: Vec::new(),
        };
        if let Some((name, _)) = repeated(subjects) {
            return Err(format!("two subjects have the name {name:?}"));
        }
        for (family, profile) in places(subjects) {
            let searched: Vec<_> = subjects
                .iter()
                .filter_map(|(name, records)| {
                    let record = records.profile_of(&family, &profile)?;
                    Some(Searched { name, records, record })
                })
                .collect();
            let section = grid.section(family, profile, &searched);
            grid.sections.push(section);
        }
        Ok(grid)
    }

    /// Adds where scenarios ended for all subjects of a section. `compared` counts all that ran.
    pub fn compare(
        &mut self,
        family: &str,
        profile: &str,
        compared: u64,
        ends: Vec<EndingsRecord>,
    ) {
        let mut sections = self.sections.iter_mut();
        if let Some(section) = sections.find(|it| it.family == family && it.profile == profile) {
            section.compared = compared;
            section.endings = ends.into_iter().filter(EndingsRecord::is_split).collect();
        }
    }

    /// Whether a claim was broken by any subject, in all repetitions.
    pub fn is_broken(&self) -> bool {
        let mut cells = self.sections.iter().flat_map(|it| &it.rows).flat_map(|row| &row.cells);
        cells.any(|cell| cell.state == CellState::Broken)
    }

    fn section(&mut self, family: String, profile: String, searched: &[Searched<'_>]) -> Section {
        let mut places = Vec::new();
        for it in searched {
            let found = it.records.findings_of(&family, &profile);
            let start = self.findings.len();
            self.findings.extend(
                found.cloned().map(|finding| GridFinding { subject: it.name.to_owned(), finding }),
            );
            places.push(start..self.findings.len());
        }
        let rows = claims(searched)
            .into_iter()
            .map(|(claim, summary, binds)| Row {
                cells: searched
                    .iter()
                    .zip(&places)
                    .map(|(it, place)| self.cell(it, &claim, place.clone()))
                    .collect(),
                claim,
                summary,
                binds,
            })
            .collect();
        let columns = searched.iter().map(Searched::column).collect();
        Section { family, profile, columns, rows, compared: 0, endings: Vec::new() }
    }

    fn cell(&self, it: &Searched<'_>, claim: &str, place: std::ops::Range<usize>) -> Cell {
        let tested = it.record.totals.tested.get(claim).copied().unwrap_or(0);
        let Some(judged) = it.record.claims.iter().find(|known| known.claim == claim) else {
            return Cell {
                state: CellState::NotJudged,
                tested: 0,
                findings: Vec::new(),
                reason: None,
            };
        };
        let mut findings: Vec<usize> =
            place.filter(|index| self.findings[*index].finding.claim == claim).collect();
        findings.sort_by_key(|index| {
            let finding = &self.findings[*index].finding;
            (finding.flaky.is_some(), finding.inputs)
        });
        let mut reason = None;
        let state = match it.records.state(it.record, judged) {
            ClaimState::Broken(found) if found.iter().all(|it| it.flaky.is_some()) => {
                CellState::Flaky
            }
            ClaimState::Broken(_) => CellState::Broken,
            ClaimState::Held(_) => CellState::Held,
            ClaimState::Known(why) => {
                reason = Some(why.to_owned());
                CellState::Known
            }
            ClaimState::Untested => CellState::Untested,
        };
        Cell { state, tested, findings, reason }
    }
}

/// One subject's search of the profile of a section.
struct Searched<'a> {
    name: &'a str,
    records: &'a CampaignRecords,
    record: &'a ProfileRecord,
}

impl Searched<'_> {
    fn column(&self) -> Column {
        let totals = &self.record.totals;
        Column {
            subject: self.name.to_owned(),
            command: self.records.header.subject.clone(),
            seed: self.records.header.seed,
            asked: self.records.header.cases,
            cases: totals.cases,
            unsupported: totals.unsupported,
            inconclusive: totals.inconclusive,
            ended: self.record.ended,
            verdict: self.records.summary.as_ref().map(|summary| summary.verdict),
            elapsed_ms: self.record.elapsed_ms,
        }
    }
}

/// The claims that judge any of these, in the order of the first that has them.
fn claims(searched: &[Searched<'_>]) -> Vec<(String, String, Vec<String>)> {
    let mut seen = BTreeMap::new();
    let mut all = Vec::new();
    for claim in searched.iter().flat_map(|it| &it.record.claims) {
        if seen.insert(claim.claim.clone(), ()).is_none() {
            all.push((claim.claim.clone(), claim.summary.clone(), claim.binds.clone()));
        }
    }
    all
}

/// The families and profiles that were searched, in the order of the subjects.
fn places(subjects: &[(String, CampaignRecords)]) -> Vec<(String, String)> {
    let mut places = Vec::new();
    for profile in subjects.iter().flat_map(|(_, records)| &records.profiles) {
        let place = (profile.family.clone(), profile.profile.clone());
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.sort_by_key(|(family, _)| family.clone());
    places
}

fn repeated(subjects: &[(String, CampaignRecords)]) -> Option<&(String, CampaignRecords)> {
    let is_repeated = |index: usize| subjects[..index].iter().any(|it| it.0 == subjects[index].0);
    (0..subjects.len()).find(|index| is_repeated(*index)).map(|index| &subjects[index])
}
