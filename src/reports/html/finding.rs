use maud::{Markup, html};

use crate::reports::FindingReport;
use crate::reports::fold::{self, Row};
use crate::scenario::Drawing;

use super::lanes::Lanes;
use super::size::{Size, cut, grouped};
use super::{sequence, steps, world};

/// A finding with its diagrams, in the largest form that has at most so many bytes.
pub(super) fn article(number: usize, finding: &FindingReport, bytes_max: usize) -> Markup {
    let sizes = Size::ALL.iter().map(|size| sized(number, finding, *size));
    let mut smallest = None;
    for markup in sizes {
        if markup.0.len() <= bytes_max {
            return markup;
        }
        smallest = Some(markup);
    }
    smallest.expect("there are sizes")
}

/// The name of a finding's place in the page.
pub(super) fn anchor(number: usize) -> String {
    format!("f{number}")
}

/// What is said of a finding where not all findings are shown whole.
pub(super) fn brief(number: usize, finding: &FindingReport) -> Markup {
    html! {
        article.finding.brief id=(anchor(number)) {
            (heading(number, finding))
            (verdict(finding))
            (replay(finding))
        }
    }
}

fn sized(number: usize, finding: &FindingReport, size: Size) -> Markup {
    html! {
        article.finding id=(anchor(number)) aria-labelledby={ (anchor(number)) "-h" } {
            (heading(number, finding))
            (verdict(finding))
            (replay(finding))
            @if !finding.trace.is_empty() {
                (run(&anchor(number), finding, size))
            }
            @if let Some(drawing) = &finding.drawing {
                (drawn(&anchor(number), drawing))
            }
            (plan(finding, size))
        }
    }
}

fn heading(number: usize, finding: &FindingReport) -> Markup {
    html! {
        h3 id={ (anchor(number)) "-h" } {
            @if finding.flaky.is_some() {
                span.badge.warn { "\u{25cb} flaky" } " "
            } @else {
                span.badge.bad { "\u{2715} broken" } " "
            }
            code { (finding.claim) }
            @if let Some(peer) = finding.peer { " " span.dim { "(" (peer.to_string()) ")" } }
        }
        p.lead { (cut(&finding.summary, 2_000)) }
    }
}

fn verdict(finding: &FindingReport) -> Markup {
    html! {
        dl.verdict {
            div { dt { "Expected" } dd { (cut(&finding.expected, 4_000)) } }
            div.got { dt { "Got" } dd { (cut(&finding.got, 4_000)) } }
            @if !finding.log.is_empty() {
                div { dt { "Its log" } dd { (cut(&finding.log.join("\n"), 8_000)) } }
            }
            @if let Some(repeats) = finding.repeats_line() {
                div { dt { "Repeats" } dd { (repeats) } }
            }
        }
        dl.facts {
            div { dt { "Family" } dd { (finding.family) " " (finding.profile) } }
            div.two { dt { "Size" } dd { (size_line(finding)) } }
            div { dt { "The claim binds" } dd { (finding.bound()) } }
            div.two { dt { "Subject" } dd { code { (cut(&finding.subject, 400)) } } }
            div.two { dt { "Source" } dd { (cut(&finding.source, 2_000)) } }
        }
    }
}

fn size_line(finding: &FindingReport) -> String {
    let now = format!("{} inputs, {} steps", grouped(finding.inputs), grouped(finding.steps));
    let mut line = match (finding.inputs_before, finding.steps_before) {
        (Some(inputs), Some(steps)) => {
            format!("{now}; before {} inputs, {} steps", grouped(inputs), grouped(steps))
        }
        _ => now,
    };
    if let (Some(seed), Some(case)) = (finding.seed, finding.case) {
        line.push_str(&format!(" in case {case} of seed {seed}"));
    }
    if finding.cut_short {
        line.push_str("; it could be smaller: the search was ended");
    }
    line
}

fn replay(finding: &FindingReport) -> Markup {
    html! {
        @if let Some(replay) = &finding.replay {
            div.replay {
                span.label { "Replay" }
                code data-copy="" tabindex="0" { (cut(replay, 4_000)) }
            }
        }
    }
}

/// The sequence diagram, and the table of its steps.
fn run(id: &str, finding: &FindingReport, size: Size) -> Markup {
    let rows = fold::rows(&finding.trace, size.rows);
    let lanes = Lanes::of(&finding.trace);
    let shown = rows.iter().filter(|row| matches!(row, Row::Step(_))).count();
    let broken = format!("{}: {}", finding.claim, finding.got);
    html! {
        section {
            h4 { "The run" }
            figure {
                div.scroll tabindex="0" role="group" aria-label="Sequence diagram, scrolls sideways" {
                    div.diagram {
                        (sequence::diagram(&format!("{id}-q"), &rows, &lanes, &broken))
                        (steps::links(id, &rows))
                    }
                }
                figcaption {
                    (shown_line(shown, finding))
                    " " b { "S" } " is the subject. " b.hot { "!" } " marks a lie or a fault, "
                    b.hot { "\u{2715}" } " what was lost. A row leads to its message below."
                }
            }
            details.steps {
                summary { "Steps and messages (" (shown) ")" }
                div.scroll tabindex="0" role="group" aria-label="Table of steps" {
                    (steps::table(id, &rows, size.detail))
                }
                p.dim { "Trace digest " code { (finding.digest) } }
            }
        }
    }
}

fn shown_line(shown: usize, finding: &FindingReport) -> String {
    let steps = finding.steps.max(finding.trace.len() as u64);
    match steps.saturating_sub(shown as u64) {
        0 => format!("All {steps} steps."),
        left_out => format!(
            "{shown} of {} steps; {} that repeat or are in the middle are left out, replay shows all.",
            grouped(steps),
            grouped(left_out),
        ),
    }
}

fn drawn(id: &str, drawing: &Drawing) -> Markup {
    let legend = world::legend(drawing);
    html! {
        section {
            h4 { "The world" }
            figure {
                div.scroll tabindex="0" role="group" aria-label="The world, scrolls sideways" {
                    (world::picture(&format!("{id}-w"), drawing))
                }
                figcaption {
                    (drawing.caption) "."
                    @for (sign, words) in legend {
                        " " span.sign { b { (sign) } " " (words) }
                    }
                    @if let Some(left_out) = &drawing.left_out {
                        " Left out: " (left_out) "."
                    }
                }
            }
        }
    }
}

/// The scenario in a few lines, and as its file has it.
fn plan(finding: &FindingReport, size: Size) -> Markup {
    html! {
        @if !finding.plan.is_empty() {
            section {
                h4 { "The plan" }
                div.scroll tabindex="0" role="group" aria-label="The plan of the run" {
                    table.plan {
                        tbody {
                            @for line in finding.plan.iter().take(40) {
                                tr { th scope="row" { (line.name) } td { (line.text) } }
                            }
                        }
                    }
                }
                @if finding.plan.len() > 40 {
                    p.dim { (finding.plan.len() - 40) " lines more are in the file." }
                }
                @if let Some(scenario) = &finding.scenario && size.scenario > 0 {
                    details {
                        summary {
                            "Scenario"
                            @if let Some(file) = &finding.file { " " code { (file.display().to_string()) } }
                        }
                        pre.scroll tabindex="0" role="group" aria-label="Scenario file" {
                            (cut(scenario, size.scenario))
                        }
                    }
                }
            }
        }
    }
}
