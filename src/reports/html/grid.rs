use maud::{Markup, html};

use crate::reports::grid::ends_text;
use crate::reports::{Cell, CellState, Column, Ended, Grid, GridFinding, Row, Section};

use super::finding::{anchor, article, brief};
use super::shell::{Parts, page};
use super::size::{WHOLE_MAX, cut, grouped, share};

/// The most endings that are listed for a section.
const ENDINGS_MAX: usize = 200;

/// A grid as one page that needs nothing else.
pub fn grid_html(grid: &Grid) -> String {
    let title = headline(grid);
    let header = html! {
        header {
            div.top {
                p.name { "syncheck" }
                h1 { (title) }
                p.lead {
                    "Each column is a subject, each row a claim. All subjects of a table were given \
                     scenarios of the same seed. A broken cell leads to the shortest \
                     counterexample and the command that replays it."
                }
                (legend())
            }
        }
    };
    let main = html! {
        @for section in &grid.sections { (table(section)) }
        (findings(grid))
    };
    let footer = html! {
        footer { p { "Made by syncheck " (grid.version) " from " code { (grid.format) } "." } }
    };
    page(&format!("syncheck: {title}"), "Skip to the tables", &Parts { header, main, footer })
}

fn headline(grid: &Grid) -> String {
    let mut names: Vec<&str> = grid
        .sections
        .iter()
        .flat_map(|section| section.columns.iter().map(|column| column.subject.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    let plural = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        many => format!("{many} {what}s"),
    };
    format!("{}, {}", plural(names.len(), "subject"), plural(grid.findings.len(), "finding"))
}

fn legend() -> Markup {
    let states = [
        (CellState::Held, "it held whenever a case put it to the test"),
        (CellState::Broken, "a case broke it, and does so again"),
        (CellState::Flaky, "a case broke it in some repetitions only"),
        (CellState::Known, "known to fail, and did"),
        (CellState::Untested, "no case put it to the test"),
        (CellState::NotJudged, "it binds others, or needs more than the subject shows"),
    ];
    html! {
        dl.facts.legend {
            @for (state, words) in states {
                div { dt { (badge(state)) } dd { (words) } }
            }
        }
    }
}

fn table(section: &Section) -> Markup {
    let title = format!("{}, scenarios of {}", section.family, section.profile);
    html! {
        section.profile {
            h2 { (title) }
            div.scroll tabindex="0" role="group" aria-label=(title) {
                table.grid {
                    thead {
                        tr {
                            th scope="col" { "Claim" }
                            @for column in &section.columns {
                                th scope="col" { (cut(&column.subject, 60)) }
                            }
                        }
                    }
                    tbody {
                        (counts(section, "Cases", |column| grouped(column.cases)))
                        @if section.columns.iter().any(|column| column.unsupported > 0) {
                            (counts(section, "Not supported", |column| grouped(column.unsupported)))
                        }
                        @if section.columns.iter().any(|column| column.inconclusive > 0) {
                            (counts(section, "Inconclusive", |column| grouped(column.inconclusive)))
                        }
                        (counts(section, "Search", |column| ended(column).to_owned()))
                        @for line in &section.rows { (row(line)) }
                    }
                }
            }
            (commands(section))
            (endings(section))
        }
    }
}

fn counts(section: &Section, title: &str, text: impl Fn(&Column) -> String) -> Markup {
    html! {
        tr.counts {
            th scope="row" { (title) }
            @for column in &section.columns { td { (text(column)) } }
        }
    }
}

fn row(line: &Row) -> Markup {
    html! {
        tr {
            th scope="row" title=(line.summary) {
                code { (line.claim) }
                @if !line.binds.is_empty() { " " span.binds { (line.binds.join(", ")) } }
            }
            @for cell in &line.cells { td { (state(cell)) } }
        }
    }
}

fn state(cell: &Cell) -> Markup {
    html! {
        @match cell.findings.first() {
            Some(index) => {
                a href={ "#" (anchor(index + 1)) } { (badge(cell.state)) " #" (index + 1) }
                @if cell.findings.len() > 1 {
                    " " span.dim { "and " (cell.findings.len() - 1) " more" }
                }
            }
            None => { (badge(cell.state)) }
        }
        @if let Some(reason) = &cell.reason { p.dim { (cut(reason, 200)) } }
        @if cell.tested > 0 { p.dim { "in " (grouped(cell.tested)) } }
    }
}

fn badge(state: CellState) -> Markup {
    let (class, words) = match state {
        CellState::Broken => ("bad", "\u{2715} broken"),
        CellState::Flaky => ("warn", "\u{2248} flaky"),
        CellState::Held => ("good", "\u{2713} held"),
        CellState::Known => ("known", "\u{2013} known"),
        CellState::NotJudged => ("known", "not judged"),
        CellState::Untested => ("warn", "\u{25cb} NOT TESTED"),
    };
    html! { span class={ "badge " (class) } { (words) } }
}

fn ended(column: &Column) -> &'static str {
    match column.ended {
        Ended::Complete => "complete",
        Ended::Failed => "the subject failed",
        Ended::Interrupted => "interrupted",
        Ended::MaxFindings => "enough findings",
        Ended::TimeLimit => "time was up",
    }
}

