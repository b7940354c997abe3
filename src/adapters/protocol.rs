//! The lines of protocol version 1.1, as `docs/adapter-protocol.md` says them.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::machine::{Data, Dialer, Family, Input, Observes, Output, Time};

/// Version 1: it has none of what version 1.1 adds.
pub(super) const VERSION_1: u32 = 1;

/// Version 1.1. On the wire versions are whole numbers: adapters of version 1 read the list too.
pub(super) const VERSION_1_1: u32 = 11;

/// The versions that this harness speaks, as they stand on the wire.
pub const PROTOCOL_VERSIONS: [u32; 2] = [VERSION_1, VERSION_1_1];

/// No time on the wire is later: every language reads it as a whole number.
pub(super) const TIME_MAX: Time = Time::from_millis((1 << 53) - 1);

/// What a subject says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The families that it can run.
    pub families: Vec<String>,
    /// The profiles that it can run, where a family has profiles; all, if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<Vec<String>>,
    /// What it can do of what its families leave open; all of that, if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// What it lets the engine see.
    pub observes: Observes,
    /// It keeps what is durable in the directory that it is given with each case. A restart is a
    /// real one then: it is killed, and a new process goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub data_directory: bool,
}

/// A line to the subject, as it is written.
#[derive(Debug, Serialize)]
#[serde(bound = "", tag = "type", rename_all = "snake_case")]
pub(super) enum Request<'a, F: Family> {
    Advance {
        seq: u64,
        now: Time,
        until: Time,
    },
    Begin {
        seq: u64,
        family: &'a str,
        start: &'a F::Start,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a str>,
    },
    Deliver {
        seq: u64,
        now: Time,
        input: &'a Input<F>,
    },
    End {
        seq: u64,
    },
    Hello {
        seq: u64,
        versions: &'a [u32],
        harness: &'a str,
    },
    Restart {
        seq: u64,
        now: Time,
    },
    Resume {
        seq: u64,
        now: Time,
        family: &'a str,
        start: &'a F::Start,
        data: &'a str,
    },
}

/// A line to the subject, as it is read. The parts that depend on the family stay raw until the
/// family is known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestLine<'a> {
    #[serde(rename = "type")]
    pub(super) kind: RequestKind,
    pub(super) seq: u64,
    #[serde(default)]
    pub(super) versions: Option<Vec<u32>>,
    #[serde(default, rename = "harness")]
    _harness: Option<IgnoredAny>,
    #[serde(default, borrow)]
    pub(super) family: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(super) start: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) now: Option<Time>,
    #[serde(default)]
    pub(super) until: Option<Time>,
    #[serde(default, borrow)]
    pub(super) input: Option<&'a RawValue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RequestKind {
    Advance,
    Begin,
    Deliver,
    End,
    Hello,
    Restart,
}

/// The number of a request that cannot be read otherwise.
#[derive(Debug, Deserialize)]
pub(super) struct Numbered {
    pub(super) seq: u64,
}

/// A line from the subject. One flat record for all kinds is read at half the cost of a tagged
/// enum; which fields a kind has is checked where it is used.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub(super) struct Reply<F: Family> {
    #[serde(rename = "type")]
    pub(super) kind: ReplyKind,
    pub(super) seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) protocol: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) about: Option<About>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub(super) outputs: Vec<Output<F>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) acted_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) deadline: Option<Option<Time>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) not_before: Option<Time>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub(super) gauges: Option<F::Gauges>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReplyKind {
    Done,
    Error,
    Hello,
    Unsupported,
}

impl<F: Family> Reply<F> {
    pub(super) fn new(kind: ReplyKind, seq: u64) -> Self {
        Self {
            kind,
            seq,
            protocol: None,
            about: None,
            outputs: Vec::new(),
            acted_at: None,
            deadline: None,
            not_before: None,
            gauges: None,
            message: None,
        }
    }

    /// What a subject of version 1 cannot say, if it says such a thing.
    pub(super) fn beyond_version_1(&self) -> Option<&'static str> {
        let capabilities = self.about.as_ref().is_some_and(|about| about.capabilities.is_some());
        let fields = [
            (self.not_before.is_some(), "the field `not_before`"),
            (capabilities, "the field `capabilities`"),
        ];
        let field = fields.iter().find(|(said, _)| *said).map(|(_, name)| *name);
        self.dials().or(field)
    }

    /// The first output that only subjects have that choose their peers.
    pub(super) fn dials(&self) -> Option<&'static str> {
        self.outputs.iter().find_map(|output| match output {
            Output::Dial { .. } => Some("the output `dial`"),
            Output::Refuse { .. } => Some("the output `refuse`"),
            Output::Disconnect { .. } | Output::Event { .. } | Output::Send { .. } => None,
        })
    }

    /// The first instant at which the subject may act if nothing happens before, never if it says
    /// so; `None` if it says nothing.
    pub(super) fn wakes(&self) -> Option<Option<Time>> {
        self.deadline.or_else(|| self.not_before.map(Some))
    }

    /// The first field that this kind of reply does not have.
    pub(super) fn misplaced(&self) -> Option<&'static str> {
        let (hello, done) = (self.kind == ReplyKind::Hello, self.kind == ReplyKind::Done);
        let fields = [
            ("protocol", self.protocol.is_some(), hello),
            ("about", self.about.is_some(), hello),
            ("outputs", !self.outputs.is_empty(), done),
            ("acted_at", self.acted_at.is_some(), done),
            ("deadline", self.deadline.is_some(), done),
            ("not_before", self.not_before.is_some(), done && self.deadline.is_none()),
            ("gauges", self.gauges.is_some(), done),
            ("message", self.message.is_some(), !hello && !done),
        ];
        fields.iter().find(|(_, present, allowed)| *present && !allowed).map(|(name, ..)| *name)
    }
}

/// An input as a subject of version 1 knows it.
pub(super) fn in_version_1<F: Family>(input: Input<F>) -> Input<F> {
    match input {
        // A peer that has dialled is not written.
        Input::Connected { peer, hello, .. } => {
            Input::Connected { peer, hello, dialer: Dialer::Peer }
        }
        Input::Message { peer, message } => {
            let message = F::in_version_1(&message).unwrap_or(message);
            Input::Message { peer, message }
        }
        input => input,
    }
}

/// Tells `"deadline": null`, which means never, from no deadline at all, which means unknown.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Time>>, D::Error> {
    Option::<Time>::deserialize(deserializer).map(Some)
}

fn none<T: Data>() -> Option<T> {
    None
}

/// A line shortened for a message to people: control characters escaped, the middle left out.
pub(super) fn shortened(line: &[u8]) -> String {
    const HEAD: usize = 160;
    const TAIL: usize = 40;
    if line.len() <= HEAD + TAIL {
        return format!("`{}`", printable(line));
    }
    let (head, tail) = (printable(&line[..HEAD]), printable(&line[line.len() - TAIL..]));
    format!("`{head} … {tail}` ({} bytes)", line.len())
}

/// What a subject says to people, bounded.
pub(super) fn bounded(message: &str) -> Cow<'_, str> {
    const CHARACTERS_MAX: usize = 2_000;
    match message.char_indices().nth(CHARACTERS_MAX) {
        None => Cow::Borrowed(message),
        Some((end, _)) => format!("{} … ({} bytes)", &message[..end], message.len()).into(),
    }
}

fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for character in String::from_utf8_lossy(bytes).chars() {
        if character.is_control() {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}
