use std::collections::BTreeSet;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor,
};

use super::document::FORMAT;

/// What every file begins with. It is read first, so that a file of another version gets a better
/// answer than that its fields are unknown.
///
/// Reading it also refuses what YAML parsers do not read alike, wherever it stands in the file: a
/// key that stands twice in a map, and tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The family's name.
    pub family: String,
    /// What the file holds.
    pub kind: String,
    /// Its name, if it has one.
    pub id: Option<String>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with format, family and kind")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let (mut format, mut family, mut kind, mut id) = (None, None, None, None);
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key_seed(NewKey(&mut seen))? {
            match key.as_str() {
                "format" => format = Some(map.next_value_seed(Version)?),
                "family" => family = Some(map.next_value()?),
                "id" => id = map.next_value()?,
                "kind" => kind = Some(map.next_value()?),
                _ => map.next_value_seed(Strict)?,
            }
        }
        format.ok_or_else(|| A::Error::missing_field("format"))?;
        Ok(Header {
            family: family.ok_or_else(|| A::Error::missing_field("family"))?,
            kind: kind.ok_or_else(|| A::Error::missing_field("kind"))?,
            id,
        })
    }
}

/// The version that this program reads.
struct Version;

impl<'de> DeserializeSeed<'de> for Version {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Version {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the string {FORMAT:?}")
    }

    fn visit_str<E: Error>(self, version: &str) -> Result<(), E> {
        if version == FORMAT {
            return Ok(());
        }
        Err(E::custom(format_args!("this program reads {FORMAT:?}, got {version:?}")))
    }
}

/// A key that has not stood in this map before.
struct NewKey<'a>(&'a mut BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string as the key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        if self.0.insert(key.to_owned()) {
            return Ok(key.to_owned());
        }
        Err(E::custom(format_args!("duplicate field `{key}`")))
    }
}

/// Anything that all YAML parsers read alike.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(A::Error::custom("tags are not part of this format"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while map.next_key_seed(NewKey(&mut seen))?.is_some() {
            map.next_value_seed(Self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<(), E> {
        too_large(number)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<(), E> {
        too_large(number)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

fn too_large<E: Error>(number: impl fmt::Display) -> Result<(), E> {
    Err(E::custom(format_args!("{number} is larger than any number of this format")))
}
