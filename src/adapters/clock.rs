use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

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

/// Sets `flag` after `time`, from a thread of its own that ends with the program.
#[expect(clippy::disallowed_methods, reason = "a time limit is real time")]
pub fn set_after(time: Duration, flag: Arc<AtomicBool>) {
    thread::spawn(move || {
        thread::sleep(time);
        flag.store(true, Ordering::Relaxed);
    });
}
