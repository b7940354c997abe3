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

    /// What `serde_yaml` says, with its place taken out of the text.
    pub(super) fn from_yaml(path: impl Into<PathBuf>, error: &serde_yaml::Error) -> Self {
        let text = error.to_string();
        let message = match text.rfind(" at line ") {
            Some(end) => text[..end].to_owned(),
            None => text,
        };
        let place = error.location().map(|location| (location.line(), location.column()));
        Self { path: path.into(), place, message }
    }
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
