use crate::trace::Arrow;

use super::step::StepRecord;

/// The longest group of steps whose repetition is noticed.
const GROUP_MAX: usize = 12;

/// A line of a run that is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row<'a> {
    /// A step.
    Step(&'a StepRecord),
    /// Steps like those before and after, in groups of this size.
    Alike { hidden: &'a [StepRecord], group: usize },
    /// Steps left out of the middle of a long run, and the lines that they would be.
    LeftOut { hidden: &'a [StepRecord], lines: usize },
}

/// A run as lines: steps that repeat stand at their beginning and at their end only, and of more
/// lines than are shown those in the middle are left out. `shown` is how many lines stand at the
/// beginning and at the end of such a run.
pub(super) fn rows(steps: &[StepRecord], shown: (usize, usize)) -> Vec<Row<'_>> {
    let (first, last) = shown;
    let mut rows = folded(steps);
    let left_out = rows.len().saturating_sub(first + last);
    if left_out <= 1 {
        return rows;
    }
    let count = |rows: &[Row<'_>]| rows.iter().map(Row::count).sum::<usize>();
    let (before, after) = (count(&rows[..first]), count(&rows[first + left_out..]));
    let hidden = &steps[before..steps.len() - after];
    rows.splice(first..first + left_out, [Row::LeftOut { hidden, lines: left_out }]);
    rows
}

/// Whether a lie or a fault is in a step.
pub(super) fn is_marked(step: &StepRecord) -> bool {
    step.hostile || step.arrow == Arrow::Lost
}

impl Row<'_> {
    /// How many steps it stands for.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Step(_) => 1,
            Self::Alike { hidden, .. } | Self::LeftOut { hidden, .. } => hidden.len(),
        }
    }
}

/// What stands for steps that are alike.
pub(super) fn alike_text(hidden: usize, group: usize) -> String {
    let what = if group == 1 { "the like".to_owned() } else { format!("of these {group}") };
    format!("... {} more {what} ...", hidden / group)
}

fn folded(steps: &[StepRecord]) -> Vec<Row<'_>> {
    let shapes: Vec<String> = steps.iter().map(shape).collect();
    let mut rows = Vec::new();
    let mut at = 0;
    while at < steps.len() {
        let (group, times) = repetition(&shapes[at..]);
        // A fold must leave out more than the line that it costs.
        if times < 3 || group * (times - 2) < 3 {
            rows.push(Row::Step(&steps[at]));
            at += 1;
            continue;
        }
        let end = at + group * times;
        rows.extend(steps[at..at + group].iter().map(Row::Step));
        rows.push(Row::Alike { hidden: &steps[at + group..end - group], group });
        rows.extend(steps[end - group..end].iter().map(Row::Step));
        at = end;
    }
    rows
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
    format!("{}{peer} {}", if is_marked(step) { '!' } else { ' ' }, words.collect::<String>())
}
