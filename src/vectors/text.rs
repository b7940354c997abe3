use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::error::DocumentError;

/// No file may be larger: a YAML parser needs a hundred times the memory of its text.
const BYTES_MAX: u64 = 8 << 20;

/// No list or map may stand in more others in flow style, for which the parser's time grows with
/// the square of the depth.
const FLOW_DEPTH_MAX: usize = 100;

/// Reads a file as text, as far as YAML allows it as text.
///
/// # Errors
/// When it cannot be read, is too large, is empty, is not UTF-8, has control characters, or flow
/// lists in flow lists without end.
pub fn read_text(path: &Path) -> Result<String, DocumentError> {
    let fail = |message: String| DocumentError::new(path, message);
    let file = File::open(path).map_err(|error| fail(format!("cannot be opened: {error}")))?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(fail(format!("is larger than {BYTES_MAX} bytes")));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(fail("is empty".to_owned()));
    }
    let at = |place: (usize, usize), message: String| DocumentError {
        path: path.into(),
        place: Some(place),
        message,
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        at(place_after(&String::from_utf8_lossy(valid)), "is not UTF-8".to_owned())
    })?;
    if let Some((index, c)) = text.char_indices().find(|(_, c)| is_forbidden(*c)) {
        let message = format!("the character U+{:04X} is not allowed", u32::from(c));
        return Err(at(place_after(&text[..index]), message));
    }
    if let Some(index) = too_deep(&text) {
        let message = format!("lists and maps stand in each other more than {FLOW_DEPTH_MAX} deep");
        return Err(at(place_after(&text[..index]), message));
    }
    Ok(text)
}

/// Line and column of what follows a text, from 1.
fn place_after(text: &str) -> (usize, usize) {
    let line = text.rsplit('\n').next().unwrap_or(text);
    (1 + text.matches('\n').count(), 1 + line.chars().count())
}

fn is_forbidden(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    control || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Where flow lists and maps first stand in each other too deep. Strings and comments are passed
/// over as a YAML parser does.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    // The last characters before, blanks left out and counted; what opens a node stands behind one
    // of a few.
    let (mut last, mut blank) = ('\n', true);
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '\n' => (last, blank) = ('\n', true),
            c if c.is_whitespace() => blank = true,
            '#' if blank => {
                chars.by_ref().find(|(_, c)| *c == '\n');
                (last, blank) = ('\n', true);
            }
            '"' | '\'' if matches!(last, '\n' | ':' | '-' | '?' | ',' | '[' | '{') => {
                skip_string(&mut chars, c);
                (last, blank) = (c, false);
            }
            c => {
                match c {
                    '[' | '{' => depth += 1,
                    ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth > FLOW_DEPTH_MAX {
                    return Some(index);
                }
                (last, blank) = (c, false);
            }
        }
    }
    None
}

fn skip_string(chars: &mut std::str::CharIndices<'_>, quote: char) {
    while let Some((_, c)) = chars.next() {
        match c {
            '\\' if quote == '"' => drop(chars.next()),
            c if c == quote => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FLOW_DEPTH_MAX, too_deep};

    #[test]
    fn depth_is_counted_outside_of_strings_and_comments() {
        let deep = "[".repeat(FLOW_DEPTH_MAX + 1);
        assert_eq!(too_deep(&deep), Some(FLOW_DEPTH_MAX));
        assert_eq!(too_deep(&deep[1..]), None);
        assert_eq!(too_deep(&format!("a: \"\\\"{deep}\"\nb: '{deep}'\n# {deep}\n")), None);
        assert_eq!(too_deep(&"[]\n".repeat(1_000)), None);
        // A quote inside of a plain scalar opens nothing.
        assert!(too_deep(&format!("a: 5\" disk\nb: {deep}")).is_some());
        assert!(too_deep(&"{a: ".repeat(1_000)).is_some());
    }
}
