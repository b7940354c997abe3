//! What people see of a run, a finding, a campaign.

mod finding;
mod totals;

pub use finding::{FindingReport, Sizes};
pub use totals::{Gaps, summary_text};
