use serde_json::Value;

use crate::program::{CLAIM, Ended, Folder, MUTANT, PROGRAM};

const CHILD: [&str; 6] = ["--", PROGRAM, "serve", "headers-first", "--mutant", MUTANT];

fn known(failures: &str) -> String {
    format!("format: \"syncheck/1\"\nkind: \"known-failures\"\nfailures:\n{failures}")
}

fn run(folder: &Folder, arguments: &[&str], child: &[&str]) -> Ended {
    let common = ["run", "headers-first", "--cases", "64", "--known-failures", "known.yaml"];
    folder.run(&[&common[..], arguments, child].concat())
}

#[test]
fn a_known_failure_is_counted_and_is_no_finding() {
    let folder = Folder::new();
    folder.write(
        "known.yaml",
        known("  - claim: \"honest-peer-*\"\n    reason: \"they come back\"\n"),
    );
    let ended = run(&folder, &["--without", "convergence"], &CHILD);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(&format!("KNOWN {CLAIM}: ")), "{}", ended.stdout);
    assert!(ended.stdout.contains("they come back"), "{}", ended.stdout);
    assert!(folder.saved().is_empty());
}

#[test]
fn entries_that_ought_to_go_are_reported() {
    for (entry, why) in [
        ("  - claim: \"no-echo\"\n    reason: \"x\"\n", "it no longer fails"),
        ("  - claim: \"no-such-*\"\n    reason: \"x\"\n", "there is no such claim"),
        (
            "  - claim: \"no-echo\"\n    reason: \"x\"\n    expires: \"2020-02-29\"\n",
            "it counted until 2020-02-29",
        ),
    ] {
        let folder = Folder::new();
        folder.write("known.yaml", known(entry));
        let ended = run(&folder, &["--profile", "btcd-0.26"], &[]);
        assert_eq!(ended.code, Some(4), "{ended:?}");
        assert!(ended.stdout.contains("STALE known.yaml: "), "{}", ended.stdout);
        assert!(ended.stdout.contains(why), "{}", ended.stdout);
        let allowed = run(&folder, &["--profile", "btcd-0.26", "--allow-stale"], &[]);
        assert_eq!(allowed.code, Some(0), "{allowed:?}");
    }
}

#[test]
fn an_entry_that_has_expired_no_longer_counts() {
    let folder = Folder::new();
    let entry = "  - claim: \"*\"\n    reason: \"x\"\n    expires: \"2020-02-29\"\n";
    folder.write("known.yaml", known(entry));
    let ended = run(&folder, &[], &CHILD);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("STALE known.yaml: *: it counted until"), "{}", ended.stdout);
}

#[test]
fn a_list_that_means_nothing_is_refused() {
    for (text, said) in [
        (known("  - claim: \"[\"\n    reason: \"x\"\n"), "known.yaml:4:12: failures[0].claim:"),
        (known("  - claim: \"no-echo\"\n"), "missing field `reason`"),
        (known("  - claim: \"no-echo\"\n    reason: \" \"\n"), "failures[0].reason:"),
        (known("  - claim: \"no-echo\"\n    reason: \"x\"\n    until: \"x\"\n"), "unknown field"),
        (
            known("  - claim: \"no-echo\"\n    reason: \"x\"\n    family: \"dns\"\n"),
            "failures[0].family:",
        ),
        (
            known("  - claim: \"no-echo\"\n    reason: \"x\"\n    expires: \"soon\"\n"),
            "failures[0].expires:",
        ),
        (known("").replace("syncheck/1", "syncheck/9"), "format:"),
        (known("  []\n").replace("known-failures", "scenario"), "kind:"),
    ] {
        let folder = Folder::new();
        folder.write("known.yaml", &text);
        let ended = run(&folder, &[], &[]);
        assert_eq!(ended.code, Some(2), "{text}: {ended:?}");
        assert!(ended.stderr.starts_with("error: known.yaml"), "{text}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{text}: {}", ended.stderr);
    }
}

