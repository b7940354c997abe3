//! The command line of syncheck.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use syncheck::cli::Arguments;

/// A search makes and drops many small worlds.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    Arguments::parse().execute().into()
}
