use std::ffi::OsString;

use crate::adapters::{About, ChildProcess, InProcess, Options, quiet_panics};
use crate::families::{Catalog, Mutant};
use crate::machine::{Observes, Subject, SubjectError};
use crate::vectors::Document;

use super::arguments::Child;

/// Who is tested.
#[derive(Debug)]
pub(super) enum Choice<F: Catalog> {
    /// A child process.
    Child(Vec<OsString>, Options),
    /// A faulty machine of ours.
    Mutant(&'static Mutant<F>),
    /// The reference.
    Reference,
}

impl<F: Catalog> Choice<F> {
    /// What the arguments name: their command, or the reference.
    pub(super) fn of(child: &Child) -> Self {
        if child.command.is_empty() {
            return Self::Reference;
        }
        let mut options = Options::default();
        if let Some(timeout) = child.reply_timeout {
            options.reply_timeout = timeout;
        }
        Self::Child(child.command.clone(), options)
    }

    /// Whom a file names: a mutant, or the reference. Files with unknown mutants are not read.
    pub(super) fn named(document: &Document<F>) -> Self {
        let named = document.subject.as_ref().and_then(|subject| subject.mutant.as_ref());
        named
            .and_then(|id| F::mutants().iter().find(|mutant| mutant.id == id))
            .map_or(Self::Reference, Self::Mutant)
    }

    pub(super) fn is_child(&self) -> bool {
        matches!(self, Self::Child(..))
    }

    /// A subject for one worker.
    pub(super) fn make(&self) -> Result<Box<dyn Subject<F>>, SubjectError> {
        quiet_panics();
        Ok(match self {
            Self::Child(command, options) => {
                Box::new(ChildProcess::spawn(command.clone(), options.clone())?)
            }
            Self::Mutant(mutant) => Box::new(InProcess::new(mutant.make)),
            Self::Reference => Box::new(InProcess::new(F::reference)),
        })
    }

    /// What it says of itself, if it is a child.
    pub(super) fn about(&self) -> Result<Option<About>, SubjectError> {
        let Self::Child(command, options) = self else { return Ok(None) };
        let child = ChildProcess::<F>::spawn(command.clone(), options.clone())?;
        Ok(Some(child.about().clone()))
    }

    /// What the engine can see of it.
    pub(super) fn observes(&self) -> Result<Observes, SubjectError> {
        Ok(self.about()?.map_or(Observes::ALL, |about| about.observes))
    }

    /// For people.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Child(command, _) => {
                shell_words(command.iter().map(|word| word.to_string_lossy()))
            }
            Self::Mutant(mutant) => format!("mutant {}", mutant.id),
            Self::Reference => "reference".to_owned(),
        }
    }
}

/// The mutant of a family with this id.
pub(super) fn mutant<F: Catalog>(id: &str) -> Result<&'static Mutant<F>, String> {
    F::mutants().iter().find(|mutant| mutant.id == id).ok_or_else(|| {
        format!("{} has no mutant {id:?}; `syncheck list mutants` lists them", F::NAME)
    })
}

/// Words as a shell takes them.
pub(super) fn shell_words(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let quoted = words.into_iter().map(|word| {
        let word = word.as_ref();
        let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::shell_words;

    #[test]
    fn words_with_blanks_and_quotes_are_quoted() {
        assert_eq!(
            shell_words(["python3", "a b.py", "it's", ""]),
            r"python3 'a b.py' 'it'\''s' ''"
        );
    }
}
