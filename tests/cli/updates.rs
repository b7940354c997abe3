use crate::program::{CLAIM, Ended, Folder, MUTANT, PROGRAM};

const CHILD: [&str; 6] = ["--", PROGRAM, "serve", "headers-first", "--mutant", MUTANT];

fn search(folder: &Folder, arguments: &[&str], child: &[&str]) -> Ended {
    let common = ["run", "headers-first", "--cases", "64", "--report", "ndjson=a.ndjson"];
    folder.run(&[&common[..], &["--save", "found"], arguments, child].concat())
}

fn read(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).unwrap()
}

#[test]
fn a_list_is_made_from_what_was_found() {
    let folder = Folder::new();
    let found = search(&folder, &["--max-findings", "50"], &CHILD);
    assert_eq!(found.code, Some(1), "{found:?}");
    let ended = folder.run(&["baseline", "update", "known.yaml", "--from", "a.ndjson"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(&format!("added {CLAIM}")), "{}", ended.stdout);
    // Nobody has said why.
    let refused = search(&folder, &["--known-failures", "known.yaml"], &CHILD);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("failures[0].reason"), "{}", refused.stderr);
    let said = read(&folder, "known.yaml").replace("\"?\"", "\"they come back\"");
    folder.write("known.yaml", &said);
    let known = search(&folder, &["--known-failures", "known.yaml"], &CHILD);
    assert_eq!(known.code, Some(0), "{known:?}");
    let again = folder.run(&["baseline", "update", "known.yaml", "--from", "a.ndjson"]);
    assert_eq!(again.stdout, "", "nothing is new");
    assert_eq!(read(&folder, "known.yaml"), said);
}

#[test]
fn comments_of_entries_that_stay_are_kept() {
    let folder = Folder::new();
    let list = "# ours\nformat: \"syncheck/1\"\nkind: \"known-failures\"\nfailures:\n  # gone\n  \
                - claim: \"no-echo\"\n    reason: \"x\" # so\n\n  # stays\n  \
                - claim: \"no-lost-*\"\n    family: \"skeleton\"\n    reason: \"y\"\n";
    folder.write("known.yaml", list);
    let stale = search(&folder, &["--known-failures", "known.yaml"], &[]);
    assert_eq!(stale.code, Some(4), "{stale:?}");
    let ended = folder.run(&["baseline", "update", "known.yaml", "--from", "a.ndjson"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "removed no-echo\n");
    assert_eq!(
        read(&folder, "known.yaml"),
        "# ours\nformat: \"syncheck/1\"\nkind: \"known-failures\"\nfailures:\n\n  # stays\n  \
         - claim: \"no-lost-*\"\n    family: \"skeleton\"\n    reason: \"y\"\n"
    );
    // A list that is not written with an entry a line is written anew.
    folder.write("flow.yaml", "{format: syncheck/1, kind: known-failures, failures: []}");
    let found = search(&folder, &[], &CHILD);
    assert_eq!(found.code, Some(1), "{found:?}");
    let arguments = ["baseline", "update", "flow.yaml", "--from", "a.ndjson", "--reason", "slow"];
    let ended = folder.run(&arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("comments are not kept"), "{}", ended.stderr);
    let known = search(&folder, &["--known-failures", "flow.yaml"], &CHILD);
    assert_ne!(known.code, Some(2), "{known:?}");
}

#[test]
fn vectors_can_be_known_to_fail() {
    let folder = Folder::new();
    let saved = folder.run(&["mutants", "--only", MUTANT, "--save", "killed"]);
    assert_eq!(saved.code, Some(0), "{saved:?}");
    let files: Vec<_> = std::fs::read_dir(folder.path().join("killed")).unwrap().collect();
    let file = files[0].as_ref().unwrap().path();
    // The mutant as a subject fails its own file when the file says that it passes.
    let text = std::fs::read_to_string(&file).unwrap();
    let passes = text.replace("verdict: \"fail\"", "verdict: \"pass\"");
    let claim = text.lines().find(|line| line.trim_start().starts_with("claim:")).unwrap();
    let passes = passes.replace(&format!("{claim}\n"), "");
    std::fs::write(&file, passes.replacen("kind:", "id: \"mine/one\"\nkind:", 1)).unwrap();
    let verify = |list: &str| {
        folder.write(
            "known.yaml",
            format!("format: \"syncheck/1\"\nkind: \"known-failures\"\nfailures:\n{list}"),
        );
        folder.run(&["vectors", "verify", "killed", "--known-failures", "known.yaml"])
    };
    assert_eq!(folder.run(&["vectors", "verify", "killed"]).code, Some(1));
    let known = verify("  - vector: \"mine/*\"\n    reason: \"x\"\n");
    assert_eq!(known.code, Some(0), "{known:?}");
    assert!(known.stdout.contains("1 known to fail"), "{}", known.stdout);
    let strange = verify(
        "  - vector: \"mine/*\"\n    reason: \"x\"\n  - vector: \"yours/*\"\n    reason: \"x\"\n",
    );
    assert_eq!(strange.code, Some(4), "{strange:?}");
    assert!(strange.stdout.contains("yours/*: there is no such vector"), "{}", strange.stdout);
    for wrong in ["  - reason: \"x\"\n", "  - vector: \"a\"\n    claim: \"b\"\n    reason: \"x\"\n"]
    {
        let ended = verify(wrong);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("about a claim or about a vector"), "{}", ended.stderr);
    }
}

#[test]
fn manual_pages_are_printed() {
    let folder = Folder::new();
    for (arguments, word) in [
        (&["man"][..], ".TH syncheck"),
        (&["man", "run"], "max\\-findings"),
        (&["man", "report", "merge"], "FILE"),
    ] {
        let ended = folder.run(arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains(word), "{word}: {}", ended.stdout);
    }
    assert_eq!(folder.run(&["man", "dance"]).code, Some(2));
}
