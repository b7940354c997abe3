//! What people see of a run, a finding, a campaign.

mod chart;
mod finding;
mod plan;
mod totals;

pub use finding::{FindingReport, Sizes};
pub use plan::plan_lines;
pub use totals::{Gaps, summary_text};
