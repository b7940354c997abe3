//! The conformance kit for adapters says what is right and what is wrong, and is not fooled.

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use syncheck::adapters::{CheckOutcome, CheckResult, Options, SampleCase, check};
use syncheck::machine::{self, Input, PeerId, Time};

mod support;
#[expect(dead_code, reason = "other tests need the rest")]
#[path = "../src/adapters/toy.rs"]
mod toy;

use support::python;
use toy::{Start, Toy};

fn checked(command: Vec<OsString>, grace_ms: u64) -> Vec<CheckResult> {
    let options = Options {
        reply_timeout: Duration::from_secs(1),
        grace: Duration::from_millis(grace_ms),
        ..Options::default()
    };
    let sample = SampleCase {
        start: Start { delay_ms: 10 },
        inputs: vec![(Time::from_millis(5), Input::Message { peer: PeerId(1), message: 1 })],
    };
    check::<Toy>(command, options, false, &[sample], |_| ())
}

fn wrong(results: &[CheckResult]) -> Vec<&'static str> {
    results.iter().filter(|it| it.outcome == CheckOutcome::Wrong).map(|it| it.id).collect()
}

#[test]
fn a_child_that_says_yes_to_everything_is_found_out() {
    let Some(command) = python("hostile.py", &["", "toy"]) else { return };
    let results = checked(command, 3_000);
    let expected = [
        "refuses-unknown-version",
        "refuses-unknown-family",
        "refuses-unknown-request",
        "refuses-unknown-input",
        "refuses-outside-case",
        "acts",
        "restarts",
    ];
    assert_eq!(wrong(&results), expected, "{results:#?}");
    assert!(results.iter().all(|result| !result.note.is_empty()));
}

/// What came of one rule.
fn outcome(results: &[CheckResult], id: &str) -> CheckOutcome {
    results.iter().find(|it| it.id == id).expect("it is tried").outcome
}

#[test]
fn a_timer_that_ticks_without_effect_is_no_broken_promise() {
    let Some(command) = python("hostile.py", &["ticker", "toy"]) else { return };
    assert_eq!(outcome(&checked(command, 3_000), "keeps-its-deadline"), CheckOutcome::Right);
    let Some(command) = python("hostile.py", &["early-ticker", "toy"]) else { return };
    assert_eq!(outcome(&checked(command, 3_000), "keeps-its-deadline"), CheckOutcome::Wrong);
}

#[test]
fn a_case_may_turn_out_to_be_unsupported_when_it_has_begun() {
    let Some(command) = python("hostile.py", &["partial", "toy"]) else { return };
    let results = checked(command, 3_000);
    let supports = results.iter().find(|it| it.id == "supports-cases").expect("it is tried");
    assert!(supports.note.contains("none of 1 cases: this delivery"), "{}", supports.note);
}

#[test]
fn a_child_that_does_not_greet_is_asked_no_more() {
    let Some(command) = python("hostile.py", &["dies-at-hello", "toy"]) else { return };
    let results = checked(command, 3_000);
    assert_eq!(results.len(), 1);
    assert_eq!((results[0].id, results[0].outcome), ("hello", CheckOutcome::Wrong));
    assert!(results[0].note.contains("status 3"), "{}", results[0].note);
}

#[test]
fn each_fault_is_named() {
    let cases = [
        ("outlives-its-input", "ends-with-its-input"),
        ("acts-too-late", "keeps-within-span"),
        ("answers-twice", "nothing-but-replies"),
        ("dies-at-end", "many-cases"),
    ];
    for (mode, id) in cases {
        let Some(command) = python("hostile.py", &[mode, "toy"]) else { return };
        let results = checked(command, 50);
        assert!(wrong(&results).contains(&id), "{mode}: {results:#?}");
    }
}

/// Runs the kit of the command line with a seed on a tape.
fn check_tape(seed: &str, arguments: &[&str]) -> Option<(i32, String)> {
    let command = python("tape.py", arguments)?;
    let output = Command::new(env!("CARGO_BIN_EXE_syncheck"))
        .args(["adapter", "check", "--seed", seed, "--"])
        .args(command)
        .output()
        .expect("syncheck runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some((output.status.code().unwrap_or(-1), text))
}

/// All that an adapter was ever asked does not help it with the next questions.
#[test]
fn a_tape_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("tape").to_string_lossy().into_owned();
    let reference = [env!("CARGO_BIN_EXE_syncheck"), "serve", "headers-first"];
    let record = ["record", &tape].into_iter().chain(reference).collect::<Vec<_>>();
    let Some((code, text)) = check_tape("1", &record) else { return };
    assert_eq!(code, 0, "{text}");
    let (code, text) = check_tape("2", &["play", &tape]).unwrap();
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("FAIL acts"), "{text}");
}

/// Whoever speaks to peers of the past is found out although it answers in form.
#[test]
fn a_child_that_speaks_to_nobody_is_found_out() {
    let Some(command) = python("hostile.py", &["speaks-to-number-1", "toy"]) else { return };
    let results = checked(command, 3_000);
    let told = results.iter().find(|result| result.id == "keeps-to-peers").unwrap();
    assert_eq!(told.outcome, CheckOutcome::Wrong, "{told:?}");
    assert!(told.note.contains("p1, which was never connected"), "{told:?}");
}
