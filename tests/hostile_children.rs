//! Children that misbehave in every way that we could think of: each ends in an error that names
//! the cause, within its time-out, and nothing of it is left.
#![expect(clippy::disallowed_methods, reason = "time-outs are measured by the clock")]

use std::ffi::OsString;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use syncheck::adapters::{ChildProcess, Options};
use syncheck::machine::{self, Input, Outbox, PeerId, Subject, SubjectError, Time};

mod support;
#[expect(dead_code, reason = "other tests need the rest")]
#[path = "../src/adapters/toy.rs"]
mod toy;

use support::python;
use toy::{Start, Toy};

/// The kinds of errors, for tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Broken,
    Exited,
    NotStarted,
    TimedOut,
    Unsupported,
}
use Kind::{Broken, Exited, NotStarted, TimedOut, Unsupported};

fn kind(error: &SubjectError) -> Kind {
    match error {
        SubjectError::Broken { .. } => Broken,
        SubjectError::Exited { .. } => Exited,
        SubjectError::NotStarted { .. } => NotStarted,
        SubjectError::TimedOut { .. } => TimedOut,
        SubjectError::Unsupported { .. } => Unsupported,
        SubjectError::Panicked { .. } => panic!("no child panics in this process: {error}"),
    }
}

fn options() -> Options {
    Options {
        hello_timeout: Duration::from_secs(10),
        reply_timeout: Duration::from_millis(700),
        grace: Duration::from_millis(200),
        line_bytes_max: 1 << 20,
        ..Options::default()
    }
}

/// Runs a case to its end.
fn run(command: Vec<OsString>, options: Options) -> Result<(), SubjectError> {
    let mut child = ChildProcess::<Toy>::spawn(command, options)?;
    run_case(&mut child)?;
    run_case(&mut child)
}

fn run_case(child: &mut ChildProcess<Toy>) -> Result<(), SubjectError> {
    let mut out = Outbox::new();
    child.begin(&Start { delay_ms: 10 }, &mut out)?;
    for message in [1, 2] {
        let at = Time::from_millis(u64::from(message));
        child.deliver(at, Input::Message { peer: PeerId(1), message }, &mut out)?;
        child.advance(at, at + 1, &mut out)?;
    }
    child.end()
}

/// Runs `hostile.py` in each mode; all parts of the message have to be there.
fn try_modes(modes: &[(&str, Kind, &[&str])]) {
    for (mode, expected, parts) in modes {
        // Where no time-out is expected, a busy machine shall not cause one.
        let patience = if *expected == TimedOut { 700 } else { 10_000 };
        let options = Options { reply_timeout: Duration::from_millis(patience), ..options() };
        let Some(error) = hostile_error(mode, options) else { return };
        assert_eq!(kind(&error), *expected, "{mode}: {error}");
        let text = error.to_string();
        for part in *parts {
            assert!(text.contains(part), "{mode}: no {part:?} in {text}");
        }
        assert!(text.len() < 5_000, "{mode}: the message has {} bytes", text.len());
    }
}

/// What comes of a mode; `None` without Python.
fn hostile_error(mode: &str, options: Options) -> Option<SubjectError> {
    let token = token();
    let command = python("hostile.py", &[mode, "toy", &token])?;
    let limit = options.hello_timeout + options.reply_timeout + 4 * options.grace;
    let began = Instant::now();
    let result = run(command, options);
    let took = began.elapsed();
    assert!(took < limit + Duration::from_secs(2), "{mode}: it took {took:?}");
    assert_gone(&token, mode);
    Some(result.expect_err(mode))
}

