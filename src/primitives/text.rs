use std::fmt::{self, Display};

use serde::de::{Deserializer, Error, Visitor};

/// Reads a value that is written as a string, of which `what` says what it is.
///
/// An error of `parse` is raised while the string is read and not afterwards: so readers of files
/// know the line and the field that it is in.
pub(crate) fn from_string<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    what: &'static str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Text { what, parse })
}

struct Text<P> {
    what: &'static str,
    parse: P,
}

impl<T, E: Display, P: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<P> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<F: Error>(self, text: &str) -> Result<T, F> {
        (self.parse)(text).map_err(F::custom)
    }
}

/// The bytes that a lower-case hexadecimal string stands for, which begins with `0x`.
pub(crate) fn bytes_of_hex(text: &str) -> Result<Vec<u8>, String> {
    let digits = text
        .strip_prefix("0x")
        .ok_or_else(|| format!("bytes begin with \"0x\", got {text:.20?}"))?;
    if let Some(wrong) = digits.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f')) {
        return Err(format!("bytes are lower-case hexadecimal digits, got {wrong:?}"));
    }
    const_hex::decode(digits).map_err(|error| format!("not hexadecimal: {error}"))
}

#[cfg(test)]
mod tests {
    use super::bytes_of_hex;

    #[test]
    fn bytes_are_written_in_one_way() {
        assert_eq!(bytes_of_hex("0x"), Ok(vec![]));
        assert_eq!(bytes_of_hex("0x00ff"), Ok(vec![0, 255]));
        for wrong in ["", "00ff", "0x0", "0xFF", "0X00", "0x0x00", "0xzz", "0x 0"] {
            assert!(bytes_of_hex(wrong).is_err(), "{wrong}");
        }
    }
}
