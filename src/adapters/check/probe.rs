use std::ffi::OsString;
use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::adapters::process::{Ending, Session};
use crate::adapters::protocol::{
    About, PROTOCOL_VERSIONS, Reply, ReplyKind, Request, TIME_MAX, VERSION_1, in_version_1,
    shortened,
};
use crate::adapters::{LineSchemas, Options};
use crate::machine::{Capabilities, Family, Input, Output, Time};

use super::SampleCase;

/// The program on trial.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) command: Vec<OsString>,
    pub(super) options: Options,
    /// Replies are held against them, if there are any.
    pub(super) schemas: Option<Arc<LineSchemas>>,
}

/// One process of it, which can be asked anything.
#[derive(Debug)]
pub(super) struct Probe<F> {
    session: Session,
    schemas: Option<Arc<LineSchemas>>,
    seq: u64,
    /// Whether it has greeted: before that it may take longer.
    is_greeted: bool,
    version: u32,
    dials: bool,
    /// What it does not support, if it has said so.
    unsupported: Option<String>,
    wants_directory: bool,
    directory: Option<TempDir>,
    family: PhantomData<F>,
}

/// What a subject answered in a whole case.
#[derive(Debug, PartialEq)]
pub(super) struct Record<F: Family> {
    pub(super) outputs: Vec<(Time, Output<F>)>,
    /// The instants at which it said that it would act next, each with the instant it said so.
    pub(super) deadlines: Vec<(Time, Option<Time>)>,
    pub(super) acts: usize,
}

/// How far time passes after the last input of a case.
const AFTERWARDS_MS: u64 = 600_000;

/// How often it may act in one span: more is a loop.
const ACTS_MAX: usize = 10_000;

impl<F: Family> Probe<F> {
    pub(super) fn start(target: &Target) -> Result<Self, String> {
        let session = Session::new(target.command.clone(), target.options.clone());
        let session = session.map_err(|error| error.to_string())?;
        Ok(Self {
            session,
            schemas: target.schemas.clone(),
            seq: 0,
            is_greeted: false,
            version: VERSION_1,
            dials: false,
            unsupported: None,
            wants_directory: false,
            directory: None,
            family: PhantomData,
        })
    }

    /// A process that has answered `hello`.
    pub(super) fn greeted(target: &Target) -> Result<Self, String> {
        let mut probe = Self::start(target)?;
        probe.hello(&PROTOCOL_VERSIONS)?;
        Ok(probe)
    }

    /// A process in which a case has begun.
    pub(super) fn begun(target: &Target, sample: &SampleCase<F>) -> Result<Self, String> {
        let mut probe = Self::greeted(target)?;
        probe.begin(sample)?;
        Ok(probe)
    }

    pub(super) fn hello(&mut self, versions: &[u32]) -> Result<About, String> {
        let reply = self.ask(hello(versions))?;
        let beyond = reply.beyond_version_1();
        match (reply.kind, reply.protocol, reply.about) {
            (ReplyKind::Hello, Some(version), Some(about))
                if versions.contains(&version) && PROTOCOL_VERSIONS.contains(&version) =>
            {
                self.version = version;
                self.wants_directory = about.data_directory;
                let names = about.capabilities.iter().flatten();
                self.dials = names.into_iter().any(|name| name == Capabilities::DIALS);
                match beyond.filter(|_| version == VERSION_1) {
                    Some(what) => Err(format!("it chose protocol version 1, but has {what}")),
                    None => Ok(about),
                }
            }
            (ReplyKind::Hello, Some(version), Some(_)) => {
                Err(format!("it chose protocol version {version} of those offered, {versions:?}"))
            }
            (kind, ..) => Err(format!("it answered `hello` with {}", name(kind))),
        }
    }

    pub(super) fn begin(&mut self, sample: &SampleCase<F>) -> Result<Reply<F>, String> {
        let reply = self.ask_begin(sample)?;
        done("begin", reply)
    }

