//! The families of sync protocols and their registry.

mod catalog;
mod function;
pub mod headers_first;
pub mod labels;
mod registry;
mod sample;
pub mod skeleton;
pub mod state_sync;
pub mod tipset_sync;

pub use catalog::{Capability, Catalog, ClaimEntry, Deviation, Misbehavior, Mutant};
pub(crate) use function::table_function;
pub use function::{
    Answered, Case, CaseResult, FunctionKind, Mismatch, Table, answer_list, check_table,
    table_schema,
};
pub use registry::{FamilyId, Visit};
pub use sample::{Draw, Sample, Sampler, Source};
