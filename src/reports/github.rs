use std::fmt::Write as _;

use super::{ClaimResults, ClaimState, FindingReport};

/// A finding as a workflow command of GitHub Actions, which shows it as an annotation.
pub fn annotation(report: &FindingReport) -> String {
    let title = format!("syncheck: {} ({} {})", report.claim.id, report.family, report.profile);
    let mut message = format!(
        "{}\nexpected {}\ngot {}",
        report.claim.summary, report.violation.expected, report.violation.got
    );
    if let Some(replay) = &report.replay {
        let _ = write!(message, "\nreplay: {replay}");
    }
    format!("::error title={}::{}", escaped_property(&title), escaped(&message))
}

/// A search as Markdown, for the summary of a job.
pub fn summary_markdown(results: &[ClaimResults]) -> String {
    let mut text = String::from(
        "## syncheck\n\n\
         | family | profile | cases | claims held | untested | known | broken |\n\
         | --- | --- | --: | --: | --: | --: | --- |\n",
    );
    for result in results {
        let count = |is: fn(&ClaimState) -> bool| {
            result.claims.iter().filter(|claim| is(&claim.state)).count()
        };
        let broken: Vec<&str> = result
            .claims
            .iter()
            .filter(|claim| matches!(claim.state, ClaimState::Broken(_)))
            .map(|claim| claim.claim)
            .collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            result.family,
            result.profile,
            result.cases,
            count(|state| matches!(state, ClaimState::Held(_))),
            count(|state| matches!(state, ClaimState::Untested)),
            count(|state| matches!(state, ClaimState::Known(_))),
            broken.join(", "),
        );
    }
    for claim in results.iter().flat_map(|result| &result.claims) {
        if let ClaimState::Broken(report) = &claim.state {
            let _ = write!(text, "\n### {}\n\n```text\n{report}```\n", claim.claim);
        }
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
