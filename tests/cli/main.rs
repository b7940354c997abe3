//! The command line as people and scripts see it: the built program, its output, its exit codes.

#![expect(clippy::unwrap_used, reason = "a test whose program does not run fails")]

mod arguments;
mod baselines;
mod campaigns;
mod deploy;
mod files;
mod findings;
mod pipes;
mod program;
mod resume;
mod shards;
mod tables;
mod updates;
mod vectors;
