//! The state-sync family: its scheduler, crashes, real states and tables.

mod crash;
mod real;
#[path = "../support/real_data.rs"]
mod real_data;
mod scheduler;
mod vectors;
