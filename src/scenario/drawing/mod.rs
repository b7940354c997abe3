//! The world of a scenario as a picture: boxes on a grid and lines between them, in no family's
//! words, so that one renderer draws all.

mod axis;
mod chains;
mod picture;

pub use axis::Axis;
pub use chains::{Chains, Lane};
pub use picture::{BoxKind, Drawing, Link, Note, NoteKind, PictureBox, in_words};
