/// A number of things, in words: `1 case`, `2 cases`. Things that end in `s` are more than one anyway.
pub fn counted(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(counted(0, "finding"), "0 findings");
        assert_eq!(counted(1, "finding"), "1 finding");
        assert_eq!(counted(2, "finding"), "2 findings");
    }
}
