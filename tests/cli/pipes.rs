use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Folder, MUTANT, PROGRAM};

/// A search without an end of its own: what the test does not end, ends by itself.
const ENDLESS: [&str; 6] = ["--cases", "100000000", "--time-limit", "60s", "--format", "json"];

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    for arguments in [
        &["list"][..],
        &["list", "--format", "json"],
        &["--help"],
        &["completions", "zsh"],
        &["run", "headers-first", "--cases", "50", "--format", "json"],
    ] {
        let mut child = folder
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        let status = child.wait().unwrap();
        assert!(!log.contains("panicked"), "{arguments:?}: {log}");
        assert!(status.code().is_some_and(|code| code < 100), "{arguments:?}: {status}");
    }
}

#[test]
fn nothing_odd_is_written_where_there_is_no_terminal() {
    let folder = Folder::new();
    for format in ["text", "json"] {
        let ended = folder.run(&["run", "headers-first", "--cases", "200", "--format", format]);
        assert_eq!(ended.stderr, "");
        assert!(!ended.stdout.contains(['\u{1b}', '\r']), "{}", ended.stdout);
    }
}

#[test]
fn an_interrupted_search_says_what_it_has_done() {
    let folder = Folder::new();
    let child = folder
        .command(&[&["run", "headers-first"][..], &ENDLESS].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = Pid::from_child(&child);
    interrupt_after(id, Duration::from_millis(700));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let last: serde_json::Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "summary");
    assert_eq!(last["verdict"], "interrupted");
}

#[test]
fn what_was_found_before_an_interrupt_is_kept() {
    let folder = Folder::new();
    let arguments = [&["run", "--max-findings", "99"][..], &ENDLESS].concat();
    let subject = ["--", PROGRAM, "serve", "headers-first", "--mutant", MUTANT];
    let mut child = folder
        .command(&[&arguments[..], &subject[..]].concat())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let id = Pid::from_child(&child);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_finding = |line: &String| line.starts_with(r#"{"type":"finding""#);
    let found = lines.by_ref().map(Result::unwrap).find(is_finding);
    assert!(found.is_some());
    kill_process(id, Signal::INT).unwrap();
    let last = lines.last().unwrap().unwrap();
    assert!(last.contains(r#""verdict":"fail""#), "{last}");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(!folder.saved().is_empty());
}

fn interrupt_after(process: Pid, time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "a signal comes at a real time")]
    std::thread::sleep(time);
    kill_process(process, Signal::INT).unwrap();
}
