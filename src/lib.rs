//! Property-based conformance tests for blockchain synchronisation.
#![forbid(unsafe_code)]

pub mod adapters;
pub mod campaign;
pub mod cli;
pub mod corpus;
pub mod families;
pub mod invariant;
pub mod machine;
pub mod primitives;
pub mod reports;
pub mod scenario;
pub mod sim;
pub mod testing;
pub mod trace;
pub mod vectors;
pub mod verdict;
pub mod world;
