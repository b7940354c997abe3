use crate::invariant::Violation;

/// The words of a shape; what comes after is not told apart.
const WORDS_MAX: usize = 24;

/// What a violation has in common with others of its kind: the words of what was expected and what
/// was got, without numbers, names of blocks and peers, and repetitions. A search tells its findings
/// apart by their claims and shapes.
pub fn shape_of(violation: &Violation) -> String {
    let about = if violation.peer.is_some() { "peer" } else { "" };
    let words = [about, &violation.expected, &violation.got].map(str::split_whitespace);
    let mut shape: Vec<String> = Vec::new();
    for word in words.into_iter().flatten() {
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
}
