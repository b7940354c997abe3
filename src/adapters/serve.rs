use std::fmt;
use std::io::{self, BufRead, Write};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::machine::{Advance, Family, Machine, Observes, Outbox, Subject, SubjectError, Time};

use super::InProcess;
use super::protocol::{
    About, Numbered, PROTOCOL_VERSIONS, Reply, ReplyKind, RequestKind, RequestLine, shortened,
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
        let request: RequestLine<'_> = serde_json::from_slice(line).map_err(|error| {
            let seq = serde_json::from_slice(line).map_or(0, |Numbered { seq }| seq);
            (seq, format!("not a request, {error}: {}", shortened(line)))
        })?;
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
        let spoken = PROTOCOL_VERSIONS.into_iter().filter(|version| versions.contains(version));
        let Some(version) = spoken.max() else {
            return Ok(unsupported(
                seq,
                format!("protocol versions {versions:?}; only {PROTOCOL_VERSIONS:?} are spoken"),
            ));
        };
        self.greeted = true;
        let mut reply = Reply::new(ReplyKind::Hello, seq);
        reply.protocol = Some(version);
        reply.about = Some(self.about.clone());
        Ok(reply)
    }

    fn done(&mut self, seq: u64, acted_at: Option<Time>) -> Result<Reply<F>, String> {
        let mut reply = Reply::new(ReplyKind::Done, seq);
        reply.outputs = std::mem::take(self.out.outputs_mut());
        reply.acted_at = acted_at;
        // The gauges come first: if they fail, the next call says so.
        let gauges = self.subject.gauges();
        reply.deadline = Some(self.subject.deadline().map_err(in_words)?);
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
            capabilities: None,
            observes: Observes::ALL,
            data_directory: false,
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

#[cfg(test)]
mod tests {
    use crate::adapters::quiet_panics;
    use crate::adapters::toy::{Counter, Toy};

    use super::*;

    /// What is answered to the lines, and how it ended.
    fn served(lines: &[&str]) -> (Vec<String>, Result<(), ServeError>) {
        let input = lines.join("\n") + "\n";
        let mut output = Vec::new();
        let about = About::machine::<Toy>("counter", "1", &[]);
        let result = serve::<Toy>(Counter::boxed, about, input.as_bytes(), &mut output);
        let output = String::from_utf8(output).unwrap();
        (output.lines().map(ToOwned::to_owned).collect(), result)
    }

    const HELLO: &str = r#"{"type":"hello","seq":0,"versions":[1],"harness":"test"}"#;
    const BEGIN: &str = r#"{"type":"begin","seq":1,"family":"toy","start":{"delay_ms":10}}"#;

    #[test]
    fn a_case_is_served_line_by_line() {
        let (replies, result) = served(&[
            HELLO,
            BEGIN,
            r#"{"type":"deliver","seq":2,"now":5,"input":{"type":"message","peer":1,"message":7}}"#,
            r#"{"type":"advance","seq":3,"now":5,"until":9}"#,
            r#"{"type":"advance","seq":4,"now":9,"until":99}"#,
            r#"{"type":"restart","seq":5,"now":20}"#,
            r#"{"type":"end","seq":6}"#,
        ]);
        assert!(result.is_ok());
        let expected = [
            concat!(
                r#"{"type":"hello","seq":0,"protocol":1,"about":{"name":"counter","version":"1","#,
                r#""families":["toy"],"observes":{"events":true,"gauges":true,"restart":true}}}"#
            ),
            r#"{"type":"done","seq":1,"deadline":null,"gauges":0}"#,
            concat!(
                r#"{"type":"done","seq":2,"outputs":[{"type":"send","peer":1,"message":8}],"#,
                r#""deadline":15,"gauges":1}"#
            ),
            r#"{"type":"done","seq":3,"deadline":15}"#,
            concat!(
                r#"{"type":"done","seq":4,"outputs":[{"type":"event","event":1}],"#,
                r#""acted_at":15,"deadline":null}"#
            ),
            concat!(
                r#"{"type":"done","seq":5,"outputs":[{"type":"event","event":0}],"#,
                r#""deadline":null,"gauges":0}"#
            ),
            r#"{"type":"done","seq":6}"#,
        ];
        assert_eq!(replies, expected);
    }

    #[test]
    fn what_is_not_supported_is_said_and_survived() {
        let (replies, result) = served(&[
            r#"{"type":"hello","seq":0,"versions":[7]}"#,
            HELLO,
            r#"{"type":"begin","seq":1,"family":"chess","start":{"board":[]}}"#,
            BEGIN,
        ]);
        assert!(result.is_ok());
        assert!(replies[0].starts_with(r#"{"type":"unsupported","seq":0,"message":"protocol"#));
        assert!(replies[2].starts_with(r#"{"type":"unsupported","seq":1,"message":"family chess"#));
        assert!(replies[3].starts_with(r#"{"type":"done","seq":1"#));
    }

    #[test]
    fn a_bad_request_is_answered_with_an_error_and_ends_it() {
        let cases = [
            (vec!["nonsense"], r#""seq":0"#, "not a request"),
            (vec![BEGIN], r#""seq":1"#, "comes first"),
            (vec![HELLO, HELLO], r#""seq":0"#, "comes first, and once"),
            (vec![HELLO, r#"{"type":"end","seq":3}"#], r#""seq":3"#, "no case has begun"),
            (vec![HELLO, r#"{"type":"begin","seq":1,"family":"toy"}"#], r#""seq":1"#, "`start`"),
            (
                vec![HELLO, BEGIN, r#"{"type":"jump","seq":2}"#],
                r#""seq":2"#,
                "unknown variant `jump`",
            ),
            (
                vec![HELLO, r#"{"type":"begin","seq":1,"family":"toy","start":{},"x":1}"#],
                r#""seq":1"#,
                "unknown field `x`",
            ),
            (
                vec![HELLO, BEGIN, r#"{"type":"deliver","seq":2,"now":0,"input":{"type":"x"}}"#],
                r#""seq":2"#,
                "`input` cannot be read",
            ),
            (
                vec![HELLO, BEGIN, r#"{"type":"advance","seq":2,"now":0}"#],
                r#""seq":2"#,
                "no field `until`",
            ),
        ];
        for (mut lines, seq, cause) in cases {
            // What follows the error is not answered.
            lines.push(HELLO);
            let (replies, result) = served(&lines);
            assert_eq!(replies.len(), lines.len() - 1, "{replies:?}");
            let last = replies.last().unwrap();
            assert!(last.starts_with(r#"{"type":"error","#), "{last}");
            assert!(last.contains(seq) && last.contains(cause), "{last}");
            assert!(matches!(result, Err(ServeError::Request(_))), "{result:?}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let mut output = Vec::new();
        let about = About::machine::<Toy>("counter", "1", &[]);
        let result = serve::<Toy>(Counter::boxed, about, HELLO.as_bytes(), &mut output);
        assert!(matches!(result, Err(ServeError::Request(_))), "{result:?}");
    }

    #[test]
    fn a_panic_is_answered_with_an_error() {
        quiet_panics();
        let unlucky = concat!(
            r#"{"type":"deliver","seq":2,"now":5,"#,
            r#""input":{"type":"message","peer":1,"message":13}}"#
        );
        let (replies, result) = served(&[HELLO, BEGIN, unlucky]);
        assert!(replies[2].contains("this number is unlucky"), "{}", replies[2]);
        assert!(result.is_err());
    }
}
