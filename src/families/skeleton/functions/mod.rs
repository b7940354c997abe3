//! The pure functions of the family as tables: subchains and headers in, subchains out.
//!
//! Headers are named, not spelled out, so that the cases of any client's test suite can be written
//! down here: `"12"` is the header of the trunk with this number, `"a:17"` that of the side chain
//! `a`. A header that has to be spelled out is given a name of its own.

mod label;
mod parts;
mod progress;
mod shape;
mod table;
#[cfg(test)]
mod tests;
mod transition;

pub(super) use table::all;

pub use label::{Label, Labels};
pub use shape::{
    ChainShape, Lack, LocalShape, OwnHeader, OwnShape, SideShape, StoredShape, SubchainShape,
};
pub use transition::{
    BoundsShape, DroppedPeer, StepOutcome, TablePeer, TableStep, TransitionGiven, TransitionResult,
    transition,
};
