use serde_json::Value;

use crate::program::{Folder, MUTANT, PROGRAM};

/// What of a JSON line does not depend on time.
fn timeless(mut object: Value) -> Value {
    object.as_object_mut().unwrap().remove("elapsed_ms");
    object
}

fn run_json(folder: &Folder, arguments: &[&str]) -> Vec<Value> {
    let ended = folder.run(&[&["run", "--format", "json"], arguments].concat());
    ended.objects().into_iter().map(timeless).collect()
}

#[test]
fn the_reference_passes_and_says_what_was_tested() {
    let folder = Folder::new();
    let ended = folder.run(&["run", "headers-first", "--cases", "300", "--format", "json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
    let summary = ended.summary();
    assert_eq!(summary["verdict"], "pass");
    assert_eq!(summary["findings"], 0);
    let profiles: Vec<Value> =
        ended.objects().into_iter().filter(|object| object["type"] == "profile").collect();
    assert_eq!(summary["cases"], 300 * profiles.len());
    for profile in profiles {
        assert!(profile["totals"]["labels"]["fork"].as_u64() > Some(0), "{profile}");
        assert!(profile["totals"]["tested"]["convergence"].as_u64() > Some(100), "{profile}");
        assert!(
            profile["totals"]["lies"].as_object().is_some_and(|lies| lies.len() > 5),
            "{profile}"
        );
        assert!(profile["gaps"]["not_tested"].is_array(), "{profile}");
    }
    assert_eq!(folder.saved().len(), 0);
}

#[test]
fn the_same_seed_gives_the_same_output_for_any_number_of_jobs() {
    let folder = Folder::new();
    let child = ["--", PROGRAM, "serve", "headers-first", "--mutant", MUTANT];
    for subject in [&[][..], &child[..]] {
        let with = |jobs: &str, seed: &str| {
            let arguments = ["headers-first", "--cases", "200", "--seed", seed, "--jobs", jobs];
            // What was found before would go first.
            let _ = std::fs::remove_dir_all(folder.path().join("syncheck-regressions"));
            run_json(&folder, &[&arguments, subject].concat())
        };
        let one = with("1", "3");
        assert_eq!(one, with("1", "3"));
        assert_eq!(one, with("2", "3"));
        assert_eq!(one, with("7", "3"));
        assert_ne!(one, with("2", "4"));
    }
}

#[test]
fn a_drawn_seed_is_shown_and_draws_the_same_again() {
    let folder = Folder::new();
    let drawn = run_json(&folder, &["--cases", "50", "--seed", "random"]);
    let seed = drawn.last().unwrap()["seed"].to_string();
    assert_eq!(drawn, run_json(&folder, &["--cases", "50", "--seed", &seed]));
}

#[test]
fn a_time_limit_ends_the_search_in_order() {
    let ended = Folder::new().run(&[
        "run",
        "--cases",
        "100000000",
        "--time-limit",
        "700ms",
        "--format",
        "json",
    ]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let summary = ended.summary();
    assert_eq!(summary["verdict"], "pass");
    assert!(summary["cases"].as_u64() > Some(0));
    assert!(summary["elapsed_ms"].as_u64() < Some(20_000));
}

#[test]
fn one_profile_can_be_chosen() {
    let folder = Folder::new();
    let lines = run_json(&folder, &["headers-first", "--profile", "btcd-0.25", "--cases", "20"]);
    let profiles: Vec<&Value> = lines
        .iter()
        .filter(|line| line["type"] == "profile")
        .map(|line| &line["profile"])
        .collect();
    assert_eq!(profiles, ["btcd-0.25"]);
}

#[test]
fn a_mutant_is_told_from_the_reference() {
    let folder = Folder::new();
    let ended = folder.run(&["mutants", "--only", MUTANT, "--save", "killed", "--format", "json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let summary = ended.summary();
    assert_eq!((summary["mutants"].as_u64(), summary["killed"].as_u64()), (Some(1), Some(1)));
    let mutant = &ended.objects()[0];
    assert_eq!(mutant["type"], "mutant");
    assert_eq!(mutant["id"], MUTANT);
    assert_eq!(mutant["killed"], true);
    assert_eq!(mutant["reference"], "pass");
    assert_eq!(mutant["replays"], true);
    assert!(mutant["killed_by"].is_string() && mutant["source"].is_string());
    assert!(mutant["cases"].as_u64() > Some(0) && mutant["inputs"].as_u64() > Some(0));

    // The file names the mutant: replaying it breaks the claim again, and verifying it passes.
    let file = mutant["file"].as_str().unwrap();
    let replayed = folder.run(&["replay", file, "--format", "json"]);
    assert_eq!(replayed.code, Some(1), "{replayed:?}");
    assert_eq!(replayed.summary()["claim"], mutant["killed_by"]);
    // A replay goes on behind the broken claim.
    assert!(replayed.summary()["inputs"].as_u64() >= mutant["inputs"].as_u64());
    let verified = folder.run(&["vectors", "verify", "killed", "--format", "json"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[test]
fn a_mutant_that_survives_is_a_finding() {
    let ended = Folder::new()
        .run(&["mutants", "--only", MUTANT, "--cases", "1", "--seed", "1", "--format", "json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.objects()[0]["killed"], false);
    assert_eq!(ended.summary()["killed"], 0);
}
