use std::ffi::OsStr;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// A mark in the environment of a child, by which processes are found that left its group.
#[derive(Debug)]
pub(super) struct Mark {
    // Only read where processes can be found by it.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there is no /proc"))]
    own: String,
}

/// A harness below a harness adds its mark to the outer one.
const VARIABLE: &str = "SYNCHECK_CHILD";

impl Mark {
    /// Marks a command that is about to be run.
    pub(super) fn put(command: &mut Command) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let own = format!("<{}.{number}>", std::process::id());
        let mut value = std::env::var_os(VARIABLE).unwrap_or_default();
        value.push(OsStr::new(&own));
        command.env(VARIABLE, value);
        Self { own }
    }

    /// Kills all processes that carry the mark.
    #[cfg(target_os = "linux")]
    pub(super) fn kill_all(&self) {
        linux::kill_all(&self.own);
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn kill_all(&self) {}
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::thread;
    use std::time::Duration;

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    /// A process may fork while it is looked for; but not for ever faster than we look.
    const ROUNDS: u32 = 100;

    /// A process shows no environment while it loads its program. Some never have one.
    const LOADING_ROUNDS: u32 = 10;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    enum Found {
        Nothing,
        Loading,
        Marked,
    }

    #[expect(clippy::disallowed_methods, reason = "a killed process takes a moment to go")]
    pub(super) fn kill_all(mark: &str) {
        let mut loading = 0;
        for _ in 0..ROUNDS {
            match kill_once(mark) {
                Found::Nothing => return,
                Found::Loading if loading == LOADING_ROUNDS => return,
                Found::Loading => loading += 1,
                Found::Marked => {}
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn kill_once(mark: &str) -> Found {
        let Ok(entries) = fs::read_dir("/proc") else { return Found::Nothing };
        let mut found = Found::Nothing;
        for entry in entries.flatten() {
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let Some(pid) = number.and_then(Pid::from_raw) else { continue };
            // The number may go to another process at any time, but not while this is open.
            let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
            let Ok(environment) = fs::read(entry.path().join("environ")) else { continue };
            if environment.windows(mark.len()).any(|part| part == mark.as_bytes()) {
                if pidfd_send_signal(&process, Signal::KILL).is_ok() {
                    found = Found::Marked;
                }
            } else if environment.is_empty() && entry.path().join("exe").read_link().is_ok() {
                found = found.max(Found::Loading);
            }
        }
        found
    }
}
