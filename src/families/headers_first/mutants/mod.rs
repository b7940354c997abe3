//! Faulty machines, each a bug that a real client had or has.
//!
//! Most are the reference with its inputs, outputs or state tampered with from outside. Where that
//! cannot express the bug, one of the named decisions of the reference is taken the other way.

mod announcements;
mod bugged;
mod headers;
mod peers;
mod requests;
mod restarts;
mod serving;
mod table;

pub(super) use table::MUTANTS;
