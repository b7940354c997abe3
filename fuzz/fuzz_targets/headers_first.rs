#![no_main]

use libfuzzer_sys::fuzz_target;
use syncheck::families::headers_first::HeadersFirst;
use syncheck_fuzz::judge;

fuzz_target!(|bytes: &[u8]| judge::<HeadersFirst>(bytes));
