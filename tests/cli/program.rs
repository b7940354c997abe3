use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The built program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_syncheck");

/// A faulty machine of ours that breaks a *must* claim in its first cases.
pub(crate) const MUTANT: &str = "unknown-message-punished";

/// The claim that it breaks.
pub(crate) const CLAIM: &str = "honest-peer-kept";

/// A folder of its own, gone at the end of the test, in which the program runs.
pub(crate) struct Folder(TempDir);

/// How the program ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The saved findings.
    pub(crate) fn saved(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path().join("syncheck-regressions")) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

impl Ended {
    /// Standard output as JSON lines.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The last line, which sums all up.
    pub(crate) fn summary(&self) -> Value {
        let last = self.objects().pop().expect("there is output");
        assert_eq!(last["type"], "summary");
        last
    }
}
