//! The pure functions that table cases can be fed to.

mod buckets;
mod codec;
mod exchange;
mod fork;
mod gossip;
mod head;
mod manager;
mod seek;
mod tipsets;
mod tracker;

use crate::families::{FunctionKind, table_function};
use crate::primitives::filecoin::Block;

use super::rules::Rules;
use buckets::sync_buckets;
use codec::codec;
use exchange::{exchange_reply, exchange_validation};
use fork::fork_search;
use gossip::gossip_block;
use head::head_refresh;
use manager::sync_manager;
use seek::height_seek;
use tipsets::{tie_break, tipset_construction, tipset_key, weight};
use tracker::target_tracker;

/// All kinds.
pub(super) fn kinds() -> Vec<FunctionKind> {
    let kinds = vec![
        table_function!(
            "codec",
            "The bytes of a value, or the value of bytes, or why there is none.",
            codec
        ),
        table_function!(
            "exchange-reply",
            "What a server answers to a request of the chain exchange.",
            exchange_reply
        ),
        table_function!(
            "exchange-validation",
            "Whether an answer of the chain exchange matches its request, and why not.",
            exchange_validation
        ),
        table_function!(
            "fork-search",
            "How to go from one chain to another, and whether to.",
            fork_search
        ),
        table_function!(
            "gossip-block",
            "Whether a gossiped block is accepted, ignored or rejected, and why.",
            gossip_block
        ),
        table_function!(
            "head-refresh",
            "The head after blocks of an epoch were validated, equivocations among them.",
            head_refresh
        ),
        table_function!(
            "height-seek",
            "The tipset of a chain at a height, beside null rounds.",
            height_seek
        ),
        table_function!(
            "sync-buckets",
            "The answers of Lotus's sets of targets, and what is left of them.",
            sync_buckets
        ),
        table_function!(
            "sync-manager",
            "Which heads Lotus syncs when, and what waits at the end.",
            sync_manager
        ),
        table_function!(
            "target-tracker",
            "Queue, selection and history after a series of additions and removals.",
            target_tracker
        ),
        table_function!(
            "tie-break",
            "Whether a tipset wins over the head at equal weight.",
            tie_break
        ),
        table_function!(
            "tipset-construction",
            "Whether blocks make a tipset for a client, its key, or why not.",
            tipset_construction
        ),
        table_function!(
            "tipset-key",
            "The key of a tipset from its blocks in any order.",
            tipset_key
        ),
        table_function!(
            "weight",
            "The weight of a tipset from its parents' weight and its wins.",
            weight
        ),
    ];
    kinds.into_iter().map(|kind| kind.naming(cid_of)).collect()
}

/// What answers call a block of the input: a mismatch shows where it stands, not its CID.
fn cid_of(bytes: &str) -> Option<String> {
    let block: Block = serde_json::from_value(bytes.into()).ok()?;
    Some(block.cid().to_string())
}

fn usual_profile() -> String {
    Rules::PROFILES[0].to_owned()
}

fn rules_of(profile: &str) -> Result<Rules, String> {
    if Rules::PROFILES.contains(&profile) {
        Ok(Rules::of(profile))
    } else {
        Err(format!("profile: one of {}", Rules::PROFILES.join(", ")))
    }
}
