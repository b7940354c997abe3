use std::path::Path;

use serde_json::Value;

use crate::program::{Ended, Folder, MUTANT, PROGRAM};

const CHILD: [&str; 6] = ["--", PROGRAM, "serve", "headers-first", "--mutant", MUTANT];

/// A faulty machine that breaks one claim in case 12, another in case 142.
const TWICE: [&str; 6] = ["--", PROGRAM, "serve", "headers-first", "--mutant", "done-before-add"];

/// A report without the times in it.
pub(crate) fn timeless(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let mut object: Value = serde_json::from_str(line).expect(line);
        object.as_object_mut().unwrap().remove("elapsed_ms");
        object.to_string() + "\n"
    };
    text.lines().map(line).collect()
}

/// A JUnit report without times.
fn timeless_xml(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let parts = text.split(" time=\"").enumerate();
    let rest = parts.map(|(at, part)| if at == 0 { part } else { part.split_once('"').unwrap().1 });
    rest.collect()
}

/// Standard output up to the time in its last line.
fn shown(ended: &Ended) -> &str {
    ended.stdout.rsplit_once(", ").unwrap().0
}

fn run(folder: &Folder, arguments: &[&str], subject: &[&str]) -> Ended {
    let reports = ["--report", "ndjson=a.ndjson", "--report", "junit=a.xml"];
    folder.run(&[&["run", "headers-first"], arguments, &reports, subject].concat())
}

/// Runs all shards, each in a folder of its own, and puts their reports together.
fn merged(folder: &Folder, shards: u64, arguments: &[&str], subject: &[&str]) -> Ended {
    let mut files: Vec<String> = Vec::new();
    for part in 1..=shards {
        let its = Folder::new();
        let shard = format!("{part}/{shards}");
        let ended = run(&its, &[arguments, &["--shard", &shard]].concat(), subject);
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
        let file = format!("{part}.ndjson");
        std::fs::copy(its.path().join("a.ndjson"), folder.path().join(&file)).unwrap();
        files.insert(0, file);
    }
    let mut words = vec!["report", "merge", "--report", "ndjson=all.ndjson"];
    words.extend(["--report", "junit=all.xml"]);
    words.extend(files.iter().map(String::as_str));
    folder.run(&words)
}

#[test]
fn sixteen_shards_put_together_are_one_run() {
    for (arguments, subject) in [
        (&["--cases", "600", "--max-findings", "1"][..], &CHILD[..]),
        (&["--cases", "600", "--max-findings", "2", "--shrink-runs", "20"], &TWICE),
        (&["--cases", "600", "--max-findings", "1000", "--shrink-runs", "20"], &TWICE),
        (&["--cases", "1000"], &[]),
        // More shards than lots.
        (&["--cases", "40", "--profile", "btcd-0.26"], &[]),
    ] {
        let folder = Folder::new();
        let one = run(&folder, arguments, subject);
        let all = merged(&folder, 16, arguments, subject);
        assert_eq!(one.code, all.code, "{arguments:?}: {one:?} {all:?}");
        assert_eq!(shown(&one), shown(&all), "{arguments:?}");
        let file = |name: &str| folder.path().join(name);
        assert_eq!(timeless(&file("a.ndjson")), timeless(&file("all.ndjson")), "{arguments:?}");
        assert_eq!(timeless_xml(&file("a.xml")), timeless_xml(&file("all.xml")), "{arguments:?}");
    }
}

#[test]
fn a_known_failure_is_stale_only_if_no_shard_shows_it() {
    let folder = Folder::new();
    let list = |claim: &str| {
        format!(
            "format: \"syncheck/1\"\nkind: \"known-failures\"\nfailures:\n  - claim: \"{claim}\"\n    \
             reason: \"x\"\n"
        )
    };
    folder.write("known.yaml", list("no-echo"));
    let known = folder.path().join("known.yaml").to_str().unwrap().to_owned();
    let arguments = ["--cases", "64", "--known-failures", &known];
    let all = merged(&folder, 2, &arguments, &[]);
    assert_eq!(all.code, Some(4), "{all:?}");
    assert!(all.stdout.contains("no-echo: it no longer fails"), "{}", all.stdout);
}

