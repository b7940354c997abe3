use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::time::{sleep, timeout};

use super::stragglers::Mark;
use super::{Environment, Options};

/// A child process and all processes that it starts in its group.
///
/// The child is reaped last: until then no other group can get its number, so a signal to the
/// group never hits a stranger.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    child: Child,
    leader: Pid,
    mark: Mark,
    reaped: bool,
}

impl ProcessGroup {
    /// Starts a program in a group of its own, with pipes for all three streams.
    pub(super) fn spawn(command: &[OsString], options: &Options) -> io::Result<Self> {
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Environment::Only(variables) = &options.environment {
            command.env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
        }
        if let Some(directory) = &options.directory {
            command.current_dir(directory);
        }
        let mark = Mark::put(&mut command);
        let child = command.spawn()?;
        let leader = Pid::from_child(&child);
        let mut group = Self { child, leader, mark, reaped: false };
        if let Some(bytes) = options.memory_bytes_max
            && let Err(error) = limit_memory(leader, bytes)
        {
            group.kill();
            return Err(io::Error::new(error.kind(), format!("its memory limit: {error}")));
        }
        Ok(group)
    }

    /// The child, for its pipes.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The group's number, which is the child's.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns when the child has exited. It is not reaped.
    pub(super) async fn exited(&self) {
        let mut pause = Duration::from_micros(250);
        while !self.has_exited() {
            sleep(pause).await;
            pause = (2 * pause).min(Duration::from_millis(20));
        }
    }

    /// Ends the whole group: by itself, then politely, then by force. Returns how the child ended.
    pub(super) async fn end(mut self, patience: Duration, grace: Duration) -> Option<ExitStatus> {
        if timeout(patience, self.exited()).await.is_err() {
            self.signal(Signal::TERM);
            // A moment for those that catch the signal.
            drop(timeout(grace, self.exited()).await);
        }
        self.kill()
    }

    fn has_exited(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        !matches!(waitid(WaitId::Pid(self.leader), options), Ok(None))
    }

    fn signal(&self, signal: Signal) {
        // The only failure is that nobody is left.
        let _ = kill_process_group(self.leader, signal);
    }

    /// Ends the whole group at once, and what has left it.
    pub(super) fn kill(&mut self) -> Option<ExitStatus> {
        self.signal(Signal::KILL);
        self.mark.kill_all();
        self.reaped = true;
        self.child.wait().ok()
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
        }
    }
}

/// Bounds the address space of a process and of those that it starts from now on.
#[cfg(target_os = "linux")]
fn limit_memory(process: Pid, bytes: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, prlimit};
    let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
    match prlimit(Some(process), Resource::As, limit) {
        // It is gone already; how it went is the better message.
        Ok(_) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_memory(_: Pid, _: u64) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// How a process ended, in words.
pub(super) fn describe_exit(status: Option<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    let Some(status) = status else { return "it ended".to_owned() };
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it exited with status {code}"),
        (None, Some(signal)) => format!("it was killed by signal {signal}"),
        (None, None) => format!("it ended with {status}"),
    }
}
