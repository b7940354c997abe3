//! The families of sync protocols and their registry.

mod catalog;
mod function;
pub mod headers_first;

pub use catalog::{Catalog, ClaimEntry, Misbehavior, Mutant};
pub use function::{Case, CaseResult, FunctionKind, Mismatch, Table, check_table};
