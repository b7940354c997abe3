use serde_json::json;

use crate::adapters::protocol::{About, ReplyKind};
use crate::machine::{Family, Output, Time};

use super::SampleCase;
use super::kit::Tried;
use super::probe::{Probe, Target, name};

pub(super) fn echoes_sequence<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let sample = samples.first().ok_or("there is no sample case")?;
    let mut probe = Probe::begun(target, sample)?;
    // Numbers that do not rise by one, up to the largest that all languages hold.
    for seq in [7, 1_000, 5, (1 << 53) - 1] {
        probe.ask_numbered(json!({ "type": "advance", "now": 0, "until": 0 }), seq)?;
    }
    Ok("each reply has the number of its request".to_owned())
}

pub(super) fn runs_cases<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    for (index, sample) in samples.iter().enumerate() {
        Probe::greeted(target)?.run(sample).map_err(|error| format!("case {index}: {error}"))?;
    }
    Ok(format!("{} cases, each in a process of its own", samples.len()))
}

/// A program that answers everything with an empty `done` passes nearly all other rules.
pub(super) fn acts<F: Family>(target: &Target, samples: &[SampleCase<F>]) -> Tried {
    let mut sent = 0;
    for sample in samples {
        let Ok(record) = Probe::greeted(target).and_then(|mut probe| probe.run(sample)) else {
            return Tried::Not("the sample cases do not run".to_owned());
        };
        let sends = |(_, output): &&_| matches!(output, Output::Send { .. });
        sent += record.outputs.iter().filter(sends).count();
    }
    match sent {
        0 => Tried::Wrong(format!("it sent no message in {} cases", samples.len())),
        _ => Tried::Right(format!("it sent {sent} messages in {} cases", samples.len())),
    }
}

pub(super) fn reports_events<F: Family>(
    target: &Target,
    about: &About,
    samples: &[SampleCase<F>],
) -> Tried {
    if !about.observes.events {
        return Tried::Not("it says that it reports none".to_owned());
    }
    let mut events = 0;
    for sample in samples {
        let Ok(record) = Probe::greeted(target).and_then(|mut probe| probe.run(sample)) else {
            return Tried::Not("the sample cases do not run".to_owned());
        };
        let reports = |(_, output): &&_| matches!(output, Output::Event { .. });
        events += record.outputs.iter().filter(reports).count();
    }
    match events {
        0 => Tried::Wrong(format!(
            "it says that it reports events, but reported none in {} cases",
            samples.len()
        )),
        _ => Tried::Right(format!("it reported {events} events in {} cases", samples.len())),
    }
}

pub(super) fn many_cases<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let mut probe = Probe::greeted(target)?;
    let mut count = 0;
    for sample in samples.iter().cycle().take(3 * samples.len()) {
        probe.run(sample).map_err(|error| format!("case {count} of this process: {error}"))?;
        count += 1;
    }
    // A case may also be left in the middle: the next `begin` starts afresh.
    if let Some(sample) = samples.first() {
        probe.begin(sample)?;
        probe.run(sample).map_err(|error| format!("after a case without `end`: {error}"))?;
    }
    Ok(format!("{} cases in one process, one of them without `end`", count + 2))
}

pub(super) fn deterministic<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let mut probe = Probe::greeted(target)?;
    for (index, sample) in samples.iter().enumerate() {
        let first = probe.run(sample)?;
        for (place, second) in [
            ("the same process", probe.run(sample)?),
            ("another process", Probe::greeted(target)?.run(sample)?),
        ] {
            if first.outputs == second.outputs && first.acts == second.acts {
                continue;
            }
            let same = first.outputs.iter().zip(&second.outputs).take_while(|(a, b)| a == b);
            let differs = same.count();
            return Err(format!(
                "case {index} again in {place} came out otherwise from its output {differs} on"
            ));
        }
    }
    Ok("the same case gives the same answers, in the same and in another process".to_owned())
}

pub(super) fn keeps_within_span<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let mut acts = 0;
    for sample in samples {
        acts += Probe::greeted(target)?.run(sample)?.acts;
        // A span without length.
        let mut probe = Probe::begun(target, sample)?;
        let now = sample.inputs.first().map_or(Time::ZERO, |(at, _)| *at);
        probe.advance(now, now)?;
    }
    Ok(format!("it acted on its own {acts} times, always within the span"))
}

/// A subject that says when it may act next must not act before, and must act then if it says that
/// it does: one whose timers tick without effect promises the first alone.
pub(super) fn keeps_its_deadline<F: Family>(target: &Target, samples: &[SampleCase<F>]) -> Tried {
    let mut kept = 0;
    for sample in samples {
        match try_deadlines(target, sample) {
            Ok(count) => kept += count,
            Err(error) => return Tried::Wrong(error),
        }
    }
    match kept {
        0 => Tried::Not("it does not say when it acts next; it is asked each time".to_owned()),
        _ => Tried::Right(format!("it kept to what it said {kept} times")),
    }
}

fn try_deadlines<F: Family>(target: &Target, sample: &SampleCase<F>) -> Result<usize, String> {
    let mut probe = Probe::begun(target, sample)?;
    let mut kept = 0;
    let mut last = None;
    for (at, input) in &sample.inputs {
        let reply = probe.deliver(*at, input)?;
        let wakes = reply.wakes();
        last = wakes.map(|wakes| (*at, wakes, reply.not_before.is_some()));
        kept += usize::from(wakes.is_some());
    }
    let Some((now, wakes, may_rest)) = last else { return Ok(kept) };
    let Some(deadline) = wakes else {
        let later = now + 1_000_000;
        return match probe.advance(now, later)?.acted_at {
            None => Ok(kept),
            Some(at) => Err(format!("at {now} it said that it never acts, but it acted at {at}")),
        };
    };
    if deadline > now {
        let before = deadline - 1;
        if let Some(at) = probe.advance(now, before)?.acted_at {
            let verb = if may_rest { "does not act before" } else { "acts at" };
            return Err(format!("at {now} it said that it {verb} {deadline}, but acted at {at}"));
        }
    }
    match probe.advance(deadline.max(now), deadline.max(now))?.acted_at {
        Some(_) => Ok(kept),
        None if may_rest => Ok(kept),
        None => Err(format!("at {now} it said that it acts at {deadline}, but it did not")),
    }
}

pub(super) fn restarts<F: Family>(
    target: &Target,
    about: &About,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let sample = samples.first().ok_or("there is no sample case")?;
    let mut probe = Probe::begun(target, sample)?;
    let mut now = Time::ZERO;
    for (at, input) in &sample.inputs {
        now = *at;
        probe.deliver(now, input)?;
    }
    if about.observes.restart {
        probe.restart(sample, now)?;
        probe.advance(now, now + 1_000)?;
        probe.end()?;
        let how = if about.data_directory { "is killed and goes on" } else { "restarts" };
        return Ok(format!("it {how} in the middle of a case"));
    }
    match probe.ask(json!({ "type": "restart", "now": now }))?.kind {
        ReplyKind::Unsupported => Ok("it says that it cannot, and refuses".to_owned()),
        kind => Err(format!("it says that it cannot, but answered `restart` with {}", name(kind))),
    }
}
