//! The command line as people and scripts see it: the built program, its output, its exit codes.

mod arguments;
mod campaigns;
mod files;
mod findings;
mod pipes;
mod program;
