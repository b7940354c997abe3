use std::fs::File;
use std::io::{self, Write as _};

use serde_json::Value;

use super::Exit;
use super::arguments::Format;

/// Standard output. A reader that has gone away is no error of ours: what follows is not written.
#[derive(Debug)]
pub(super) struct Output {
    format: Format,
    closed: bool,
    /// Gets the same JSON objects, whatever the format.
    copy: Option<File>,
}

impl Output {
    pub(super) fn new(format: Format) -> Self {
        Self { format, closed: false, copy: None }
    }

    /// Writes every JSON object to this file too.
    pub(super) fn with_copy(self, copy: Option<File>) -> Self {
        Self { copy, ..self }
    }

    /// Writes text for people; nothing, if the output is JSON.
    pub(super) fn text(&mut self, text: impl AsRef<str>) {
        if self.format == Format::Text {
            self.write(text.as_ref());
        }
    }

    /// Writes one JSON object on a line; nothing, if the output is for people.
    pub(super) fn json(&mut self, object: impl FnOnce() -> Value) {
        if self.format != Format::Json && self.copy.is_none() {
            return;
        }
        let line = object().to_string();
        if self.format == Format::Json {
            self.write(&line);
        }
        let written = self.copy.as_mut().map_or(Ok(()), |copy| writeln!(copy, "{line}"));
        if let Err(error) = written {
            warn(format!("the NDJSON report is incomplete: {error}"));
            self.copy = None;
        }
    }

    fn write(&mut self, text: &str) {
        if self.closed {
            return;
        }
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(b"\n"));
        self.closed = written.and_then(|()| stdout.flush()).is_err();
    }
}

/// Says on standard error why the program ends, and with what code it does.
pub(super) fn refuse(exit: Exit, message: impl std::fmt::Display) -> Exit {
    // There is nowhere left to say that standard error is gone.
    let _ = writeln!(io::stderr().lock(), "error: {message}");
    exit
}

/// Says something on standard error.
pub(super) fn warn(message: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "warning: {message}");
}
