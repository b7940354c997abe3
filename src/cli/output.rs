use std::io::{self, Write as _};

use serde_json::Value;

use super::Exit;
use super::arguments::Format;

/// Standard output. A reader that has gone away is no error of ours: what follows is not written.
#[derive(Debug)]
pub(super) struct Output {
    format: Format,
    closed: bool,
}

impl Output {
    pub(super) fn new(format: Format) -> Self {
        Self { format, closed: false }
    }

    /// Writes text for people; nothing, if the output is JSON.
    pub(super) fn text(&mut self, text: impl AsRef<str>) {
        if self.format == Format::Text {
            self.write(text.as_ref());
        }
    }

    /// Writes one JSON object on a line; nothing, if the output is for people.
    pub(super) fn json(&mut self, object: impl FnOnce() -> Value) {
        self.line(|| object().to_string());
    }

    /// Writes a line of JSON; nothing, if the output is for people.
    pub(super) fn line(&mut self, line: impl FnOnce() -> String) {
        if self.format == Format::Json {
            self.write(&line());
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

/// Writes a line on standard error for a machine to read.
pub(super) fn note(line: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
