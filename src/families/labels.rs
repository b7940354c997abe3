//! Lists of blocks or headers by name, as table cases have them.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a block or header in table cases, such as `12` or `a:17`.
pub trait Named: Clone + Display + FromStr<Err = String> {
    /// What is named, in the plural.
    const WHAT: &'static str;
    /// No list names more.
    const LIST_MAX: usize;
    /// A regular expression of names and of ranges of them.
    const PATTERN: &'static str;

    /// The branch and the number on it, if the name is made of these.
    fn place(&self) -> Option<(&str, u64)>;

    /// The name with this number on the same branch; `None` if there is none.
    fn at(&self, number: u64) -> Option<Self>;
}

/// Blocks or headers by name. `"3..7"` stands for five of them, `"a:9..7"` for three from the top
/// down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels<L>(pub Vec<L>);

/// A number without sign and leading zeros.
pub(crate) fn plain_number<N: FromStr>(digits: &str) -> Option<N> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits == "0" || !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain && canonical)
}

impl<L: Named> Labels<L> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        let Some((from, to)) = text.split_once("..") else {
            self.0.push(text.parse()?);
            return Ok(());
        };
        let no_range =
            || format!("a range is from a name to a number, as in \"9..3\", got {text:.70?}");
        let to: u64 = plain_number(to).ok_or_else(no_range)?;
        let from: L = from.parse()?;
        let (_, first) = from.place().ok_or_else(no_range)?;
        if first.abs_diff(to) >= (L::LIST_MAX - self.0.len()) as u64 {
            return Err(format!("at most {} {}, got more with {text:.70?}", L::LIST_MAX, L::WHAT));
        }
        let up = first..=to;
        let down = (to..=first).rev();
        for number in up.chain(down.filter(|_| first > to)) {
            self.0.push(from.at(number).ok_or_else(no_range)?);
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

/// How many names from the first on are of one branch, each the next of the one before.
fn run<L: Named>(names: &[L], next: impl Fn(u64) -> Option<u64>) -> usize {
    let follows = |pair: &&[L]| match (pair[0].place(), pair[1].place()) {
        (Some((branch, number)), Some((next_branch, next_number))) => {
            branch == next_branch && next(number) == Some(next_number)
        }
        _ => false,
    };
    1 + names.windows(2).take_while(follows).count()
}

// Derived, it would ask for a default of the names.
impl<L> Default for Labels<L> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<L> FromIterator<L> for Labels<L> {
    fn from_iter<I: IntoIterator<Item = L>>(labels: I) -> Self {
        Self(labels.into_iter().collect())
    }
}

impl<L: Named> JsonSchema for Labels<L> {
    fn schema_name() -> Cow<'static, str> {
        "Labels".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let what = L::WHAT;
        json_schema!({
            "type": "array",
            "description": format!("The {what} by name; a range such as 3..7 stands for all in it."),
            "items": { "type": "string", "pattern": L::PATTERN },
        })
    }
}

impl<L: Named> Serialize for Labels<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written().serialize(serializer)
    }
}

impl<'de, L: Named> Deserialize<'de> for Labels<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut labels = Self::default();
        for text in Vec::<Cow<'de, str>>::deserialize(deserializer)? {
            labels.add(&text).map_err(serde::de::Error::custom)?;
        }
        Ok(labels)
    }
}
