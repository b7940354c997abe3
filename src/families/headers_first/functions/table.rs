use crate::families::{FunctionKind, table_function};

use super::{bytes, chains, index, peers, requests, serving};

/// All functions, by name.
pub(in crate::families::headers_first) fn functions() -> Vec<FunctionKind> {
    vec![
        table_function!(
            "best-tip",
            "The tip of the best chain after blocks have come in some order.",
            chains::best_tip
        ),
        table_function!("block", "What the bytes of a block say.", bytes::block),
        table_function!(
            "block-flags",
            "How a block that has come is checked, by the checkpoints above it.",
            requests::block_flags
        ),
        table_function!(
            "block-request",
            "The blocks that a peer is asked for.",
            requests::block_request
        ),
        table_function!(
            "chain-tips",
            "The last blocks of all branches, and what they are.",
            index::chain_tips
        ),
        table_function!(
            "fork-point",
            "The last block that two chains have in common.",
            chains::fork_point
        ),
        table_function!(
            "getblocks-reply",
            "The answer to getblocks, and where it is to be continued.",
            serving::get_blocks
        ),
        table_function!(
            "getdata-reply",
            "The answers to getdata: what there is, then one notfound.",
            serving::get_data
        ),
        table_function!("getheaders-reply", "The answer to getheaders.", serving::get_headers),
        table_function!("have-block", "Which blocks are there in any form.", index::have_block),
        table_function!(
            "header-acceptance",
            "What becomes of headers, and the best chain of headers then.",
            chains::header_acceptance
        ),
        table_function!(
            "header-list",
            "What a message of headers comes to.",
            requests::header_list
        ),
        table_function!(
            "height-to-hash-range",
            "The blocks from a height up to a block.",
            index::height_to_hash_range
        ),
        table_function!(
            "higher-peers",
            "The peers that have more than we have.",
            peers::higher_peers
        ),
        table_function!(
            "interval-block-hashes",
            "Each block of a branch whose height is a multiple of an interval.",
            index::interval_block_hashes
        ),
        table_function!(
            "is-current",
            "Whether we are in sync, as chain and manager see it.",
            peers::is_current
        )
        .partial(),
        table_function!(
            "locate",
            "The blocks after a locator, with the limit as a parameter.",
            serving::locate_blocks
        ),
        table_function!("locator", "The locator of a block.", serving::locator),
        table_function!(
            "orphans",
            "The blocks that wait for their parents, and where they begin.",
            chains::orphans
        ),
        table_function!("start-sync", "How a sync begins, and with whom.", peers::start_sync),
        table_function!(
            "sync-candidate",
            "Whether blocks may be synced from a peer.",
            peers::sync_candidate
        ),
    ]
}
