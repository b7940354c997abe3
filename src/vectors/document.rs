use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::{Family, Input, Output, Time};
use crate::scenario::Scenario;

/// The version of the format that is read and written.
pub const FORMAT: &str = "syncheck/1";

/// The kind of a file with one scenario. All other kinds are functions of a family.
pub const SCENARIO: &str = "scenario";

/// A file with one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "F: Family")]
pub struct Document<F: Family> {
    /// The version of the format.
    pub format: String,
    /// The family's name.
    pub family: String,
    /// `scenario`.
    pub kind: String,
    /// Its name, unique in a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it shows, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whom it was run against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<UnderTest>,
    /// What can be seen in it: `mutant:` with one that it tells from a correct subject, `lie:` and
    /// `fault:` with what takes effect, `label:` with what is remarkable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shows: Vec<String>,
    /// How it ends.
    pub expect: Expectation,
    /// Where every correct subject ends: in one of these. Nothing, if the file does not say.
    #[serde(default = "Vec::<F::Ending>::new", skip_serializing_if = "Vec::is_empty")]
    pub endings: Vec<F::Ending>,
    /// What happens.
    pub scenario: Scenario<F>,
    /// What the reference sees and does, for a client without a simulator.
    #[serde(default = "nothing::<Script<F>>", skip_serializing_if = "Option::is_none")]
    pub script: Option<Script<F>>,
}

/// A run from the subject's side, with all bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "F: Family")]
pub struct Script<F: Family> {
    /// What the subject is told at the beginning.
    pub start: F::Start,
    /// What the reference does at once.
    #[serde(default = "Vec::<Output<F>>::new", skip_serializing_if = "Vec::is_empty")]
    pub begins: Vec<Output<F>>,
    /// What happens then, by rising time.
    pub steps: Vec<Moment<F>>,
}

/// One input and what the reference does upon it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "F: Family")]
pub struct Moment<F: Family> {
    /// Milliseconds since the start of the run.
    pub at_ms: Time,
    /// The input; if absent, the reference acts on its own.
    #[serde(default = "nothing::<Input<F>>", skip_serializing_if = "Option::is_none")]
    pub input: Option<Input<F>>,
    /// Instead of an input the subject's process dies, and begins again with what it had stored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restart: bool,
    /// What the reference does.
    #[serde(default = "Vec::<Output<F>>::new", skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Output<F>>,
}

// `serde(default)` would ask for a default of the family's types.
fn nothing<T>() -> Option<T> {
    None
}

/// Whom a scenario was run against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Pass or fail.
    pub verdict: ExpectedVerdict,
    /// The claim that is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
}

/// The verdicts that a file can expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
            id: None,
            title: None,
            source: None,
            subject: None,
            shows: Vec::new(),
            expect: Expectation { verdict: ExpectedVerdict::Fail, claim: Some(claim.to_owned()) },
            endings: Vec::new(),
            scenario,
            script: None,
        }
    }

    /// A scenario in which all claims hold.
    pub fn passing(scenario: Scenario<F>) -> Self {
        let expect = Expectation { verdict: ExpectedVerdict::Pass, claim: None };
        Self { expect, ..Self::failing(scenario, "") }
    }
}
