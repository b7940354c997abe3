use maud::{Markup, html};

use crate::reports::{CampaignRecords, FindingReport, Outcome};

use super::claims;
use super::finding::{anchor, article, brief};
use super::shell::{Parts, page};
use super::size::{WHOLE_MAX, cut, grouped, share};

/// The most findings that are shown at all.
const FINDINGS_MAX: usize = 400;

/// The report of a search as one page that needs nothing else.
pub fn html_text(records: &CampaignRecords) -> String {
    let main = html! {
        (findings(records))
        (claims(records))
        (stale(records))
    };
    let parts = Parts { header: header(records), main, footer: footer(records) };
    page(&format!("syncheck: {}", headline(records)), "Skip to the findings", &parts)
}

fn header(records: &CampaignRecords) -> Markup {
    let header = &records.header;
    html! {
        header {
            div.top {
                p.name { "syncheck" }
                h1 { (verdict_badge(records)) " " (headline(records)) }
                @if let Some(why) = records.summary.as_ref().and_then(|it| it.why.as_ref()) {
                    p.lead { (why) }
                }
                dl.facts {
                    div.two { dt { "Subject" } dd { code { (cut(&header.subject, 400)) } } }
                    div.two { dt { "Cases" } dd { (cases(records)) } }
                    div { dt { "Seed" } dd { (header.seed) } }
                    div { dt { "Time" } dd { (time(records)) } }
                    div { dt { "Version" } dd { (header.version) } }
                    @if let Some(shard) = &header.shard {
                        div { dt { "Shard" } dd { (shard.part) " of " (shard.of) } }
                    }
                    @if let Some(known) = &header.known_failures {
                        div {
                            dt { "Known failures" }
                            dd { code { (known.file) } ", " (known.entries.len()) " entries" }
                        }
                    }
                    @if !header.without.is_empty() {
                        div { dt { "Left out" } dd { code { (header.without.join(", ")) } } }
                    }
                }
                (claims::overview(records))
            }
        }
    }
}

fn verdict_badge(records: &CampaignRecords) -> Markup {
    let verdict = records.summary.as_ref().map(|summary| summary.verdict);
    let (class, words) = match verdict {
        Some(Outcome::Error) => ("bad", "\u{2715} ERROR"),
        Some(Outcome::Fail) => ("bad", "\u{2715} FAIL"),
        Some(Outcome::Inconclusive) => ("warn", "\u{25cb} INCONCLUSIVE"),
        Some(Outcome::Interrupted) => ("warn", "\u{25cb} INTERRUPTED"),
        Some(Outcome::Pass) => ("good", "\u{2713} PASS"),
        Some(Outcome::Stale) => ("warn", "\u{25cb} STALE"),
        None => ("warn", "\u{25cb} INCOMPLETE"),
    };
    html! { span class={ "badge big " (class) } { (words) } }
}

fn headline(records: &CampaignRecords) -> String {
    let cases = records
        .summary
        .as_ref()
        .map_or_else(|| records.total(|totals| totals.cases), |summary| summary.cases);
    let findings = match records.findings.len() {
        0 => "No finding".to_owned(),
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    };
    format!("{findings} in {} cases", grouped(cases))
}

fn cases(records: &CampaignRecords) -> String {
    let mut text = format!("{} for each profile", grouped(records.header.cases));
    let summary = records.summary.as_ref();
    if let Some(summary) = summary.filter(|summary| summary.regressions > 0) {
        text.push_str(&format!("; {} saved went first", summary.regressions));
    }
    if let Some(summary) = summary.filter(|summary| summary.inconclusive > 0) {
        text.push_str(&format!("; {} inconclusive", summary.inconclusive));
    }
    text
}

fn time(records: &CampaignRecords) -> String {
    let Some(summary) = &records.summary else { return "the search is not over".to_owned() };
    let tenths = summary.elapsed_ms / 100;
    match tenths / 600 {
        0 => format!("{}.{} s", tenths / 10, tenths % 10),
        minutes => format!("{minutes} min {} s", tenths / 10 % 60),
    }
}

fn findings(records: &CampaignRecords) -> Markup {
    let shown = &records.findings[..records.findings.len().min(FINDINGS_MAX)];
    let bytes = share(shown.len());
    html! {
        section aria-labelledby="findings" {
            h2 id="findings" { "Findings" }
            @if shown.is_empty() {
                p { "Nothing was found." }
            }
            @if shown.len() > 1 {
                (contents(shown))
            }
            @for (index, finding) in shown.iter().enumerate() {
                @if index < WHOLE_MAX {
                    (article(index + 1, finding, bytes))
                } @else {
                    (brief(index + 1, finding))
                }
            }
            @if shown.len() > WHOLE_MAX {
                p.dim { "Only the first " (WHOLE_MAX) " findings are drawn; replay shows the others." }
            }
            @if records.findings.len() > shown.len() {
                p.dim { (records.findings.len() - shown.len()) " findings more are in the NDJSON report." }
            }
        }
    }
}

/// A list of all findings.
fn contents(findings: &[FindingReport]) -> Markup {
    html! {
        nav aria-label="Findings" {
            ol {
                @for (index, finding) in findings.iter().enumerate() {
                    li {
                        a href={ "#" (anchor(index + 1)) } { code { (finding.claim) } }
                        " " span.dim { (finding.family) " " (finding.profile) ": " (cut(&finding.got, 110)) }
                    }
                }
            }
        }
    }
}

fn claims(records: &CampaignRecords) -> Markup {
    html! {
        section aria-labelledby="claims" {
            h2 id="claims" { "Claims" }
            @if records.profiles.is_empty() {
                p { "No profile was searched to its end." }
            }
            @for profile in &records.profiles {
                (claims::section(records, profile))
            }
        }
    }
}

fn stale(records: &CampaignRecords) -> Markup {
    html! {
        @if !records.stale.is_empty() {
            section aria-labelledby="stale" {
                h2 id="stale" { "Known failures that ought to go" }
                table {
                    thead {
                        tr {
                            th scope="col" { "Claim" }
                            th scope="col" { "Why" }
                            th scope="col" { "Reason given" }
                        }
                    }
                    tbody {
                        @for entry in &records.stale {
                            tr {
                                th scope="row" {
                                    code { (entry.claim) }
                                    @if let Some(family) = &entry.family { " " (family) }
                                }
                                td { (entry.why) }
                                td { (entry.reason) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn footer(records: &CampaignRecords) -> Markup {
    html! {
        footer {
            p {
                "Made by syncheck " (records.header.version) " from " code { (records.header.format) } ". "
                "The same seed gives the same cases."
            }
        }
    }
}
