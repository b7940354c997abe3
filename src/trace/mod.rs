//! What happened in a run: steps with their causes, a digest, a stable text form, and a view
//! without the family's types for reports.

mod history;
mod step;
mod text;
mod view;

pub use history::Trace;
pub use step::{Closer, Loss, Step, What};
pub use view::{Arrow, View, ViewStep};
