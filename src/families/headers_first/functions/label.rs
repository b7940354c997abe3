use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::families::headers_first::Place;
use crate::families::labels::{Named, plain_number};
use crate::primitives::from_string;
use crate::primitives::schema::string_schema;

/// The main chain by the name that [`Place`] has for it.
const MAIN: &str = "main";

/// A block by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    /// A block of the shape: `12`, `a:17`.
    Block(Place),
    /// A hash that nobody knows: `?1`.
    Unknown(u32),
}

/// Blocks by name.
pub(super) type Labels = crate::families::labels::Labels<Label>;

impl Named for Label {
    const WHAT: &'static str = "blocks";
    const LIST_MAX: usize = 100_000;
    const PATTERN: &'static str = r"^([^:?]+:|\?)?(0|[1-9][0-9]*)(\.\.(0|[1-9][0-9]*))?$";

    fn place(&self) -> Option<(&str, u64)> {
        Some(match self {
            Self::Block(place) => (&place.branch, u64::from(place.height)),
            Self::Unknown(number) => ("?", u64::from(*number)),
        })
    }

    fn at(&self, number: u64) -> Option<Self> {
        let number = u32::try_from(number).ok()?;
        Some(match self {
            Self::Block(place) => Self::Block(Place::new(&place.branch, number)),
            Self::Unknown(_) => Self::Unknown(number),
        })
    }
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed =
            || format!("a block is named like \"12\", \"a:17\" or \"?1\", got {text:.40?}");
        if let Some(digits) = text.strip_prefix('?') {
            return plain_number(digits).map(Self::Unknown).ok_or_else(malformed);
        }
        let (branch, digits) = text.split_once(':').unwrap_or((MAIN, text));
        // The main chain goes without a name, so that no block has two.
        let named_main = branch == MAIN && text.contains(':');
        let height = plain_number(digits).filter(|_| !named_main && !branch.is_empty());
        Ok(Self::Block(Place::new(branch, height.ok_or_else(malformed)?)))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(place) if place.is_main() => write!(f, "{}", place.height),
            Self::Block(place) => write!(f, "{place}"),
            Self::Unknown(number) => write!(f, "?{number}"),
        }
    }
}

string_schema!(
    Label,
    "Label",
    "A block by name: 12, a:17, or ?1 for a hash that nobody knows.",
    r"^(([^:?]+:)?(0|[1-9][0-9]*)|\?(0|[1-9][0-9]*))$"
);

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_string(deserializer, "a block by name", str::parse)
    }
}
