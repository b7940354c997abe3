use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Number, Value};

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

/// A whole file: what it begins with, and all its fields.
#[derive(Clone, Debug)]
pub(super) struct Strict {
    pub(super) header: Header,
    pub(super) body: Value,
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FileVisitor)
    }
}

struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with format, family and kind")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let (mut family, mut kind, mut id) = (None, None, None);
        let mut body = Map::new();
        while let Some(key) = map.next_key_seed(NewKey(&body))? {
            let value = match key.as_str() {
                "format" => {
                    map.next_value_seed(Version)?;
                    Value::from(FORMAT)
                }
                "family" => text(&mut family, map.next_value()?),
                "id" => match map.next_value::<Option<String>>()? {
                    Some(name) => text(&mut id, name),
                    None => Value::Null,
                },
                "kind" => text(&mut kind, map.next_value()?),
                _ => map.next_value_seed(Any)?,
            };
            body.insert(key, value);
        }
        if !body.contains_key("format") {
            return Err(A::Error::missing_field("format"));
        }
        let header = Header {
            family: family.ok_or_else(|| A::Error::missing_field("family"))?,
            kind: kind.ok_or_else(|| A::Error::missing_field("kind"))?,
            id,
        };
        Ok(Strict { header, body: Value::Object(body) })
    }
}

fn text(field: &mut Option<String>, text: String) -> Value {
    *field = Some(text.clone());
    Value::String(text)
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
struct NewKey<'a>(&'a Map<String, Value>);

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
        if !self.0.contains_key(key) {
            return Ok(key.to_owned());
        }
        Err(E::custom(format_args!("duplicate field `{key}`")))
    }
}

/// Anything that all YAML parsers read alike.
struct Any;

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(A::Error::custom("tags are not part of this format"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key_seed(NewKey(&fields))? {
            let value = map.next_value_seed(Self)?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(Self)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        let finite = Number::from_f64(number).map(Value::Number);
        finite.ok_or_else(|| E::custom(format_args!("{number} is no number of this format")))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Value, E> {
        too_large(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Value, E> {
        too_large(number)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

fn too_large<E: Error>(number: impl fmt::Display) -> Result<Value, E> {
    Err(E::custom(format_args!("{number} is larger than any number of this format")))
}
