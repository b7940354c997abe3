use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// What a search of one family in one profile came to, claim by claim.
#[derive(Clone, Debug)]
pub struct ClaimResults {
    /// The family.
    pub family: &'static str,
    /// The profile.
    pub profile: String,
    /// How many cases ran.
    pub cases: u64,
    /// The time that it took.
    pub time: Duration,
    /// The claims that judged.
    pub claims: Vec<ClaimResult>,
}

/// What became of a claim.
#[derive(Clone, Debug)]
pub struct ClaimResult {
    /// The claim's name.
    pub claim: &'static str,
    /// Whether it held.
    pub state: ClaimState,
}

/// Whether a claim held.
#[derive(Clone, Debug)]
pub enum ClaimState {
    /// It held in so many cases that put it to the test.
    Held(u64),
    /// No case put it to the test.
    Untested,
    /// The subject is known to break it, for this reason.
    Known(String),
    /// It was broken: the report of the smallest run that shows it.
    Broken(String),
}

/// A JUnit report: one suite for each family and profile, one test for each claim.
///
/// # Errors
/// When the report cannot be written as XML.
pub fn junit_text(results: &[ClaimResults]) -> Result<String, String> {
    let mut report = Report::new("syncheck");
    for result in results {
        let mut suite = TestSuite::new(format!("{} {}", result.family, result.profile));
        suite.set_time(result.time);
        suite.add_property(("cases", result.cases.to_string().as_str()));
        for claim in &result.claims {
            let mut test = TestCase::new(claim.claim, status_of(&claim.state));
            test.set_classname(format!("{}.{}", result.family, result.profile));
            if let ClaimState::Held(times) = claim.state {
                test.set_system_out(format!("put to the test in {times} cases"));
            }
            suite.add_test_case(test);
        }
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| error.to_string())
}

fn status_of(state: &ClaimState) -> TestCaseStatus {
    match state {
        ClaimState::Held(_) => TestCaseStatus::success(),
        ClaimState::Untested => skipped("no case put it to the test"),
        ClaimState::Known(reason) => skipped(&format!("known to fail: {reason}")),
        ClaimState::Broken(text) => {
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
    use super::*;

    #[test]
    fn each_claim_is_a_test() {
        let claim = |claim, state| ClaimResult { claim, state };
        let results = ClaimResults {
            family: "headers-first",
            profile: "btcd-0.26".to_owned(),
            cases: 20,
            time: Duration::from_millis(1500),
            claims: vec![
                claim("no-echo", ClaimState::Held(12)),
                claim("no-lost-request", ClaimState::Broken("FAIL no-lost-request\n  <&>".into())),
                claim("replies-exact", ClaimState::Untested),
                claim("quiet-when-done", ClaimState::Known("slow timers".into())),
            ],
        };
        insta::assert_snapshot!(junit_text(&[results]).unwrap());
    }
}
