use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// A subject's own words for what the protocol has no name for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Words(Box<str>);

/// Nobody reads more, and a trace may hold many.
const CHARACTERS_MAX: usize = 500;

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.chars().nth(CHARACTERS_MAX) {
            None => Ok(Self(text.into())),
            Some(_) => Err(de::Error::custom(format!("more than {CHARACTERS_MAX} characters"))),
        }
    }
}

impl JsonSchema for Words {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Words".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A subject's own words for what the protocol has no name for.",
            "maxLength": CHARACTERS_MAX,
        })
    }
}

/// As it stands, for it is in reports.
impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for Words {
    /// What is too long is cut.
    fn from(text: &str) -> Self {
        let end = text.char_indices().nth(CHARACTERS_MAX).map_or(text.len(), |(end, _)| end);
        Self(text[..end].into())
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn words_are_bounded() {
        let long = "é".repeat(501);
        assert!(serde_json::from_str::<Words>(&format!("{long:?}")).is_err());
        assert_eq!(Words::from(&long[..]), Words::from(&"é".repeat(500)[..]));
    }
}
