use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::families::FamilyId;

use super::document::FORMAT;
use super::error::DocumentError;
use super::read::{error_at, parse};
use super::text::read_text;

/// What a file of subjects says it is.
pub const SUBJECTS: &str = "subjects";

/// Several subjects, to be searched with the same scenarios.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectList {
    /// The version of the format.
    pub format: String,
    /// `subjects`.
    pub kind: String,
    /// The subjects, in the order of their columns.
    pub subjects: Vec<SubjectEntry>,
}

/// One subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectEntry {
    /// Its name, which heads its column and names its files: letters, digits and `-_.@+` .
    pub name: String,
    /// What starts it, word by word, as in `run -- CMD`; the reference, if absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The families that it is searched with; all that it runs, if absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<String>,
    /// The profile whose claims it is held to, beside those that bind every implementation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Its list of known failures, seen from the folder that the program is started in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_failures: Option<PathBuf>,
}

impl SubjectList {
    /// Reads the list in a file.
    ///
    /// # Errors
    /// When the file cannot be read, or is no such list: the first thing that is wrong, with line,
    /// column and field.
    pub fn open(path: &Path) -> Result<Self, DocumentError> {
        Self::read(path, &read_text(path)?)
    }

    /// Reads a list.
    ///
    /// # Errors
    /// When the text is no such list: the first thing that is wrong, with line, column and field.
    pub fn read(path: &Path, text: &str) -> Result<Self, DocumentError> {
        let list: Self = parse(path, text)?;
        match list.wrong() {
            None => Ok(list),
            Some((field, message)) => Err(error_at(path, text, &field, message)),
        }
    }

    /// The first field that means nothing.
    fn wrong(&self) -> Option<(String, String)> {
        if self.format != FORMAT {
            let message = format!("this program reads {FORMAT:?}, got {:?}", self.format);
            return Some(("format".to_owned(), message));
        }
        if self.kind != SUBJECTS {
            let message = format!("it must be {SUBJECTS:?}, got {:?}", self.kind);
            return Some(("kind".to_owned(), message));
        }
        if self.subjects.is_empty() {
            return Some(("subjects".to_owned(), "there are none".to_owned()));
        }
        for (index, subject) in self.subjects.iter().enumerate() {
            let at = |field: &str| format!("subjects[{index}].{field}");
            if !is_name(&subject.name) {
                let message = format!(
                    "1 to 64 letters, digits and -_.@+, not beginning with a dot, got {:?}",
                    subject.name
                );
                return Some((at("name"), message));
            }
            if self.subjects[..index].iter().any(|other| other.name == subject.name) {
                return Some((at("name"), format!("{:?} is there twice", subject.name)));
            }
            for (place, family) in subject.families.iter().enumerate() {
                if let Err(known) = family.parse::<FamilyId>() {
                    return Some((
                        at(&format!("families[{place}]")),
                        format!("{known}, got {family:?}"),
                    ));
                }
            }
        }
        None
    }
}

/// Whether a subject can have this name: it is a file's name too.
pub fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.@+".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(is_plain) && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::SubjectList;

    fn read(subjects: &str) -> Result<SubjectList, String> {
        let text = format!("format: \"syncheck/1\"\nkind: \"subjects\"\n{subjects}");
        SubjectList::read(Path::new("s.yaml"), &text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_subject_needs_only_a_name() {
        let list = read("subjects:\n  - name: \"reference\"\n").unwrap();
        assert!(list.subjects[0].command.is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_field() {
        for (subjects, field) in [
            ("subjects: []\n", "subjects"),
            ("subjects:\n  - name: \"a/b\"\n", "subjects[0].name"),
            ("subjects:\n  - name: \"..\"\n", "subjects[0].name"),
            ("subjects:\n  - name: \"a\"\n  - name: \"a\"\n", "subjects[1].name"),
            ("subjects:\n  - name: \"a\"\n    families: [\"x\"]\n", "subjects[0].families[0]"),
            ("subjects:\n  - name: \"a\"\n    comand: [\"x\"]\n", "comand"),
        ] {
            let error = read(subjects).unwrap_err();
            assert!(error.starts_with("s.yaml:") && error.contains(field), "{error}");
        }
    }
}
