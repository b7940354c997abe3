use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Where the field `path`, such as `peers[2].sessions[0].leave_ms`, stands in a YAML text: line
/// and column from 1. For a field that is not there, where what would hold it begins.
///
/// YAML values carry no places, but errors do: the text is read once more, by a reader that walks
/// to the field and fails there.
pub(super) fn locate(text: &str, path: &str) -> Option<(usize, usize)> {
    let segments = segments(path);
    let mut wanted = segments.as_slice();
    loop {
        let walk = Walk { rest: wanted };
        let walked = walk.deserialize(serde_yaml::Deserializer::from_str(text));
        if let Err(error) = walked {
            return error.location().map(|location| (location.line(), location.column()));
        }
        wanted = wanted.split_last()?.1;
    }
}

/// Marks the error that says "here".
const FOUND: &str = "\u{1}found\u{1}";

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Index(usize),
    Key(String),
}

fn segments(path: &str) -> Vec<Segment> {
    path.split(['.', '['])
        .filter(|part| !part.is_empty())
        .map(|part| match part.strip_suffix(']').map(str::parse) {
            Some(Ok(index)) => Segment::Index(index),
            _ => Segment::Key(part.to_owned()),
        })
        .collect()
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    rest: &'a [Segment],
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((segment, rest)) = self.rest.split_first() else {
            return Err(Error::custom(FOUND));
        };
        while let Some(key) = map.next_key::<String>()? {
            if *segment == Segment::Key(key) {
                map.next_value_seed(Walk { rest })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some((segment, rest)) = self.rest.split_first() else {
            return Err(Error::custom(FOUND));
        };
        for index in 0.. {
            let there = if *segment == Segment::Index(index) {
                seq.next_element_seed(Walk { rest })?.is_some()
            } else {
                seq.next_element::<IgnoredAny>()?.is_some()
            };
            if !there {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.rest.is_empty() { Err(E::custom(FOUND)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::locate;

    const TEXT: &str = "\
a: 1
list:
  - x: 5
  - x: 6
    y:
      z: true
";

    #[test]
    fn a_field_is_found_by_its_path() {
        assert_eq!(locate(TEXT, "list[1].y.z").map(|(line, _)| line), Some(6));
        assert_eq!(locate(TEXT, "list[0].x").map(|(line, _)| line), Some(3));
        assert_eq!(locate(TEXT, "a").map(|(line, _)| line), Some(1));
    }

    #[test]
    fn a_missing_field_is_found_at_what_would_hold_it() {
        assert_eq!(locate(TEXT, "list[1].missing").map(|(line, _)| line), Some(4));
        assert_eq!(locate(TEXT, "list[7].x").map(|(line, _)| line), Some(3));
    }
}
