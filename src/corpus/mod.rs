//! Bundles of vectors: what goes in, whether it holds, and what has changed.
//!
//! Scenarios are chosen for what they show: each mutant, lie, claim, fault and label has one, made
//! small. Tables of the pure functions are drawn, and answered by the reference. What is written is
//! checked by reading the files alone.

mod bundle;
mod diff;
mod features;
mod files;
mod manifest;
mod minimise;
mod play;
mod record;
mod scenarios;
mod schemas;
mod tables;
mod vary;
mod verify;

pub use bundle::{Bundle, BundleError, Notation, Options, Size, Watch, generate};
pub use diff::{Change, Difference, diff};
pub use files::{Walk, walk};
pub use manifest::{Counts, Generator, MANIFEST, Manifest, ManifestFile};
pub use play::{Strictness, play};
pub use record::Recorder;
pub use schemas::schemas;
pub use verify::{CaseLine, CaseOutcome, MakeSubject, Under, verify_document};
