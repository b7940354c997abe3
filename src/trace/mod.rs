//! What happened in a run: steps with their causes, a digest, a stable text form, and a view
//! without the family's types for reports.

mod step;
mod text;
mod trace;
mod view;

pub use step::{Closer, Loss, Step, What};
pub use trace::Trace;
pub use view::{Arrow, View, ViewStep};
