use crate::families::{FunctionKind, check_table};

use super::expect::check_partly;
use super::{parts, transition};

/// All functions by kind.
pub(in crate::families::skeleton) fn all() -> Vec<FunctionKind> {
    vec![
        FunctionKind {
            kind: "transition",
            summary: "what heads, answers and the passing of time make of persisted subchains",
            check: |text| check_partly(text, transition),
        },
        FunctionKind {
            kind: "init",
            summary: "what a head that begins a cycle makes of persisted subchains",
            check: |text| check_partly(text, parts::init),
        },
        FunctionKind {
            kind: "new-head",
            summary: "what a head comes to while a cycle runs",
            check: |text| check_partly(text, parts::new_head),
        },
        FunctionKind {
            kind: "deliveries",
            summary: "what delivered batches make of the subchains",
            check: |text| check_partly(text, parts::deliveries),
        },
        FunctionKind {
            kind: "merge",
            summary: "what a primary subchain makes of the older ones that it overlaps",
            check: |text| check_partly(text, parts::merge),
        },
        FunctionKind {
            kind: "clean-up",
            summary: "what is left of the subchains when blocks are filled",
            check: |text| check_partly(text, parts::clean_up),
        },
        FunctionKind {
            kind: "bounds",
            summary: "the bounds that the filler is told",
            check: |text| check_table(text, parts::bounds),
        },
        FunctionKind {
            kind: "link",
            summary: "whether a skeleton above a header is linked to the local chain",
            check: |text| check_table(text, parts::link),
        },
        FunctionKind {
            kind: "ancestor",
            summary: "the last block that need not be filled",
            check: |text| check_table(text, parts::ancestor),
        },
        FunctionKind {
            kind: "status-write",
            summary: "the persisted status, byte for byte",
            check: |text| check_table(text, parts::status_write),
        },
        FunctionKind {
            kind: "status-read",
            summary: "what a persisted status says",
            check: |text| check_table(text, parts::status_read),
        },
    ]
}
