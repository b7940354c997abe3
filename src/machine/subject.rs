use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Capabilities, Family, Input, Outbox, Time};

/// A sync machine that runs in this process: no clock, no socket, no randomness of its own.
///
/// This is the trait to implement for a type of your own; the in-process adapter turns it into a
/// [`Subject`]. A machine is made from `F::Start`, which says all that it knows at the beginning.
pub trait Machine<F: Family> {
    /// Takes one input and answers with outputs.
    fn step(&mut self, now: Time, input: Input<F>, out: &mut Outbox<F>);

    /// When the machine next wants an [`Input::Deadline`]; `None` if it waits for others only.
    /// A deadline in the past means now.
    fn deadline(&self) -> Option<Time>;

    /// Forgets all that would not survive the death of the process and starts again from what was
    /// durable. All connections are gone; no input says so.
    fn restart(&mut self, now: Time, out: &mut Outbox<F>);

    /// How much the machine holds at the moment, for the bounds on memory. `None` if it does not say.
    fn gauges(&self) -> Option<F::Gauges> {
        None
    }
}

impl<F: Family, M: Machine<F> + ?Sized> Machine<F> for Box<M> {
    fn step(&mut self, now: Time, input: Input<F>, out: &mut Outbox<F>) {
        (**self).step(now, input, out);
    }

    fn deadline(&self) -> Option<Time> {
        (**self).deadline()
    }

    fn restart(&mut self, now: Time, out: &mut Outbox<F>) {
        (**self).restart(now, out);
    }

    fn gauges(&self) -> Option<F::Gauges> {
        (**self).gauges()
    }
}

/// The system under test as the engine sees it: a machine in this process, a child process, a
/// node behind a socket.
pub trait Subject<F: Family> {
    /// Starts a new case. What an earlier case left is forgotten.
    ///
    /// # Errors
    /// When the subject cannot run this case; see [`SubjectError`].
    fn begin(&mut self, start: &F::Start, out: &mut Outbox<F>) -> Result<(), SubjectError>;

    /// Delivers one input at `now` and collects what the subject does at once.
    ///
    /// # Errors
    /// When the subject failed to take it; see [`SubjectError`].
    fn deliver(
        &mut self,
        now: Time,
        input: Input<F>,
        out: &mut Outbox<F>,
    ) -> Result<(), SubjectError>;

    /// Lets time pass from `now` until the subject acts on its own or `until` comes, whichever is
    /// first.
    ///
    /// # Errors
    /// When the subject failed while time passed; see [`SubjectError`].
    fn advance(
        &mut self,
        now: Time,
        until: Time,
        out: &mut Outbox<F>,
    ) -> Result<Advance, SubjectError>;

    /// Kills the subject and starts it again from what it had made durable.
    ///
    /// # Errors
    /// When it does not come back; see [`SubjectError`].
    fn restart(&mut self, now: Time, out: &mut Outbox<F>) -> Result<(), SubjectError>;

    /// Ends the case.
    ///
    /// # Errors
    /// When the subject did not end in order; see [`SubjectError`].
    fn end(&mut self) -> Result<(), SubjectError> {
        Ok(())
    }

    /// Begins anew: the next case finds nothing that earlier ones have left. Machines of this process
    /// do so with every case.
    fn renew(&mut self) {}

    /// Gives the subject less time to answer, or as much as before: while a case in which it stops
    /// answering is made small, each run waits for nothing.
    fn hurry(&mut self, _hurried: bool) {}

    /// How much the subject holds at the moment. `None` if it does not say.
    fn gauges(&self) -> Option<F::Gauges> {
        None
    }

    /// What the engine can see of the subject beside its messages.
    fn observes(&self) -> Observes {
        Observes::ALL
    }

    /// What the subject can do. It is not asked to run a scenario that requires more.
    fn capabilities(&self) -> &Capabilities {
        static ALL: Capabilities = Capabilities::ALL;
        &ALL
    }
}

/// How far [`Subject::advance`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// The subject acted on its own at this instant.
    Acted(Time),
    /// Nothing happened until the end of the span.
    Reached,
}

/// What a subject lets the engine see. A claim that needs more is inconclusive, not passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observes {
    /// It reports its progress as events.
    pub events: bool,
    /// It says how much it holds.
    pub gauges: bool,
    /// It can be killed and started again.
    pub restart: bool,
}

impl Observes {
    /// Everything; so it is for machines in this process.
    pub const ALL: Self = Self { events: true, gauges: true, restart: true };
    /// Messages only.
    pub const NONE: Self = Self { events: false, gauges: false, restart: false };
}

/// Why a subject failed to run. This is not a broken claim about sync, but about the subject as a
/// program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectError {
    /// It sent something that the protocol between it and the engine does not allow.
    Broken {
        /// What was wrong, with the line that it sent.
        message: String,
    },
    /// It ended or closed its output before the case was over.
    Exited {
        /// How it ended.
        message: String,
        /// The last lines that it wrote to its log.
        log: Vec<String>,
    },
    /// Somebody ended the search while it was waited for.
    Interrupted,
    /// It could not be started.
    NotStarted {
        /// Why.
        message: String,
    },
    /// It panicked inside this process.
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// It did not answer in time.
    TimedOut {
        /// What was waited for, and how long.
        message: String,
        /// The last lines that it wrote to its log.
        log: Vec<String>,
    },
    /// It says that it does not support what the case needs.
    Unsupported {
        /// What is missing.
        message: String,
    },
}

impl fmt::Display for SubjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { message } => write!(f, "subject broke the adapter protocol: {message}"),
            Self::Exited { message, log } => {
                write!(f, "subject exited: {message}{}", log_text(log))
            }
            Self::Interrupted => write!(f, "subject was interrupted"),
            Self::NotStarted { message } => write!(f, "subject could not be started: {message}"),
            Self::Panicked { message } => write!(f, "subject panicked: {message}"),
            Self::TimedOut { message, log } => {
                write!(f, "subject timed out: {message}{}", log_text(log))
            }
            Self::Unsupported { message } => write!(f, "subject does not support this: {message}"),
        }
    }
}

impl std::error::Error for SubjectError {}

/// The last lines of a log, for the end of a message.
pub fn log_text(log: &[String]) -> String {
    let mut text = String::new();
    for (index, line) in log.iter().enumerate() {
        text.push_str(if index == 0 { "\nthe last lines of its log:\n  " } else { "\n  " });
        text.push_str(line);
    }
    text
}