fn commands(section: &Section) -> Markup {
    html! {
        details {
            summary { "How each subject was started" }
            table {
                tbody {
                    @for column in &section.columns {
                        tr {
                            th scope="row" { (cut(&column.subject, 60)) }
                            td { code { (cut(&column.command, 400)) } }
                            td.number { "seed " (column.seed) }
                        }
                    }
                }
            }
        }
    }
}

fn endings(section: &Section) -> Markup {
    let Section { compared, endings, .. } = section;
    html! {
        @if *compared > 0 && endings.is_empty() {
            p { "All subjects end alike in " (grouped(*compared)) " scenarios." }
        }
        @if !endings.is_empty() {
            h4 {
                (grouped(endings.len() as u64)) " of " (grouped(*compared))
                " scenarios do not end alike"
            }
            div.scroll tabindex="0" role="group" aria-label="Where scenarios end" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Case" }
                            th scope="col" { "Ends at" }
                            th scope="col" { "Scenario" }
                        }
                    }
                    tbody {
                        @for record in endings.iter().take(ENDINGS_MAX) {
                            tr {
                                th scope="row" { (record.case) }
                                td {
                                    (cut(&ends_text(record), 1_000))
                                    @if !record.allowed.is_empty() {
                                        p.dim {
                                            "A correct subject ends at "
                                            (cut(&record.allowed.join(" or "), 400)) "."
                                        }
                                    }
                                }
                                td { @if let Some(file) = &record.file { code { (file) } } }
                            }
                        }
                    }
                }
            }
            @if endings.len() > ENDINGS_MAX {
                p.dim { (endings.len() - ENDINGS_MAX) " more are in the JSON form." }
            }
        }
    }
}

fn findings(grid: &Grid) -> Markup {
    let bytes = share(grid.findings.len());
    html! {
        section aria-labelledby="findings" {
            h2 id="findings" { "Findings" }
            @if grid.findings.is_empty() { p { "Nothing was found." } }
            @if grid.findings.len() > 1 { (contents(&grid.findings)) }
            @for (index, found) in grid.findings.iter().enumerate() {
                @if index < WHOLE_MAX {
                    (article(index + 1, &found.finding, bytes))
                } @else {
                    (brief(index + 1, &found.finding))
                }
            }
        }
    }
}

fn contents(findings: &[GridFinding]) -> Markup {
    html! {
        nav aria-label="Findings" {
            ol {
                @for (index, GridFinding { subject, finding }) in findings.iter().enumerate() {
                    li {
                        a href={ "#" (anchor(index + 1)) } {
                            (cut(subject, 60)) ": " code { (finding.claim) }
                        }
                        " " span.dim { (cut(&finding.got, 110)) }
                    }
                }
            }
        }
    }
}
