use std::fmt::Write as _;

use crate::trace::Arrow;

use super::step::StepRecord;

/// Lines shown of a long run: so many from its beginning, so many from its end.
const SHOWN: (usize, usize) = (12, 24);

/// The longest group of steps whose repetition is noticed.
const GROUP_MAX: usize = 6;

/// A run as a terminal shows it: one line a step, marked where a lie or a fault is in it; steps
/// that repeat are shown once at their beginning and once at their end.
pub(super) fn chart(steps: &[StepRecord]) -> String {
    let lines = folded(steps);
    let (first, last) = SHOWN;
    let left_out = lines.len().saturating_sub(first + last);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        if left_out > 1 && index == first {
            let _ = writeln!(text, "  ... {left_out} lines left out; replay shows all ...");
        }
        if left_out <= 1 || index < first || index >= first + left_out {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn folded(steps: &[StepRecord]) -> Vec<String> {
    let shapes: Vec<String> = steps.iter().map(shape).collect();
    let mut lines = Vec::new();
    let mut at = 0;
    while at < steps.len() {
        let (group, times) = repetition(&shapes[at..]);
        // A fold must leave out more than the line that it costs.
        if times < 3 || group * (times - 2) < 3 {
            lines.push(line(&steps[at]));
            at += 1;
            continue;
        }
        let end = at + group * times;
        lines.extend(steps[at..at + group].iter().map(line));
        let count = times - 2;
        let what = if group == 1 { "the like".to_owned() } else { format!("of these {group}") };
        lines.push(format!("  {:>10}  ... {count} more {what} ...", ""));
        lines.extend(steps[end - group..end].iter().map(line));
        at = end;
    }
    lines
}

/// The shortest group of steps at the beginning that repeats most, and how often it does.
fn repetition(shapes: &[String]) -> (usize, usize) {
    let mut best = (1, 1);
    for group in 1..=GROUP_MAX.min(shapes.len() / 2) {
        let times = 1 + shapes[group..]
            .chunks_exact(group)
            .take_while(|next| *next == &shapes[..group])
            .count();
        if times >= 3 && group * times > best.0 * best.1 {
            best = (group, times);
        }
    }
    best
}

/// What a step has in common with others of its kind: all but its time and numbers.
fn shape(step: &StepRecord) -> String {
    let words = step.text.chars().filter(|c| !c.is_ascii_digit());
    let peer = step.peer.map_or_else(String::new, |peer| peer.to_string());
    format!("{}{peer} {}", mark(step), words.collect::<String>())
}

fn line(step: &StepRecord) -> String {
    format!("{} {:>10}  {}", mark(step), step.at.to_string(), step.text)
}

fn mark(step: &StepRecord) -> char {
    if step.hostile || step.arrow == Arrow::Lost { '!' } else { ' ' }
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
