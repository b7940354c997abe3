//! What people see of a run, a finding, a campaign.
//!
//! The records of a campaign, one JSON object a line, are the source of all its reports.

mod campaign_records;
mod chart;
mod counted;
mod finding;
mod fold;
mod github;
mod grid;
mod html;
mod junit;
mod merge;
mod plan;
mod ranges;
mod record;
#[cfg(test)]
mod samples;
mod step;
mod totals;

pub use campaign_records::{CampaignRecords, ClaimCounts, ClaimState, RecordsError};
pub use counted::counted;
pub use finding::{FindingReport, FlakyRecord, PlanLine};
pub use github::{annotation, summary_markdown};
pub use grid::{
    Cell, CellState, Column, EndingsRecord, Ends, GRID_FORMAT, Grid, GridFinding, Row, Section,
    grid_text,
};
pub use html::{grid_html, html_text};
pub use junit::junit_text;
pub use merge::merge;
pub use plan::plan_lines;
pub use ranges::ends_range;
pub use record::{
    CampaignRecord, ClaimRecord, Ended, Header, KnownEntry, KnownRecord, LieRecord, Outcome,
    ProfileRecord, REPORT_FORMAT, RangeRecord, RegressionsRecord, ShardRecord, StaleRecord,
    Summary, TotalsRecord, counts,
};
pub use step::StepRecord;
pub use totals::{Gaps, summary_text};
