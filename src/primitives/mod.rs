//! Pure values and their encodings, thin over the crates of the field.

pub mod bitcoin;
pub mod ethereum_header;
pub mod ethereum_state;
pub mod filecoin;
mod loose;
pub(crate) mod number;
pub(crate) mod schema;
mod text;

pub(crate) use loose::{INTEGER_MAX, Loose};
pub(crate) use text::{bytes_of_hex, from_string};
