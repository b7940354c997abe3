//! The HTML report: one file that needs nothing else, for people who look at a search that ended
//! elsewhere.
//!
//! Text is escaped by the templates and nowhere else; [`shell`] makes control characters visible in
//! the whole page at once.

mod claims;
mod finding;
mod grid;
mod label;
mod lanes;
mod page;
mod sequence;
mod shell;
mod size;
mod steps;
#[cfg(test)]
mod tests;
mod world;

pub use grid::grid_html;
pub use page::html_text;