    /// The beginning of a case, which may be answered by any reply.
    pub(super) fn ask_begin(&mut self, sample: &SampleCase<F>) -> Result<Reply<F>, String> {
        self.directory = None;
        if self.wants_directory {
            self.directory = Some(tempfile::tempdir().map_err(|error| error.to_string())?);
        }
        let data = self.data();
        let (family, start) = (F::NAME, &sample.start);
        let begin: Request<'_, F> = Request::Begin { seq: 0, family, start, data: data.as_deref() };
        self.ask(serde_json::to_value(&begin).map_err(|error| error.to_string())?)
    }

    /// Dies in the middle of a case and comes back, in the way that the subject has asked for.
    pub(super) fn restart(&mut self, sample: &SampleCase<F>, now: Time) -> Result<(), String> {
        let Some(data) = self.data() else {
            return self.act(&Request::Restart { seq: 0, now }).map(drop);
        };
        self.session.kill();
        self.is_greeted = false;
        self.hello(&PROTOCOL_VERSIONS)?;
        let (family, start) = (F::NAME, &sample.start);
        self.act(&Request::Resume { seq: 0, now, family, start, data: &data }).map(drop)
    }

    fn data(&self) -> Option<String> {
        let directory = self.directory.as_ref()?;
        Some(directory.path().to_string_lossy().into_owned())
    }

    pub(super) fn end(&mut self) -> Result<Reply<F>, String> {
        self.act(&Request::End { seq: 0 })
    }

    /// A request that has to be answered by `done`.
    pub(super) fn act(&mut self, request: &Request<'_, F>) -> Result<Reply<F>, String> {
        let request = serde_json::to_value(request).map_err(|error| error.to_string())?;
        let what = request["type"].as_str().unwrap_or_default().to_owned();
        let reply = self.ask(request)?;
        self.check_allowed(&reply)?;
        done(&what, reply)
    }

    /// Whether a subject of this version with these capabilities may say that.
    fn check_allowed(&self, reply: &Reply<F>) -> Result<(), String> {
        if let Some(what) = reply.beyond_version_1().filter(|_| self.version == VERSION_1) {
            return Err(format!("it chose protocol version 1, but its answer has {what}"));
        }
        match reply.dials().filter(|_| !self.dials) {
            Some(what) => {
                Err(format!("its answer has {what}, but it does not name the capability `dials`"))
            }
            None => Ok(()),
        }
    }

    /// The version of the protocol that it chose.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// What it does not support, if it has said so in answer to anything.
    pub(super) fn unsupported(&self) -> Option<&str> {
        self.unsupported.as_deref()
    }

    /// Any request; the sequence number is filled in. The reply may be of any type.
    pub(super) fn ask(&mut self, request: Value) -> Result<Reply<F>, String> {
        let seq = self.seq;
        self.ask_numbered(request, seq)
    }

    pub(super) fn ask_numbered(
        &mut self,
        mut request: Value,
        seq: u64,
    ) -> Result<Reply<F>, String> {
        self.seq = seq.saturating_add(1);
        request["seq"] = json!(seq);
        let reply = self.ask_line(&request.to_string())?;
        if reply.seq != seq {
            return Err(format!("it answered the request with seq {seq} with seq {}", reply.seq));
        }
        self.is_greeted |= reply.kind == ReplyKind::Hello;
        if reply.kind == ReplyKind::Unsupported {
            self.unsupported = Some(reply.message.clone().unwrap_or_default());
        }
        Ok(reply)
    }

