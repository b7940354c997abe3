//! The command line of syncheck.

fn main() {}
