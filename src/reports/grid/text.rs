use std::fmt::Write as _;

use super::ending::EndingsRecord;
use super::model::{Cell, CellState, Grid, GridFinding, Section};

/// The most endings that are listed for a section.
const ENDINGS_MAX: usize = 20;

/// A grid for a terminal.
pub fn grid_text(grid: &Grid) -> String {
    let mut text = String::new();
    for section in &grid.sections {
        write_section(&mut text, section);
    }
    if !grid.findings.is_empty() {
        let _ = writeln!(text, "findings");
    }
    for (index, finding) in grid.findings.iter().enumerate() {
        write_finding(&mut text, index, finding);
    }
    text.truncate(text.trim_end().len());
    text
}

fn write_section(text: &mut String, section: &Section) {
    let Section { family, profile, columns, .. } = section;
    let _ = writeln!(text, "{family}, scenarios of {profile}");
    let names: Vec<&str> = columns.iter().map(|column| column.subject.as_str()).collect();
    let widths: Vec<usize> = names.iter().map(|name| name.chars().count().max(11)).collect();
    let first = section.rows.iter().map(|row| row.claim.len()).max().unwrap_or(0).max(12);
    let mut line = |name: &str, cells: &[String]| {
        let _ = write!(text, "  {name:<first$}");
        for (cell, width) in cells.iter().zip(&widths) {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.push('\n');
    };
    line("", &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let counted = |count: fn(&super::Column) -> u64| -> Vec<String> {
        columns.iter().map(|column| count(column).to_string()).collect()
    };
    line("cases", &counted(|column| column.cases));
    if columns.iter().any(|column| column.unsupported > 0) {
        line("unsupported", &counted(|column| column.unsupported));
    }
    if columns.iter().any(|column| column.inconclusive > 0) {
        line("inconclusive", &counted(|column| column.inconclusive));
    }
    for row in &section.rows {
        line(&row.claim, &row.cells.iter().map(cell_text).collect::<Vec<_>>());
    }
    write_endings(text, section);
    text.push('\n');
}

/// The state of a claim, with the number of the shortest finding.
fn cell_text(cell: &Cell) -> String {
    let number = cell.findings.first().map_or_else(String::new, |index| format!(" #{}", index + 1));
    match cell.state {
        CellState::Broken => format!("BROKEN{number}"),
        CellState::Flaky => format!("FLAKY{number}"),
        CellState::Held => "held".to_owned(),
        CellState::Known => "known".to_owned(),
        CellState::NotJudged => "-".to_owned(),
        CellState::Untested => "NOT TESTED".to_owned(),
    }
}

fn write_endings(text: &mut String, section: &Section) {
    if section.compared == 0 {
        return;
    }
    let Section { compared, endings, .. } = section;
    let _ = match endings.len() {
        0 => writeln!(text, "  all subjects end alike in {compared} scenarios"),
        some => writeln!(text, "  {some} of {compared} scenarios do not end alike:"),
    };
    for ending in endings.iter().take(ENDINGS_MAX) {
        let _ = writeln!(text, "  case {}: {}", ending.case, ends_text(ending));
    }
    if endings.len() > ENDINGS_MAX {
        let _ = writeln!(text, "  {} more in the JSON form", endings.len() - ENDINGS_MAX);
    }
}

/// Who ended where: `m5 (reference, bcoin); m3 (btcd)`.
pub(in crate::reports) fn ends_text(record: &EndingsRecord) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for ends in &record.ends {
        let ending = ends.ending.as_deref().unwrap_or("nothing reported");
        match groups.iter_mut().find(|(known, _)| *known == ending) {
            Some((_, subjects)) => subjects.push(&ends.subject),
            None => groups.push((ending, vec![&ends.subject])),
        }
    }
    let groups =
        groups.into_iter().map(|(ending, subjects)| format!("{ending} ({})", subjects.join(", ")));
    groups.collect::<Vec<_>>().join("; ")
}

fn write_finding(text: &mut String, index: usize, found: &GridFinding) {
    let GridFinding { subject, finding } = found;
    let about = finding.peer.map_or_else(String::new, |peer| format!(" ({peer})"));
    let _ = writeln!(text, "  #{:<3} {subject}: {}{about}", index + 1, finding.claim);
    let _ = writeln!(text, "       expected  {}", finding.expected);
    let _ = writeln!(text, "       got       {}", finding.got);
    let case = finding.case.map_or_else(String::new, |case| format!("; case {case}"));
    let _ = writeln!(text, "       size      {} inputs{case}", finding.inputs);
    if let Some(replay) = &finding.replay {
        let _ = writeln!(text, "       replay    {replay}");
    }
}
