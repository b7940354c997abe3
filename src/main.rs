//! The command line of syncheck.

use std::process::ExitCode;

use clap::Parser as _;
use syncheck::cli::Arguments;

fn main() -> ExitCode {
    Arguments::parse().execute().into()
}
