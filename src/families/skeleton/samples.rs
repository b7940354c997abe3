//! Inputs of the pure functions, for tables that are generated.

use crate::families::Sampler;

/// A sampler that changes the inputs of a table of this family.
macro_rules! varied {
    ($kind:literal) => {
        Sampler::varied($kind, include_str!(concat!("../../../vectors/skeleton/", $kind, ".yaml")))
    };
}

pub(super) fn samplers() -> Vec<Sampler> {
    vec![
        varied!("ancestor"),
        varied!("bounds"),
        varied!("clean-up"),
        varied!("deliveries"),
        varied!("init"),
        varied!("link"),
        varied!("merge"),
        varied!("new-head"),
        varied!("status-read"),
        varied!("status-write"),
        varied!("transition"),
    ]
}
