use serde::{Deserialize, Serialize};

use crate::machine::Family;
use crate::scenario::Scenario;

/// The version of the format that is read and written.
pub const FORMAT: &str = "syncheck/1";

/// The kind of a file with one scenario. All other kinds are functions of a family.
pub const SCENARIO: &str = "scenario";

/// A file with one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Document<F: Family> {
    /// The version of the format.
    pub format: String,
    /// The family's name.
    pub family: String,
    /// `scenario`.
    pub kind: String,
    /// What it shows, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whom it was run against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<UnderTest>,
    /// How it ends.
    pub expect: Expectation,
    /// What happens.
    pub scenario: Scenario<F>,
}

/// Whom a scenario was run against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnderTest {
    /// A mutant of the reference; the reference itself, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutant: Option<String>,
    /// The name of another subject, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How a run of a scenario ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Pass or fail.
    pub verdict: ExpectedVerdict,
    /// The claim that is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
}

/// The verdicts that a file can expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedVerdict {
    /// A claim is broken.
    Fail,
    /// All claims hold.
    Pass,
}

impl<F: Family> Document<F> {
    /// A scenario that breaks a claim.
    pub fn failing(scenario: Scenario<F>, claim: &str) -> Self {
        Self {
            format: FORMAT.to_owned(),
            family: F::NAME.to_owned(),
            kind: SCENARIO.to_owned(),
            title: None,
            source: None,
            subject: None,
            expect: Expectation { verdict: ExpectedVerdict::Fail, claim: Some(claim.to_owned()) },
            scenario,
        }
    }
}
