//! The way from one chain to another.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::filecoin::consensus::Network;
use crate::primitives::filecoin::{Block, TipsetKey};

use super::head::{chain_of, exceeds_fork_length, store_of};
use super::{rules_of, usual_profile};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fork {
    #[serde(default = "usual_profile")]
    profile: String,
    #[serde(default)]
    network: Network,
    /// All headers of both chains, genesis among them, in any order.
    blocks: Vec<Arc<Block>>,
    ours: TipsetKey,
    theirs: TipsetKey,
    /// Genesis, if absent.
    #[serde(default)]
    checkpoint: Option<TipsetKey>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Forked {
    ancestor: TipsetKey,
    /// What leaves the chain, newest first.
    revert: Vec<TipsetKey>,
    /// What joins it, oldest first.
    apply: Vec<TipsetKey>,
    /// Whether their tipset becomes the head.
    follow: bool,
}

pub(super) fn fork_search(given: &Fork) -> Result<Forked, String> {
    let rules = rules_of(&given.profile)?;
    let mut store = store_of(&given.blocks, given.network, &rules)?;
    let ours = chain_of(&store, "ours", &given.ours)?;
    let theirs = chain_of(&store, "theirs", &given.theirs)?;
    let checkpoint = given.checkpoint.as_ref();
    let checkpoint = checkpoint.map(|key| chain_of(&store, "checkpoint", key)).transpose()?;
    let (ancestor, revert, apply) = store.join(&ours, &theirs);
    store.start_at(&ours, checkpoint.unwrap_or_else(|| Arc::clone(store.checkpoint())));
    let follow = match given.profile.as_str() {
        "venus" | "lotus" => {
            let forks_at_genesis = ancestor.height() == 0 && !revert.is_empty();
            store.wins(&theirs, &ours)
                && !exceeds_fork_length(&store, given.network, &ours, &theirs)
                && !forks_at_genesis
        }
        _ => store.would_follow(&ours, &theirs),
    };
    Ok(Forked { ancestor: ancestor.key().clone(), follow, revert, apply })
}
