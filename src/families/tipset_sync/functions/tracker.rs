//! The target tracker.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::tipset_sync::message::Settings;
use crate::families::tipset_sync::tracker::{Target, TargetTracker};
use crate::primitives::filecoin::consensus::Network;
use crate::primitives::filecoin::{Block, Tipset, TipsetKey};

use super::{rules_of, usual_profile};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Series {
    #[serde(default = "usual_profile")]
    profile: String,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    network: Network,
    steps: Vec<TrackerStep>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum TrackerStep {
    /// A tipset is announced.
    Add { blocks: Vec<Arc<Block>> },
    /// The sync of the oldest running target ends.
    Finish {
        /// It failed. Venus keeps it as it keeps the others.
        #[serde(default)]
        failed: bool,
    },
    /// The sync of the selected target starts.
    Start {},
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Tracked {
    queue: Vec<TipsetKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    selected: Option<TipsetKey>,
    history: Vec<TipsetKey>,
}

pub(super) fn target_tracker(given: &Series) -> Result<Tracked, String> {
    let rules = rules_of(&given.profile)?;
    if ["lotus", "forest"].contains(&given.profile.as_str()) {
        return Err(format!("profile: {} has no target tracker", given.profile));
    }
    if !(1..=1_000).contains(&given.settings.queue_max) || given.settings.history_max > 1_000 {
        return Err(
            "settings: queue_max is between 1 and 1000, history_max at most 1000".to_owned()
        );
    }
    let mut tracker = TargetTracker::new(&rules, &given.settings, given.network);
    let mut running = Vec::new();
    for (id, step) in (0..).zip(&given.steps) {
        match step {
            TrackerStep::Add { blocks } => {
                let head = Tipset::new(blocks.clone(), rules.construction);
                let head = Arc::new(head.map_err(|error| format!("steps[{id}]: {error}"))?);
                let target = Target { id, head, attempts: 0, running: false };
                tracker.add(target, &|_| false, &|_| false);
            }
            TrackerStep::Finish { .. } if !running.is_empty() => {
                tracker.remove(running.remove(0));
            }
            TrackerStep::Finish { .. } => return Err(format!("steps[{id}]: no sync runs")),
            TrackerStep::Start {} => {
                let waits = tracker.select().map(|target| target.id);
                let id = waits.ok_or_else(|| format!("steps[{id}]: nothing waits"))?;
                tracker.start(id);
                running.push(id);
            }
        }
    }
    let key = |target: &Target| target.head.key().clone();
    Ok(Tracked {
        queue: tracker.queue().iter().map(key).collect(),
        selected: tracker.select().map(key),
        history: tracker.history().map(key).collect(),
    })
}
