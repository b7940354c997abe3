use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::campaign::Totals;

/// What a search has seen, for a terminal.
pub fn summary_text(totals: &Totals, claims: &[&'static str]) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "  messages    {}", totals.messages);
    write_counts(&mut text, "cases with", &totals.labels);
    write_counts(&mut text, "fired", &totals.fired);
    let tested: Vec<String> = claims
        .iter()
        .map(|claim| format!("{claim} {}", totals.exercised.get(claim).copied().unwrap_or(0)))
        .collect();
    write_wrapped(&mut text, "tested in", &tested);
    let never = unexercised(totals, claims);
    if !never.is_empty() {
        let _ = writeln!(text, "  NOT TESTED  {}", never.join(", "));
    }
    text
}

/// The claims that no case put to the test: they passed for want of an occasion.
pub fn unexercised(totals: &Totals, claims: &[&'static str]) -> Vec<&'static str> {
    claims
        .iter()
        .copied()
        .filter(|claim| totals.exercised.get(claim).copied().unwrap_or(0) == 0)
        .collect()
}

fn write_counts(text: &mut String, title: &str, counts: &BTreeMap<&'static str, u64>) {
    let counts: Vec<String> =
        counts.iter().map(|(what, times)| format!("{what} {times}")).collect();
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
