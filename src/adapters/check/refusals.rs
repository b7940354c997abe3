use serde_json::{Value, json};

use crate::adapters::protocol::{Reply, ReplyKind, Request};
use crate::machine::Family;

use super::SampleCase;
use super::probe::{Probe, Target, name};

pub(super) fn unknown_family<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let mut probe = Probe::<F>::greeted(target)?;
    let reply = probe.ask(json!({ "type": "begin", "family": "no-such-family", "start": {} }))?;
    if reply.kind != ReplyKind::Unsupported {
        return Err(format!("it answered `begin` of no-such-family with {}", name(reply.kind)));
    }
    // That it cannot run one case must not keep it from running the next.
    if let Some(sample) = samples.first() {
        probe.begin(sample).map_err(|error| format!("after an unknown family, {error}"))?;
    }
    Ok("no-such-family is unsupported, and the next case runs".to_owned())
}

/// Why the subject does not support a case, if it says so in answer to any request of it. Whatever
/// else it does is tried later.
pub(super) fn unsupported<F: Family>(target: &Target, sample: &SampleCase<F>) -> Option<String> {
    let mut probe = Probe::<F>::greeted(target).ok()?;
    drop(probe.run(sample));
    probe.unsupported().map(ToOwned::to_owned)
}

pub(super) fn unknown_request<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let sample = samples.first().ok_or("there is no sample case")?;
    let reply =
        Probe::begun(target, sample)?.ask(json!({ "type": "no_such_request", "now": 0 }))?;
    refused("the request no_such_request", &reply)
}

pub(super) fn unknown_input<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let sample = samples.first().ok_or("there is no sample case")?;
    let input = json!({ "type": "no_such_input" });
    let request = json!({ "type": "deliver", "now": 0, "input": input });
    let reply = Probe::begun(target, sample)?.ask(request)?;
    refused("the input no_such_input", &reply)
}

/// Garbage may also end the process: it cannot know to whom it should answer. It must not hang.
pub(super) fn garbage<F: Family>(target: &Target) -> Result<String, String> {
    match Probe::<F>::greeted(target)?.ask_line("\u{7f}not json{") {
        Ok(reply) => refused("a line that is no JSON", &reply),
        Err(error) if error.starts_with("subject exited") => {
            let first = error.lines().next().unwrap_or_default();
            Ok(format!("a line that is no JSON ends it: {first}"))
        }
        Err(error) => Err(format!("a line that is no JSON: {error}")),
    }
}

/// It may also end the process, as garbage may.
pub(super) fn no_sequence<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let sample = samples.first().ok_or("there is no sample case")?;
    let what = "a request without `seq`";
    match Probe::begun(target, sample)?.ask_line(r#"{"type":"advance","now":0,"until":0}"#) {
        Ok(reply) => refused(what, &reply),
        Err(error) if error.starts_with("subject exited") => {
            let first = error.lines().next().unwrap_or_default();
            Ok(format!("{what} ends it: {first}"))
        }
        Err(error) => Err(format!("{what}: {error}")),
    }
}

/// Nothing can happen where nothing has begun.
pub(super) fn outside_case<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let sample = samples.first().ok_or("there is no sample case")?;
    let advance = || json!({ "type": "advance", "now": 0, "until": 0 });
    let before = Probe::<F>::greeted(target)?.ask(advance())?;
    refused("`advance` before a case", &before)?;
    let mut probe = Probe::begun(target, sample)?;
    probe.end()?;
    let after = probe.ask(advance())?;
    refused("`advance` after `end`", &after)?;
    Ok("`advance` before a case and after it is refused".to_owned())
}

/// Both ways are fine: a field that is not known is passed over, or the request is refused.
pub(super) fn unknown_field<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let sample = samples.first().ok_or("there is no sample case")?;
    let begin: Request<'_, F> =
        Request::Begin { seq: 0, family: F::NAME, start: &sample.start, data: None };
    let mut request: Value = serde_json::to_value(&begin).map_err(|error| error.to_string())?;
    request["no_such_field"] = json!(true);
    let reply = Probe::<F>::greeted(target)?.ask(request)?;
    match reply.kind {
        ReplyKind::Done => Ok("it passes over a field that it does not know".to_owned()),
        ReplyKind::Error | ReplyKind::Unsupported => {
            Ok(format!("it refuses a field that it does not know with {}", name(reply.kind)))
        }
        ReplyKind::Hello => Err("it answered `begin` with `hello`".to_owned()),
    }
}

fn refused<F: Family>(what: &str, reply: &Reply<F>) -> Result<String, String> {
    match reply.kind {
        ReplyKind::Error | ReplyKind::Unsupported => {
            Ok(format!("{what} is refused with {}", name(reply.kind)))
        }
        kind => Err(format!("it answered {what} with {}", name(kind))),
    }
}
