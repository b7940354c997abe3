use std::fmt::Write as _;

use super::fold::{Row, alike_text, is_marked, rows};
use super::step::StepRecord;

/// Lines shown of a long run: so many from its beginning, so many from its end.
const SHOWN: (usize, usize) = (12, 24);

/// A run as a terminal shows it: one line a step, marked where a lie or a fault is in it; steps
/// that repeat are shown once at their beginning and once at their end.
pub(super) fn chart(steps: &[StepRecord]) -> String {
    let mut text = String::new();
    for row in rows(steps, SHOWN) {
        let _ = match row {
            Row::Step(step) => writeln!(text, "{}", line(step)),
            Row::Alike { hidden, group } => {
                writeln!(text, "  {:>10}  {}", "", alike_text(hidden.len(), group))
            }
            Row::LeftOut { lines, .. } => {
                writeln!(text, "  ... {lines} lines left out; replay shows all ...")
            }
        };
    }
    text
}

fn line(step: &StepRecord) -> String {
    format!("{} {:>10}  {}", mark(step), step.at.to_string(), step.text)
}

fn mark(step: &StepRecord) -> char {
    if is_marked(step) { '!' } else { ' ' }
}

#[cfg(test)]
mod tests {
    use crate::machine::{PeerId, Time};
    use crate::trace::Arrow;

    use super::super::step::StepRecord;
    use super::chart;

    fn step(seq: u64, text: &str) -> StepRecord {
        StepRecord {
            seq,
            at: Time::from_millis(10 * seq),
            cause: None,
            peer: Some(PeerId(1)),
            arrow: Arrow::ToSubject,
            text: text.to_owned(),
            hostile: text.contains("[lie]"),
            lie: None,
            fault: None,
            detail: None,
        }
    }

    fn steps(texts: impl IntoIterator<Item = String>) -> Vec<StepRecord> {
        texts.into_iter().enumerate().map(|(seq, text)| step(seq as u64, &text)).collect()
    }

    #[test]
    fn steps_that_repeat_are_folded() {
        let transfer = (1..=9).flat_map(|height| {
            [format!("p1 --> S  block m{height}"), format!("S: stores m{height}")]
        });
        let mut texts = vec!["p1 === S  connected".to_owned()];
        texts.extend(transfer);
        texts.push("p1 --> S  block m10  [lie]".to_owned());
        insta::assert_snapshot!(chart(&steps(texts)), @r"
              0.000s  p1 === S  connected
              0.010s  p1 --> S  block m1
              0.020s  S: stores m1
                      ... 7 more of these 2 ...
              0.170s  p1 --> S  block m9
              0.180s  S: stores m9
        !     0.190s  p1 --> S  block m10  [lie]
        ");
    }

    #[test]
    fn a_few_alike_are_all_shown() {
        let texts = (1..=4).map(|height| format!("S: takes header m{height}"));
        assert_eq!(chart(&steps(texts)).lines().count(), 4);
    }

    #[test]
    fn long_runs_are_cut_in_the_middle() {
        let letters = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")));
        let text = chart(&steps(letters));
        assert_eq!(text.lines().count(), 37);
        assert!(text.contains("... 640 lines left out; replay shows all ..."), "{text}");
    }
}
