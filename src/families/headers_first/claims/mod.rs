//! The claims of the headers-first family.
//!
//! Each fold derives what is right from the world and from the trace. None of them calls the
//! machine, its chain, its locators or its serving code: the oracles here are written anew.

mod checkpoints;
mod drops;
mod links;
mod locators;
mod relay;
mod repeats;
mod replies;
mod table;
#[cfg(test)]
mod tests;
mod tips;
mod watch;

pub(super) use table::claims;
