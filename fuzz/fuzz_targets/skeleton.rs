#![no_main]

use libfuzzer_sys::fuzz_target;
use syncheck::families::skeleton::Skeleton;
use syncheck_fuzz::judge;

fuzz_target!(|bytes: &[u8]| judge::<Skeleton>(bytes));
