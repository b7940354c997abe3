use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::ethereum_state::Hash32;
use crate::primitives::from_string;

/// No list has more headers.
const LABELS_MAX: usize = 200_000;

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

impl Label {
    /// The branch, none for the trunk, and the number.
    fn place(&self) -> Option<(Option<&str>, u64)> {
        match self {
            Self::Side(branch, number) => Some((Some(branch), *number)),
            Self::Trunk(number) => Some((None, *number)),
            Self::Own(_) | Self::Hash(_) => None,
        }
    }

    fn at(branch: Option<&str>, number: u64) -> Self {
        branch.map_or(Self::Trunk(number), |branch| Self::Side(branch.to_owned(), number))
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
            let number = number(digits).filter(|_| is_name(branch));
            return number
                .map(|number| Self::Side(branch.to_owned(), number))
                .ok_or_else(malformed);
        }
        if let Some(number) = number(text) {
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

/// A number without sign and leading zeros.
fn number(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits == "0" || !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain && canonical)
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

/// Headers by name. `"3..7"` stands for five of them, `"a:9..7"` for three from the top down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(pub Vec<Label>);

impl Labels {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        let Some((from, to)) = text.split_once("..") else {
            self.0.push(text.parse()?);
            return Ok(());
        };
        let range =
            || format!("a range is from a header to a number, as in \"9..3\", got {text:.70?}");
        let to = number(to).ok_or_else(range)?;
        let from: Label = from.parse()?;
        let (branch, first) = from.place().ok_or_else(range)?;
        if first.abs_diff(to) >= (LABELS_MAX - self.0.len()) as u64 {
            return Err(format!("at most {LABELS_MAX} headers, got more with {text:.70?}"));
        }
        if first <= to {
            self.0.extend((first..=to).map(|number| Label::at(branch, number)));
        } else {
            self.0.extend((to..=first).rev().map(|number| Label::at(branch, number)));
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
            let last = rest[length - 1].place().filter(|_| length >= 3);
            if let Some((_, last)) = last {
                written.push(format!("{first}..{last}"));
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
fn run(labels: &[Label], next: impl Fn(u64) -> Option<u64>) -> usize {
    let follows = |pair: &&[Label]| match (pair[0].place(), pair[1].place()) {
        (Some((branch, number)), Some((next_branch, next_number))) => {
            branch == next_branch && next(number) == Some(next_number)
        }
        _ => false,
    };
    1 + labels.windows(2).take_while(follows).count()
}

impl FromIterator<Label> for Labels {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> Self {
        Self(labels.into_iter().collect())
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
