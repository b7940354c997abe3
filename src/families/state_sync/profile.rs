use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A client at a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Profile {
    /// geth 1.8: two items at least in a request, nodes and code alike.
    #[serde(rename = "geth-1.8")]
    Geth18,
    /// geth 1.10.13: one item at least in a request, code before nodes.
    #[default]
    #[serde(rename = "geth-1.10")]
    Geth110,
}

impl Profile {
    /// The names of all profiles; the default comes first.
    pub const NAMES: &'static [&'static str] = &["geth-1.10", "geth-1.8"];

    /// The profile of this name; the default for a name that is none.
    pub fn of_name(name: &str) -> Self {
        if name == Self::Geth18.name() { Self::Geth18 } else { Self::Geth110 }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Geth18 => "geth-1.8",
            Self::Geth110 => "geth-1.10",
        }
    }

    /// The items of the smallest request.
    pub const fn items_min(self) -> usize {
        match self {
            Self::Geth18 => 2,
            Self::Geth110 => 1,
        }
    }
}
