#![no_main]

use libfuzzer_sys::fuzz_target;
use syncheck::families::state_sync::StateSync;
use syncheck_fuzz::judge;

fuzz_target!(|bytes: &[u8]| judge::<StateSync>(bytes));
