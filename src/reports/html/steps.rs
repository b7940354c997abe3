use maud::{Markup, html};

use crate::reports::StepRecord;
use crate::reports::fold::{Row, alike_text, is_marked};

use super::label::Label;
use super::sequence::{HEAD, ROW};
use super::size::cut;

/// The links that lie over the rows of a diagram and lead to the table of its steps.
pub(super) fn links(id: &str, rows: &[Row<'_>]) -> Markup {
    html! {
        @for (index, row) in rows.iter().enumerate() {
            @if let Row::Step(step) = row {
                // The table itself can be reached by keyboard; so many stops more would be in the way.
                a.hit id={ (id) "-r" (step.seq) } href={ "#" (id) "-s" (step.seq) } tabindex="-1"
                    aria-hidden="true" style={ "top:" (HEAD + index * ROW) "px" } {}
            }
        }
    }
}

/// The steps of a run in words, each with all of its message on demand.
pub(super) fn table(id: &str, rows: &[Row<'_>], detail_max: usize) -> Markup {
    let shown: Vec<u64> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Step(step) => Some(step.seq),
            _ => None,
        })
        .collect();
    html! {
        table.steps {
            thead {
                tr {
                    th scope="col" { "Step" }
                    th scope="col" { "Time" }
                    th scope="col" { "What happens" }
                    th scope="col" { "Because of" }
                }
            }
            tbody {
                @for row in rows {
                    @match row {
                        Row::Step(step) => (line(id, step, &shown, detail_max)),
                        Row::Alike { hidden, group } => {
                            tr { td colspan="4" class="dim" { (alike_text(hidden.len(), *group)) } }
                        }
                        Row::LeftOut { hidden, .. } => {
                            tr { td colspan="4" class="dim" { (hidden.len()) " steps left out" } }
                        }
                    }
                }
            }
        }
    }
}

fn line(id: &str, step: &StepRecord, shown: &[u64], detail_max: usize) -> Markup {
    let label = Label::of(step);
    html! {
        tr id={ (id) "-s" (step.seq) } class=[is_marked(step).then_some("hot")] {
            th scope="row" { a href={ "#" (id) "-r" (step.seq) } title="In the diagram" { (step.seq) } }
            td.time { (step.at.to_string()) }
            td {
                @match (&step.detail, detail_max) {
                    (Some(detail), 1..) => details {
                        summary { (words(step, &label)) }
                        pre { (cut(detail, detail_max)) }
                    },
                    _ => (words(step, &label)),
                }
            }
            td {
                @if let Some(cause) = step.cause {
                    @if shown.contains(&cause) {
                        a href={ "#" (id) "-s" (cause) } { (cause) }
                    } @else {
                        (cause)
                    }
                }
            }
        }
    }
}

fn words(step: &StepRecord, label: &Label<'_>) -> Markup {
    html! {
        @match (step.peer, label.arrow) {
            (Some(peer), "") => { (peer.to_string()) " " },
            (Some(peer), "-->") => { (peer.to_string()) " \u{2192} S " },
            (Some(peer), "<--") => { "S \u{2192} " (peer.to_string()) " " },
            (Some(peer), "x->") => { (peer.to_string()) " \u{219b} S " },
            (Some(peer), "<-x") => { "S \u{219b} " (peer.to_string()) " " },
            (Some(peer), _) => { "S, " (peer.to_string()) " " },
            (None, _) => { "S " },
        }
        (label.words)
        @for tag in &label.tags {
            " "
            span.tag { (tag.kind) @if !tag.text.is_empty() { " " (tag.text) } }
        }
    }
}
