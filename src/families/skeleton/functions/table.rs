use crate::families::{FunctionKind, table_function};

use super::{parts, progress, transition};

/// All functions by kind.
pub(in crate::families::skeleton) fn all() -> Vec<FunctionKind> {
    vec![
        table_function!(
            "transition",
            "what heads, answers and the passing of time make of persisted subchains",
            transition,
            transition::fits
        )
        .partial(),
        table_function!(
            "init",
            "what a head that begins a cycle makes of persisted subchains",
            parts::init
        )
        .partial(),
        table_function!("new-head", "what a head comes to while a cycle runs", parts::new_head)
            .partial(),
        table_function!(
            "deliveries",
            "what delivered batches make of the subchains",
            parts::deliveries
        )
        .partial(),
        table_function!(
            "merge",
            "what a primary subchain makes of the older ones that it overlaps",
            parts::merge
        )
        .partial(),
        table_function!(
            "clean-up",
            "what is left of the subchains when blocks are filled",
            parts::clean_up
        )
        .partial(),
        table_function!("bounds", "the bounds that the filler is told", parts::bounds),
        table_function!(
            "link",
            "whether a skeleton above a header is linked to the local chain",
            parts::link
        ),
        table_function!("ancestor", "the last block that need not be filled", parts::ancestor),
        table_function!(
            "progress",
            "what a node says of its progress: where the sync began, where it is, where it ends",
            progress::progress
        ),
        table_function!("status-write", "the persisted status, byte for byte", parts::status_write),
        table_function!("status-read", "what a persisted status says", parts::status_read),
    ]
}
