//! The conformance kit for adapters says what is right and what is wrong, and is not fooled.

use std::ffi::OsString;
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
    check::<Toy>(command, options, &[sample], |_| ())
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
        "acts",
        "restarts",
    ];
    assert_eq!(wrong(&results), expected, "{results:#?}");
    assert!(results.iter().all(|result| !result.note.is_empty()));
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
