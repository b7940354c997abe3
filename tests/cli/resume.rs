use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::program::{Ended, Folder, PROGRAM};
use crate::shards::timeless;

/// A faulty machine that breaks two claims, in the cases 1 and 11.
const CHILD: [&str; 6] = ["--", PROGRAM, "serve", "headers-first", "--mutant", "not-found-ignored"];

const SEARCH: [&str; 13] = [
    "run",
    "headers-first",
    "--cases",
    "700",
    "--max-findings",
    "1000",
    "--shrink-runs",
    "20",
    "--report",
    "ndjson=a.ndjson",
    "--format",
    "json",
    "--resume",
];

fn resume(folder: &Folder) -> Ended {
    folder.run(&[&SEARCH[..], &CHILD[..]].concat())
}

#[test]
fn a_search_that_is_killed_loses_no_finding_and_goes_on() {
    const KILLS: u64 = 20;
    let undisturbed = Folder::new();
    let whole = resume(&undisturbed);
    let whole_ms = whole.summary()["elapsed_ms"].as_u64().expect("it says how long it took");
    assert_eq!(whole.code, Some(1), "{whole:?}");
    let expected = timeless(&undisturbed.path().join("a.ndjson"));
    assert!(expected.matches("{\"type\":\"finding\"").count() > 1, "{expected}");

    let mut folder = Folder::new();
    let (mut moment, mut killed, mut printed) = (0x9e37_79b9_u64, 0, 0);
    while killed < KILLS {
        // Any moments do, as long as they are spread over the search, however fast the machine is.
        moment =
            moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let after = Duration::from_millis(1 + (moment >> 33) % whole_ms.max(100));
        if !kill_after(&folder, after) {
            assert_eq!(timeless(&folder.path().join("a.ndjson")), expected);
            folder = Folder::new();
            continue;
        }
        killed += 1;
        printed += check_printed(&folder);
    }
    assert!(printed > 0, "no search was killed behind a finding");
    let last = resume(&folder);
    assert_eq!(last.code, Some(1), "{last:?}");
    assert_eq!(timeless(&folder.path().join("a.ndjson")), expected);
}

/// Kills the search after a time. Returns false if it was over before.
fn kill_after(folder: &Folder, time: Duration) -> bool {
    let output = File::create(folder.path().join("printed.ndjson")).unwrap();
    let mut search = folder
        .command(&[&SEARCH[..], &CHILD[..]].concat())
        .stdout(output)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    #[expect(clippy::disallowed_methods, reason = "a signal comes at a real time")]
    std::thread::sleep(time);
    let is_over = search.try_wait().unwrap().is_some();
    search.kill().unwrap();
    search.wait().unwrap();
    !is_over
}

/// Whether all findings that were printed are on disk and whole. Returns how many there were.
fn check_printed(folder: &Folder) -> usize {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let printed = read(&folder.path().join("printed.ndjson"));
    let report = read(&folder.path().join("a.ndjson"));
    let whole = |text: &str| text.rfind('\n').map_or(0, |end| end + 1);
    let mut findings = 0;
    for line in printed[..whole(&printed)].lines() {
        let object: Value = serde_json::from_str(line).expect(line);
        if object["type"] != "finding" {
            continue;
        }
        findings += 1;
        assert!(report.contains(&format!("{line}\n")), "the report has what was printed: {line}");
        let file = folder.path().join(object["file"].as_str().unwrap());
        assert_eq!(read(&file), object["scenario"].as_str().unwrap(), "the file is whole");
    }
    findings
}

#[test]
fn a_search_that_ran_out_of_time_goes_on() {
    let search = ["run", "headers-first", "--profile", "btcd-0.26", "--cases", "4000"];
    let report = ["--report", "ndjson=a.ndjson"];
    let undisturbed = Folder::new();
    let whole = undisturbed.run(&[&search[..], &report].concat());
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let folder = Folder::new();
    let first = folder.run(&[&search[..], &report, &["--time-limit", "300ms"]].concat());
    assert!(first.code.is_some(), "{first:?}");
    let rest = folder.run(&[&search[..], &report, &["--resume"]].concat());
    assert_eq!(rest.code, Some(0), "{rest:?}");
    let file = |folder: &Folder| timeless(&folder.path().join("a.ndjson"));
    assert_eq!(file(&folder), file(&undisturbed));
    let again = folder.run(&[&search[..], &report, &["--resume"]].concat());
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(file(&folder), file(&undisturbed));
}

#[test]
fn only_the_same_search_goes_on() {
    let folder = Folder::new();
    let run = |arguments: &[&str]| {
        let common = ["run", "headers-first", "--report", "ndjson=a.ndjson"];
        folder.run(&[&common[..], arguments].concat())
    };
    assert_eq!(run(&["--cases", "32"]).code, Some(0));
    for (arguments, field) in [
        (&["--cases", "33"][..], "number of cases"),
        (&["--cases", "32", "--seed", "1"], "seed"),
        (&["--cases", "32", "--shard", "1/2"], "shard"),
        (&["--cases", "32", "--without", "no-echo"], "claims left out"),
    ] {
        let ended = run(&[arguments, &["--resume"]].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let said = format!("a.ndjson:1: this report is of another search: its {field} differs");
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
    }
    folder.write("a.ndjson", "{\"type\":\"dance\"}\n");
    let strange = run(&["--cases", "32", "--resume"]);
    assert_eq!(strange.code, Some(2), "{strange:?}");
    assert!(strange.stderr.contains("a.ndjson:1: this is no line"), "{}", strange.stderr);
    let nowhere = folder.run(&["run", "--cases", "32", "--resume"]);
    assert_eq!(nowhere.code, Some(2), "{nowhere:?}");
}
