use std::ffi::OsString;
use std::io;
use std::ops::Range;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::adapters::protocol::shortened;
use crate::machine::{SubjectError, log_text};

use super::Options;
use super::exchange::{Failure, LAST_WORDS, exchange};
use super::group::{ProcessGroup, describe_exit};
use super::lines::{LineError, Lines, Progress};
use super::pipe::{EagerInput, EagerOutput};
use super::tail::Tail;

/// A child process that answers lines with lines. What the lines mean is not known here.
///
/// After an error the process is gone; the next exchange starts a new one.
#[derive(Debug)]
pub(in crate::adapters) struct Session {
    command: Vec<OsString>,
    options: Options,
    running: Option<Running>,
    // Last: what runs on it is dropped before it. `None` only while this value is dropped.
    runtime: Option<Runtime>,
}

/// How a process ended that was told to by the end of its input.
#[derive(Debug)]
pub(in crate::adapters) struct Ending {
    /// How it ended; `None` if it is not known.
    pub(in crate::adapters) status: Option<ExitStatus>,
    /// Whether it ended by itself.
    pub(in crate::adapters) by_itself: bool,
    /// What it wrote after its last reply, shortened.
    pub(in crate::adapters) output: Vec<u8>,
}

#[derive(Debug)]
struct Running {
    group: ProcessGroup,
    lines: Lines<EagerOutput, EagerInput>,
    log: Arc<Mutex<Tail>>,
    log_reader: JoinHandle<()>,
}

