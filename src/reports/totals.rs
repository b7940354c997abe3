use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::campaign::Totals;
use crate::sim::FIRES;

/// What a search has seen, for a terminal.
pub fn summary_text(totals: &Totals, gaps: &Gaps) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "  messages    {}", totals.messages);
    write_counts(&mut text, "cases with", &totals.labels);
    write_counts(&mut text, "faults", &totals.fired);
    write_counts(&mut text, "lies told", &totals.lies);
    write_counts(&mut text, "tested in", &totals.exercised);
    write_wrapped(&mut text, "NOT TESTED", &owned(&gaps.claims));
    write_wrapped(&mut text, "NEVER FIRED", &owned(&gaps.faults));
    write_wrapped(&mut text, "NEVER TOLD", &owned(&gaps.lies));
    text
}

/// What no case of a search put to the test: it passed for want of an occasion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gaps {
    /// Claims that were never tested.
    #[serde(rename = "not_tested")]
    pub claims: Vec<&'static str>,
    /// Faults that never took effect.
    #[serde(rename = "never_fired")]
    pub faults: Vec<&'static str>,
    /// Lies that never changed an answer.
    #[serde(rename = "never_told")]
    pub lies: Vec<&'static str>,
}

impl Gaps {
    /// What of these claims and lies, and of all faults, a search has left out.
    pub fn of(
        totals: &Totals,
        claims: impl Iterator<Item = &'static str>,
        lies: impl Iterator<Item = &'static str>,
    ) -> Self {
        Self {
            claims: never(&totals.exercised, claims),
            faults: never(&totals.fired, FIRES.into_iter()),
            lies: never(&totals.lies, lies),
        }
    }
}

fn never(
    counts: &BTreeMap<&'static str, u64>,
    all: impl Iterator<Item = &'static str>,
) -> Vec<&'static str> {
    all.filter(|what| counts.get(what).is_none_or(|times| *times == 0)).collect()
}

fn owned(names: &[&'static str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn write_counts(text: &mut String, title: &str, counts: &BTreeMap<&'static str, u64>) {
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
