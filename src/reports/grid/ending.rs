use serde::{Deserialize, Serialize};

/// Where one scenario ends for the subjects of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndingsRecord {
    /// The family.
    pub family: String,
    /// The profile that the scenario was drawn for.
    pub profile: String,
    /// The seed of its case.
    pub seed: u64,
    /// Its case.
    pub case: u64,
    /// The file with the scenario.
    pub file: Option<String>,
    /// The endings that a correct subject may reach, where the family knows them.
    pub allowed: Vec<String>,
    /// Where each subject ended, in the order of the columns.
    pub ends: Vec<Ends>,
}

/// Where a scenario ended for one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ends {
    /// The subject.
    pub subject: String,
    /// The tip, head or last filled block that it reported last; none, if it reported none.
    pub ending: Option<String>,
}

impl EndingsRecord {
    /// Whether not all subjects ended in the same place.
    pub fn is_split(&self) -> bool {
        self.ends.windows(2).any(|pair| pair[0].ending != pair[1].ending)
    }
}
