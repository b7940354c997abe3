use crate::families::{FunctionKind, table_function};

use super::{bytes, chains, serving};

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
        table_function!(
            "header-acceptance",
            "What becomes of headers, and the best chain of headers then.",
            chains::header_acceptance
        ),
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
    ]
}
