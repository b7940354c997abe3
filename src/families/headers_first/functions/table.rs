use crate::families::{FunctionKind, check_table};

use super::{bytes, chains, serving};

/// All functions, by name.
pub(in crate::families::headers_first) fn functions() -> Vec<FunctionKind> {
    vec![
        FunctionKind {
            kind: "best-tip",
            summary: "The tip of the best chain after blocks have come in some order.",
            check: |text| check_table(text, chains::best_tip),
        },
        FunctionKind {
            kind: "block",
            summary: "What the bytes of a block say.",
            check: |text| check_table(text, bytes::block),
        },
        FunctionKind {
            kind: "fork-point",
            summary: "The last block that two chains have in common.",
            check: |text| check_table(text, chains::fork_point),
        },
        FunctionKind {
            kind: "getblocks-reply",
            summary: "The answer to getblocks, and where it is to be continued.",
            check: |text| check_table(text, serving::get_blocks),
        },
        FunctionKind {
            kind: "getdata-reply",
            summary: "The answers to getdata: what there is, then one notfound.",
            check: |text| check_table(text, serving::get_data),
        },
        FunctionKind {
            kind: "getheaders-reply",
            summary: "The answer to getheaders.",
            check: |text| check_table(text, serving::get_headers),
        },
        FunctionKind {
            kind: "header-acceptance",
            summary: "What becomes of headers, and the best chain of headers then.",
            check: |text| check_table(text, chains::header_acceptance),
        },
        FunctionKind {
            kind: "locate",
            summary: "The blocks after a locator, with the limit as a parameter.",
            check: |text| check_table(text, serving::locate_blocks),
        },
        FunctionKind {
            kind: "locator",
            summary: "The locator of a block.",
            check: |text| check_table(text, serving::locator),
        },
        FunctionKind {
            kind: "orphans",
            summary: "The blocks that wait for their parents, and where they begin.",
            check: |text| check_table(text, chains::orphans),
        },
    ]
}
