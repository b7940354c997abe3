//! The pictures of worlds: what a few of them show, and the bounds of all.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files fails")]

use std::fs;
use std::path::{Path, PathBuf};

use syncheck::families::{Catalog, FamilyId, Visit};
use syncheck::scenario::{BoxKind, Drawing};
use syncheck::vectors::{read_scenario, read_text};

struct Draw(PathBuf);

impl Visit for Draw {
    type Output = Drawing;

    fn visit<F: Catalog>(self) -> Drawing {
        let text = read_text(&self.0).unwrap();
        let (document, context) = read_scenario::<F>(&self.0, &text).unwrap();
        F::drawing(&document.scenario, &context.world)
    }
}

fn drawing(family: &str, file: PathBuf) -> Drawing {
    family.parse::<FamilyId>().unwrap().visit(Draw(file))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn of_scenario(name: &str) -> Drawing {
    let (family, _) = name.split_once('/').unwrap();
    drawing(family, folder().join(format!("{name}.yaml")))
}

fn says(drawing: &Drawing, label: &str, words: &str) -> bool {
    let boxes = drawing.boxes.iter().filter(|its| its.label == label);
    boxes.flat_map(|its| &its.notes).any(|note| note.text == words)
}

#[test]
fn an_invalid_block_is_marked() {
    let drawing = of_scenario("headers-first/scenarios/label-heavier-but-invalid-chain");
    let boxes: Vec<(&str, BoxKind)> =
        drawing.boxes.iter().map(|its| (its.label.as_str(), its.kind)).collect();
    let expected = [("m0", BoxKind::Held), ("m1", BoxKind::Plain), ("b:2", BoxKind::Bad)];
    assert_eq!(boxes, expected);
    assert!(says(&drawing, "b:2", "coinbase height"), "{drawing:?}");
}

#[test]
fn a_subchain_has_a_row_of_its_own() {
    let drawing = of_scenario("skeleton/scenarios/mutant-status-not-loaded");
    let row = drawing.rows.iter().position(|row| row == "subchain 1").expect("it is stored");
    let mut stored = drawing.boxes.iter().filter(|its| its.row as usize == row);
    assert!(stored.any(|its| its.kind == BoxKind::Held), "{drawing:?}");
}

#[test]
fn an_equivocation_is_marked() {
    let drawing = of_scenario("tipset-sync/scenarios/mutant-first-seen-equivocation");
    assert!(says(&drawing, "b1#1", "miner 101 equivocates"), "{drawing:?}");
}

#[test]
fn tries_begin_with_their_roots() {
    let drawing = of_scenario("state-sync/scenarios/mutant-attempts-kept");
    let first = drawing.boxes.iter().filter(|its| its.column == 0);
    let labels: Vec<&str> = first.map(|its| its.label.as_str()).collect();
    assert_eq!(labels, ["root@0", "root@1"], "{drawing:?}");
}

#[test]
fn every_picture_is_small_and_whole() {
    let mut drawn = 0;
    for family in ["headers-first", "skeleton", "state-sync", "tipset-sync"] {
        for entry in fs::read_dir(folder().join(family).join("scenarios")).unwrap() {
            let file = entry.unwrap().path();
            let drawing = drawing(family, file.clone());
            let (rows, columns) = (drawing.rows.len(), drawing.columns.len());
            let name = file.display();
            assert!(!drawing.boxes.is_empty(), "{name}");
            assert!(drawing.boxes.len() <= 400 && columns <= 70 && rows <= 90, "{name}");
            for its in &drawing.boxes {
                assert!((its.column + its.wide) as usize <= columns, "{name}: {its:?}");
                assert!((its.row as usize) < rows, "{name}: {its:?}");
            }
            for link in &drawing.links {
                let last = link.from.max(link.to) as usize;
                assert!(last < drawing.boxes.len() && link.from != link.to, "{name}: {link:?}");
            }
            drawn += 1;
        }
    }
    assert!(drawn > 100, "{drawn}");
}
