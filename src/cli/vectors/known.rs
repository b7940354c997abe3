use std::path::{Path, PathBuf};

use crate::adapters::today;
use crate::cli::Exit;
use crate::cli::output::refuse;
use crate::vectors::{KnownFailure, KnownFailures};

/// The vectors that a subject is known to fail.
#[derive(Debug, Default)]
pub(super) struct KnownVectors {
    path: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    failure: KnownFailure,
    has_expired: bool,
    was_tried: bool,
    still_fails: bool,
}

impl KnownVectors {
    /// Reads the list; an empty one, if there is none. Entries about claims are left out.
    ///
    /// # Errors
    /// When the file is no such list.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Exit> {
        let Some(path) = path else { return Ok(Self::default()) };
        let list = KnownFailures::open(path).map_err(|error| refuse(Exit::Usage, error))?;
        let day = today();
        let about_vectors = list.failures.into_iter().filter(|it| it.vector.is_some());
        let entry = |failure: KnownFailure| Entry {
            has_expired: failure.has_expired(day),
            failure,
            was_tried: false,
            still_fails: false,
        };
        Ok(Self { path: path.into(), entries: about_vectors.map(entry).collect() })
    }

    /// Notes how a case of a vector came out. Returns why it is known to fail, if it is.
    pub(super) fn note(
        &mut self,
        family: &str,
        vector: &str,
        case: &str,
        fails: bool,
    ) -> Option<&str> {
        let mut reason = None;
        for entry in &mut self.entries {
            if entry.failure.covers_vector(family, vector, case) {
                entry.was_tried = true;
                entry.still_fails |= fails;
                if fails && !entry.has_expired && reason.is_none() {
                    reason = Some(entry.failure.reason.as_str());
                }
            }
        }
        reason
    }

    /// The entries that ought to go, each with the reason why.
    pub(super) fn stale(&self) -> Vec<String> {
        let why = |entry: &Entry| match entry.failure.expires {
            Some(last) if entry.has_expired => Some(format!("it counted until {last}")),
            _ if !entry.was_tried => Some("there is no such vector".to_owned()),
            _ if !entry.still_fails => Some("it no longer fails".to_owned()),
            _ => None,
        };
        let line = |entry: &Entry| {
            let glob = entry.failure.vector.as_deref().unwrap_or_default();
            Some(format!("STALE {}: {glob}: {}", self.path.display(), why(entry)?))
        };
        self.entries.iter().filter_map(line).collect()
    }
}
