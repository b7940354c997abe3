use std::ffi::OsString;
use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::adapters::LineSchemas;
use crate::adapters::protocol::{
    About, PROTOCOL_VERSIONS, Reply, ReplyKind, Request, TIME_MAX, VERSION_1, VERSION_1_1, bounded,
    in_version_1,
};
use crate::machine::{
    Advance, Capabilities, Family, Input, Observes, Outbox, Subject, SubjectError, Time,
};

use super::{Options, Session};

/// A child process as a subject; `docs/adapter-protocol.md` says what it must do.
///
/// It is started by [`ChildProcess::spawn`], runs many cases, and is ended with all processes of
/// its group when this value is dropped. After an error it is ended too, and the next case begins
/// with a new process. Must not be used inside an asynchronous runtime, for it waits on its own.
#[derive(Debug)]
pub struct ChildProcess<F: Family> {
    session: Session,
    about: About,
    capabilities: Capabilities,
    version: u32,
    seq: u64,
    request: Vec<u8>,
    in_case: bool,
    // When the last reply said that it may act: `None` if it said nothing.
    wakes: Option<Option<Time>>,
    gauges: Option<F::Gauges>,
    schemas: Option<Arc<LineSchemas>>,
    durable: Option<Durable<F>>,
}

/// What a new process needs to go on with a case: a directory, and how the case began.
#[derive(Debug)]
struct Durable<F: Family> {
    directory: TempDir,
    start: F::Start,
}

impl<F: Family> ChildProcess<F> {
    /// Starts a program and asks it what it is. The first part of the command is the program.
    ///
    /// # Errors
    /// When it does not start, does not answer `hello`, or does not run this family.
    pub fn spawn(command: Vec<OsString>, options: Options) -> Result<Self, SubjectError> {
        Self::spawn_validated(command, options, None)
    }

    /// The same, but each line in both directions has to fit its schema.
    ///
    /// # Errors
    /// As [`ChildProcess::spawn`].
    pub fn spawn_validated(
        command: Vec<OsString>,
        options: Options,
        schemas: Option<Arc<LineSchemas>>,
    ) -> Result<Self, SubjectError> {
        let about = About {
            name: String::new(),
            version: String::new(),
            families: Vec::new(),
            profiles: None,
            capabilities: None,
            observes: Observes::NONE,
            data_directory: false,
        };
        let mut child = Self {
            session: Session::new(command, options)?,
            about,
            capabilities: Capabilities::ALL,
            version: VERSION_1,
            seq: 0,
            request: Vec::new(),
            in_case: false,
            wakes: None,
            gauges: None,
            schemas,
            durable: None,
        };
        child.hello()?;
        Ok(child)
    }

    /// What the subject said of itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// The number of its process group, while it runs.
    pub fn group_id(&self) -> Option<u32> {
        self.session.group_id()
    }

    fn hello(&mut self) -> Result<(), SubjectError> {
        // A process that does not suit is of no further use.
        self.greet().inspect_err(|_| drop(self.session.close()))
    }

    fn greet(&mut self) -> Result<(), SubjectError> {
        self.seq = 0;
        let harness = concat!("syncheck ", env!("CARGO_PKG_VERSION"));
        let limit = self.session.options().hello_timeout;
        let request = Request::Hello { seq: 0, versions: &PROTOCOL_VERSIONS, harness };
        let (reply, place) = self.ask("hello", &request, limit)?;
        let beyond = reply.beyond_version_1().filter(|_| reply.protocol == Some(VERSION_1));
        if let Some(what) = beyond {
            return Err(self.session.reject(&beyond_version_1(what), place));
        }
        let (version, about) = match (reply.kind, reply.protocol, reply.about) {
            (ReplyKind::Hello, Some(version @ (VERSION_1 | VERSION_1_1)), Some(about)) => {
                (version, about)
            }
            (ReplyKind::Hello, Some(version), Some(_)) => {
                let cause = format!("it chose protocol version {version}, which was not offered");
                return Err(self.session.reject(&cause, place));
            }
            (ReplyKind::Hello, None, _) => return Err(self.lacks("hello", "protocol", place)),
            (ReplyKind::Hello, _, None) => return Err(self.lacks("hello", "about", place)),
            _ => return Err(self.session.reject("it answered hello with another type", place)),
        };
        if !about.families.iter().any(|family| family == F::NAME) {
            let families = about.families.join(", ");
            let message = format!("family {}; {} runs: {families}", F::NAME, about.name);
            return Err(SubjectError::Unsupported { message });
        }
        self.capabilities =
            about.capabilities.as_ref().map_or(Capabilities::ALL, Capabilities::only);
        (self.about, self.version) = (about, version);
        Ok(())
    }

