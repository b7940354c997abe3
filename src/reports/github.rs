use std::fmt::Write as _;

use super::{CampaignRecords, ClaimCounts, ClaimRecord, ClaimState, FindingReport};

/// A finding as a workflow command of GitHub Actions, which shows it as an annotation.
pub fn annotation(report: &FindingReport) -> String {
    let title = format!("syncheck: {} ({} {})", report.claim, report.family, report.profile);
    let mut message =
        format!("{}\nexpected {}\ngot {}", report.summary, report.expected, report.got);
    if let Some(replay) = &report.replay {
        let _ = write!(message, "\nreplay: {replay}");
    }
    format!("::error title={}::{}", escaped_property(&title), escaped(&message))
}

/// A search as Markdown, for the summary of a job.
pub fn summary_markdown(records: &CampaignRecords) -> String {
    let mut text = String::from(
        "## syncheck\n\n\
         | family | profile | cases | claims held | untested | known | broken |\n\
         | --- | --- | --: | --: | --: | --: | --- |\n",
    );
    for profile in &records.profiles {
        let ClaimCounts { held, untested, known, .. } = records.claim_counts(profile);
        let is_broken =
            |it: &&ClaimRecord| matches!(records.state(profile, it), ClaimState::Broken(_));
        let broken = profile.claims.iter().filter(is_broken).map(|it| it.claim.as_str());
        let broken: Vec<&str> = broken.collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {held} | {untested} | {known} | {} |",
            profile.family,
            profile.profile,
            profile.totals.cases,
            broken.join(", "),
        );
    }
    for finding in &records.findings {
        let _ = write!(text, "\n### {}\n\n```text\n{}```\n", finding.claim, finding.to_text());
    }
    text
}

fn escaped(message: &str) -> String {
    message.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escaped_property(value: &str) -> String {
    escaped(value).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflow_commands_are_escaped() {
        assert_eq!(escaped("100 %\nor less"), "100 %25%0Aor less");
        assert_eq!(escaped_property("a: b, c"), "a%3A b%2C c");
    }
}
