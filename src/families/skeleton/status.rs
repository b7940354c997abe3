use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::primitives::ethereum_state::Hash32;

use super::Profile;

/// A run of linked headers in the store. In files it is geth's own JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Subchain {
    /// The number of its highest header.
    pub head: u64,
    /// The number of its lowest header.
    pub tail: u64,
    /// The hash of the header below the lowest.
    pub next: Hash32,
}

/// What the skeleton persists beside its rows: geth's `SkeletonSyncStatus`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(deny_unknown_fields)]
pub struct Status {
    /// The subchains, the newest and highest first. That one is extended.
    #[serde(deserialize_with = "none_or_some")]
    pub subchains: Vec<Subchain>,
    /// The number of the finalized header.
    #[serde(default)]
    pub finalized: Option<u64>,
}

/// Go writes an empty list as `null`.
fn none_or_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Subchain>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// geth at c4a6621 knows no finalized header.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Status110<'a> {
    subchains: &'a [Subchain],
}

impl Status {
    /// The JSON that geth stores under `SkeletonSyncStatus`, byte for byte.
    pub fn to_json(&self, profile: Profile) -> String {
        let json = match profile {
            Profile::Geth110 => serde_json::to_string(&Status110 { subchains: &self.subchains }),
            Profile::Geth117 => serde_json::to_string(self),
        };
        json.expect("numbers and hashes are always writable")
    }

    /// Reads the JSON that geth stores. `None` if it is none.
    pub fn of_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_is_that_of_geth() {
        let next = Hash32::from_bytes([0xab; 32]);
        let mut status =
            Status { subchains: vec![Subchain { head: 9, tail: 7, next }], finalized: None };
        let hex = "ab".repeat(32);
        let chain = format!(r#"{{"Subchains":[{{"Head":9,"Tail":7,"Next":"0x{hex}"}}]"#);
        assert_eq!(status.to_json(Profile::Geth110), format!("{chain}}}"));
        assert_eq!(status.to_json(Profile::Geth117), format!(r#"{chain},"Finalized":null}}"#));
        status.finalized = Some(5);
        let json = status.to_json(Profile::Geth117);
        assert_eq!(json, format!(r#"{chain},"Finalized":5}}"#));
        assert_eq!(Status::of_json(&json), Some(status));
        assert_eq!(Status::of_json("{\"Subchains\":"), None);
        let empty = Status { subchains: Vec::new(), finalized: Some(5) };
        let json = "{\"Subchains\":null,\"Finalized\":5}";
        assert_eq!(Status::of_json(json), Some(empty));
    }
}
