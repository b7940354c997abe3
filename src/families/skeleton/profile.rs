use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::Millis;

/// A client at a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Profile {
    /// geth at c4a6621 (October 2022, between 1.10.25 and 1.10.26).
    #[serde(rename = "geth-1.10")]
    Geth110,
    /// geth v1.17.5.
    #[default]
    #[serde(rename = "geth-1.17")]
    Geth117,
}

impl Profile {
    /// The names of all profiles; the default comes first.
    pub const NAMES: &'static [&'static str] = &["geth-1.17", "geth-1.10"];

    /// The profile of this name; the default for a name that is none.
    pub fn of_name(name: &str) -> Self {
        if name == Self::Geth110.name() { Self::Geth110 } else { Self::Geth117 }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Geth110 => "geth-1.10",
            Self::Geth117 => "geth-1.17",
        }
    }
}

/// Sizes and times of the skeleton. The defaults are geth's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Headers of one request (geth `requestHeaders`).
    pub batch: u64,
    /// Batches that the scratch space holds (geth `scratchHeaders / requestHeaders`).
    pub scratch_batches: u64,
    /// When a request is late. geth's `TargetTimeout` begins with this and is tuned to the peers.
    pub timeout_ms: Millis,
    /// Blocks that the filler stores in one go (geth `maxHeadersProcess`).
    pub fill_blocks: u64,
    /// How long that takes.
    pub fill_ms: Millis,
    /// How far the pivot is behind the head in a snap sync (geth `fsMinFullBlocks`); a full sync
    /// if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pivot_distance: Option<u64>,
    /// How long the state of a pivot takes.
    pub state_ms: Millis,
}

impl Settings {
    /// How often the filler looks for a new head while the pivot is not committed (geth
    /// `fsHeaderContCheck`).
    pub const CONTINUE_MS: Millis = 3_000;
    /// The wiggle room of a stale pivot (geth `2*fsMinFullBlocks-8`).
    pub const PIVOT_WIGGLE: u64 = 8;
    /// What geth has.
    pub(super) const GETH: Self = Self {
        batch: 512,
        scratch_batches: 256,
        timeout_ms: 60_000,
        fill_blocks: 2_048,
        fill_ms: 1_000,
        pivot_distance: None,
        state_ms: 10_000,
    };
}

impl Default for Settings {
    fn default() -> Self {
        Self::GETH
    }
}