/// An argument that no other process has.
fn token() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("token-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Waits until no process has `token` among its arguments.
fn assert_gone(token: &str, context: &str) {
    let began = Instant::now();
    loop {
        let left = processes_with(token);
        if left.is_empty() {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{context}: still running: {left:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The command lines of all processes with this argument; those that are dead but not yet reaped
/// by their parent have none.
fn processes_with(token: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let own = std::process::id().to_string();
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy() != own)
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.split(' ').any(|argument| argument == token))
        .collect()
}

#[test]
fn a_child_that_is_no_subject() {
    try_modes(&[
        ("exits-at-start", Exited, &["status 7", "`hello` (seq 0)"]),
        ("usage", Broken, &["`usage: node [--port N]`", "`hello`"]),
        ("chatters-at-start", Broken, &["`node started`"]),
        ("other-version", Broken, &["protocol version 2"]),
        ("unsupported-version", Unsupported, &["protocol version 1"]),
        ("other-family", Unsupported, &["family toy", "chess"]),
        ("hello-without-about", Broken, &["no field `about`"]),
        ("hello-with-unknown-field", Broken, &["unknown field `mood`"]),
        ("hello-done", Broken, &["another type"]),
    ]);
}

#[test]
fn a_child_that_dies() {
    try_modes(&[
        ("dies-at-hello", Exited, &["status 3", "`hello`"]),
        ("dies-at-begin", Exited, &["status 3", "`begin` (seq 1)"]),
        ("dies-at-deliver", Exited, &["status 3", "`deliver` (seq 2)"]),
        ("dies-at-advance", Exited, &["status 3", "`advance` (seq 3)"]),
        ("dies-at-end", Exited, &["status 3", "`end` (seq 6)"]),
        ("raises", Exited, &["status 1", "RuntimeError: this peer is new to me"]),
        ("killed", Exited, &["signal 9"]),
        ("half-line-then-exit", Exited, &["status 0", r#"no end: `{"type":"done"`"#]),
        ("grandchild-keeps-stdout", Exited, &["status 3", "a process that it started"]),
    ]);
}

#[test]
fn a_child_that_hangs_at_some_stage() {
    let quick = Options { hello_timeout: Duration::from_millis(700), ..options() };
    for mode in ["hangs-at-start", "hangs-at-hello", "never-reads", "stderr-for-ever"] {
        let Some(error) = hostile_error(mode, quick.clone()) else { return };
        assert_eq!(kind(&error), TimedOut, "{mode}: {error}");
        assert!(error.to_string().contains("`hello` (seq 0) within 700 ms"), "{mode}: {error}");
    }
    try_modes(&[
        ("hangs-at-begin", TimedOut, &["`begin` (seq 1) within 700 ms"]),
        ("hangs-at-deliver", TimedOut, &["`deliver` (seq 2) within 700 ms"]),
        ("hangs-at-advance", TimedOut, &["`advance` (seq 3) within 700 ms"]),
        ("hangs-at-end", TimedOut, &["`end` (seq 6) within 700 ms"]),
    ]);
}

#[test]
fn a_child_that_keeps_us_waiting() {
    try_modes(&[
        ("hangs", TimedOut, &["`deliver` (seq 2) within 700 ms"]),
        ("late", TimedOut, &["`deliver` (seq 2) within 700 ms"]),
        ("stops", TimedOut, &["within 700 ms"]),
        ("half-line", TimedOut, &[r#"without an end: `{"type":"done"`"#]),
        ("drips", TimedOut, &["without an end: `xxxx"]),
        ("ignores-term", TimedOut, &["within 700 ms"]),
        ("grandchild", TimedOut, &["within 700 ms"]),
        ("closes-stdout", Exited, &["it closed its output, but goes on running"]),
        ("closes-all", Exited, &["it closed its output, but goes on running"]),
        ("closes-stdin", TimedOut, &["`advance` (seq 3)"]),
        ("stderr-flood-then-hang", TimedOut, &["within 700 ms", "log:", "xxxx"]),
    ]);
}

#[test]
fn a_child_that_writes_what_is_no_reply() {
    try_modes(&[
        (
            "garbage",
            Broken,
            &["`lorem ipsum dolor`", "`deliver` (seq 2)", "about to be bad: garbage"],
        ),
        ("binary", Broken, &["`deliver` (seq 2)"]),
        ("nul", Broken, &["\\u{0}"]),
        ("no-utf8", Broken, &["`deliver` (seq 2)"]),
        ("empty-line", Broken, &["``", "`deliver` (seq 2)"]),
        ("half-json", Broken, &[r#"`{"type":"done","seq":`"#]),
        ("array", Broken, &["`[1,2,3]`"]),
        ("null", Broken, &["`null`"]),
        ("number", Broken, &["`1e999`"]),
        ("deep", Broken, &["`deliver` (seq 2)", " bytes)"]),
        ("two-objects", Broken, &["trailing characters"]),
        ("duplicate-field", Broken, &["duplicate field `seq`"]),
        ("flood", Broken, &["longer than 1048576 bytes", "xxxx"]),
        ("flood-of-lines", Broken, &["wrote before it was asked `advance`"]),
        ("flood-of-replies", Broken, &["wrote before it was asked `advance`"]),
        ("answers-twice", Broken, &["wrote before it was asked `advance`", r#""seq": 2"#]),
    ]);
}

#[test]
fn a_child_whose_replies_are_wrong() {
    try_modes(&[
        ("wrong-seq", Broken, &["`deliver` (seq 2) has seq 3"]),
        ("negative-seq", Broken, &["-1"]),
        ("huge-seq", Broken, &["`deliver` (seq 2)"]),
        ("string-seq", Broken, &["invalid type: string"]),
        ("no-seq", Broken, &["missing field `seq`"]),
        ("no-type", Broken, &["missing field `type`"]),
        ("unknown-type", Broken, &["unknown variant `maybe`"]),
        ("unknown-field", Broken, &["unknown field `output`"]),
        ("unknown-output", Broken, &["unknown variant `shout`"]),
        ("unknown-output-field", Broken, &["unknown field `loud`"]),
        ("unknown-message", Broken, &["psst"]),
        ("huge-peer", Broken, &["70000"]),
        ("outputs-null", Broken, &["invalid type: null"]),
        ("misplaced-field", Broken, &["field `message`"]),
        ("misplaced-acted-at", Broken, &["`acted_at` stands only"]),
        ("old-with-capabilities", Broken, &["`capabilities`", "came with version 1.1"]),
        ("old-dials", Broken, &["`dial`", "came with version 1.1"]),
        ("old-not-before", Broken, &["`not_before`", "came with version 1.1"]),
        ("dials-unnamed", Broken, &["`dial`", "does not name the capability"]),
        ("not-before-and-deadline", Broken, &["field `not_before`"]),
        ("error", Broken, &["index out of range"]),
        ("error-without-message", Broken, &["no field `message`"]),
        ("unsupported", Unsupported, &["deliveries"]),
        ("hello-again", Broken, &["another type"]),
        ("acts-too-late", Broken, &["at 3 ms", "from 1 ms to 2 ms"]),
        ("acts-in-the-past", Broken, &["-1"]),
        ("acts-without-time", Broken, &["no `acted_at`"]),
    ]);
}

#[test]
fn a_child_that_logs_a_lot_but_answers_is_fine() {
    let token = token();
    let Some(command) = python("hostile.py", &["stderr-flood", "toy", &token]) else { return };
    let patient = Options { reply_timeout: Duration::from_secs(10), ..options() };
    run(command, patient).unwrap();
    assert_gone(&token, "stderr-flood");
}

#[test]
fn a_child_that_outlives_its_input_is_ended() {
    let token = token();
    let Some(command) = python("hostile.py", &["outlives-its-input", "toy", &token]) else {
        return;
    };
    let began = Instant::now();
    run(command, options()).unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_gone(&token, "outlives-its-input");
}

#[test]
fn a_flood_of_gigabytes_takes_little_memory() {
    let bounded = Options { line_bytes_max: Options::default().line_bytes_max, ..options() };
    let Some(error) = hostile_error("flood", bounded) else { return };
    assert!(matches!(kind(&error), Broken | TimedOut), "{error}");
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kilobytes < 200_000, "peak memory {kilobytes} kB");
}

#[test]
fn the_next_case_begins_with_a_new_process() {
    let Some(command) = python("hostile.py", &["dies-at-advance", "toy"]) else { return };
    let mut child = ChildProcess::<Toy>::spawn(command, options()).unwrap();
    let first = child.group_id().unwrap();
    for _ in 0..2 {
        let error = run_case(&mut child).unwrap_err();
        assert_eq!(kind(&error), Exited, "{error}");
        assert_eq!(child.group_id(), None);
        let error = child.advance(Time::ZERO, Time::ZERO, &mut Outbox::new()).unwrap_err();
        assert_eq!(kind(&error), NotStarted, "{error}");
        assert!(child.end().is_ok());
    }
    let mut out = Outbox::new();
    child.begin(&Start { delay_ms: 10 }, &mut out).unwrap();
    assert_ne!(child.group_id(), Some(first));
}

/// The same without Python: what a shell can do.
#[test]
fn programs_that_are_no_subjects() {
    let cases: &[(&[&str], Kind, &str)] = &[
        (&[], NotStarted, "empty"),
        (&["/no/such/program"], NotStarted, "`/no/such/program`"),
        (&["/"], NotStarted, "`/`"),
        (&["true"], Exited, "status 0"),
        (&["sh", "-c", "exit 9"], Exited, "status 9"),
        (&["sh", "-c", "kill -9 $$"], Exited, "signal 9"),
        (&["sh", "-c", "echo oops >&2; exit 1"], Exited, "oops"),
        (&["sh", "-c", "echo no json; sleep 60"], Broken, "`no json`"),
        (&["sh", "-c", "printf half; sleep 60"], TimedOut, "without an end: `half`"),
        (&["sh", "-c", "exec <&-; sleep 60"], TimedOut, "`hello`"),
        (&["sh", "-c", "exec >&-; sleep 60"], Exited, "goes on running"),
        (&["sh", "-c", "trap '' TERM; while true; do sleep 1; done"], TimedOut, "`hello`"),
        (&["sh", "-c", "sleep 60 & sleep 60 & wait"], TimedOut, "`hello`"),
        (&["sh", "-c", "sleep 60 & exit 4"], Exited, "status 4"),
        (&["sleep", "60"], TimedOut, "`hello`"),
        (&["cat"], Broken, "`hello`"),
        (&["yes"], Broken, "`y`"),
        (&["cat", "/dev/zero"], Broken, "longer than"),
    ];
    let quick = Options { hello_timeout: Duration::from_millis(500), ..options() };
    for (command, expected, part) in cases {
        let began = Instant::now();
        let command: Vec<OsString> = command.iter().map(Into::into).collect();
        let error = run(command.clone(), quick.clone()).unwrap_err();
        assert_eq!(kind(&error), *expected, "{command:?}: {error}");
        assert!(error.to_string().contains(part), "{command:?}: {error}");
        assert!(began.elapsed() < Duration::from_secs(4), "{command:?}: {:?}", began.elapsed());
    }
}

#[test]
fn a_child_is_killed_even_inside_another_runtime() {
    let Some(command) = python("hostile.py", &["", "toy"]) else { return };
    let child = ChildProcess::<Toy>::spawn(command, options()).unwrap();
    let group = child.group_id().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async move { drop(child) });
    let group = rustix::process::Pid::from_raw(i32::try_from(group).unwrap()).unwrap();
    assert!(rustix::process::test_kill_process_group(group).is_err());
}
