use std::path::Path;

use crate::adapters::today;
use crate::campaign::Known;
use crate::families::{Catalog, FamilyId, Visit};
use crate::reports::{
    CampaignRecords, KnownEntry, KnownRecord, ProfileRecord, RegressionsRecord, StaleRecord,
};
use crate::vectors::{KnownFailure, KnownFailures, covers_claim, covers_shape};

use super::Exit;
use super::output::refuse;

/// The known failures of a subject.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    list: Option<KnownRecord>,
}

impl Baseline {
    /// Reads the list; an empty one, if there is none.
    ///
    /// # Errors
    /// When the file is no such list.
    pub(super) fn open(path: Option<&Path>, allow_stale: bool) -> Result<Self, Exit> {
        let Some(path) = path else { return Ok(Self::default()) };
        let list = KnownFailures::open(path).map_err(|error| refuse(Exit::Usage, error))?;
        let day = today();
        // Entries about vectors are none of a search's business.
        let entry = |failure: KnownFailure| {
            Some(KnownEntry {
                has_expired: failure.has_expired(day),
                claim: failure.claim?,
                shape: failure.shape,
                family: failure.family,
                reason: failure.reason,
                link: failure.link,
                expires: failure.expires.map(|last| last.to_string()),
            })
        };
        let entries = list.failures.into_iter().filter_map(entry).collect();
        Ok(Self {
            list: Some(KnownRecord { file: path.display().to_string(), allow_stale, entries }),
        })
    }

    /// The list as a report has it.
    pub(super) fn record(&self) -> Option<KnownRecord> {
        self.list.clone()
    }

    /// Why a claim is known to fail, in some shape at least; none, if it is not.
    pub(super) fn reason(&self, family: &str, claim: &str) -> Option<&str> {
        let mut entries = self.list.iter().flat_map(|list| &list.entries);
        let covers = |entry: &&KnownEntry| !entry.has_expired && covers(entry, family, claim);
        entries.find(covers).map(|entry| entry.reason.as_str())
    }

    /// Names what is known of the claims of a family.
    pub(super) fn known(&self, family: &'static str) -> Known {
        let entries = self.list.iter().flat_map(|list| list.entries.clone());
        let entries: Vec<KnownEntry> = entries.filter(|entry| !entry.has_expired).collect();
        Box::new(move |claim, shape| {
            let is_it = |entry: &&KnownEntry| {
                covers(entry, family, claim) && covers_shape(entry.shape.as_deref(), shape)
            };
            entries.iter().find(is_it).map(|entry| match &entry.shape {
                Some(shape) => format!("{claim}: {shape}"),
                None => claim.to_owned(),
            })
        })
    }
}

/// Whether an entry is what a count of known failures is of.
fn is_counted_as(entry: &KnownEntry, family: &str, name: &str) -> bool {
    let (claim, shape) = match name.split_once(": ") {
        Some((claim, shape)) => (claim, Some(shape)),
        None => (name, None),
    };
    covers(entry, family, claim) && entry.shape.as_deref() == shape
}

/// The entries of the list of known failures that ought to go. Whether one still fails can only be
/// told of a search that was not cut short.
pub(super) fn stale(records: &CampaignRecords, is_complete: bool) -> Vec<StaleRecord> {
    let why = |entry: &KnownEntry| {
        if !FamilyId::ALL.iter().any(|family| family.visit(CoversAny(entry))) {
            Some("there is no such claim".to_owned())
        } else if let (true, Some(last)) = (entry.has_expired, &entry.expires) {
            Some(format!("it counted until {last}"))
        } else if is_complete && was_judged(records, entry) && !still_fails(records, entry) {
            Some("it no longer fails".to_owned())
        } else {
            None
        }
    };
    let entries = records.header.known_failures.iter().flat_map(|list| &list.entries);
    let stale = |entry: &KnownEntry| {
        why(entry).map(|why| StaleRecord {
            claim: entry.claim.clone(),
            shape: entry.shape.clone(),
            family: entry.family.clone(),
            reason: entry.reason.clone(),
            why,
        })
    };
    entries.filter_map(stale).collect()
}

fn was_judged(records: &CampaignRecords, entry: &KnownEntry) -> bool {
    let is_judged = |profile: &ProfileRecord| {
        profile.claims.iter().any(|claim| covers(entry, &profile.family, &claim.claim))
    };
    records.profiles.iter().any(is_judged)
}

fn still_fails(records: &CampaignRecords, entry: &KnownEntry) -> bool {
    let in_profile = |profile: &ProfileRecord| {
        profile.totals.known.keys().any(|name| is_counted_as(entry, &profile.family, name))
    };
    let saved = |regressions: &RegressionsRecord| {
        regressions.known.keys().any(|name| is_counted_as(entry, &regressions.family, name))
    };
    records.profiles.iter().any(in_profile) || records.regressions.iter().any(saved)
}

fn covers(entry: &KnownEntry, family: &str, claim: &str) -> bool {
    covers_claim(&entry.claim, entry.family.as_deref(), family, claim)
}

/// Whether an entry is about a claim of any family.
struct CoversAny<'a>(&'a KnownEntry);

impl Visit for CoversAny<'_> {
    type Output = bool;

    fn visit<F: Catalog>(self) -> bool {
        F::claims().iter().any(|entry| covers(self.0, F::NAME, entry.claim.id))
    }
}
