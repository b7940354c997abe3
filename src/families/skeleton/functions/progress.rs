use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::INTEGER_MAX;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgressGiven {
    #[serde(default)]
    mode: Mode,
    /// What is there in the beginning.
    #[serde(default)]
    local: LocalHeads,
    steps: Vec<ProgressStep>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Full,
    Snap,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LocalHeads {
    /// The last block that was executed.
    #[serde(default)]
    head: u64,
    /// The last block that was filled, executed or not; the same, if absent. It may be above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snap_head: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum ProgressStep {
    /// A sync begins on the last block that both have, to the highest that there is.
    Begin { origin: u64, height: u64 },
    /// Headers up to this number are taken in.
    Headers { to: u64 },
    /// The mode changes.
    Mode { mode: Mode },
    /// Blocks are there.
    Blocks {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        snap_head: Option<u64>,
    },
}

/// The progress after each step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgressResult {
    steps: Vec<Progress>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Progress {
    start: u64,
    current: u64,
    highest: u64,
}

/// geth v1.17.10 eth/downloader/downloader.go: `Progress`, `syncToHead`, `processHeaders`. Nothing
/// but a new sync lowers where it began, or the end of it.
pub(super) fn progress(given: &ProgressGiven) -> Result<ProgressResult, String> {
    let (mut mode, mut head) = (given.mode, given.local.head);
    let mut snap_head = given.local.snap_head.unwrap_or(head);
    check("local.head", head)?;
    check("local.snap_head", snap_head)?;
    let mut progress = Progress::default();
    let mut steps = Vec::new();
    for (index, step) in given.steps.iter().enumerate() {
        let field = |name: &str| format!("steps[{index}].{name}");
        match *step {
            ProgressStep::Begin { origin, height } => {
                check(&field("origin"), origin)?;
                check(&field("height"), height)?;
                // One that goes on with what another began has begun where that did.
                if progress.highest <= origin || progress.start > origin {
                    progress.start = origin;
                }
                progress.highest = height;
            }
            ProgressStep::Headers { to } => {
                check(&field("to"), to)?;
                progress.highest = progress.highest.max(to);
            }
            ProgressStep::Mode { mode: now } => mode = now,
            ProgressStep::Blocks { head: at, snap_head: filled } => {
                (head, snap_head) = (at.unwrap_or(head), filled.unwrap_or(snap_head));
                check(&field("head"), head)?;
                check(&field("snap_head"), snap_head)?;
            }
        }
        progress.current = match mode {
            Mode::Full => head,
            Mode::Snap => snap_head,
        };
        steps.push(progress);
    }
    Ok(ProgressResult { steps })
}

fn check(field: &str, number: u64) -> Result<(), String> {
    let fits = number <= INTEGER_MAX;
    fits.then_some(()).ok_or_else(|| format!("{field}: at most {INTEGER_MAX}, got {number}"))
}