    /// One request that is answered by `done`. Its outputs go to `out`; returns when the subject
    /// acted, if it did.
    fn act(
        &mut self,
        what: &'static str,
        request: &Request<'_, F>,
        span: Option<(Time, Time)>,
        out: &mut Outbox<F>,
    ) -> Result<Option<Time>, SubjectError> {
        let limit = self.session.options().reply_timeout;
        let asked = self.ask(what, request, limit);
        let (mut reply, place) = asked.inspect_err(|_| self.in_case = false)?;
        if reply.kind != ReplyKind::Done {
            return Err(self
                .session
                .reject(&format!("it answered {what} with another type"), place));
        }
        if let Err(cause) = check_span(&reply, span) {
            return Err(self.session.reject(&cause, place));
        }
        if let Some(cause) = self.forbidden(&reply) {
            return Err(self.session.reject(&cause, place));
        }
        self.wakes = reply.wakes();
        if reply.gauges.is_some() {
            self.gauges = reply.gauges;
        }
        for output in reply.outputs.drain(..) {
            out.push(output);
        }
        Ok(reply.acted_at)
    }

    /// What the reply has that this subject may not say.
    fn forbidden(&self, reply: &Reply<F>) -> Option<String> {
        if self.version == VERSION_1 {
            return reply.beyond_version_1().map(beyond_version_1);
        }
        let what = reply.dials().filter(|_| !self.capabilities.names(Capabilities::DIALS))?;
        Some(format!("its answer has {what}, but it does not name the capability `dials`"))
    }

    /// Sends a request and reads the reply to it, whatever its type.
    fn ask(
        &mut self,
        what: &'static str,
        request: &Request<'_, F>,
        limit: Duration,
    ) -> Result<(Reply<F>, Range<usize>), SubjectError> {
        self.request.clear();
        serde_json::to_writer(&mut self.request, request).map_err(|error| {
            SubjectError::NotStarted { message: format!("{what} cannot be written: {error}") }
        })?;
        let seq = self.seq;
        self.seq += 1;
        let name = || format!("`{what}` (seq {seq})");
        let schemas = self.schemas.clone();
        if let Some(misfit) = schemas.as_ref().and_then(|it| it.check_request(&self.request).err())
        {
            let message = format!("our {} does not fit its schema {misfit}", name());
            return Err(SubjectError::NotStarted { message });
        }
        self.request.push(b'\n');
        let place = self.session.exchange(name, &self.request, limit)?;
        let line = self.session.line(place.clone());
        if let Some(misfit) = schemas.and_then(|schemas| schemas.check_reply(line).err()) {
            // Each process writes one line for each request, and its requests begin with 0.
            let number = seq + 1;
            let name = name();
            let cause =
                format!("line {number}, its answer to {name}, does not fit its schema {misfit}");
            return Err(self.session.reject(&cause, place));
        }
        let reply: Reply<F> = match serde_json::from_slice(self.session.line(place.clone())) {
            Ok(reply) => reply,
            Err(error) => {
                let cause = format!("its answer to {} cannot be read, {error}", name());
                return Err(self.session.reject(&cause, place));
            }
        };
        if reply.seq != seq {
            let cause = format!("its answer to {} has seq {}", name(), reply.seq);
            return Err(self.session.reject(&cause, place));
        }
        if let Some(field) = reply.misplaced() {
            let cause = format!(
                "its answer to {} has a field `{field}`, which this type does not have",
                name()
            );
            return Err(self.session.reject(&cause, place));
        }
        match (reply.kind, &reply.message) {
            (ReplyKind::Error | ReplyKind::Unsupported, None) => {
                Err(self.lacks(what, "message", place))
            }
            (ReplyKind::Error, Some(message)) => {
                let cause = format!("it answered {} with an error: {}", name(), bounded(message));
                Err(self.session.give_up(&cause))
            }
            (ReplyKind::Unsupported, Some(message)) => {
                Err(SubjectError::Unsupported { message: bounded(message).into_owned() })
            }
            _ => Ok((reply, place)),
        }
    }

    /// Kills the process, and lets a new one go on with what is durable.
    fn resume(
        &mut self,
        now: Time,
        durable: &Durable<F>,
        out: &mut Outbox<F>,
    ) -> Result<(), SubjectError> {
        self.session.kill();
        self.hello().inspect_err(|_| self.in_case = false)?;
        (self.wakes, self.gauges) = (None, None);
        let data = path_text(&durable.directory);
        let (family, start) = (F::NAME, &durable.start);
        let request = Request::Resume { seq: self.seq, now, family, start, data: &data };
        self.act("resume", &request, None, out).map(drop)
    }