    /// Any line.
    pub(super) fn ask_line(&mut self, line: &str) -> Result<Reply<F>, String> {
        let options = self.session.options();
        let limit = if self.is_greeted { options.reply_timeout } else { options.hello_timeout };
        let what = || shortened(line.as_bytes());
        let request = format!("{line}\n");
        let place = self
            .session
            .exchange(what, request.as_bytes(), limit)
            .map_err(|error| error.to_string())?;
        let reply = self.session.line(place);
        if let Some(Err(misfit)) = self.schemas.as_ref().map(|it| it.check_reply(reply)) {
            let line = shortened(reply);
            return Err(format!("its answer does not fit the schema {misfit}: {line}"));
        }
        serde_json::from_slice::<Reply<F>>(reply)
            .map_err(|error| error.to_string())
            .and_then(|reply| match reply.misplaced() {
                Some(field) => Err(format!("a reply of this type has no field `{field}`")),
                None => Ok(reply),
            })
            .map_err(|cause| format!("its answer cannot be read, {cause}: {}", shortened(reply)))
    }

    /// Runs a whole case.
    pub(super) fn run(&mut self, sample: &SampleCase<F>) -> Result<Record<F>, String> {
        let mut record = Record { outputs: Vec::new(), deadlines: Vec::new(), acts: 0 };
        let begun = self.begin(sample)?;
        record.note(Time::ZERO, begun);
        let mut now = Time::ZERO;
        for (at, input) in &sample.inputs {
            self.pass(now, *at, &mut record)?;
            now = *at;
            let reply = self.deliver(now, input)?;
            record.note(now, reply);
        }
        self.pass(now, now + AFTERWARDS_MS, &mut record)?;
        self.end()?;
        Ok(record)
    }

    pub(super) fn deliver(&mut self, now: Time, input: &Input<F>) -> Result<Reply<F>, String> {
        let input = match self.version {
            VERSION_1 => in_version_1(input.clone()),
            _ => input.clone(),
        };
        self.act(&Request::Deliver { seq: 0, now, input: &input })
    }

    pub(super) fn advance(&mut self, now: Time, until: Time) -> Result<Reply<F>, String> {
        let until = until.min(TIME_MAX);
        let reply = self.act(&Request::Advance { seq: 0, now, until })?;
        match reply.acted_at {
            None if !reply.outputs.is_empty() => {
                Err("it acted while time passed, but did not say when (`acted_at`)".to_owned())
            }
            Some(at) if at < now || at > until => {
                Err(format!("asked to advance from {now} to {until}, it acted at {at}"))
            }
            _ => Ok(reply),
        }
    }

    pub(super) fn close(mut self) -> Option<Ending> {
        self.session.close()
    }

    fn pass(&mut self, mut now: Time, until: Time, record: &mut Record<F>) -> Result<(), String> {
        for _ in 0..ACTS_MAX {
            let reply = self.advance(now, until)?;
            let Some(at) = reply.acted_at else { return Ok(()) };
            now = at;
            record.acts += 1;
            record.note(now, reply);
        }
        Err(format!("it acted {ACTS_MAX} times before {until} and did not come to rest"))
    }
}

impl<F: Family> Record<F> {
    fn note(&mut self, at: Time, reply: Reply<F>) {
        self.deadlines.extend(reply.wakes().map(|wakes| (at, wakes)));
        self.outputs.extend(reply.outputs.into_iter().map(|output| (at, output)));
    }
}

fn done<F: Family>(what: &str, reply: Reply<F>) -> Result<Reply<F>, String> {
    if reply.kind == ReplyKind::Done {
        return Ok(reply);
    }
    let message = reply.message.map_or(String::new(), |message| format!(": {message}"));
    Err(format!("it answered `{what}` with {}{message}", name(reply.kind)))
}

pub(super) fn hello(versions: &[u32]) -> Value {
    json!({ "type": "hello", "versions": versions, "harness": "syncheck adapter check" })
}

/// A kind of reply as it stands on the wire.
pub(super) fn name(kind: ReplyKind) -> &'static str {
    match kind {
        ReplyKind::Done => "`done`",
        ReplyKind::Error => "`error`",
        ReplyKind::Hello => "`hello`",
        ReplyKind::Unsupported => "`unsupported`",
    }
}
