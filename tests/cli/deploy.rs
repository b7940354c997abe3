//! The commands that are written in manifests, as they are written there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_yaml::Value;

use crate::program::{Folder, MUTANT, PROGRAM};

fn manifest(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Runs a script as the manifest's engine would, with this program in front of all others.
fn shell(folder: &Folder, shell: &str, script: &str, variables: &[(&str, &str)]) -> Output {
    let own = Path::new(PROGRAM).parent().unwrap().to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([own].into_iter().chain(std::env::split_paths(&path))).unwrap();
    Command::new(shell)
        .args(["-c", script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env_remove("GITHUB_STEP_SUMMARY")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn assert_code(output: &Output, code: i32) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
}

fn step<'a>(steps: &'a Value, name: &str) -> &'a str {
    let mut all = steps.as_sequence().unwrap().iter();
    let step = all.find(|step| step["name"] == name).unwrap_or_else(|| panic!("a step {name}"));
    step["run"].as_str().unwrap()
}

fn summary(path: PathBuf) -> serde_json::Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
fn the_github_matrix_searches_and_reports() {
    let workflow: Value =
        serde_yaml::from_str(&manifest("fixtures/deploy/github-matrix.yml")).unwrap();
    let shards = workflow["jobs"]["search"]["strategy"]["matrix"]["shard"].as_sequence().unwrap();
    let numbers: Vec<u64> = shards.iter().map(|shard| shard.as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let search = step(&workflow["jobs"]["search"]["steps"], "search");
    let report = step(&workflow["jobs"]["report"]["steps"], "report");
    let folder = Folder::new();
    let variables = [("FAMILY", "headers-first"), ("CASES", "64"), ("SEED", "0")];
    for (name, _) in variables {
        assert!(workflow["env"][name].is_string(), "{name}");
    }
    for shard in ["1", "2"] {
        let script =
            search.replace("${{ matrix.shard }}", shard).replace("${{ strategy.job-total }}", "2");
        assert!(!script.contains("${{"), "{script}");
        assert_code(&shell(&folder, "bash", &script, &variables), 0);
    }
    assert_code(&shell(&folder, "bash", report, &variables), 0);
    let summary = summary(folder.path().join("syncheck.ndjson"));
    assert_eq!(summary["verdict"], "pass");
    assert!(folder.path().join("syncheck.xml").exists());
}

#[test]
fn the_kubernetes_jobs_search_and_report() {
    let text = manifest("fixtures/deploy/kubernetes-job.yaml");
    let jobs: Vec<Value> =
        text.split("\n---\n").map(|job| serde_yaml::from_str(job).unwrap()).collect();
    let [search, report] = &jobs[..] else { panic!("two jobs") };
    assert_eq!(search["spec"]["completionMode"], "Indexed");
    let container = |job: &Value| job["spec"]["template"]["spec"]["containers"][0].clone();
    let variable = |job: &Value, name: &str| {
        let all = container(job)["env"].as_sequence().unwrap().clone();
        all.into_iter().find(|it| it["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        search["spec"]["completions"].as_u64().unwrap().to_string(),
        variable(search, "SHARDS")
    );
    let script = |job: &Value| container(job)["command"][2].as_str().unwrap().to_owned();
    let folder = Folder::new();
    let reports = folder.path().join("reports");
    std::fs::create_dir(&reports).unwrap();
    let reports = reports.to_str().unwrap();
    for index in ["1", "0"] {
        let variables = [
            ("FAMILY", "headers-first"),
            ("CASES", "64"),
            ("SHARDS", "2"),
            ("REPORTS", reports),
            ("JOB_COMPLETION_INDEX", index),
        ];
        // A pod that is started once more has nothing left to do.
        for _ in 0..2 {
            assert_code(&shell(&folder, "sh", &script(search), &variables), 0);
        }
    }
    assert_code(&shell(&folder, "sh", &script(report), &[("REPORTS", reports)]), 0);
    assert_eq!(summary(Path::new(reports).join("syncheck.ndjson"))["verdict"], "pass");
}

#[test]
fn the_github_action_runs_an_adapter() {
    let action: Value = serde_yaml::from_str(&manifest("action.yml")).unwrap();
    assert_eq!(action["runs"]["using"], "composite");
    let run = step(&action["runs"]["steps"], "run");
    let folder = Folder::new();
    let adapter = format!("'{PROGRAM}' serve headers-first --mutant {MUTANT}");
    for (adapter, arguments, code) in
        [("", "", 0), (adapter.as_str(), "--max-findings 1 --without 'no-echo'", 1)]
    {
        let variables = [
            ("ADAPTER", adapter),
            ("ARGUMENTS", arguments),
            ("CASES", "64"),
            ("FAMILY", "headers-first"),
            ("KNOWN_FAILURES", ""),
            ("REPORTS", "out"),
            ("SEED", "0"),
        ];
        assert_code(&shell(&folder, "bash", run, &variables), code);
        assert!(folder.path().join("out/syncheck.xml").exists());
    }
}
