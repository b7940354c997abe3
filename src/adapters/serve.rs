use std::fmt;
use std::io::{self, BufRead, Write};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::machine::{Advance, Family, Machine, Observes, Outbox, Subject, SubjectError, Time};

use super::InProcess;
use super::protocol::{
    About, PROTOCOL_VERSION, Reply, ReplyKind, RequestKind, RequestLine, shortened,
};

/// Puts machines behind the adapter protocol: reads requests from `input` until it ends, and
/// answers each on `output`. `profiles` are those that the machines know; none, if the family has
/// no profiles.
///
/// # Errors
/// When a request cannot be answered; it was answered with an `error` line. A program should then
/// exit with status 2.
pub fn serve<F: Family>(
    make: impl Fn(&F::Start) -> Box<dyn Machine<F>> + 'static,
    about: About,
    mut input: impl BufRead,
    mut output: impl Write,
) -> Result<(), ServeError> {
    let mut server = Server::<F> {
        subject: InProcess::new(make),
        about,
        greeted: false,
        in_case: false,
        gauges: None,
        out: Outbox::new(),
    };
    let (mut request, mut reply) = (Vec::new(), Vec::new());
    loop {
        request.clear();
        if input.read_until(b'\n', &mut request)? == 0 {
            return Ok(());
        }
        let (answer, error) = match server.answer(&request) {
            Ok(answer) => (answer, None),
            Err((seq, message)) => {
                let mut answer = Reply::new(ReplyKind::Error, seq);
                answer.message = Some(message.clone());
                (answer, Some(ServeError::Request(message)))
            }
        };
        reply.clear();
        serde_json::to_writer(&mut reply, &answer).map_err(io::Error::from)?;
        reply.push(b'\n');
        output.write_all(&reply)?;
        output.flush()?;
        server.out.drain();
        if let Some(error) = error {
            return Err(error);
        }
    }
}

/// Why [`serve`] gave up.
#[derive(Debug)]
pub enum ServeError {
    /// The streams failed.
    Io(io::Error),
    /// A request could not be answered; says why.
    Request(String),
}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "standard input or output: {error}"),
            Self::Request(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for ServeError {}

struct Server<F: Family> {
    subject: InProcess<F>,
    about: About,
    greeted: bool,
    in_case: bool,
    gauges: Option<F::Gauges>,
    out: Outbox<F>,
}

/// A request that cannot be answered: its number, as far as it is known, and why.
type Refusal = (u64, String);

impl<F: Family> Server<F> {
    fn answer(&mut self, line: &[u8]) -> Result<Reply<F>, Refusal> {
        let Some(line) = line.strip_suffix(b"\n") else {
            return Err((0, format!("the line has no end: {}", shortened(line))));
        };
        let request: RequestLine<'_> = serde_json::from_slice(line)
            .map_err(|error| (0, format!("not a request, {error}: {}", shortened(line))))?;
        let seq = request.seq;
        self.answer_request(&request).map_err(|message| (seq, message))
    }

    fn answer_request(&mut self, request: &RequestLine<'_>) -> Result<Reply<F>, String> {
        if self.greeted == (request.kind == RequestKind::Hello) {
            return Err("`hello` comes first, and once".to_owned());
        }
        let outside = matches!(request.kind, RequestKind::Hello | RequestKind::Begin);
        if !outside && !self.in_case {
            return Err("no case has begun".to_owned());
        }
        let seq = request.seq;
        let mut acted_at = None;
        match request.kind {
            RequestKind::Hello => return self.hello(seq, need(&request.versions, "versions")?),
            RequestKind::Begin => {
                let family = need(&request.family, "family")?;
                if family != F::NAME {
                    return Ok(unsupported(seq, format!("family {family}; only {} runs", F::NAME)));
                }
                let start: F::Start = parse(request.start, "start")?;
                self.gauges = None;
                self.in_case = true;
                self.subject.begin(&start, &mut self.out).map_err(in_words)?;
            }
            RequestKind::Deliver => {
                let now = *need(&request.now, "now")?;
                let input = parse(request.input, "input")?;
                self.subject.deliver(now, input, &mut self.out).map_err(in_words)?;
            }
            RequestKind::Advance => {
                let (now, until) = (*need(&request.now, "now")?, *need(&request.until, "until")?);
                let advance = self.subject.advance(now, until, &mut self.out).map_err(in_words)?;
                acted_at = match advance {
                    Advance::Acted(at) => Some(at),
                    Advance::Reached => None,
                };
            }
            RequestKind::Restart => {
                let now = *need(&request.now, "now")?;
                self.subject.restart(now, &mut self.out).map_err(in_words)?;
            }
            RequestKind::End => {
                self.in_case = false;
                self.subject.end().map_err(in_words)?;
                return Ok(Reply::new(ReplyKind::Done, seq));
            }
        }
        self.done(seq, acted_at)
    }

    fn hello(&mut self, seq: u64, versions: &[u32]) -> Result<Reply<F>, String> {
        if !versions.contains(&PROTOCOL_VERSION) {
            return Ok(unsupported(
                seq,
                format!("protocol versions {versions:?}; only {PROTOCOL_VERSION} is spoken"),
            ));
        }
        self.greeted = true;
        let mut reply = Reply::new(ReplyKind::Hello, seq);
        reply.protocol = Some(PROTOCOL_VERSION);
        reply.about = Some(self.about.clone());
        Ok(reply)
    }

    fn done(&mut self, seq: u64, acted_at: Option<Time>) -> Result<Reply<F>, String> {
        let mut reply = Reply::new(ReplyKind::Done, seq);
        reply.outputs = std::mem::take(self.out.outputs_mut());
        reply.acted_at = acted_at;
        reply.deadline = Some(self.subject.deadline().map_err(in_words)?);
        let gauges = self.subject.gauges();
        if gauges != self.gauges {
            reply.gauges.clone_from(&gauges);
            self.gauges = gauges;
        }
        Ok(reply)
    }
}

impl About {
    /// What a program says of itself that serves machines of one family with [`serve`].
    pub fn machine<F: Family>(name: &str, version: &str, profiles: &[&str]) -> Self {
        let profiles = profiles.iter().map(|&profile| profile.to_owned()).collect::<Vec<_>>();
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            families: vec![F::NAME.to_owned()],
            profiles: Some(profiles).filter(|profiles| !profiles.is_empty()),
            observes: Observes::ALL,
        }
    }
}

fn need<'a, T>(field: &'a Option<T>, name: &str) -> Result<&'a T, String> {
    field.as_ref().ok_or_else(|| format!("the request has no field `{name}`"))
}

fn parse<T: DeserializeOwned>(raw: Option<&RawValue>, name: &str) -> Result<T, String> {
    let raw = raw.ok_or_else(|| format!("the request has no field `{name}`"))?;
    serde_json::from_str(raw.get()).map_err(|error| {
        format!("the field `{name}` cannot be read, {error}: {}", shortened(raw.get().as_bytes()))
    })
}

fn unsupported<F: Family>(seq: u64, message: String) -> Reply<F> {
    let mut reply = Reply::new(ReplyKind::Unsupported, seq);
    reply.message = Some(message);
    reply
}

fn in_words(error: SubjectError) -> String {
    error.to_string()
}
