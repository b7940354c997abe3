use std::time::Duration;

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
}

impl Default for Options {
    fn default() -> Self {
        Self {
            hello_timeout: Duration::from_secs(10),
            reply_timeout: Duration::from_secs(5),
            grace: Duration::from_millis(500),
            line_bytes_max: 64 << 20,
            log_lines: 10,
        }
    }
}