#[test]
fn saved_findings_go_first() {
    let folder = Folder::new();
    let first = folder.run(&[&["run", "headers-first", "--cases", "64"], &CHILD[..]].concat());
    assert_eq!(first.code, Some(1), "{first:?}");
    let again = folder.run(
        &[&["run", "headers-first", "--cases", "64", "--format", "json"], &CHILD[..]].concat(),
    );
    assert_eq!(again.code, Some(1), "{again:?}");
    let objects = again.objects();
    assert_eq!(objects[0]["type"], "header");
    assert_eq!(objects[1]["case"], Value::Null, "it is no new case: {}", again.stdout);
    assert_eq!(objects[2]["type"], "regressions");
    assert_eq!(objects[3]["totals"]["cases"], 0, "nothing was searched: {}", again.stdout);
    let fixed = folder.run(&["run", "headers-first", "--cases", "64"]);
    assert_eq!(fixed.code, Some(0), "{fixed:?}");
    assert!(
        fixed.stdout.contains("1 saved scenario went first, 0 claims broken"),
        "{}",
        fixed.stdout
    );
}

/// Says of its first run that it is not supported, and then does as the reference does.
#[cfg(unix)]
const PARTLY: &str = r#"
if [ ! -e refused ]; then
  read line
  echo '{"type":"hello","seq":0,"protocol":1,"about":{"name":"partly","version":"1","families":["headers-first"],"observes":{"events":true,"gauges":true,"restart":true}}}'
  read line || exit 0
  : > refused
  echo '{"type":"unsupported","seq":1,"message":"such a start"}'
  read line
  exit 0
fi
exec "$0" serve headers-first
"#;

#[cfg(unix)]
#[test]
fn a_saved_finding_that_is_not_supported_is_counted() {
    let folder = Folder::new();
    let first = folder.run(&[&["run", "headers-first", "--cases", "64"], &CHILD[..]].concat());
    assert_eq!(first.code, Some(1), "{first:?}");
    let subject = ["--", "sh", "-c", PARTLY, PROGRAM];
    let arguments = ["run", "headers-first", "--profile", "btcd-0.26", "--cases", "8"];
    let ended = folder.run(&[&arguments[..], &["--jobs", "1"], &subject[..]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said = "1 saved scenario not supported by the subject";
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
    assert!(!ended.stdout.contains("went first"), "{}", ended.stdout);
}

#[test]
fn a_search_is_reported_as_junit_ndjson_and_html() {
    let folder = Folder::new();
    let arguments = [
        "run",
        "headers-first",
        "--cases",
        "64",
        "--report",
        "junit=a.xml",
        "--report",
        "ndjson=a.ndjson",
        "--report",
        "html=a.html",
    ];
    let ended = folder.run(&[&arguments[..], &CHILD[..]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let page = std::fs::read_to_string(folder.path().join("a.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{page}");
    for part in [CLAIM, "<svg class=\"seq\"", "<svg class=\"world\""] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let xml = std::fs::read_to_string(folder.path().join("a.xml")).unwrap();
    let report = junit_parser::from_reader(xml.as_bytes()).unwrap();
    assert_eq!(report.suites.len(), 1);
    assert_eq!(report.failures, 1);
    let failed: Vec<&str> = report.suites[0]
        .cases
        .iter()
        .filter(|case| case.status.is_failure())
        .map(|case| case.name.as_str())
        .collect();
    assert_eq!(failed, [format!("headers-first.btcd-0.26::{CLAIM}")]);
    let lines = std::fs::read_to_string(folder.path().join("a.ndjson")).unwrap();
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "summary", "{lines}");

    let refused = folder.run(&["run", "--report", "html"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let unwritable = folder.run(&["run", "--cases", "16", "--report", "ndjson=none/a.ndjson"]);
    assert_eq!(unwritable.code, Some(2), "{unwritable:?}");
}
