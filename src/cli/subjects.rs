use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::sync::Arc;

use crate::adapters::{
    About, ChildProcess, Environment, InProcess, LineSchemas, Options, StopFlag, quiet_panics,
};
use crate::families::{Catalog, Mutant};
use crate::machine::{Observes, Subject, SubjectError};
use crate::vectors::Document;

use super::arguments::{Bounds, Child};
use super::signals::stop_flag;

/// Who is tested.
#[derive(Debug)]
pub(super) enum Choice<F: Catalog> {
    /// A child process, held against schemas or not.
    Child(Vec<OsString>, Options, Option<Arc<LineSchemas>>),
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
        let schemas = child.bounds.validate.then(|| Arc::new(LineSchemas::of::<F>()));
        Self::Child(child.command.clone(), child.bounds.options(), schemas)
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

    /// The claims that a real client of the profile it is held to is known to break. Machines of ours
    /// are held to them.
    pub(super) fn broken_by_client(&self, bound: Option<&str>) -> Vec<String> {
        bound.filter(|_| self.is_child()).map(F::broken_by_client).unwrap_or_default()
    }

    /// A subject for one worker.
    pub(super) fn make(&self) -> Result<Box<dyn Subject<F>>, SubjectError> {
        quiet_panics();
        Ok(match self {
            Self::Child(..) => Box::new(self.spawn()?.expect("it is a child")),
            Self::Mutant(mutant) => Box::new(InProcess::new(mutant.make)),
            Self::Reference => Box::new(InProcess::new(F::reference)),
        })
    }

    /// What it says of itself, if it is a child.
    pub(super) fn about(&self) -> Result<Option<About>, SubjectError> {
        Ok(self.spawn()?.map(|child| child.about().clone()))
    }

    fn spawn(&self) -> Result<Option<ChildProcess<F>>, SubjectError> {
        let Self::Child(command, options, schemas) = self else { return Ok(None) };
        let (command, options) = (command.clone(), options.clone());
        ChildProcess::spawn_validated(command, options, schemas.clone()).map(Some)
    }

    /// What the engine can see of it.
    pub(super) fn observes(&self) -> Result<Observes, SubjectError> {
        Ok(self.about()?.map_or(Observes::ALL, |about| about.observes))
    }

    /// For people.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Child(command, ..) => {
                shell_words(command.iter().map(|word| word.to_string_lossy()))
            }
            Self::Mutant(mutant) => format!("mutant {}", mutant.id),
            Self::Reference => "reference".to_owned(),
        }
    }
}

impl Bounds {
    /// The bounds of a child process.
    pub(super) fn options(&self) -> Options {
        let defaults = Options::default();
        Options {
            reply_timeout: self.reply_timeout.unwrap_or(defaults.reply_timeout),
            hello_timeout: self.hello_timeout.unwrap_or(defaults.hello_timeout),
            memory_bytes_max: self.memory_limit,
            environment: match self.clean_env {
                true => Environment::Only(self.env.iter().filter_map(variable).collect()),
                false => Environment::Inherited,
            },
            directory: self.directory.clone(),
            stop: StopFlag::new(stop_flag()),
            ..defaults
        }
    }

    /// The arguments that make the same bounds, as words.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut option = |name: &str, value: Option<String>| {
            words.extend(value.map(|value| format!("--{name}={value}")));
        };
        let millis = |time: std::time::Duration| format!("{}ms", time.as_millis());
        option("reply-timeout", self.reply_timeout.map(millis));
        option("hello-timeout", self.hello_timeout.map(millis));
        option("memory-limit", self.memory_limit.map(|bytes| bytes.to_string()));
        let directory = self.directory.as_ref().map(|it| it.to_string_lossy().into_owned());
        option("directory", directory);
        for variable in &self.env {
            option("env", Some(variable.to_string_lossy().into_owned()));
        }
        for (flag, is_set) in [("--validate", self.validate), ("--clean-env", self.clean_env)] {
            words.extend(is_set.then(|| flag.to_owned()));
        }
        words
    }
}

/// A variable with its value: the one that is given, or that it has here, if it has one.
fn variable(text: &OsString) -> Option<(OsString, OsString)> {
    let bytes = text.as_bytes();
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => {
            let value = OsString::from_vec(bytes[at + 1..].to_vec());
            Some((OsString::from_vec(bytes[..at].to_vec()), value))
        }
        None => Some((text.clone(), std::env::var_os(text)?)),
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
