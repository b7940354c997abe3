use std::path::PathBuf;
use std::time::Duration;

use super::{Environment, StopFlag};

/// Bounds on a child process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long it may take to start and to answer `hello`.
    pub hello_timeout: Duration,
    /// How long it may take to answer any other request.
    pub reply_timeout: Duration,
    /// How long it may take to end after it was told to, before it is killed.
    pub grace: Duration,
    /// The longest line that it may write.
    pub line_bytes_max: usize,
    /// How many of the last lines of its log are shown when it fails.
    pub log_lines: usize,
    /// The most address space that each of its processes may have, on Linux.
    pub memory_bytes_max: Option<u64>,
    /// What it finds in its environment.
    pub environment: Environment,
    /// Where it runs; where we do, if absent.
    pub directory: Option<PathBuf>,
    /// Ends all waiting for it.
    pub stop: StopFlag,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            hello_timeout: Duration::from_secs(10),
            reply_timeout: Duration::from_secs(5),
            grace: Duration::from_millis(500),
            line_bytes_max: 64 << 20,
            log_lines: 10,
            memory_bytes_max: None,
            environment: Environment::Inherited,
            directory: None,
            stop: StopFlag::default(),
        }
    }
}
