//! Subjects that crash, hang, leak, drop everybody, answer at random: each ends in a verdict, and
//! none outlives a search that is ended.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::{Ended, Folder};

/// The command of the unsteady subject; none, said loudly, if there is no Python.
fn unsteady(mode: &str) -> Option<Vec<String>> {
    let young = "import sys; sys.exit(sys.version_info < (3, 9))";
    if !Command::new("python3").args(["-c", young]).status().is_ok_and(|it| it.success()) {
        eprintln!("SKIPPED: there is no python3 of version 3.9 or later");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/adapters/unsteady.py");
    Some(vec!["--".into(), "python3".into(), script.to_str().unwrap().into(), mode.into()])
}

fn run(folder: &Folder, arguments: &[&str], mode: &str) -> Option<Ended> {
    let subject = unsteady(mode)?;
    let subject: Vec<&str> = subject.iter().map(String::as_str).collect();
    let common = ["run", "headers-first", "--jobs", "1", "--format", "json"];
    Some(folder.run(&[&common[..], arguments, &subject].concat()))
}

fn findings(ended: &Ended) -> Vec<Value> {
    ended.objects().into_iter().filter(|it| it["type"] == "finding").collect()
}

#[test]
fn a_crash_is_shrunk_saved_and_replayed() {
    let folder = Folder::new();
    let Some(ended) = run(&folder, &["--cases", "64", "--shrink-runs", "40"], "crash") else {
        return;
    };
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let found = findings(&ended);
    assert_eq!(found[0]["claim"], "never-panics-or-hangs");
    assert!(found[0]["got"].as_str().unwrap().contains("exited"), "{}", found[0]["got"]);
    let log = found[0]["log"].to_string();
    assert!(log.contains("no slot for peer"), "{log}");
    let shape = found[0]["shape"].as_str().unwrap();
    assert!(shape.contains("RuntimeError no slot for peer # at # ms"), "{shape}");
    assert!(found[0]["inputs"].as_u64() <= found[0]["inputs_before"].as_u64());
    let file = folder.saved()[0].to_str().unwrap().to_owned();
    let subject = unsteady("crash").unwrap();
    let subject: Vec<&str> = subject.iter().map(String::as_str).collect();
    let again = folder.run(&[&["replay", &file][..], &subject].concat());
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stdout.contains("FAIL never-panics-or-hangs"), "{}", again.stdout);
    assert!(again.stdout.contains("no slot for peer"), "{}", again.stdout);
}

#[test]
fn a_crash_of_the_37th_case_is_flaky_and_the_search_goes_on() {
    let folder = Folder::new();
    let Some(ended) = run(&folder, &["--cases", "96"], "crash-37") else { return };
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let found = findings(&ended);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["flaky"], serde_json::json!({"shown": 0, "of": 5}));
    assert!(found[0]["log"].to_string().contains("the journal of case 37 is torn"));
    let summary = ended.summary();
    assert_eq!(summary["cases"], 96);
    assert_eq!((&summary["findings"], &summary["flaky"]), (&0.into(), &1.into()));
    assert_eq!(folder.saved().len(), 1, "its scenario is kept");
    // What is saved goes first, and does not end the next search either.
    let again = run(&folder, &["--cases", "16"], "crash-37").unwrap();
    assert_eq!(again.summary()["regressions"], 1);
    assert_eq!(again.code, Some(0), "{again:?}");
}

#[test]
fn a_subject_that_answers_at_random_is_named_once() {
    let folder = Folder::new();
    let Some(ended) = run(&folder, &["--cases", "48", "--max-findings", "9"], "random") else {
        return;
    };
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.summary()["cases"], 48);
    assert!(ended.summary()["flaky"].as_u64() > Some(0), "{ended:?}");
    assert_eq!(ended.stderr.matches("is not deterministic").count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("  one    ") && ended.stderr.contains("  other  "));
}

#[test]
fn a_subject_that_stops_answering_is_a_finding() {
    let folder = Folder::new();
    let arguments = ["--cases", "64", "--reply-timeout", "1s", "--shrink-runs", "20"];
    let Some(ended) = run(&folder, &arguments, "hang") else { return };
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let found = findings(&ended);
    assert_eq!(found[0]["claim"], "never-panics-or-hangs");
    assert!(found[0]["got"].as_str().unwrap().contains("did not answer"), "{}", found[0]["got"]);
    assert_eq!(found[0]["flaky"], Value::Null);
}

#[test]
fn a_subject_that_leaks_beyond_its_memory_is_a_finding() {
    let folder = Folder::new();
    let arguments = ["--cases", "64", "--memory-limit", "200MiB", "--shrink-runs", "9"];
    let Some(ended) = run(&folder, &arguments, "leak") else { return };
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let found = findings(&ended);
    assert_eq!(found[0]["claim"], "never-panics-or-hangs");
    assert!(found[0]["log"].to_string().contains("MemoryError"), "{found:?}");
}

