use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::sim::FIRES;

use super::record::{ClaimRecord, LieRecord, TotalsRecord};

/// What a search has seen, for a terminal.
pub fn summary_text(totals: &TotalsRecord, gaps: &Gaps) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "  messages    {}", totals.messages);
    write_counts(&mut text, "cases with", &totals.labels);
    write_counts(&mut text, "faults", &totals.faults);
    write_counts(&mut text, "lies told", &totals.lies);
    write_counts(&mut text, "tested in", &totals.tested);
    write_wrapped(&mut text, "NOT TESTED", &gaps.claims);
    write_wrapped(&mut text, "NEVER FIRED", &gaps.faults);
    write_wrapped(&mut text, "NEVER TOLD", &gaps.lies);
    text
}

/// What no case of a search put to the test: it passed for want of an occasion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gaps {
    /// Claims that were never tested.
    #[serde(rename = "not_tested")]
    pub claims: Vec<String>,
    /// Faults that never took effect.
    #[serde(rename = "never_fired")]
    pub faults: Vec<String>,
    /// Lies that never changed an answer.
    #[serde(rename = "never_told")]
    pub lies: Vec<String>,
}

impl Gaps {
    /// What of these claims and lies, and of all faults, a search has left out.
    pub fn of(totals: &TotalsRecord, claims: &[ClaimRecord], lies: &[LieRecord]) -> Self {
        let claims = claims.iter().map(|claim| claim.claim.as_str());
        Self {
            claims: never(&totals.tested, claims),
            faults: never(&totals.faults, FIRES.into_iter()),
            lies: never(&totals.lies, lies.iter().map(|lie| lie.lie.as_str())),
        }
    }
}

fn never<'a>(counts: &BTreeMap<String, u64>, all: impl Iterator<Item = &'a str>) -> Vec<String> {
    all.filter(|what| !counts.contains_key(*what)).map(str::to_owned).collect()
}

fn write_counts(text: &mut String, title: &str, counts: &BTreeMap<String, u64>) {
    let counts: Vec<String> = counts
        .iter()
        .filter(|(_, times)| **times > 0)
        .map(|(what, times)| format!("{what} {times}"))
        .collect();
    write_wrapped(text, title, &counts);
}

/// Lines of at most about a hundred characters.
fn write_wrapped(text: &mut String, title: &str, parts: &[String]) {
    const WIDTH: usize = 96;
    if parts.is_empty() {
        return;
    }
    let mut line = format!("  {title:<12}");
    for (index, part) in parts.iter().enumerate() {
        let separator = if index + 1 < parts.len() { ", " } else { "" };
        if line.len() + part.len() > WIDTH {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(14);
        }
        let _ = write!(line, "{part}{separator}");
    }
    let _ = writeln!(text, "{}", line.trim_end());
}
