use crate::reports::samples::campaign;

use super::{CellState, EndingsRecord, Ends, Grid, grid_text};

fn sample() -> Grid {
    let mut other = campaign();
    other.findings.clear();
    other.profiles[0].claims.pop();
    let subjects = [("one".to_owned(), campaign()), ("another".to_owned(), other)];
    let mut grid = Grid::of(&subjects).unwrap();
    let ends = |subject: &str, ending: &str| Ends {
        subject: subject.to_owned(),
        ending: Some(ending.to_owned()),
    };
    let record = |case, ending| EndingsRecord {
        family: "headers-first".to_owned(),
        profile: "btcd-0.26".to_owned(),
        seed: 0,
        case,
        file: None,
        allowed: Vec::new(),
        ends: vec![ends("one", "tip m5"), ends("another", ending)],
    };
    grid.compare("headers-first", "btcd-0.26", 9, vec![record(3, "tip m4"), record(4, "tip m5")]);
    grid
}

#[test]
fn a_grid_has_each_claim_in_each_state() {
    insta::assert_snapshot!(grid_text(&sample()));
}

#[test]
fn a_claim_of_one_subject_does_not_judge_the_other() {
    let grid = sample();
    let rows = &grid.sections[0].rows;
    let row = rows.iter().find(|row| row.claim == "quiet-when-done").unwrap();
    let states: Vec<CellState> = row.cells.iter().map(|cell| cell.state).collect();
    assert_eq!(states, [CellState::Known, CellState::NotJudged]);
}

#[test]
fn only_scenarios_that_differ_are_kept() {
    let cases: Vec<u64> = sample().sections[0].endings.iter().map(|it| it.case).collect();
    assert_eq!(cases, [3]);
}

#[test]
fn a_grid_reads_back_as_it_was_written() {
    let grid = sample();
    let text = serde_json::to_string(&grid).unwrap();
    assert_eq!(serde_json::from_str::<Grid>(&text).unwrap(), grid);
}

#[test]
fn two_subjects_need_two_names() {
    let twice = [("one".to_owned(), campaign()), ("one".to_owned(), campaign())];
    assert!(Grid::of(&twice).unwrap_err().contains("\"one\""));
}
