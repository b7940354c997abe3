//! The families of sync protocols and their registry.

mod catalog;
mod difference;
mod function;
pub mod headers_first;
pub mod labels;
mod registry;
mod sample;
pub mod skeleton;
pub mod state_sync;
pub mod tipset_sync;

pub use catalog::{Capability, Catalog, ClaimEntry, Deviation, Misbehavior, Mutant};
pub use difference::{FieldDifference, Mismatch, first_difference};
pub(crate) use function::table_function;
pub use function::{
    Answered, Case, Comparison, Evaluated, FunctionKind, InputError, Table, answer, evaluate,
    table_schema,
};
pub use registry::{FamilyId, Visit};
pub use sample::{Draw, Sample, Sampler, Source};
