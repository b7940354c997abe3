//! What the tests of child processes share.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A file under `fixtures/adapters`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/adapters").join(name)
}

/// Whether there is a Python that is young enough.
pub(crate) fn has_python() -> bool {
    Command::new("python3")
        .args(["-c", "import sys; sys.exit(sys.version_info < (3, 9))"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command of a Python fixture; `None`, said loudly, if there is no Python.
pub(crate) fn python(script: &str, arguments: &[&str]) -> Option<Vec<OsString>> {
    if !has_python() {
        eprintln!("SKIPPED: there is no python3 of version 3.9 or later to run {script}");
        return None;
    }
    let mut command = vec!["python3".into(), fixture(script).into_os_string()];
    command.extend(arguments.iter().map(Into::into));
    Some(command)
}
