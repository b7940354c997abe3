//! Hostile children as a user meets them: each ends `syncheck run` within its time-out, in the right
//! exit code, with a message that names the cause; no process is left, and little memory is used.
#![expect(clippy::disallowed_methods, reason = "time-outs are measured by the clock")]

use std::ffi::OsString;
use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

mod support;

use support::python;

/// Children at once: most of them wait.
const WORKERS: usize = 4;

/// No run of syncheck may use more memory: the longest line of 64 MiB, and three copies of its string.
const MEMORY_KB_MAX: u64 = 300_000;

/// A mode of `hostile.py`, what is given to syncheck beside, its exit code, parts of its message.
struct Hostile {
    mode: &'static str,
    options: &'static [&'static str],
    code: i32,
    parts: &'static [&'static str],
}

/// A child that fails as a program.
const fn fails(mode: &'static str, parts: &'static [&'static str]) -> Hostile {
    Hostile { mode, options: &["--reply-timeout=20s"], code: 3, parts }
}

/// A child that takes longer than it may.
const fn hangs(mode: &'static str, parts: &'static [&'static str]) -> Hostile {
    Hostile { mode, options: &["--reply-timeout=600ms"], code: 3, parts }
}

/// A child that does not even greet in time.
const fn mute(mode: &'static str, parts: &'static [&'static str]) -> Hostile {
    Hostile { mode, options: &["--hello-timeout=1s"], code: 3, parts }
}

/// A child that dies in a case, which is a finding.
const fn dies(mode: &'static str, parts: &'static [&'static str]) -> Hostile {
    breaks(mode, parts)
}

/// A child that stops answering in a case, which is a finding.
const fn stalls(mode: &'static str, parts: &'static [&'static str]) -> Hostile {
    Hostile { mode, options: &["--shrink-runs=1", "--reply-timeout=600ms"], code: 1, parts }
}

/// A child that breaks a claim.
const fn breaks(mode: &'static str, claim: &'static [&'static str]) -> Hostile {
    Hostile { mode, options: &["--shrink-runs=1", "--reply-timeout=20s"], code: 1, parts: claim }
}

const CHILDREN: &[Hostile] = &[
    // Before it greets.
    fails("exits-at-start", &["status 7", "`hello` (seq 0)"]),
    fails("usage", &["`usage: node [--port N]`"]),
    fails("chatters-at-start", &["`node started`"]),
    fails("stdout-flood-at-start", &["broke the adapter protocol", "xxxx"]),
    fails("gigabyte-of-lines-at-start", &["broke the adapter protocol", "xxxx"]),
    mute("hangs-at-start", &["did not answer `hello` (seq 0) within 1000 ms"]),
    mute("hangs-at-hello", &["did not answer `hello` (seq 0) within 1000 ms"]),
    mute("never-reads", &["within 1000 ms"]),
    mute("stderr-for-ever", &["within 1000 ms", "still here"]),
    fails("other-version", &["protocol version 2"]),
    fails("unsupported-version", &["does not support", "protocol version 1"]),
    fails("other-family", &["does not support", "family headers-first", "chess"]),
    fails("hello-without-about", &["no field `about`"]),
    fails("hello-with-unknown-field", &["unknown field `mood`"]),
    fails("hello-done", &["another type"]),
    // It dies.
    fails("dies-at-hello", &["status 3", "`hello`"]),
    fails("dies-at-begin", &["status 3", "`begin` (seq 1)"]),
    dies("dies-at-deliver", &["status 3", "`deliver`"]),
    dies("dies-at-advance", &["status 3", "`advance`"]),
    dies("dies-at-end", &["status 3", "`end`"]),
    dies("raises", &["status 1", "RuntimeError: this peer is new to me"]),
    dies("killed", &["signal 9"]),
    dies("half-line-then-exit", &["status 0", r#"no end: `{"type":"done"`"#]),
    dies("grandchild-keeps-stdout", &["status 3", "a process that it started"]),
    dies("daemon-keeps-stdout", &["status 3", "a process that it started"]),
    // It keeps us waiting.
    hangs("hangs-at-begin", &["`begin` (seq 1) within 600 ms"]),
    stalls("hangs-at-deliver", &["`deliver`", "within 600 ms"]),
    stalls("hangs-at-advance", &["`advance`", "within 600 ms"]),
    stalls("hangs-at-end", &["`end`", "within 600 ms"]),
    stalls("late", &["within 600 ms"]),
    stalls("stops", &["within 600 ms"]),
    stalls("half-line", &[r#"without an end: `{"type":"done"`"#]),
    stalls("drips", &["without an end: `xxxx"]),
    stalls("ignores-term", &["within 600 ms"]),
    stalls("grandchild", &["within 600 ms"]),
    stalls("daemon", &["within 600 ms"]),
    stalls("closes-stdin", &["within 600 ms"]),
    stalls("stderr-flood-then-hang", &["within 600 ms", "its log", "xxxx"]),
    dies("closes-stdout", &["it closed its output, but goes on running"]),
    dies("closes-all", &["it closed its output, but goes on running"]),
    // It writes what is no reply.
    fails("garbage", &["`lorem ipsum dolor`", "about to be bad: garbage"]),
    fails("binary", &["`deliver`"]),
    fails("nul", &["\\u{0}"]),
    fails("no-utf8", &["`deliver`"]),
    fails("deep", &["`deliver`", " bytes)"]),
    fails("nan", &["`deliver`", "NaN"]),
    fails("huge-number", &["1e400"]),
    fails("long-number", &["99999", " bytes)"]),
    fails("huge-string", &["with an error: xxxx", "(50000000 bytes)"]),
    fails("duplicate-field", &["duplicate field `seq`"]),
    fails("flood", &["longer than 67108864 bytes", "xxxx"]),
    fails("flood-of-lines", &["before it was asked"]),
    fails("answers-twice", &["before it was asked"]),
    // Its replies are wrong.
    fails("wrong-seq", &["has seq"]),
    fails("decreasing-seq", &["has seq"]),
    fails("unknown-type", &["unknown variant `maybe`"]),
    fails("unknown-field", &["unknown field `output`"]),
    fails("unknown-output", &["unknown variant `shout`"]),
    fails("huge-peer", &["70000"]),
    fails("misplaced-field", &["field `message`"]),
    fails("error", &["index out of range"]),
    fails("acts-too-late", &["outside of the span"]),
    fails("acts-in-the-past", &["-1"]),
    fails("syncs-without-time", &["no `acted_at`"]),
    // It speaks as it should and does what it must not.
    breaks("acts-for-ever", &["never-panics-or-hangs"]),
    breaks("never-idle", &["never-panics-or-hangs"]),
    breaks("speaks-to-nobody", &["request-to-connected-peer"]),
    Hostile {
        mode: "eats-memory",
        options: &["--shrink-runs=1", "--memory-limit=300M", "--reply-timeout=20s"],
        code: 1,
        parts: &["MemoryError"],
    },
    // With schemas, the place is named.
    Hostile {
        mode: "unknown-output",
        options: &["--validate", "--reply-timeout=20s"],
        code: 3,
        parts: &["(seq 3)", "line 4", "at /outputs/0/type", "\"send\""],
    },
];

#[test]
fn no_child_harms_a_run() {
    if python("hostile.py", &[]).is_none() {
        return;
    }
    let next = AtomicUsize::new(0);
    let failures = thread::scope(|scope| {
        let work = || {
            let mut failures = Vec::new();
            while let Some(child) = CHILDREN.get(next.fetch_add(1, Ordering::Relaxed)) {
                failures.extend(fault_of(child));
            }
            failures
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect::<Vec<_>>()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// What is wrong with how a child ended, if anything is.
fn fault_of(hostile: &Hostile) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let token = folder.path().to_string_lossy().into_owned();
    let log = folder.path().join("log");
    let began = Instant::now();
    let mut syncheck = start(hostile, &token, &File::create(&log).expect("a file"));
    let (code, memory_kb) = watch(&mut syncheck);
    let took = began.elapsed();
    let text = fs::read_to_string(&log).unwrap_or_default();
    let mut faults = Vec::new();
    if code != Some(hostile.code) {
        faults.push(format!("it ended with {code:?}, not {}", hostile.code));
    }
    let missing = hostile.parts.iter().filter(|part| !text.contains(**part));
    faults.extend(missing.map(|part| format!("no {part:?}")));
    if text.len() > 20_000 {
        faults.push(format!("a message of {} bytes", text.len()));
    }
    if took > Duration::from_secs(25) {
        faults.push(format!("it took {took:?}"));
    }
    if memory_kb > MEMORY_KB_MAX {
        faults.push(format!("it used {memory_kb} kB"));
    }
    faults.extend(left(&token));
    if faults.is_empty() {
        return None;
    }
    let shown: String = text.chars().take(2_000).collect();
    Some(format!("{}: {}\n{shown}", hostile.mode, faults.join("; ")))
}

fn start(hostile: &Hostile, token: &str, log: &File) -> Child {
    let stream = || Stdio::from(log.try_clone().expect("a file can be opened twice"));
    let command: Vec<OsString> =
        python("hostile.py", &[hostile.mode, "headers-first", token]).expect("it was there");
    Command::new(env!("CARGO_BIN_EXE_syncheck"))
        .args(["run", "headers-first", "--cases", "1", "--jobs", "1", "--save", token])
        .args(hostile.options)
        .arg("--")
        .args(command)
        .stdout(stream())
        .stderr(stream())
        .spawn()
        .expect("syncheck runs")
}

/// The exit code, and the most memory that was seen in use.
fn watch(syncheck: &mut Child) -> (Option<i32>, u64) {
    let status = format!("/proc/{}/status", syncheck.id());
    let mut peak_kb = 0;
    loop {
        let seen = fs::read_to_string(&status).unwrap_or_default();
        let peak = seen.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        peak_kb = peak_kb.max(peak.unwrap_or(0));
        if let Some(status) = syncheck.try_wait().expect("it is our child") {
            return (status.code(), peak_kb);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Processes that have the token among their arguments, after a moment to go.
fn left(token: &str) -> Option<String> {
    let began = Instant::now();
    loop {
        let left = processes_with(token);
        if left.is_empty() {
            return None;
        }
        if began.elapsed() > Duration::from_secs(2) {
            return Some(format!("still running: {left:?}"));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn processes_with(token: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.split(' ').any(|argument| argument == token))
        .collect()
}
