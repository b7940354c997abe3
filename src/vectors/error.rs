use std::fmt;
use std::path::PathBuf;

/// Why a file means nothing to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    /// The file.
    pub path: PathBuf,
    /// Line and column, counted from 1, where known.
    pub place: Option<(usize, usize)>,
    /// What is wrong, with the field's path in front.
    pub message: String,
}

impl DocumentError {
    /// An error in a file as a whole.
    pub fn new(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self { path: path.into(), place: None, message: message.into() }
    }

    /// What `serde_yaml` says of a text, with its place taken out of the message.
    pub(super) fn from_yaml(
        path: impl Into<PathBuf>,
        text: &str,
        error: &serde_yaml::Error,
    ) -> Self {
        let said = error.to_string();
        let message = match said.rfind(" at line ") {
            Some(end) => said[..end].to_owned(),
            None => said,
        };
        let place = match error.location() {
            Some(location) => Some((location.line(), location.column())),
            None => place_of(text, &message),
        };
        Self { path: path.into(), place, message: shortened(message) }
    }
}

/// A message that quotes a long value, without most of the value.
fn shortened(message: String) -> String {
    const SHOWN: usize = 200;
    let count = message.chars().count();
    if count <= 3 * SHOWN {
        return message;
    }
    let first: String = message.chars().take(SHOWN).collect();
    let last: String = message.chars().skip(count - SHOWN).collect();
    format!("{first}...{last}")
}

/// Where the cause of an error is that comes without a place.
fn place_of(text: &str, message: &str) -> Option<(usize, usize)> {
    let is_cause: fn(&str) -> Option<usize> = match message {
        "repetition limit exceeded" => |line| line.find('*'),
        _ if message.contains("more than one document") => |line| line.find("---"),
        _ => return None,
    };
    let mut lines = text.lines().enumerate();
    lines.find_map(|(index, line)| Some((index + 1, is_cause(line)? + 1)))
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for DocumentError {}
