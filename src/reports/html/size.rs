use std::borrow::Cow;

/// How much of a finding is drawn. The first that is small enough is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Rows of the diagram at its beginning and at its end.
    pub(super) rows: (usize, usize),
    /// The longest detail of a step in characters; none, if 0.
    pub(super) detail: usize,
    /// The longest scenario in characters; none, if 0.
    pub(super) scenario: usize,
}

impl Size {
    /// From the largest to the smallest.
    pub(super) const ALL: [Self; 5] = [
        Self { rows: (60, 120), detail: 4_096, scenario: 40_000 },
        Self { rows: (60, 120), detail: 600, scenario: 8_000 },
        Self { rows: (40, 80), detail: 160, scenario: 4_000 },
        Self { rows: (20, 40), detail: 160, scenario: 0 },
        Self { rows: (12, 24), detail: 0, scenario: 0 },
    ];
}

/// The most bytes of all findings together; one gets its share of them, and never more than
/// [`FINDING_MAX`].
const FINDINGS_MAX: usize = 1_700_000;

/// The most bytes of one finding.
const FINDING_MAX: usize = 400_000;

/// The most findings that are shown whole; of the others only what was expected and got.
pub(super) const WHOLE_MAX: usize = 40;

/// The bytes that each of some findings may have.
pub(super) fn share(findings: usize) -> usize {
    (FINDINGS_MAX / findings.clamp(1, WHOLE_MAX)).min(FINDING_MAX)
}

/// A text of at most so many characters.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.chars().take(most - 1).chain(['\u{2026}']).collect()),
    }
}

/// How wide a text of the diagrams is: a letter of their font is a little over 7 pixels wide.
pub(super) fn wide(text: &str) -> usize {
    (text.chars().count() * 29).div_ceil(4)
}

/// A number with spaces between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_letters() {
        assert_eq!(cut("\u{e4}\u{f6}\u{fc}", 3), "\u{e4}\u{f6}\u{fc}");
        assert_eq!(cut("\u{e4}\u{f6}\u{fc}\u{df}", 3), "\u{e4}\u{f6}\u{2026}");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
