use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::adapters::today;
use crate::vectors::{KnownFailure, KnownFailures, read_text};

use super::Exit;
use super::output::refuse;

/// The known failures of a subject, and which of them it still shows.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    path: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    failure: KnownFailure,
    has_expired: bool,
    /// Whether a claim that it covers was judged at all.
    was_judged: bool,
    still_fails: bool,
}

/// An entry that ought to go, and why.
#[derive(Debug)]
pub(super) struct Stale<'a> {
    failure: &'a KnownFailure,
    why: String,
}

impl Baseline {
    /// Reads the list; an empty one, if there is none.
    ///
    /// # Errors
    /// When the file is no such list.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Exit> {
        let Some(path) = path else { return Ok(Self::default()) };
        let list = read_text(path)
            .and_then(|text| KnownFailures::read(path, &text))
            .map_err(|error| refuse(Exit::Usage, error))?;
        let day = today();
        let entry = |failure: KnownFailure| Entry {
            has_expired: failure.has_expired(day),
            was_judged: false,
            still_fails: false,
            failure,
        };
        let entries = list.failures.into_iter().map(entry).collect();
        Ok(Self { path: path.into(), entries })
    }

    /// Whether it is known that the subject breaks a claim.
    pub(super) fn knows(&self, family: &str, claim: &str) -> bool {
        self.covering(family, claim).is_some()
    }

    /// Why a claim is known to fail.
    pub(super) fn reason(&self, family: &str, claim: &str) -> &str {
        self.covering(family, claim).map_or("", |entry| &entry.failure.reason)
    }

    /// Notes which claims of a family were judged, and how many cases broke known ones.
    pub(super) fn note<'a>(
        &mut self,
        family: &str,
        judged: impl Iterator<Item = &'a str>,
        broken: &BTreeMap<&'static str, u64>,
    ) {
        for claim in judged {
            for entry in &mut self.entries {
                if entry.failure.covers(family, claim) {
                    entry.was_judged = true;
                    entry.still_fails |= broken.contains_key(claim);
                }
            }
        }
    }

    /// The entries that ought to go. Whether one still fails can only be told of a search that was
    /// not cut short.
    pub(super) fn stale(&self, is_complete: bool) -> Vec<Stale<'_>> {
        let why = |entry: &Entry| {
            let failure = &entry.failure;
            if failure.covers_nothing() {
                Some("there is no such claim".to_owned())
            } else if let (true, Some(last)) = (entry.has_expired, failure.expires) {
                Some(format!("it counted until {last}"))
            } else if is_complete && entry.was_judged && !entry.still_fails {
                Some("it no longer fails".to_owned())
            } else {
                None
            }
        };
        let stale = |entry| why(entry).map(|why| Stale { failure: &entry.failure, why });
        self.entries.iter().filter_map(stale).collect()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn covering(&self, family: &str, claim: &str) -> Option<&Entry> {
        let mut entries = self.entries.iter().filter(|entry| !entry.has_expired);
        entries.find(|entry| entry.failure.covers(family, claim))
    }
}

impl Stale<'_> {
    pub(super) fn to_text(&self, path: &Path) -> String {
        format!("STALE {}: {}: {}", path.display(), self.failure.claim, self.why)
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "type": "stale",
            "claim": self.failure.claim,
            "family": self.failure.family,
            "reason": self.failure.reason,
            "why": self.why,
        })
    }
}
