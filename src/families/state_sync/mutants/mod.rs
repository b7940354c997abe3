//! Machines with the bugs that geth had, to see whether the claims find them.

mod table;

pub(super) use table::ALL;
