//! The command line: arguments, one file a subcommand, exit codes.

mod adapter;
mod arguments;
mod baseline;
mod baseline_update;
mod conclusion;
mod exit;
mod findings;
mod grid;
mod ledger;
mod listing;
mod mutants;
mod output;
mod profile;
mod progress;
mod regressions;
mod replay;
mod report;
mod reports;
mod resume;
mod run;
mod selection;
mod serve;
mod signals;
mod subjects;
mod vectors;

pub use arguments::Arguments;
pub use exit::Exit;
