//! Several subjects on the same scenarios, side by side: a table of claims by subject.
//!
//! A grid is made of the records of searches, so searches of different machines and days can be put
//! together. Where a scenario ends for each subject is seen by running it, and handed in.

mod ending;
mod model;
#[cfg(test)]
mod tests;
mod text;

pub use ending::{EndingsRecord, Ends};
pub use model::{Cell, CellState, Column, GRID_FORMAT, Grid, GridFinding, Row, Section};
pub(super) use text::ends_text;
pub use text::grid_text;