#[test]
fn a_subject_that_drops_everybody_is_a_finding() {
    let folder = Folder::new();
    let arguments = ["--cases", "32", "--without", "honest-peer-kept", "--shrink-runs", "20"];
    let Some(ended) = run(&folder, &arguments, "drop") else { return };
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let found = findings(&ended);
    assert_eq!(found[0]["claim"], "convergence");
    assert!(found[0]["got"].as_str().unwrap().contains("it dropped"), "{}", found[0]["got"]);
}

/// Ends a search a moment after a line of its output, and says how it ended and how long that took.
fn ended_by(
    signal: Signal,
    folder: &Folder,
    arguments: &[&str],
    is_due: impl Fn(&str) -> bool,
) -> (Option<i32>, Vec<String>, Duration) {
    let mut child = folder.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut seen: Vec<String> = Vec::new();
    for line in lines.by_ref() {
        let due = is_due(&line);
        seen.push(line);
        if due {
            break;
        }
    }
    wait(Duration::from_millis(700));
    kill_process(Pid::from_child(&child), signal).unwrap();
    let began = now();
    seen.extend(lines);
    let status = child.wait().unwrap();
    (status.code(), seen, began.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "a signal comes at a real time")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

#[expect(clippy::disallowed_methods, reason = "an end in time is measured by the clock")]
fn now() -> Instant {
    Instant::now()
}

/// What a signal may take: a busy machine takes longer than the second that it is meant to be.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_signal_ends_a_search_that_waits_for_its_subject() {
    let Some(subject) = unsteady("hang-at-once") else { return };
    let subject: Vec<&str> = subject.iter().map(String::as_str).collect();
    for signal in [Signal::TERM, Signal::INT] {
        let folder = Folder::new();
        let common = ["run", "headers-first", "--reply-timeout", "600s", "--format", "json"];
        let arguments = [&common[..], &subject].concat();
        let (code, lines, took) =
            ended_by(signal, &folder, &arguments, |line| line.contains("regressions"));
        assert_eq!(code, Some(130), "{lines:?}");
        assert!(lines.last().unwrap().contains(r#""verdict":"interrupted""#), "{lines:?}");
        assert!(took < SOON, "it took {took:?}");
    }
}

#[test]
fn a_time_limit_ends_a_search_that_waits_for_its_subject() {
    let folder = Folder::new();
    let arguments = ["--reply-timeout", "600s", "--time-limit", "1s"];
    let began = now();
    let Some(ended) = run(&folder, &arguments, "hang-at-once") else { return };
    assert_eq!(ended.code, Some(2), "no case ran: {ended:?}");
    assert!(began.elapsed() < SOON);
}

#[test]
fn a_finding_whose_shrinking_is_ended_is_saved() {
    let Some(subject) = unsteady("slow-crash") else { return };
    let subject: Vec<&str> = subject.iter().map(String::as_str).collect();
    let folder = Folder::new();
    let common = ["run", "headers-first", "--jobs", "1", "--time-limit", "4s", "--format", "json"];
    let ended = folder.run(&[&common[..], &subject].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let found = findings(&ended);
    assert_eq!(found[0]["claim"], "never-panics-or-hangs");
    assert_eq!(found[0]["cut_short"], true);
    assert_eq!(folder.saved().len(), 1);
    assert!(ended.summary()["elapsed_ms"].as_u64() < Some(14_000), "{}", ended.summary());
}

#[test]
fn a_replay_leaves_claims_out() {
    let folder = Folder::new();
    let arguments = ["--cases", "32", "--without", "honest-peer-kept", "--shrink-runs", "20"];
    let Some(ended) = run(&folder, &arguments, "drop") else { return };
    assert_eq!(findings(&ended)[0]["claim"], "convergence");
    let file = folder.saved()[0].to_str().unwrap().to_owned();
    let subject = unsteady("drop").unwrap();
    let subject: Vec<&str> = subject.iter().map(String::as_str).collect();
    let replay = |more: &[&str]| {
        folder.run(&[&["replay", &file, "--format", "json"][..], more, &subject].concat())
    };
    // One run shows all that is broken in it.
    let claims = replay(&[]).summary()["claims"].to_string();
    assert!(claims.contains("honest-peer-kept") && claims.contains("convergence"), "{claims}");
    let claims = replay(&["--without", "honest-peer-kept"]).summary()["claims"].to_string();
    assert!(!claims.contains("honest-peer-kept") && claims.contains("convergence"), "{claims}");
    assert_eq!(replay(&["--without", "no-such-claim"]).code, Some(2));
}
