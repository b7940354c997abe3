use crate::program::Folder;

/// Arguments that mean nothing, each with a word of the answer.
const WRONG: &[(&[&str], &str)] = &[
    (&[], "Usage"),
    (&["rum"], "rum"),
    (&["run", "bitcoin"], "headers-first"),
    (&["run", "--cases", "0"], "--cases"),
    (&["run", "--cases", "-1"], "-1"),
    (&["run", "--cases", "many"], "--cases"),
    (&["run", "--cases", "99999999999999999999"], "--cases"),
    (&["run", "--seed", "9007199254740992"], "--seed"),
    (&["run", "--jobs", "0"], "--jobs"),
    (&["run", "--time-limit", "soon"], "--time-limit"),
    (&["run", "--profile", "btcd-9"], "btcd-0.26"),
    (&["run", "state-sync", "--profile", "btcd-0.26"], "state-sync has "),
    (&["run", "--without", "no-such-claim"], "no-such-claim"),
    (&["run", "--max-findings", "0"], "--max-findings"),
    (&["run", "--format", "xml"], "--format"),
    (&["run", "--case", "5"], "--case"),
    (&["mutants", "--cases", "0"], "--cases"),
    (&["mutants", "--only", "no-such-mutant"], "no such mutant"),
    (&["replay"], "<FILE>"),
    (&["replay", "no-such-file.yaml"], "no-such-file.yaml"),
    (&["replay", "a.yaml", "b.yaml"], "b.yaml"),
    (&["list", "unicorns"], "unicorns"),
    (&["vectors", "verify"], "vectors: is not there"),
    (&["vectors", "check"], "has no manifest"),
    (&["vectors", "generate", "--bundle", "huge"], "--bundle"),
    (&["vectors", "diff", "a"], "<AFTER>"),
    (&["vectors", "verify", "."], ".yaml"),
    (&["adapter", "check"], "<CMD>"),
    (&["serve", "headers-first", "--mutant", "nobody"], "nobody"),
];

#[test]
fn wrong_arguments_are_answered_with_code_2_and_what_is_wrong() {
    let folder = Folder::new();
    for (arguments, word) in WRONG {
        let ended = folder.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(word), "{arguments:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
    assert_eq!(folder.saved().len(), 0);
}

#[test]
fn help_names_the_exit_codes() {
    let ended = Folder::new().run(&["--help"]);
    assert_eq!(ended.code, Some(0));
    for word in ["0 pass", "1 finding", "2 usage", "3 subject", "130 interrupted", "run", "replay"]
    {
        assert!(ended.stdout.contains(word), "{word}: {}", ended.stdout);
    }
}

#[test]
fn lists_are_json_lines_with_a_summary() {
    let folder = Folder::new();
    for (topic, kind) in [
        ("capabilities", "capability"),
        ("families", "family"),
        ("invariants", "invariant"),
        ("misbehaviors", "misbehavior"),
        ("mutants", "mutant"),
    ] {
        let ended = folder.run(&["list", topic, "--format", "json"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let (summary, entries) =
            ended.objects().split_last().map(|(s, e)| (s.clone(), e.to_vec())).unwrap();
        assert_eq!(summary["entries"], entries.len());
        assert!(!entries.is_empty());
        for entry in entries {
            assert_eq!(entry["type"], kind);
            assert!(entry["id"].as_str().is_some_and(|id| !id.is_empty()), "{entry}");
        }
    }
}

#[test]
fn every_claim_and_mutant_names_its_source() {
    let folder = Folder::new();
    for topic in ["invariants", "mutants"] {
        for entry in folder.run(&["list", topic, "--format", "json"]).objects() {
            if entry["type"] != "summary" {
                assert!(entry["source"].as_str().is_some_and(|s| s.len() > 4), "{entry}");
                assert!(entry["summary"].as_str().is_some_and(|s| s.len() > 10), "{entry}");
            }
        }
    }
}

#[test]
fn completions_are_printed() {
    let ended = Folder::new().run(&["completions", "bash"]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.contains("_syncheck"));
}
