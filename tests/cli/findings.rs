use serde_json::Value;

use crate::program::{CLAIM, Folder, MUTANT, PROGRAM};

const CHILD: [&str; 6] = ["--", PROGRAM, "serve", "headers-first", "--mutant", MUTANT];

#[test]
fn a_finding_is_shown_saved_and_replayed() {
    let folder = Folder::new();
    let ended = folder.run(&[&["run", "--cases", "200"], &CHILD[..]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for part in [
        &format!("FAIL {CLAIM}"),
        "source ",
        "expected ",
        "got ",
        "of seed 0 had",
        "world ",
        "p1 ",
        "connected",
        "saved     syncheck-regressions",
        "fail: ",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    let lines = ended.stdout.lines().take_while(|line| !line.contains("replay ")).count();
    assert!(lines <= 40, "a finding fits a screen: {}", ended.stdout);
    let saved = folder.saved();
    assert_eq!(saved.len(), 1);
    let file = saved[0].to_str().unwrap();

    // The file breaks the same claim of the same subject, and none of the reference.
    let again = folder.run(&[&["replay", file], &CHILD[..]].concat());
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stdout.contains(&format!("FAIL {CLAIM}")), "{}", again.stdout);
    let reference = folder.run(&["replay", file]);
    assert_eq!(reference.code, Some(0), "{reference:?}");
    assert!(reference.stdout.contains("pass: reference"), "{}", reference.stdout);
}

#[test]
fn the_command_that_a_finding_shows_replays_it() {
    let folder = Folder::new();
    let ended = folder.run(&[&["run", "--cases", "200", "--format", "json"], &CHILD[..]].concat());
    let objects = ended.objects();
    let finding = objects.iter().find(|object| object["type"] == "finding").unwrap();
    let command = finding["replay"].as_str().unwrap();
    let status = std::process::Command::new("sh")
        .args(["-c", command])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1), "{command}");
}

#[test]
fn a_finding_as_json_has_all_that_a_report_needs() {
    let folder = Folder::new();
    let ended = folder.run(&[&["run", "--cases", "200", "--format", "json"], &CHILD[..]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let objects = ended.objects();
    let finding = objects.iter().find(|object| object["type"] == "finding").unwrap();
    assert_eq!(finding["claim"], CLAIM);
    assert_eq!(finding["family"], "headers-first");
    for text in ["profile", "subject", "summary", "source", "expected", "got", "digest", "file"] {
        assert!(finding[text].is_string(), "{text}: {finding}");
    }
    let number = |name: &str| finding[name].as_u64().unwrap_or_else(|| panic!("{name}: {finding}"));
    assert!(number("inputs") <= number("inputs_before"));
    assert!(number("steps") <= number("steps_before"));
    let summary = ended.summary();
    assert_eq!(summary["verdict"], "fail");
    assert_eq!(summary["findings"], 1);
}

#[test]
fn a_folder_that_cannot_be_written_does_not_hide_a_finding() {
    let folder = Folder::new();
    folder.write("occupied", "");
    let arguments = ["run", "--cases", "200", "--save", "occupied", "--format", "json"];
    let ended = folder.run(&[&arguments[..], &CHILD[..]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("occupied"), "{}", ended.stderr);
    let objects = ended.objects();
    let finding = objects.iter().find(|object| object["type"] == "finding").unwrap();
    assert_eq!(finding["file"], Value::Null);
}

#[test]
fn subjects_that_do_not_run_are_code_3() {
    let folder = Folder::new();
    for (child, word) in [
        (&["no-such-program"][..], "no-such-program"),
        (&["false"][..], "exited"),
        (&["true"][..], "exited"),
        (&["cat"][..], "protocol"),
        (&["echo", "garbage"][..], "garbage"),
    ] {
        let arguments = ["run", "--cases", "5", "--format", "json", "--"];
        let ended = folder.run(&[&arguments[..], child].concat());
        assert_eq!(ended.code, Some(3), "{child:?}: {ended:?}");
        assert!(ended.stderr.contains(word), "{child:?}: {}", ended.stderr);
        assert_eq!(ended.summary()["verdict"], "error");
    }
}
