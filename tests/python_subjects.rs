//! The subjects in Python, through the command line: the right one passes, the broken one is
//! caught and explained, and both keep the protocol.

use std::process::{Command, Output};

mod support;

use support::python;

/// Runs syncheck with the arguments and a Python subject; `None` without Python.
fn syncheck(arguments: &[&str], script: &str) -> Option<Output> {
    let command = python(script, &[])?;
    let output = Command::new(env!("CARGO_BIN_EXE_syncheck"))
        .args(arguments)
        .arg("--")
        .args(command)
        .output()
        .expect("syncheck was built");
    Some(output)
}

#[test]
fn the_right_one_passes() {
    let arguments = ["run", "headers-first", "--cases", "64", "--seed", "1"];
    let Some(output) = syncheck(&arguments, "headers_first.py") else { return };
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_broken_one_is_caught_shrunk_and_explained() {
    let directory = tempfile::tempdir().unwrap();
    let save = directory.path().to_string_lossy().into_owned();
    let mut arguments =
        vec!["run", "headers-first", "--cases", "64", "--seed", "1", "--save", &save];
    // The README's run is made as small as it gets, which takes a while.
    arguments.extend(["--shrink-runs", "100"]);
    let Some(output) = syncheck(&arguments, "headers_first_broken.py") else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("no-lost-request"), "{text}");
    let saved: Vec<_> = directory.path().read_dir().unwrap().flatten().collect();
    assert_eq!(saved.len(), 1, "{text}");
    let file = saved[0].path().to_string_lossy().into_owned();
    let replayed = syncheck(&["replay", &file], "headers_first_broken.py").unwrap();
    assert_eq!(replayed.status.code(), Some(1));
    let replayed = syncheck(&["replay", &file], "headers_first.py").unwrap();
    assert_eq!(replayed.status.code(), Some(0));
}

#[test]
fn the_run_in_the_readme_is_real() {
    let directory = tempfile::tempdir().unwrap();
    let save = directory.path().to_string_lossy().into_owned();
    let arguments = ["run", "headers-first", "--save", &save];
    let Some(output) = syncheck(&arguments, "headers_first_broken.py") else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    let root = format!("{}/", env!("CARGO_MANIFEST_DIR"));
    let (shown, _) = text.split_once("\n  saved").expect("the finding is saved");
    let shown = shown.replace(&root, "");
    let readme = include_str!("../README.md");
    assert!(readme.contains(&shown), "put this into the README:\n{shown}");
}

#[test]
fn both_keep_the_protocol() {
    for script in ["headers_first.py", "headers_first_broken.py"] {
        let Some(output) = syncheck(&["adapter", "check"], script) else { return };
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{script}: {text}");
    }
}