#[test]
fn reports_that_do_not_belong_together_are_refused() {
    let folder = Folder::new();
    let shard = |name: &str, arguments: &[&str]| {
        let report = format!("ndjson={name}");
        let common = ["run", "headers-first", "--cases", "32", "--report", &report];
        let ended = folder.run(&[&common[..], arguments].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    shard("1.ndjson", &["--shard", "1/2"]);
    shard("2.ndjson", &["--shard", "2/2"]);
    shard("seed.ndjson", &["--shard", "2/2", "--seed", "9"]);
    shard("three.ndjson", &["--shard", "2/3"]);
    shard("without.ndjson", &["--shard", "2/2", "--without", "no-echo"]);
    let text = std::fs::read_to_string(folder.path().join("2.ndjson")).unwrap();
    let cut = text.lines().count() - 1;
    let lines = |count: usize| text.lines().take(count).map(|line| format!("{line}\n"));
    folder.write("cut.ndjson", lines(cut).collect::<String>());
    folder.write("torn.ndjson", &text[..text.len() - 9]);
    folder.write("strange.ndjson", text.replace("\"seed\"", "\"sead\""));
    folder.write("newer.ndjson", text.replace("syncheck-report/1", "syncheck-report/9"));
    folder.write("none.ndjson", "");
    for (files, said) in [
        (&["1.ndjson", "2.ndjson"][..], ""),
        (&["1.ndjson"], "1.ndjson:1: shard 2/2 is missing"),
        (&["1.ndjson", "2.ndjson", "1.ndjson"], "1.ndjson:1: shard 1/2 is in 1.ndjson already"),
        (&["1.ndjson", "seed.ndjson"], "seed.ndjson:1: this is of another search"),
        (&["1.ndjson", "three.ndjson"], "three.ndjson:1: it is split into another number"),
        (&["1.ndjson", "without.ndjson"], "its claims left out differs"),
        (&["1.ndjson", "cut.ndjson"], &format!("cut.ndjson:{cut}: the report ends without")),
        (&["1.ndjson", "torn.ndjson"], &format!("torn.ndjson:{}: this is no line", cut + 1)),
        (&["1.ndjson", "strange.ndjson"], "strange.ndjson:1: this is no line of a report"),
        (&["1.ndjson", "newer.ndjson"], "newer.ndjson:1: this program reads"),
        (&["1.ndjson", "none.ndjson"], "none.ndjson:1: the report is empty"),
        (&["no-such.ndjson"], "no-such.ndjson cannot be read"),
    ] {
        let ended = folder.run(&[&["report", "merge"], files].concat());
        let code = if said.is_empty() { 0 } else { 2 };
        assert_eq!(ended.code, Some(code), "{files:?}: {ended:?}");
        assert!(ended.stderr.contains(said), "{files:?}: {}", ended.stderr);
    }
}

#[test]
fn shards_are_parts_of_a_number() {
    let folder = Folder::new();
    for wrong in ["0/3", "4/3", "1/0", "x", "1"] {
        let ended = folder.run(&["run", "--shard", wrong]);
        assert_eq!(ended.code, Some(2), "{wrong}: {ended:?}");
    }
}

#[test]
fn scenarios_of_findings_come_out_of_a_report() {
    let folder = Folder::new();
    let ended = run(&folder, &["--cases", "64"], &CHILD);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let merged = folder.run(&["report", "merge", "a.ndjson", "--save", "out"]);
    assert_eq!(merged.code, Some(1), "{merged:?}");
    let [file] = &folder.saved()[..] else { panic!("one finding is saved") };
    let copy = folder.path().join("out").join(file.file_name().unwrap());
    assert_eq!(std::fs::read(file).unwrap(), std::fs::read(copy).unwrap());
}
