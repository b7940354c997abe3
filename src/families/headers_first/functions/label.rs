use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::families::headers_first::Place;
use crate::primitives::from_string;
use crate::primitives::schema::string_schema;

/// No list has more blocks.
const LABELS_MAX: usize = 100_000;

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

impl Label {
    fn parts(&self) -> (&str, u32) {
        match self {
            Self::Block(place) => (&place.branch, place.height),
            Self::Unknown(number) => ("?", *number),
        }
    }
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed =
            || format!("a block is named like \"12\", \"a:17\" or \"?1\", got {text:.40?}");
        if let Some(digits) = text.strip_prefix('?') {
            return number(digits).map(Self::Unknown).ok_or_else(malformed);
        }
        let (branch, digits) = text.split_once(':').unwrap_or((MAIN, text));
        // The main chain goes without a name, so that no block has two.
        let named_main = branch == MAIN && text.contains(':');
        let height = number(digits).filter(|_| !named_main && !branch.is_empty());
        Ok(Self::Block(Place::new(branch, height.ok_or_else(malformed)?)))
    }
}

/// A number without sign and leading zeros.
fn number(digits: &str) -> Option<u32> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits == "0" || !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain && canonical)
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

/// Blocks by name. `"3..7"` stands for five of them, `"a:9..7"` for three from the top down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Labels(pub(super) Vec<Label>);

impl Labels {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        let Some((from, to)) = text.split_once("..") else {
            self.0.push(text.parse()?);
            return Ok(());
        };
        let from: Label = from.parse()?;
        let to =
            number(to).ok_or_else(|| format!("a range ends with a number, got {text:.40?}"))?;
        let (branch, first) = from.parts();
        if self.0.len() + first.abs_diff(to) as usize >= LABELS_MAX {
            return Err(format!("at most {LABELS_MAX} blocks, got more with {text:.40?}"));
        }
        let make = |number| match from {
            Label::Block(_) => Label::Block(Place::new(branch, number)),
            Label::Unknown(_) => Label::Unknown(number),
        };
        if first <= to {
            self.0.extend((first..=to).map(make));
        } else {
            self.0.extend((to..=first).rev().map(make));
        }
        Ok(())
    }

    /// Runs of three or more become ranges.
    fn written(&self) -> Vec<String> {
        let mut written = Vec::new();
        let mut rest = &self.0[..];
        while let [first, ..] = rest {
            let up = run(rest, |number| number.checked_add(1));
            let down = run(rest, |number| number.checked_sub(1));
            let length = up.max(down);
            if length >= 3 {
                written.push(format!("{first}..{}", rest[length - 1].parts().1));
                rest = &rest[length..];
            } else {
                written.push(first.to_string());
                rest = &rest[1..];
            }
        }
        written
    }
}

/// How many labels from the first on are of one branch, each the next of the one before.
fn run(labels: &[Label], next: impl Fn(u32) -> Option<u32>) -> usize {
    let follows = |pair: &&[Label]| {
        let ((branch, number), (next_branch, next_number)) = (pair[0].parts(), pair[1].parts());
        branch == next_branch && next(number) == Some(next_number)
    };
    1 + labels.windows(2).take_while(follows).count()
}

impl FromIterator<Label> for Labels {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> Self {
        Self(labels.into_iter().collect())
    }
}

impl JsonSchema for Labels {
    fn schema_name() -> Cow<'static, str> {
        "Labels".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "description": "Blocks by name; a range such as 3..7 stands for all of them.",
            "items": {
                "type": "string",
                "pattern": r"^([^:?]+:|\?)?(0|[1-9][0-9]*)(\.\.(0|[1-9][0-9]*))?$",
            },
        })
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut labels = Self::default();
        for text in Vec::<Cow<'de, str>>::deserialize(deserializer)? {
            labels.add(&text).map_err(serde::de::Error::custom)?;
        }
        Ok(labels)
    }
}
