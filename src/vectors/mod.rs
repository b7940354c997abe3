//! Files: scenarios and tables of cases in a YAML that every parser reads alike.
//!
//! What is written here has every string in double quotes and no anchors, tags or flow lists,
//! because YAML parsers disagree on the rest: `serde_yaml` writes a 32-byte hash without quotes,
//! which JavaScript reads as a number.

mod document;
mod error;
mod file;
mod header;
mod known;
mod locate;
mod read;
mod save;
mod text;
mod verify;
mod write;

pub use document::{
    Document, Expectation, ExpectedVerdict, FORMAT, Moment, SCENARIO, Script, UnderTest,
};
pub use error::DocumentError;
pub use file::VectorFile;
pub use header::Header;
pub use known::{KNOWN_FAILURES, KnownFailure, KnownFailures, UNSAID, covers_claim};
pub use read::{expect_scenario, open_scenario, read_header, read_scenario};
pub use save::{save, saved};
pub use text::read_text;
pub use verify::{CaseResult, FileReport, verify_table, verify_text};
pub use write::{canonical, to_yaml, write_file, yaml_of};
