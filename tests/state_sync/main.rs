//! The state-sync family: its scheduler, crashes, real states and tables.

mod crash;
mod real;
mod scheduler;
mod vectors;
