#![no_main]

use libfuzzer_sys::fuzz_target;
use syncheck::families::tipset_sync::TipsetSync;
use syncheck_fuzz::judge;

fuzz_target!(|bytes: &[u8]| judge::<TipsetSync>(bytes));
