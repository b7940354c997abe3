use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{NaiveDate, Utc};
use sha3::{Digest, Sha3_256};

/// Measures real time, for people: nothing that a run computes depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads a clock for people")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Sets all `flags` after `time`, in their order, from a thread of its own that ends with the
/// program.
#[expect(clippy::disallowed_methods, reason = "a time limit is real time")]
pub fn set_after(time: Duration, flags: Vec<Arc<AtomicBool>>) {
    thread::spawn(move || {
        thread::sleep(time);
        for flag in flags {
            flag.store(true, Ordering::Relaxed);
        }
    });
}

/// The day, in the time zone of Greenwich.
#[expect(clippy::disallowed_methods, reason = "lists of known failures expire")]
pub fn today() -> NaiveDate {
    Utc::now().date_naive()
}

/// A seed that no two runs share, drawn from the clock and the process. Every number of it is exact
/// in JSON.
#[expect(clippy::disallowed_methods, reason = "a seed that people ask to be drawn")]
pub fn drawn_seed() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut hasher = Sha3_256::new();
    hasher.update(time.to_le_bytes());
    hasher.update(std::process::id().to_le_bytes());
    let digest = hasher.finalize();
    let bytes = digest[..8].try_into().expect("a digest has 32 bytes");
    u64::from_le_bytes(bytes) >> 11
}
