use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::families::labels::{Named, plain_number};
use crate::primitives::ethereum_state::Hash32;
use crate::primitives::{from_string, schema::string_schema};

/// A header by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// A header of a side chain, or of what it forks off: `a:17`.
    Side(String, u64),
    /// A header of the trunk: `12`.
    Trunk(u64),
    /// A header that is spelled out, by the name that it is given.
    Own(String),
    /// A hash, of a header or of none.
    Hash(Hash32),
}

/// Headers by name.
pub type Labels = crate::families::labels::Labels<Label>;

impl Named for Label {
    const WHAT: &'static str = "headers";
    const LIST_MAX: usize = 200_000;
    const PATTERN: &'static str = r"^[0-9A-Za-z_-]+(:[0-9]+)?(\.\.(0|[1-9][0-9]*))?$";

    fn place(&self) -> Option<(&str, u64)> {
        match self {
            Self::Side(branch, number) => Some((branch, *number)),
            Self::Trunk(number) => Some(("", *number)),
            Self::Own(_) | Self::Hash(_) => None,
        }
    }

    fn at(&self, number: u64) -> Option<Self> {
        match self {
            Self::Side(branch, _) => Some(Self::Side(branch.clone(), number)),
            Self::Trunk(_) => Some(Self::Trunk(number)),
            Self::Own(_) | Self::Hash(_) => None,
        }
    }
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || {
            format!(
                "a header is named like \"12\", \"a:17\", by its own name or by its hash, \
                 got {text:.70?}"
            )
        };
        if text.starts_with("0x") {
            return text.parse().map(Self::Hash);
        }
        if let Some((branch, digits)) = text.split_once(':') {
            let number = plain_number(digits).filter(|_| is_name(branch));
            return number
                .map(|number| Self::Side(branch.to_owned(), number))
                .ok_or_else(malformed);
        }
        if let Some(number) = plain_number(text) {
            return Ok(Self::Trunk(number));
        }
        is_name(text).then(|| Self::Own(text.to_owned())).ok_or_else(malformed)
    }
}

/// Whether a text can be the name of a header or of a side chain.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.chars().all(plain) && text.chars().any(|c| !c.is_ascii_digit()) && !text.starts_with("0x")
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side(branch, number) => write!(f, "{branch}:{number}"),
            Self::Trunk(number) => write!(f, "{number}"),
            Self::Own(name) => f.write_str(name),
            Self::Hash(hash) => write!(f, "0x{hash}"),
        }
    }
}

string_schema!(
    Label,
    "Label",
    "A header: 12 of the trunk, a:17 of a side chain, one by a name of its own, or a hash.",
    "^[0-9A-Za-z_-]+(:[0-9]+)?$"
);

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_string(deserializer, "a header by name", str::parse)
    }
}
