use maud::{Markup, html};

use crate::reports::StepRecord;
use crate::reports::fold::{Row, alike_text, is_marked};
use crate::trace::Arrow;

use super::label::{Label, Tag};
use super::lanes::Lanes;
use super::size::{cut, wide};

/// The height of a row.
pub(super) const ROW: usize = 22;

/// The height of the names of the lanes.
pub(super) const HEAD: usize = 34;

/// Where times end.
const TIME_END: usize = 86;

/// The longest words of a step in characters; the table has them whole.
const WORDS_MAX: usize = 100;

/// The sequence diagram of a run: time downwards, a lane for the subject and one for each peer.
/// `id` is unique in the page; `broken` is what the last row says.
pub(super) fn diagram(id: &str, rows: &[Row<'_>], lanes: &Lanes, broken: &str) -> Markup {
    let height = HEAD + (rows.len() + 1) * ROW + 8;
    let width = width(rows, lanes, broken);
    let bottom = HEAD + rows.len() * ROW;
    html! {
        svg.seq role="img" aria-labelledby={ (id) "-t " (id) "-d" } width=(width) height=(height)
            viewBox={ "0 0 " (width) " " (height) } {
            title id={ (id) "-t" } { "Sequence diagram of the run" }
            desc id={ (id) "-d" } { (described(rows, lanes, broken)) }
            (backgrounds(rows, width))
            (heads(lanes, rows))
            path.life.on d=(vertical(lanes.subject(), HEAD, bottom)) {}
            @for line in lanes.lifelines(rows) {
                path class=(if line.connected { "life on" } else { "life" })
                    d=(vertical(line.x, line.y.0, line.y.1)) {}
            }
            @for (index, row) in rows.iter().enumerate() {
                @let before = index.checked_sub(1).and_then(|before| rows.get(before));
                (drawn(row, before, HEAD + index * ROW, lanes))
            }
            rect.end x="0" y=(bottom + 4) width=(width) height=(ROW) rx="3" {}
            text.end x=(lanes.end()) y=(bottom + 19) { (cut(broken, WORDS_MAX)) }
            text.end x="8" y=(bottom + 19) { "\u{2715} broken" }
        }
    }
}

/// The names of the lanes; a peer that lies, or whose link has faults, is marked.
fn heads(lanes: &Lanes, rows: &[Row<'_>]) -> Markup {
    let steps = || {
        rows.iter().filter_map(|row| match row {
            Row::Step(step) => Some(*step),
            _ => None,
        })
    };
    html! {
        (head(lanes.subject(), "S", "head subject"))
        @for peer in lanes.peers() {
            @let lies = steps().any(|step| step.peer == Some(*peer) && step.hostile);
            @let name = if lies { format!("{peer}!") } else { peer.to_string() };
            (head(lanes.peer(*peer), &name, if lies { "head hot" } else { "head" }))
        }
    }
}

fn head(x: usize, name: &str, class: &str) -> Markup {
    let half = wide(name) / 2 + 6;
    html! {
        rect class=(class) x=(x - half) y="6" width=(2 * half) height="20" rx="4" {}
        text class={ (class) " mid" } x=(x) y="20" { (name) }
    }
}

/// Behind all else: the rows with a lie or a fault.
fn backgrounds(rows: &[Row<'_>], width: usize) -> Markup {
    html! {
        @for (index, row) in rows.iter().enumerate() {
            @if matches!(row, Row::Step(step) if is_marked(step)) {
                rect.row x="0" y=(HEAD + index * ROW) width=(width) height=(ROW) {}
            }
        }
    }
}

fn drawn(row: &Row<'_>, before: Option<&Row<'_>>, y: usize, lanes: &Lanes) -> Markup {
    match row {
        Row::Step(step) => html! {
            @if is_marked(step) {
                text.hot x="4" y=(y + 15) { "!" }
            }
            @if !matches!(before, Some(Row::Step(before)) if before.at == step.at) {
                text.time x=(TIME_END) y=(y + 15) { (step.at.to_string()) }
            }
            (mark(step, y + ROW / 2, lanes))
            (words(step, y, lanes.end()))
        },
        Row::Alike { hidden, group } => fold(&alike_text(hidden.len(), *group), y, lanes),
        Row::LeftOut { hidden, .. } => {
            fold(&format!("... {} steps left out; replay shows all ...", hidden.len()), y, lanes)
        }
    }
}

/// What stands for steps that are not drawn: the lanes are interrupted.
fn fold(text: &str, y: usize, lanes: &Lanes) -> Markup {
    let first = lanes.subject();
    let xs = std::iter::once(first).chain(lanes.peers().iter().map(|peer| lanes.peer(*peer)));
    html! {
        @for x in xs {
            path.fold d={ "M" (x - 5) " " (y + 13) "l10 -4" } {}
        }
        text.fold x=(lanes.end()) y=(y + 15) { (text) }
    }
}

fn words(step: &StepRecord, y: usize, x: usize) -> Markup {
    let label = Label::of(step);
    let text = cut(label.words, WORDS_MAX);
    let mut tag_x = x + wide(&text) + 10;
    let tags: Vec<(usize, String)> = label
        .tags
        .iter()
        .map(|tag| {
            let (words, x) = (tag_words(tag), tag_x);
            tag_x += wide(&words) + 18;
            (x, words)
        })
        .collect();
    html! {
        text x=(x) y=(y + 15) { (text) }
        @for (x, words) in tags {
            rect.tag x=(x) y=(y + 3) width=(wide(&words) + 10) height=(ROW - 6) rx="3" {}
            text.tag x=(x + 5) y=(y + 15) { (words) }
        }
    }
}

fn tag_words(tag: &Tag) -> String {
    if tag.text.is_empty() { tag.kind.to_owned() } else { format!("{} {}", tag.kind, tag.text) }
}

/// The arrow of a step, or the dot of something that travels not.
fn mark(step: &StepRecord, y: usize, lanes: &Lanes) -> Markup {
    let subject = lanes.subject();
    let class = if is_marked(step) { "arrow hot" } else { "arrow" };
    let Some(peer) = step.peer else {
        return match step.text.as_str() {
            "network heals" => {
                html! { path.heal d={ "M" (subject) " " (y) "H" (lanes.end() - 8) } {} }
            }
            text if text.starts_with("subject dies") => html! {
                path.arrow.hot d=(cross(subject, y)) {}
                path.heal.hot d={ "M" (subject) " " (y) "H" (lanes.end() - 8) } {}
            },
            _ => html! { circle.dot cx=(subject) cy=(y) r="3" {} },
        };
    };
    let x = lanes.peer(peer);
    let middle = (subject + x) / 2;
    let label = Label::of(step);
    html! {
        @match (step.arrow, label.arrow) {
            (Arrow::None, _) => circle.dot cx=(x) cy=(y) r="3" {},
            (Arrow::FromSubject, _) => path class=(class) d=(arrow(subject, x, y)) {},
            (Arrow::ToSubject, _) => path class=(class) d=(arrow(x, subject, y)) {},
            (Arrow::Lost, "<-x") => {
                path.arrow.hot.lost d={ "M" (subject) " " (y) "H" (middle) } {}
                path.arrow.hot d=(cross(middle, y)) {}
            },
            (Arrow::Lost, _) => {
                path.arrow.hot.lost d={ "M" (x) " " (y) "H" (middle) } {}
                path.arrow.hot d=(cross(middle, y)) {}
            },
            (Arrow::Connection, "===") => {
                path class={ (class) " open" } d=(double(subject, x, y)) {}
            },
            (Arrow::Connection, _) => {
                path class={ (class) " shut" } d={ "M" (subject) " " (y) "H" (x) } {}
                path class=(class) d={ "M" (middle - 4) " " (y + 5) "l8 -10" } {}
            },
        }
        @if step.hostile && matches!(step.arrow, Arrow::FromSubject | Arrow::ToSubject) {
            circle.bang cx=(middle) cy=(y) r="7" {}
            text.bang x=(middle) y=(y + 4) { "!" }
        }
    }
}

fn arrow(from: usize, to: usize, y: usize) -> String {
    let side = if from < to { to - 7 } else { to + 7 };
    format!("M{from} {y}H{to}M{side} {}L{to} {y}L{side} {}", y - 4, y + 4)
}

fn double(from: usize, to: usize, y: usize) -> String {
    format!("M{from} {}H{to}M{from} {}H{to}", y - 2, y + 2)
}

fn cross(x: usize, y: usize) -> String {
    format!("M{} {}l8 8m0 -8l-8 8", x - 4, y - 4)
}

fn vertical(x: usize, from: usize, to: usize) -> String {
    format!("M{x} {from}V{to}")
}

/// The diagram for those who do not see it.
fn described(rows: &[Row<'_>], lanes: &Lanes, broken: &str) -> String {
    let steps: usize = rows.iter().map(Row::count).sum();
    let marked = rows.iter().filter(|row| matches!(row, Row::Step(step) if is_marked(step)));
    let peers = match lanes.peers().len() {
        1 => "one peer".to_owned(),
        many => format!("{many} peers"),
    };
    format!(
        "{steps} steps between the subject and {}, {} of those shown with a lie or a fault. \
         The table of steps below has the same in words. At the end: {broken}.",
        peers,
        marked.count(),
    )
}

fn width(rows: &[Row<'_>], lanes: &Lanes, broken: &str) -> usize {
    let of_row = |row: &Row<'_>| match row {
        Row::Step(step) => {
            let label = Label::of(step);
            let tags: usize = label.tags.iter().map(|tag| wide(&tag_words(tag)) + 18).sum();
            wide(&cut(label.words, WORDS_MAX)) + tags
        }
        _ => 320,
    };
    let words = rows.iter().map(of_row).max().unwrap_or(0);
    lanes.end() + words.max(wide(&cut(broken, WORDS_MAX))).max(240) + 12
}

#[cfg(test)]
pub(super) mod tests {
    use crate::machine::{PeerId, Time};
    use crate::reports::fold;

    use super::*;

    /// A step of a run.
    pub(in super::super) fn step(
        seq: u64,
        peer: Option<u16>,
        arrow: Arrow,
        text: &str,
    ) -> StepRecord {
        StepRecord {
            seq,
            at: Time::from_millis(seq / 2 * 10),
            cause: seq.checked_sub(1),
            peer: peer.map(PeerId),
            arrow,
            text: text.to_owned(),
            hostile: text.ends_with("[lie]"),
            lie: None,
            fault: None,
            detail: None,
        }
    }

    fn run() -> Vec<StepRecord> {
        vec![
            step(0, Some(1), Arrow::Connection, "p1 === S  connected"),
            step(1, Some(1), Arrow::FromSubject, "p1 <-- S  getheaders from m0"),
            step(2, Some(1), Arrow::ToSubject, "p1 --> S  headers m1  [lie]"),
            step(3, None, Arrow::None, "S: takes header m1"),
            step(4, Some(1), Arrow::Connection, "p1 =/= S  disconnected"),
            step(5, Some(1), Arrow::Lost, "p1 <-x S  getdata m1  [lost: connection gone]"),
        ]
    }

    #[test]
    fn a_small_run_is_drawn() {
        let steps = run();
        let rows = fold::rows(&steps, (60, 120));
        let drawn = diagram("f1", &rows, &Lanes::of(&steps), "no-lost-request");
        let lines = drawn.into_string().replace("><", ">\n<");
        insta::assert_snapshot!(lines);
    }

    #[test]
    fn what_repeats_is_folded() {
        let text = |number: u64| format!("p1 --> S  block m{number}");
        let steps: Vec<StepRecord> =
            (0..50).map(|seq| step(seq, Some(1), Arrow::ToSubject, &text(seq))).collect();
        let rows = fold::rows(&steps, (60, 120));
        let drawn = diagram("f1", &rows, &Lanes::of(&steps), "x").into_string();
        assert_eq!(rows.len(), 3);
        assert!(drawn.contains("... 48 more the like ..."), "{drawn}");
    }
}
