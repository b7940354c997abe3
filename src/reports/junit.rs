use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{CampaignRecords, ClaimState, FindingReport};

/// A JUnit report: one suite for each family and profile, one test for each claim.
///
/// # Errors
/// When the report cannot be written as XML.
pub fn junit_text(records: &CampaignRecords) -> Result<String, String> {
    let mut report = Report::new("syncheck");
    for profile in &records.profiles {
        let mut suite = TestSuite::new(format!("{} {}", profile.family, profile.profile));
        suite.set_time(Duration::from_millis(profile.elapsed_ms));
        suite.add_property(("cases", profile.totals.cases.to_string().as_str()));
        for claim in &profile.claims {
            let state = records.state(profile, claim);
            let mut test = TestCase::new(claim.claim.as_str(), status_of(&state));
            test.set_classname(format!("{}.{}", profile.family, profile.profile));
            if let ClaimState::Held(times) = state {
                test.set_system_out(format!("put to the test in {times} cases"));
            }
            suite.add_test_case(test);
        }
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| error.to_string())
}

fn status_of(state: &ClaimState<'_>) -> TestCaseStatus {
    match state {
        ClaimState::Held(_) => TestCaseStatus::success(),
        ClaimState::Untested => skipped("no case put it to the test"),
        ClaimState::Known(reason) => skipped(&format!("known to fail: {reason}")),
        ClaimState::Broken(findings) => {
            let texts: Vec<String> = findings.iter().copied().map(FindingReport::to_text).collect();
            let text = texts.join("\n");
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let first = text.lines().next().unwrap_or_default();
            status.set_message(first).set_description(text.as_str());
            status
        }
    }
}

fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(why);
    status
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn each_claim_is_a_test() {
        insta::assert_snapshot!(junit_text(&samples::campaign()).unwrap());
    }
}
