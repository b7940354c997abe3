//! Bundles of vectors: the committed one, and those that are made.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syncheck::adapters::{InProcess, quiet_panics};
use syncheck::campaign::{Judge, run_once};
use syncheck::corpus::{
    Bundle, Change, Manifest, Notation, Options, Size, Watch, diff, generate, walk,
};
use syncheck::families::{Catalog, FamilyId, Visit};
use syncheck::machine::Observes;
use syncheck::sim::Record;
use syncheck::vectors::{read_scenario, read_text};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn committed() -> PathBuf {
    Path::new(ROOT).join("vectors")
}

#[test]
fn the_committed_scenarios_tell_nine_of_ten_mutants_apart() {
    quiet_panics();
    let manifest = Manifest::read(&committed().join("manifest.yaml")).unwrap();
    let manual = fs::read_to_string(Path::new(ROOT).join("docs/vectors.md")).unwrap();
    for family in &manifest.options.families {
        let family: FamilyId = family.parse().unwrap();
        let (mutants, survivors) = family.visit(Survivors);
        assert!(survivors.len() * 10 <= mutants, "{family}: {survivors:?} of {mutants} survive");
        for id in survivors {
            assert!(manual.contains(&format!("`{id}`")), "docs/vectors.md does not list {id}");
        }
    }
}

/// How many mutants a family has, and which of them hold in all its committed scenarios.
struct Survivors;

impl Visit for Survivors {
    type Output = (usize, Vec<&'static str>);

    fn visit<F: Catalog>(self) -> Self::Output {
        let folder = committed().join(F::NAME).join("scenarios");
        let contexts: Vec<_> = walk(&folder)
            .unwrap()
            .files
            .iter()
            .map(|path| read_scenario::<F>(path, &read_text(path).unwrap()).unwrap().1)
            .collect();
        let mut survivors = Vec::new();
        for mutant in F::mutants() {
            let judge = Judge::<F>::new(Some(mutant.profile), Observes::ALL);
            let mut subject = InProcess::new(mutant.make);
            let told = contexts
                .iter()
                .filter(|context| F::profile(&context.scenario.world) == mutant.profile)
                .any(|context| {
                    let run = run_once(context, &mut subject, &judge, Record::Nothing);
                    run.verdict.violation().is_some()
                });
            if !told {
                survivors.push(mutant.id);
            }
        }
        (F::mutants().len(), survivors)
    }
}

#[test]
fn a_thousand_changed_bytes_are_each_named() {
    let manifest = Manifest::read(&committed().join("manifest.yaml")).unwrap();
    let copy = tempfile::tempdir().unwrap();
    for path in walk(&committed()).unwrap().files {
        let to = copy.path().join(path.strip_prefix(committed()).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&path, to).unwrap();
    }
    assert_eq!(manifest.compare(copy.path()), []);
    let mut state = 1_u64;
    let mut flips = 0;
    while flips < 1_000 {
        // One byte of each file; the same file is changed otherwise in the next round.
        let mut restore = Vec::new();
        for file in &manifest.files {
            let path = copy.path().join(&file.path);
            let mut bytes = fs::read(&path).unwrap();
            restore.push((path.clone(), bytes.clone()));
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let index = (state >> 33) as usize % bytes.len();
            bytes[index] ^= 1 << ((state >> 30) & 7);
            fs::write(&path, bytes).unwrap();
            flips += 1;
        }
        let named: BTreeSet<PathBuf> =
            manifest.compare(copy.path()).into_iter().map(|error| error.path).collect();
        for (path, bytes) in restore {
            assert!(named.contains(&path), "{} goes unnoticed", path.display());
            fs::write(&path, bytes).unwrap();
        }
    }
}

struct Quiet;

impl Watch for Quiet {
    fn begins(&mut self, _: &str) {}
}

fn tiny(notation: Notation) -> Bundle {
    let families = vec!["headers-first".to_owned()];
    let options = Options { families, bundle: Size::Tiny, seed: 7, notation };
    generate(&options, &mut Quiet).unwrap()
}

#[test]
fn the_same_options_make_the_same_files_and_no_two_are_alike() {
    let bundle = tiny(Notation::Yaml);
    assert_eq!(bundle, tiny(Notation::Yaml));
    let scenarios: BTreeSet<&str> = bundle
        .files
        .values()
        .filter_map(|(text, _)| text.split_once("\nscenario:\n").map(|(_, scenario)| scenario))
        .collect();
    let count = bundle.files.keys().filter(|path| path.contains("/scenarios/")).count();
    assert!(count > 10);
    assert_eq!(scenarios.len(), count);
}

#[test]
fn a_bundle_is_written_whole_and_compares_equal() {
    let folder = tempfile::tempdir().unwrap();
    let stale = folder.path().join("headers-first/scenarios/old.yaml");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    fs::write(&stale, "").unwrap();
    let bundle = tiny(Notation::Yaml);
    bundle.write(folder.path()).unwrap();
    assert!(!stale.exists());
    assert!(bundle.compare(folder.path()).unwrap().is_empty());
    let manifest = Manifest::read(&Manifest::find(folder.path()).unwrap()).unwrap();
    assert_eq!(manifest, bundle.manifest());
    assert_eq!(manifest.compare(folder.path()), []);
    // A file that nobody lists, and one that is gone, are named.
    fs::write(folder.path().join("note.txt"), "x").unwrap();
    fs::remove_file(folder.path().join("headers-first/functions/block.yaml")).unwrap();
    let errors: Vec<String> =
        manifest.compare(folder.path()).iter().map(ToString::to_string).collect();
    assert!(errors.iter().any(|error| error.contains("note.txt: is not listed")), "{errors:?}");
    assert!(errors.iter().any(|error| error.contains("block.yaml: is listed")), "{errors:?}");
}

#[test]
fn the_json_twin_means_the_same() {
    let (yaml, json) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tiny(Notation::Yaml).write(yaml.path()).unwrap();
    tiny(Notation::Json).write(json.path()).unwrap();
    assert_eq!(diff(yaml.path(), json.path()).unwrap(), []);
}

#[test]
fn a_changed_expectation_is_told_from_a_changed_input() {
    let (before, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [before.path(), after.path()] {
        tiny(Notation::Yaml).write(folder).unwrap();
    }
    let table = after.path().join("headers-first/functions/fork-point.yaml");
    let text = fs::read_to_string(&table).unwrap();
    fs::write(&table, text.replacen("    expect: \"", "    expect: \"1", 1)).unwrap();
    let table = after.path().join("headers-first/functions/locate.yaml");
    let text = fs::read_to_string(&table).unwrap();
    fs::write(&table, text.replacen("      max: ", "      max: 1", 1)).unwrap();
    let table = after.path().join("headers-first/functions/block.yaml");
    fs::remove_file(table).unwrap();
    let differences = diff(before.path(), after.path()).unwrap();
    let count = |change| differences.iter().filter(|it| it.change == change).count();
    assert_eq!(count(Change::Expectation), 1, "{differences:?}");
    assert_eq!(count(Change::Input), 1);
    assert_eq!(count(Change::Gone), 6);
    assert_eq!(count(Change::New), 0);
}
