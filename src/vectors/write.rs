use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::primitives::INTEGER_MAX;

/// The canonical text of a value.
///
/// Keys stand in the order of the type, strings in double quotes, lists and maps in block style;
/// integers beyond 2^53 are strings. Equal values give equal bytes.
///
/// # Errors
/// When the value has keys that are not strings, or numbers that are not integers.
pub fn to_yaml<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    Ok(yaml_of(&serde_json::to_value(value)?))
}

/// The canonical text of a value that is JSON already.
pub fn yaml_of(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => write_map(&mut text, map, 0),
        Value::Array(list) if !list.is_empty() => write_list(&mut text, list, 0),
        scalar => {
            write_scalar(&mut text, scalar);
            text.push('\n');
        }
    }
    text
}

/// The same value with the integers beyond 2^53 as strings, as files have them.
pub fn canonical(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(canonical).collect(),
        Value::Number(number) if !is_exact(&number) => Value::String(number.to_string()),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, canonical(value))).collect())
        }
        scalar => scalar,
    }
}

/// Writes a file as a whole: its content goes to a temporary file beside it, which then takes its
/// name.
///
/// # Errors
/// When the folder cannot be made or the file not be written.
pub fn write_file(path: &Path, content: &str) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut file = readable_by_others(&mut tempfile::Builder::new()).tempfile_in(folder)?;
    file.write_all(content.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Temporary files are their owner's alone; a report or a vector is for all whom the umask allows.
fn readable_by_others<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'b>,
) -> &'a mut tempfile::Builder<'b, 'b> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666))
    }
    #[cfg(not(unix))]
    builder
}

type Map = serde_json::Map<String, Value>;

fn write_map(text: &mut String, map: &Map, indent: usize) {
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 {
            pad(text, indent);
        }
        write_key(text, key);
        write_value(text, value, indent + 2);
    }
}

fn write_list(text: &mut String, list: &[Value], indent: usize) {
    for (index, value) in list.iter().enumerate() {
        if index > 0 {
            pad(text, indent);
        }
        text.push('-');
        match value {
            Value::Object(map) if !map.is_empty() => {
                text.push(' ');
                write_map(text, map, indent + 2);
            }
            Value::Array(list) if !list.is_empty() => {
                text.push(' ');
                write_list(text, list, indent + 2);
            }
            scalar => {
                text.push(' ');
                write_scalar(text, scalar);
                text.push('\n');
            }
        }
    }
}

/// What comes behind a key.
fn write_value(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            pad(text, indent);
            write_map(text, map, indent);
        }
        Value::Array(list) if !list.is_empty() => {
            text.push('\n');
            pad(text, indent);
            write_list(text, list, indent);
        }
        scalar => {
            text.push(' ');
            write_scalar(text, scalar);
            text.push('\n');
        }
    }
}

fn pad(text: &mut String, mut indent: usize) {
    const SPACES: &str = "                                ";
    while indent > SPACES.len() {
        text.push_str(SPACES);
        indent -= SPACES.len();
    }
    text.push_str(&SPACES[..indent]);
}

fn write_key(text: &mut String, key: &str) {
    let is_plain = !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && (key.len() > LONGEST_WORD || !is_word_of_yaml(key));
    if is_plain {
        text.push_str(key);
    } else {
        write_string(text, key);
    }
    text.push(':');
}

const LONGEST_WORD: usize = "false".len();

/// What YAML 1.1 reads as a truth value or as nothing.
fn is_word_of_yaml(key: &str) -> bool {
    matches!(key, "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null")
}

fn write_scalar(text: &mut String, value: &Value) {
    match value {
        Value::Array(_) => text.push_str("[]"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Null => text.push_str("null"),
        Value::Number(number) => {
            if is_exact(number) {
                let _ = write!(text, "{number}");
            } else {
                write_string(text, &number.to_string());
            }
        }
        Value::Object(_) => text.push_str("{}"),
        Value::String(string) => write_string(text, string),
    }
}

fn is_exact(number: &serde_json::Number) -> bool {
    number.as_i64().map_or_else(
        || number.as_u64().is_some_and(|n| n <= INTEGER_MAX),
        |n| n.unsigned_abs() <= INTEGER_MAX,
    )
}

/// Double quotes, with the escapes that JSON and YAML share.
fn write_string(text: &mut String, string: &str) {
    text.push('"');
    // Nearly all text is hexadecimal or plain words, and copied as a whole.
    let plain = plain_length(string.as_bytes());
    text.push_str(&string[..plain]);
    for c in string[plain..].chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            c if is_unprintable(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

/// How many bytes from the first on stand for themselves between quotes; a multiple of a block's
/// length, unless it is all.
fn plain_length(bytes: &[u8]) -> usize {
    // Without an early end inside of a block, the compiler looks at many bytes at once.
    const BLOCK: usize = 32;
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\');
    let all = |block: &[u8]| block.iter().fold(true, |all, byte| all & is_plain(*byte));
    let blocks = bytes.chunks(BLOCK).take_while(|block| all(block)).count();
    (blocks * BLOCK).min(bytes.len())
}

/// What YAML does not allow in its text, or reads as a line break.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{to_yaml, write_file};

    #[test]
    fn a_file_is_for_all_whom_the_umask_allows() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
        write_file(&ours, "a: 1\n").unwrap();
        std::fs::File::create(&plain).unwrap();
        let permissions = |path| std::fs::metadata(path).unwrap().permissions();
        assert_eq!(permissions(&ours), permissions(&plain));
    }

    #[test]
    fn a_document_is_written_in_block_style_with_all_strings_quoted() {
        let value = json!({
            "format": "syncheck/1",
            "hash": "0x00",
            "list": [{"a": 1, "b": [true, null]}, [], {}, [[1, 2], 3]],
            "no": {"deep": {"er": -3}},
            "big": u64::MAX,
        });
        insta::assert_snapshot!(to_yaml(&value).unwrap(), @r#"
        format: "syncheck/1"
        hash: "0x00"
        list:
          - a: 1
            b:
              - true
              - null
          - []
          - {}
          - - - 1
              - 2
            - 3
        "no":
          deep:
            er: -3
        big: "18446744073709551615"
        "#);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-(1_i64 << 53)..=1 << 53).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "(0x[0-9a-f]{64}|no|on|y|~|null|[0-9_:.e-]{1,12}|<<|=|- a|[#&*!|>%@`'\"])"
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in any_value()) {
            let text = to_yaml(&value).unwrap();
            let back: Value = serde_yaml::from_str(&text).unwrap();
            prop_assert_eq!(back, value);
        }
    }
}