    fn lacks(&mut self, what: impl Display, field: &str, place: Range<usize>) -> SubjectError {
        self.session.reject(&format!("its answer to `{what}` has no field `{field}`"), place)
    }

    fn check_in_case(&self) -> Result<(), SubjectError> {
        if self.in_case && self.session.is_running() {
            return Ok(());
        }
        Err(SubjectError::NotStarted { message: "no case has begun".to_owned() })
    }
}

impl<F: Family> Subject<F> for ChildProcess<F> {
    fn begin(&mut self, start: &F::Start, out: &mut Outbox<F>) -> Result<(), SubjectError> {
        if !self.session.is_running() {
            self.hello()?;
        }
        (self.in_case, self.wakes, self.gauges) = (true, None, None);
        self.durable = None;
        if self.about.data_directory {
            let directory = tempfile::tempdir().map_err(|error| SubjectError::NotStarted {
                message: format!("no directory for what it makes durable: {error}"),
            })?;
            self.durable = Some(Durable { directory, start: start.clone() });
        }
        let data = self.durable.as_ref().map(|it| path_text(&it.directory));
        let data = data.as_deref();
        let request = Request::Begin { seq: self.seq, family: F::NAME, start, data };
        self.act("begin", &request, None, out).map(drop)
    }

    fn deliver(
        &mut self,
        now: Time,
        input: Input<F>,
        out: &mut Outbox<F>,
    ) -> Result<(), SubjectError> {
        self.check_in_case()?;
        let input = if self.version == VERSION_1 { in_version_1(input) } else { input };
        let request = Request::Deliver { seq: self.seq, now, input: &input };
        self.act("deliver", &request, None, out).map(drop)
    }

    fn advance(
        &mut self,
        now: Time,
        until: Time,
        out: &mut Outbox<F>,
    ) -> Result<Advance, SubjectError> {
        self.check_in_case()?;
        let until = until.min(TIME_MAX);
        // A subject that says when it may act next need not be asked before.
        if self.wakes.is_some_and(|wakes| wakes.is_none_or(|at| at > until)) {
            return Ok(Advance::Reached);
        }
        let request = Request::Advance { seq: self.seq, now, until };
        let acted = self.act("advance", &request, Some((now, until)), out)?;
        Ok(acted.map_or(Advance::Reached, Advance::Acted))
    }

    fn restart(&mut self, now: Time, out: &mut Outbox<F>) -> Result<(), SubjectError> {
        self.check_in_case()?;
        if !self.about.observes.restart {
            let message = format!("restart; {} cannot be restarted", self.about.name);
            return Err(SubjectError::Unsupported { message });
        }
        if let Some(durable) = self.durable.take() {
            let resumed = self.resume(now, &durable, out);
            self.durable = Some(durable);
            return resumed;
        }
        let request = Request::Restart { seq: self.seq, now };
        self.act("restart", &request, None, out).map(drop)
    }

    fn end(&mut self) -> Result<(), SubjectError> {
        if self.check_in_case().is_err() {
            return Ok(());
        }
        self.in_case = false;
        let mut nothing = Outbox::new();
        self.act("end", &Request::End { seq: self.seq }, None, &mut nothing).map(drop)
    }

    fn gauges(&self) -> Option<F::Gauges> {
        self.gauges.clone()
    }

    fn observes(&self) -> Observes {
        self.about.observes
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
}

fn beyond_version_1(what: &str) -> String {
    format!("it chose protocol version 1, but its answer has {what}, which came with version 1.1")
}

fn path_text(directory: &TempDir) -> String {
    directory.path().to_string_lossy().into_owned()
}

/// Whether the reply says no more than its request allows.
fn check_span<F: Family>(reply: &Reply<F>, span: Option<(Time, Time)>) -> Result<(), String> {
    match (reply.acted_at, span) {
        (None, None) => Ok(()),
        (None, Some(_)) if reply.outputs.is_empty() => Ok(()),
        (None, Some(_)) => {
            Err("it acted while time passed, but its answer has no `acted_at`".into())
        }
        (Some(_), None) => Err("`acted_at` stands only in answers to `advance`".into()),
        (Some(at), Some((now, until))) if now <= at && at <= until => Ok(()),
        (Some(at), Some((now, until))) => Err(format!(
            "it acted at {} ms, outside of the span from {} ms to {} ms",
            at.as_millis(),
            now.as_millis(),
            until.as_millis()
        )),
    }
}
