use crate::reports::StepRecord;
use crate::trace::Arrow;

/// What a step is in the diagram, where its arrow stands beside its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label<'a> {
    /// The words, without peer, arrow and marks.
    pub(super) words: &'a str,
    /// The arrow between peer and subject, as the terminal has it.
    pub(super) arrow: &'a str,
    /// What is wrong with it.
    pub(super) tags: Vec<Tag>,
}

/// A mark on a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// What it is: `LIE`, `FAULT`, `LOST`, `DEAD`.
    pub(super) kind: &'static str,
    /// Which one.
    pub(super) text: String,
}

impl<'a> Label<'a> {
    /// The label of a step.
    pub(super) fn of(step: &'a StepRecord) -> Self {
        let (arrow, rest) = split_arrow(step);
        let (words, marks) = split_marks(rest);
        let mut tags = Vec::new();
        let mut tag = |kind, text: &str| tags.push(Tag { kind, text: text.to_owned() });
        if let Some(lie) = &step.lie {
            tag("LIE", lie);
        } else if marks.contains(&"lie") {
            tag("LIE", "");
        }
        if let Some(fault) = &step.fault {
            tag("FAULT", fault);
        }
        for mark in marks {
            match mark.strip_prefix("lost: ") {
                Some(why) => tag("LOST", why),
                None if mark == "not connected" => tag("DEAD", mark),
                None => {}
            }
        }
        Self { words, arrow, tags }
    }
}

/// The arrow of a line such as `p1 --> S  headers m1`, and what follows.
fn split_arrow(step: &StepRecord) -> (&str, &str) {
    let text = step.text.as_str();
    let Some(peer) = step.peer else {
        return ("", text.strip_prefix("S: ").or_else(|| text.strip_prefix("S ")).unwrap_or(text));
    };
    let Some(rest) = text.strip_prefix(&format!("{peer} ")) else { return ("", text) };
    if step.arrow == Arrow::None {
        return ("", rest);
    }
    rest.split_once(" S  ").filter(|(arrow, _)| arrow.len() == 3).unwrap_or(("", rest))
}

/// The words of a line, and the marks in brackets behind them.
fn split_marks(text: &str) -> (&str, Vec<&str>) {
    let (mut words, mut marks) = (text, Vec::new());
    while let Some((before, mark)) =
        words.strip_suffix(']').and_then(|inner| inner.rsplit_once("  ["))
    {
        words = before;
        marks.insert(0, mark);
    }
    (words, marks)
}

#[cfg(test)]
mod tests {
    use super::super::sequence::tests::step;
    use super::*;

    fn tag(kind: &'static str, text: &str) -> Tag {
        Tag { kind, text: text.to_owned() }
    }

    #[test]
    fn arrow_and_marks_are_taken_off() {
        let lie = step(1, Some(1), Arrow::ToSubject, "p1 --> S  headers m1  [lie]");
        let label = Label::of(&lie);
        assert_eq!((label.arrow, label.words), ("-->", "headers m1"));
        assert_eq!(label.tags, [tag("LIE", "")]);
        let lost = step(2, Some(1), Arrow::Lost, "p1 <-x S  getdata m1  [lost: connection gone]");
        let label = Label::of(&lost);
        assert_eq!((label.arrow, label.words), ("<-x", "getdata m1"));
        assert_eq!(label.tags, [tag("LOST", "connection gone")]);
    }

    #[test]
    fn what_travels_not_has_words_only() {
        let event = step(1, None, Arrow::None, "S: stores m1");
        assert_eq!(Label::of(&event).words, "stores m1");
        let action = step(1, Some(2), Arrow::None, "p2 moves to m3");
        assert_eq!(Label::of(&action).words, "moves to m3");
    }
}
