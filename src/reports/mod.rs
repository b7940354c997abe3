//! What people see of a run, a finding, a campaign.

mod chart;
mod finding;
mod github;
mod junit;
mod plan;
mod totals;

pub use finding::{FindingReport, Sizes};
pub use github::{annotation, summary_markdown};
pub use junit::{ClaimResult, ClaimResults, ClaimState, junit_text};
pub use plan::plan_lines;
pub use totals::{Gaps, summary_text};
