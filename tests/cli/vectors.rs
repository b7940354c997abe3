//! Bundles on the command line.

use std::fs;

use crate::program::{Ended, Folder, PROGRAM};

/// A folder with a bundle in `bundle/`.
fn bundle() -> Folder {
    let folder = Folder::new();
    let made = folder.run(&[
        "vectors",
        "generate",
        "headers-first",
        "--bundle",
        "tiny",
        "--out",
        "bundle",
    ]);
    assert_eq!(made.code, Some(0), "{made:?}");
    folder
}

#[test]
fn a_bundle_holds_for_the_reference_and_for_a_client_that_does_what_it_does() {
    let folder = bundle();
    let verified = folder.run(&["vectors", "verify", "bundle", "--format", "json"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.summary()["passed"].as_u64() > Some(60));
    assert_eq!(verified.summary()["unsupported"], 0);
    let served = folder.run(&[
        "vectors",
        "verify",
        "bundle",
        "--format",
        "json",
        "--profile",
        "btcd-0.26",
        "--",
        PROGRAM,
        "serve",
        "headers-first",
    ]);
    assert_eq!(served.code, Some(0), "{served:?}");
    // A client plays the scenarios; the tables are for its own functions.
    let count = |ended: &Ended, what: &str| ended.summary()[what].as_u64().expect("a number");
    assert!(count(&served, "unsupported") > 60, "{served:?}");
    let all = count(&served, "passed") + count(&served, "unsupported");
    assert_eq!(all, count(&verified, "passed"));
    let checked = folder.run(&["vectors", "check", "bundle"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn what_is_wrong_with_a_bundle_is_named() {
    let folder = bundle();
    let path = folder.path().join("bundle/headers-first");
    let block = path.join("functions/block.yaml");
    let text = fs::read_to_string(&block).unwrap();
    fs::write(&block, text.replacen("true", "false", 1)).unwrap();
    fs::copy(path.join("functions/locate.yaml"), path.join("functions/twice.yaml")).unwrap();
    fs::create_dir(path.join("empty")).unwrap();
    let verified = folder.run(&["vectors", "verify", "bundle"]);
    assert_eq!(verified.code, Some(2), "{verified:?}");
    for words in [
        "functions/block.yaml: sha256 ",
        "functions/twice.yaml: is not listed in the manifest",
        "functions/twice.yaml: id: ",
        "headers-first/empty: is an empty folder",
    ] {
        assert!(verified.stderr.contains(words), "{words}: {}", verified.stderr);
    }
    let checked = folder.run(&["vectors", "check", "bundle"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(
        checked.stdout.contains("functions/block.yaml: differs from what would be generated"),
        "{}",
        checked.stdout
    );
}

#[test]
fn a_changed_expectation_is_a_finding_of_diff() {
    let (before, after) = (bundle(), bundle());
    let (old, new) = (before.path().join("bundle"), after.path().join("bundle"));
    let arguments = ["vectors", "diff", old.to_str().unwrap(), new.to_str().unwrap()];
    assert_eq!(before.run(&arguments).code, Some(0));
    let block = new.join("headers-first/functions/block.yaml");
    let text = fs::read_to_string(&block).unwrap();
    fs::write(&block, text.replacen("merkle_root_matches: true", "merkle_root_matches: false", 1))
        .unwrap();
    let ended = before.run(&arguments);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("merkle_root_matches: true -> false"), "{}", ended.stdout);
}
