use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::reports::{CampaignRecords, ClaimRecord, ClaimState, Ended, ProfileRecord};

use super::finding::anchor;
use super::size::grouped;

/// One row for each family and profile.
pub(super) fn overview(records: &CampaignRecords) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Families and profiles" {
            table.overview {
                thead {
                    tr {
                        th scope="col" { "Family" }
                        th scope="col" { "Profile" }
                        @for title in ["Cases", "Messages", "Held", "Not tested", "Known", "Broken"] {
                            th.number scope="col" { (title) }
                        }
                        th scope="col" { "Search" }
                    }
                }
                tbody {
                    @for profile in &records.profiles {
                        @let counts = records.claim_counts(profile);
                        tr {
                            th scope="row" { a href={ "#" (place(profile)) } { (profile.family) } }
                            td { (profile.profile) }
                            td.number { (grouped(profile.totals.cases)) }
                            td.number { (grouped(profile.totals.messages)) }
                            td.number { (counts.held) }
                            td.number.warn[counts.untested > 0] { (counts.untested) }
                            td.number { (counts.known) }
                            td.number.hot[counts.broken > 0] { (counts.broken) }
                            td { (ended(profile)) }
                        }
                    }
                }
            }
        }
    }
}

/// The claims of one profile, and what its search saw.
pub(super) fn section(records: &CampaignRecords, profile: &ProfileRecord) -> Markup {
    html! {
        section.profile id=(place(profile)) {
            h3 { (profile.family) " " span.dim { (profile.profile) } }
            table.claims {
                thead {
                    tr {
                        th scope="col" { "State" }
                        th scope="col" { "Claim" }
                        th.number scope="col" { "Tested in" }
                    }
                }
                tbody {
                    @for claim in &profile.claims {
                        (row(records, profile, claim))
                    }
                }
            }
            (seen(profile))
        }
    }
}

fn row(records: &CampaignRecords, profile: &ProfileRecord, claim: &ClaimRecord) -> Markup {
    let times = profile.totals.tested.get(&claim.claim).copied().unwrap_or(0);
    let state = records.state(profile, claim);
    let class = match &state {
        ClaimState::Broken(_) => Some("hot"),
        ClaimState::Untested => Some("warn"),
        _ => None,
    };
    html! {
        tr class=[class] {
            td { (badge(&state)) }
            th scope="row" {
                code { (claim.claim) }
                @if !claim.binds.is_empty() { " " span.binds { (claim.binds.join(", ")) } }
                @if let ClaimState::Broken(findings) = &state {
                    @for finding in findings {
                        @if let Some(number) = number_of(records, finding) {
                            " " a href={ "#" (anchor(number)) } { "finding " (number) }
                        }
                    }
                }
                p { (claim.summary) }
                @if let ClaimState::Known(reason) = &state {
                    p { "Known: " (reason) }
                }
            }
            td.number {
                (grouped(times))
                @if profile.totals.cases > 0 {
                    span.bar aria-hidden="true" { i style={ "width:" (percent(times, profile)) "%" } {} }
                }
            }
        }
    }
}

fn badge(state: &ClaimState<'_>) -> Markup {
    let (class, words) = match state {
        ClaimState::Broken(_) => ("bad", "\u{2715} broken"),
        ClaimState::Held(_) => ("good", "\u{2713} held"),
        ClaimState::Known(_) => ("known", "\u{2013} known"),
        ClaimState::Untested => ("warn", "\u{25cb} NOT TESTED"),
    };
    html! { span class={ "badge " (class) } { (words) } }
}

/// What a search saw, and what it never did.
fn seen(profile: &ProfileRecord) -> Markup {
    let totals = &profile.totals;
    html! {
        details {
            summary { "What the search saw" }
            div.seen {
                (counted("Cases with", &totals.labels, &[], ""))
                (counted("Faults", &totals.faults, &profile.gaps.faults, "NEVER FIRED"))
                (counted("Lies told", &totals.lies, &profile.gaps.lies, "NEVER TOLD"))
            }
        }
    }
}

fn counted(title: &str, counts: &BTreeMap<String, u64>, never: &[String], word: &str) -> Markup {
    html! {
        @if !counts.is_empty() || !never.is_empty() {
            table {
                thead { tr { th scope="col" { (title) } th.number scope="col" { "Times" } } }
                tbody {
                    @for (what, times) in counts {
                        tr { th scope="row" { (what) } td.number { (grouped(*times)) } }
                    }
                    @for what in never {
                        tr.warn { th scope="row" { (what) } td.number { "\u{25cb} " (word) } }
                    }
                }
            }
        }
    }
}

fn percent(times: u64, profile: &ProfileRecord) -> u64 {
    // A bar that would be too short to be seen stands for "some".
    let percent = times * 100 / profile.totals.cases.max(1);
    percent.clamp(u64::from(times > 0), 100)
}

fn ended(profile: &ProfileRecord) -> &'static str {
    match profile.ended {
        Ended::Complete => "complete",
        Ended::Failed => "the subject failed",
        Ended::Interrupted => "interrupted",
        Ended::MaxFindings => "enough findings",
        Ended::TimeLimit => "time was up",
    }
}

/// The name of a profile's place in the page: letters, digits and dashes.
fn place(profile: &ProfileRecord) -> String {
    let name = format!("p-{}-{}", profile.family, profile.profile);
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// The number of a finding in the page, counted from 1.
fn number_of(records: &CampaignRecords, finding: &crate::reports::FindingReport) -> Option<usize> {
    records.findings.iter().position(|its| std::ptr::eq(its, finding)).map(|index| index + 1)
}
