use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::{from_string, schema::string_schema};

use super::Hash32;

/// A path or a part of one in a trie: half bytes, written as hexadecimal digits.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nibbles(Vec<u8>);

impl Nibbles {
    /// Nibbles from values below 16.
    ///
    /// # Panics
    /// When a value is 16 or more.
    pub fn new(nibbles: Vec<u8>) -> Self {
        assert!(nibbles.iter().all(|&nibble| nibble < 16), "a nibble is below 16");
        Self(nibbles)
    }

    /// The values.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `key` with its first nibbles replaced by these. What is longer than the key is left out.
    pub fn over(&self, key: Hash32) -> Hash32 {
        let mut bytes = *key.as_bytes();
        for (index, &nibble) in self.0.iter().take(64).enumerate() {
            let byte = &mut bytes[index / 2];
            *byte = if index % 2 == 0 { *byte & 0x0f | nibble << 4 } else { *byte & 0xf0 | nibble };
        }
        Hash32::from_bytes(bytes)
    }
}

impl fmt::Display for Nibbles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|nibble| write!(f, "{nibble:x}"))
    }
}

impl fmt::Debug for Nibbles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Nibbles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digit = |c: char| match c {
            '0'..='9' => Ok(c as u8 - b'0'),
            'a'..='f' => Ok(c as u8 - b'a' + 10),
            _ => Err(format!("nibbles are lower-case hexadecimal digits, got {text:?}")),
        };
        text.chars().map(digit).collect::<Result<_, _>>().map(Self)
    }
}

string_schema!(Nibbles, "Nibbles", "A path of nibbles.", "^[0-9a-f]*$");

impl Serialize for Nibbles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Nibbles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_string(deserializer, "a path as string", str::parse)
    }
}