impl Session {
    pub(in crate::adapters) fn new(
        command: Vec<OsString>,
        options: Options,
    ) -> Result<Self, SubjectError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            SubjectError::NotStarted { message: format!("no runtime for it: {error}") }
        })?;
        Ok(Self { command, options, running: None, runtime: Some(runtime) })
    }

    pub(in crate::adapters) fn options(&self) -> &Options {
        &self.options
    }

    /// Whether there is a process.
    pub(in crate::adapters) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The number of the process group, while there is one.
    pub(in crate::adapters) fn group_id(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.group.id())
    }

    /// Writes a request, which ends in a newline, and reads one line. `what` names the request in
    /// messages. The line stays readable until the next exchange.
    pub(in crate::adapters) fn exchange(
        &mut self,
        what: impl Fn() -> String,
        request: &[u8],
        limit: Duration,
    ) -> Result<Range<usize>, SubjectError> {
        if self.running.is_none() {
            let _inside = self.runtime.as_ref().expect(ALIVE).enter();
            self.running = Some(Running::start(&self.command, &self.options)?);
        }
        let Running { group, lines, .. } = self.running.as_mut().expect("it was started above");
        match self.runtime.as_ref().expect(ALIVE).block_on(exchange(
            lines,
            group.exited(),
            request,
            limit,
            &self.options.stop,
        )) {
            Ok(place) => Ok(place),
            Err(failure) => Err(self.fail(&failure, &what())),
        }
    }

    /// A line that [`Session::exchange`] has returned.
    pub(in crate::adapters) fn line(&self, place: Range<usize>) -> &[u8] {
        self.running.as_ref().map_or(&[], |running| running.lines.line(place))
    }

    /// Ends the process because its reply was wrong. `cause` says how.
    pub(in crate::adapters) fn reject(&mut self, cause: &str, place: Range<usize>) -> SubjectError {
        let line = shortened(self.line(place));
        let log = self.stop(Duration::ZERO).1;
        SubjectError::Broken { message: format!("{cause}: {line}{}", log_text(&log)) }
    }

    /// Ends the process because it says that it failed.
    pub(in crate::adapters) fn give_up(&mut self, cause: &str) -> SubjectError {
        let log = self.stop(self.options.grace).1;
        SubjectError::Broken { message: format!("{cause}{}", log_text(&log)) }
    }

    /// Closes the input of the process and waits for its end, which is forced if need be.
    pub(in crate::adapters) fn close(&mut self) -> Option<Ending> {
        let running = self.running.take()?;
        let grace = self.options.grace;
        Some(self.runtime.as_ref().expect(ALIVE).block_on(running.close(grace)))
    }

    /// Kills the process without a word, as a power cut would.
    pub(in crate::adapters) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.log_reader.abort();
            running.group.kill();
        }
    }

    fn fail(&mut self, failure: &Failure, what: &str) -> SubjectError {
        let (unread, progress) = self.running.as_ref().map_or((None, Progress::Written), |it| {
            let unread = it.lines.unread().split(|byte| *byte == b'\n').next().unwrap_or_default();
            ((!unread.is_empty()).then(|| shortened(unread)), it.lines.progress())
        });
        let patience = match failure {
            // It may be about to exit: how it does so is the better message.
            Failure::Line(LineError::Closed) | Failure::Orphaned => self.options.grace,
            _ => Duration::ZERO,
        };
        let (ended, log) = self.stop(patience);
        let partly = |text: &str| unread.map_or(String::new(), |line| format!("{text}{line}"));
        match failure {
            Failure::Line(LineError::Closed) => {
                let ended =
                    ended.as_deref().unwrap_or("it closed its output, but goes on running,");
                let partly = partly("; its last line has no end: ");
                SubjectError::Exited {
                    message: format!("{ended} before it answered {what}{partly}"),
                    log,
                }
            }
            Failure::Line(LineError::Io(error)) => SubjectError::Exited {
                message: format!("its pipes failed at {what}: {error}"),
                log,
            },
            Failure::Line(LineError::TooLong) => {
                let limit = self.options.line_bytes_max;
                let (partly, log) = (partly(": "), log_text(&log));
                SubjectError::Broken {
                    message: format!(
                        "its answer to {what} is longer than {limit} bytes{partly}{log}"
                    ),
                }
            }
            Failure::Line(LineError::Unasked) => {
                let (partly, log) = (partly(": "), log_text(&log));
                SubjectError::Broken {
                    message: format!("it wrote before it was asked {what}{partly}{log}"),
                }
            }
            Failure::Orphaned => {
                let ended = ended.as_deref().unwrap_or("it ended");
                SubjectError::Exited {
                    message: format!(
                        "{ended} before it answered {what}; a process that it started holds its \
                         output open"
                    ),
                    log,
                }
            }
            Failure::Interrupted => SubjectError::Interrupted,
            Failure::TimedOut(limit) => {
                let verb = if progress == Progress::Writing { "read" } else { "answer" };
                let limit = limit.as_millis();
                let partly = partly(", but wrote a line without an end: ");
                SubjectError::TimedOut {
                    message: format!("it did not {verb} {what} within {limit} ms{partly}"),
                    log,
                }
            }
        }
    }

    /// Ends the process, after waiting so long that it exits by itself. Returns how it exited, if
    /// it did, and the last lines of its log.
    fn stop(&mut self, patience: Duration) -> (Option<String>, Vec<String>) {
        let Some(running) = self.running.take() else { return (None, Vec::new()) };
        let grace = self.options.grace;
        self.runtime.as_ref().expect(ALIVE).block_on(async move {
            let exited = timeout(patience, running.group.exited()).await.is_ok();
            let Running { group, lines, log, log_reader } = running;
            drop(lines);
            let status = group.end(Duration::ZERO, grace).await;
            (exited.then(|| describe_exit(status)), last_lines(&log, log_reader).await)
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if Handle::try_current().is_err() {
            self.close();
            return;
        }
        // Inside another runtime one cannot wait: the group is killed without grace.
        self.running = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Running {
    fn start(command: &[OsString], options: &Options) -> Result<Self, SubjectError> {
        let name = || command.first().map_or(String::new(), |name| name.to_string_lossy().into());
        let not_started = |error: io::Error| SubjectError::NotStarted {
            message: format!("`{}`: {error}", name()),
        };
        let mut group = ProcessGroup::spawn(command, options).map_err(not_started)?;
        let child = group.child();
        let stdin = child.stdin.take().expect("all three streams are piped");
        let stdout = child.stdout.take().expect("all three streams are piped");
        let stderr = child.stderr.take().expect("all three streams are piped");
        let stdin = ChildStdin::from_std(stdin).map_err(not_started)?;
        let stdout = ChildStdout::from_std(stdout).map_err(not_started)?;
        let stderr = ChildStderr::from_std(stderr).map_err(not_started)?;
        let log = Arc::new(Mutex::new(Tail::new(options.log_lines)));
        let log_reader = tokio::spawn(read_log(stderr, Arc::clone(&log)));
        let lines = Lines::new(EagerOutput(stdout), EagerInput(stdin), options.line_bytes_max);
        Ok(Self { group, lines, log, log_reader })
    }

    async fn close(self, grace: Duration) -> Ending {
        let Self { group, lines, log_reader, .. } = self;
        let mut output = lines.unread().to_vec();
        let mut reader = lines.into_reader();
        let mut chunk = vec![0; 4096];
        let rest = async {
            while let Ok(count @ 1..) = reader.read(&mut chunk).await {
                if output.len() < chunk.len() {
                    output.extend_from_slice(&chunk[..count]);
                }
            }
            group.exited().await;
        };
        let by_itself = timeout(grace, rest).await.is_ok();
        let status = group.end(Duration::ZERO, grace).await;
        log_reader.abort();
        Ending { status, by_itself, output }
    }
}

/// Why there is a runtime.
const ALIVE: &str = "it is taken only when this value is dropped";

async fn read_log(mut stderr: ChildStderr, log: Arc<Mutex<Tail>>) {
    let mut part = vec![0; 16 << 10];
    while let Ok(count @ 1..) = stderr.read(&mut part).await {
        log.lock().unwrap_or_else(PoisonError::into_inner).push(&part[..count]);
    }
}

/// The last lines of the log of a process that is gone.
async fn last_lines(log: &Mutex<Tail>, mut reader: JoinHandle<()>) -> Vec<String> {
    if timeout(LAST_WORDS, &mut reader).await.is_err() {
        reader.abort();
    }
    log.lock().unwrap_or_else(PoisonError::into_inner).lines()
}
