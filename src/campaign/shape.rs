use crate::invariant::Violation;

/// The words of a shape; what comes after is not told apart.
const WORDS_MAX: usize = 24;

/// A line of a log with one of these says why a program has died.
const TELLING: [&str; 9] = [
    "panic",
    "fatal",
    "exception",
    "error",
    "assert",
    "abort",
    "overflow",
    "out of memory",
    "fault",
];

/// What a violation has in common with others of its kind: the words of what was expected and what
/// was got, without numbers, names of blocks and peers, and repetitions. Of a subject that has died
/// it is how, and the line of its log that says why.
pub fn shape_of(violation: &Violation) -> String {
    let about = if violation.peer.is_some() { "peer" } else { "" };
    let words = match died(violation) {
        // What it was asked when it died differs from case to case.
        Some((how, why)) => [about, how, why],
        None => [about, &violation.expected, &violation.got],
    };
    let mut shape: Vec<String> = Vec::new();
    for word in words.into_iter().flat_map(str::split_whitespace) {
        let letters: String = word.chars().filter(|c| c.is_alphabetic() || *c == '-').collect();
        let is_name = word.chars().any(|c| c.is_ascii_digit());
        let plain = if is_name { "#".to_owned() } else { letters };
        if !plain.is_empty() && shape.last() != Some(&plain) {
            shape.push(plain);
        }
    }
    shape.truncate(WORDS_MAX);
    shape.join(" ")
}

/// How a program has died, and the line of its log that says why.
fn died(violation: &Violation) -> Option<(&str, &str)> {
    let (how, _) = violation.got.split_once(" before it answered ")?;
    let tells = |line: &&String| {
        let line = line.to_lowercase();
        TELLING.iter().any(|word| line.contains(word))
    };
    let said = violation.log.iter().rev().find(tells);
    let why = said.or_else(|| violation.log.iter().rev().find(|line| !line.trim().is_empty()))?;
    Some((how, why))
}

#[cfg(test)]
mod tests {
    use crate::invariant::{NEVER_PANICS_OR_HANGS, Violation};

    use super::shape_of;

    #[test]
    fn numbers_and_their_repetitions_make_no_other_shape() {
        let shape =
            |got: &str| shape_of(&Violation::new(&NEVER_PANICS_OR_HANGS, "one answer", got));
        assert_eq!(shape("p1 asks for m4, m5 at 0.2s"), shape("p2 asks for m17 at 12s"));
        assert_ne!(shape("p1 asks for m4"), shape("p1 drops m4"));
    }

    #[test]
    fn a_crash_is_told_by_the_line_of_the_log_that_says_why() {
        let shape = |got: &str, log: &[&str]| {
            let log = log.iter().map(|line| (*line).to_owned()).collect();
            shape_of(&Violation::new(&NEVER_PANICS_OR_HANGS, "an answer", got).with_log(log))
        };
        let died = "at 0.2s: it exited with code 2 before it answered `deliver` (seq 9)";
        let other = "at 7.1s: it exited with code 2 before it answered `advance` (seq 12)";
        let panic = ["panic: index out of range [5] with length 3", "goroutine 1 [running]:"];
        let again =
            ["header 7", "panic: index out of range [7] with length 6", "goroutine 4 [run]:"];
        assert_eq!(shape(died, &panic), shape(other, &again));
        assert_ne!(shape(died, &panic), shape(died, &["panic: nil map"]));
        assert_ne!(shape(died, &panic), shape(died, &[]));
    }
}
