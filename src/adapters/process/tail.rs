use std::collections::VecDeque;

/// The last lines of a log, in memory of a bounded size.
#[derive(Debug)]
pub(super) struct Tail {
    lines: VecDeque<Vec<u8>>,
    lines_max: usize,
    at_line_start: bool,
}

impl Tail {
    const LINE_BYTES_MAX: usize = 400;

    pub(super) fn new(lines_max: usize) -> Self {
        Self { lines: VecDeque::new(), lines_max, at_line_start: true }
    }

    /// Adds a part of the log; lines may be cut anywhere between parts.
    pub(super) fn push(&mut self, part: &[u8]) {
        for piece in part.split_inclusive(|byte| *byte == b'\n') {
            if self.at_line_start {
                if self.lines.len() >= self.lines_max {
                    self.lines.pop_front();
                }
                self.lines.push_back(Vec::new());
            }
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            self.at_line_start = text.len() < piece.len();
            if let Some(line) = self.lines.back_mut() {
                let room = Self::LINE_BYTES_MAX.saturating_sub(line.len());
                line.extend_from_slice(&text[..text.len().min(room)]);
            }
        }
    }

    /// The lines for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let shown = |c: char| {
            if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }
        };
        self.lines
            .iter()
            .map(|line| String::from_utf8_lossy(line).trim_end().chars().map(shown).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_lines_however_they_are_cut() {
        let mut tail = Tail::new(2);
        for part in ["on", "e\ntwo\nthr", "ee\x1b[31m\n"] {
            tail.push(part.as_bytes());
        }
        assert_eq!(tail.lines(), ["two", "three\u{fffd}[31m"]);
    }

    #[test]
    fn stays_small_under_a_flood() {
        let mut tail = Tail::new(3);
        for _ in 0..10_000 {
            tail.push(&[b'x'; 1_000]);
            tail.push(&[b'\n'; 100]);
        }
        assert!(tail.lines.len() <= 3);
        assert!(tail.lines.iter().all(|line| line.len() <= Tail::LINE_BYTES_MAX));
    }
}
