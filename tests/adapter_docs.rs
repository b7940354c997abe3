//! The transcripts of the protocol page are true: they are replayed, line by line.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

mod support;

use serde_json::Value;
use support::python;

/// Set this variable to write what is answered into the page.
const UPDATE: &str = "SYNCHECK_UPDATE_DOCS";

#[test]
fn the_transcripts_are_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/adapter-protocol.md");
    let page = fs::read_to_string(&path).unwrap();
    let mut replayed = String::new();
    let mut parts = page.split("```transcript\n");
    replayed.push_str(parts.next().unwrap());
    let mut count = 0;
    for part in parts {
        let (transcript, rest) = part.split_once("```").unwrap();
        let Some(lines) = replay(transcript) else { return };
        replayed.push_str("```transcript\n");
        replayed.push_str(&lines);
        replayed.push_str("```");
        replayed.push_str(rest);
        count += 1;
    }
    assert!(count >= 3, "the page has {count} transcripts");
    if env::var_os(UPDATE).is_some() {
        fs::write(&path, &replayed).unwrap();
    } else {
        assert!(page == replayed, "set {UPDATE}=1 and look at what changes:\n{replayed}");
    }
}

/// The requests of a transcript with the replies that they get.
fn replay(transcript: &str) -> Option<String> {
    let requests: Vec<&str> =
        transcript.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    let replies = replies(&requests)?;
    assert_eq!(replies.len(), requests.len(), "{replies:?}");
    let mut lines = String::new();
    for (request, reply) in requests.iter().zip(replies) {
        lines.push_str(&format!("> {request}\n< {reply}\n"));
    }
    Some(lines)
}

fn replies(requests: &[&str]) -> Option<Vec<String>> {
    let command = python("headers_first.py", &[])?;
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 was found");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all((requests.join("\n") + "\n").as_bytes()).expect("the subject reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it runs");
    assert!(output.status.success());
    let compact =
        |line: &str| serde_json::from_str::<Value>(line).expect("a reply is JSON").to_string();
    Some(String::from_utf8_lossy(&output.stdout).lines().map(compact).collect())
}
