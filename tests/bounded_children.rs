//! Where a child runs, what it may have, what it leaves, and how it dies when it shall.

#![expect(clippy::unwrap_used, reason = "a test whose child does not run fails")]

use std::ffi::OsString;
use std::path::PathBuf;

use syncheck::adapters::{ChildProcess, Environment, Options};
use syncheck::machine::{self, Input, Outbox, Output, PeerId, Subject, SubjectError, Time};

mod support;
#[expect(dead_code, reason = "other tests need the rest")]
#[path = "../src/adapters/toy.rs"]
mod toy;

use support::python;
use toy::{Start, Toy};

/// What the durable child says after it was killed in the middle of a case.
fn counted_after_death(arguments: &[&str]) -> Option<Vec<Output<Toy>>> {
    let command = python("durable.py", arguments)?;
    let mut child = ChildProcess::<Toy>::spawn(command, Options::default()).unwrap();
    let mut out = Outbox::new();
    for _ in 0..2 {
        // Each case has a directory of its own: the second counts from zero again.
        child.begin(&Start { delay_ms: 1 }, &mut out).unwrap();
        for message in 0..3 {
            let input = Input::Message { peer: PeerId(1), message };
            child.deliver(Time::ZERO, input, &mut out).unwrap();
        }
        let before = child.group_id();
        child.restart(Time::from_millis(5), &mut out).unwrap();
        assert_ne!(child.group_id(), before, "it is a new process");
        child.end().unwrap();
    }
    Some(out.drain().collect())
}

#[test]
fn a_restart_with_a_directory_is_a_real_one() {
    let event = |event| Output::Event { event };
    if let Some(outputs) = counted_after_death(&[]) {
        assert_eq!(outputs, [event(3), event(3)]);
    }
    if let Some(outputs) = counted_after_death(&["forgetful"]) {
        assert_eq!(outputs, [event(0), event(0)]);
    }
}

/// What a shell script writes before it fails to be a subject.
fn said(script: &str, options: Options) -> String {
    let command: Vec<OsString> = ["/bin/sh", "-c", script].iter().map(Into::into).collect();
    let error = ChildProcess::<Toy>::spawn(command, options).unwrap_err();
    assert!(!matches!(error, SubjectError::NotStarted { .. }), "{error}");
    error.to_string()
}

#[test]
fn the_environment_can_be_empty() {
    let variable = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
    let environment = Environment::Only(vec![variable("GREETING", "good day")]);
    let options = Options { environment, ..Options::default() };
    let said = said("env >&2; echo \"${HOME-none} ${PATH-none} $GREETING\"", options);
    assert!(said.contains("none") && said.contains("good day"), "{said}");
    assert!(!said.contains("CARGO"), "{said}");
    assert!(said.contains("SYNCHECK_CHILD="), "{said}");
}

#[test]
fn the_directory_can_be_another() {
    let directory = std::env::temp_dir().canonicalize().unwrap();
    let options = Options { directory: Some(directory.clone()), ..Options::default() };
    let said = said("pwd", options);
    assert!(said.contains(&directory.to_string_lossy().into_owned()), "{said}");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let options =
        Options { directory: Some(PathBuf::from("/no/such/place")), ..Options::default() };
    let error = ChildProcess::<Toy>::spawn(vec!["true".into()], options).unwrap_err();
    assert!(matches!(error, SubjectError::NotStarted { .. }), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_limited() {
    let options = Options { memory_bytes_max: Some(64 << 20), ..Options::default() };
    // The limit comes right after the start: a moment later it is there.
    let said = said("sleep 0.2; ulimit -v", options);
    assert!(said.contains("`65536`"), "{said}");
}
