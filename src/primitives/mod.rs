//! Pure values and their encodings, thin over the crates of the field.

pub mod bitcoin;
pub mod filecoin;
