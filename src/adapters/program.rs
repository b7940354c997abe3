use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Runs a program to its end. When `stop` becomes true it is asked to end, as by SIGTERM, and
/// waited for: it has something to save. It has a process group of its own, so that a Ctrl-C
/// reaches it once, through us.
///
/// # Errors
/// When it cannot be started or waited for.
#[expect(clippy::disallowed_methods, reason = "another program is waited for")]
pub fn run_program(command: &mut Command, stop: &AtomicBool) -> io::Result<ExitStatus> {
    let mut program = command.process_group(0).spawn()?;
    let mut is_told = false;
    loop {
        if let Some(status) = program.try_wait()? {
            return Ok(status);
        }
        if stop.load(Ordering::Relaxed) && !is_told {
            is_told = true;
            let id = i32::try_from(program.id()).ok().and_then(Pid::from_raw);
            // One that is gone already need not be told.
            let _ = id.map(|id| kill_process(id, Signal::TERM));
        }
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::atomic::AtomicBool;

    use super::run_program;

    #[test]
    fn the_exit_code_of_a_program_is_its_own() {
        let stop = AtomicBool::new(false);
        let status = run_program(Command::new("sh").args(["-c", "exit 7"]), &stop).unwrap();
        assert_eq!(status.code(), Some(7));
    }

    #[test]
    fn a_program_that_shall_stop_is_asked_to() {
        let stop = AtomicBool::new(true);
        let script = "trap 'exit 9' TERM; while :; do sleep 0.01; done";
        let status = run_program(Command::new("sh").args(["-c", script]), &stop).unwrap();
        assert!(!status.success(), "{status}");
    }
}
