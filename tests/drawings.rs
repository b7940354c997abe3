//! The pictures of worlds: a few for review, and all of them for their bounds.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files fails")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use syncheck::families::{Catalog, FamilyId, Visit};
use syncheck::scenario::{BoxKind, Drawing};
use syncheck::vectors::{read_scenario, read_text};

/// One scenario of each family.
const CHOSEN: &[&str] = &[
    "headers-first/scenarios/label-heavier-but-invalid-chain",
    "skeleton/scenarios/mutant-merge-loses-tail",
    "state-sync/scenarios/mutant-second-parent-forgotten",
    "tipset-sync/scenarios/mutant-first-seen-equivocation",
];

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

/// A line for each box: where it is, its name, what is said of it, and what it is linked from.
fn outline(drawing: &Drawing) -> String {
    let mut text = format!("{}\ncolumns {}\n", drawing.caption, drawing.columns.join(" | "));
    for (index, its) in drawing.boxes.iter().enumerate() {
        let row = &drawing.rows[its.row as usize];
        let kind = match its.kind {
            BoxKind::Bad => " bad",
            BoxKind::Held => " held",
            BoxKind::Plain => "",
        };
        let _ = write!(text, "{:>2} {:>2} {row} [{}]{kind}", its.column, its.row, its.label);
        for note in &its.notes {
            let _ = write!(text, ", {:?} {}", note.kind, note.text);
        }
        for link in drawing.links.iter().filter(|link| link.to as usize == index) {
            let _ = write!(text, " <- {}", drawing.boxes[link.from as usize].label);
        }
        text.push('\n');
    }
    if let Some(left_out) = &drawing.left_out {
        let _ = writeln!(text, "left out: {left_out}");
    }
    text
}

#[test]
fn worlds_are_drawn_as_reviewed() {
    for name in CHOSEN {
        let (family, scenario) = name.split_once("/scenarios/").unwrap();
        let drawing = drawing(family, folder().join(format!("{name}.yaml")));
        insta::assert_snapshot!(format!("{family}-{scenario}"), outline(&drawing));
    }
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
