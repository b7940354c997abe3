use std::collections::BTreeSet;

use crate::machine::{Family, Input, Output, PeerId, Time};

use super::SampleCase;
use super::kit::Tried;
use super::probe::{Probe, Record, Target};

/// How far the numbers of peers are moved: no sample has so many peers.
const MOVED: u16 = 20_000;

/// It speaks only to peers that are connected, whatever their numbers are. A program that repeats
/// what was right for other numbers is found out here.
pub(super) fn keeps_to_peers<F: Family>(target: &Target, samples: &[SampleCase<F>]) -> Tried {
    match try_peers(target, samples) {
        Ok(0) => Tried::Not("it spoke to no peer".to_owned()),
        Ok(count) => Tried::Right(format!(
            "it spoke {count} times to its peers, also under other numbers, and to nobody else"
        )),
        Err(error) => Tried::Wrong(error),
    }
}

fn try_peers<F: Family>(target: &Target, samples: &[SampleCase<F>]) -> Result<usize, String> {
    let mut count = 0;
    for (index, sample) in samples.iter().enumerate() {
        for moved in [false, true] {
            let sample = if moved { renumbered(sample) } else { sample.clone() };
            let record = Probe::greeted(target)?.run(&sample)?;
            count += stranger(&sample, &record)
                .map_err(|error| format!("case {index}, peers from {}: {error}", first(&sample)))?;
        }
    }
    Ok(count)
}

fn first<F: Family>(sample: &SampleCase<F>) -> PeerId {
    let peers = sample.inputs.iter().filter_map(|(_, input)| peer(input));
    peers.min().unwrap_or(PeerId(0))
}

/// How often it spoke to a peer; an error if that was never connected. Who is dropped may still be
/// spoken to for a moment, so a peer counts from its first connection on.
fn stranger<F: Family>(sample: &SampleCase<F>, record: &Record<F>) -> Result<usize, String> {
    let mut count = 0;
    for (at, output) in &record.outputs {
        let (Output::Send { peer, .. } | Output::Disconnect { peer, .. }) = output else {
            continue;
        };
        let known: BTreeSet<PeerId> = connected_until(sample, *at);
        if !known.contains(peer) {
            return Err(format!("at {at} it speaks to {peer}, which was never connected"));
        }
        count += 1;
    }
    Ok(count)
}

fn connected_until<F: Family>(sample: &SampleCase<F>, now: Time) -> BTreeSet<PeerId> {
    let inputs = sample.inputs.iter().take_while(|(at, _)| *at <= now);
    inputs
        .filter_map(|(_, input)| match input {
            Input::Connected { peer, .. } | Input::Message { peer, .. } => Some(*peer),
            _ => None,
        })
        .collect()
}

fn peer<F: Family>(input: &Input<F>) -> Option<PeerId> {
    match input {
        Input::Connected { peer, .. }
        | Input::Disconnected { peer }
        | Input::Message { peer, .. } => Some(*peer),
        Input::Command { .. } | Input::Deadline {} => None,
    }
}

/// The same case, but with other names for its peers, in the same order.
fn renumbered<F: Family>(sample: &SampleCase<F>) -> SampleCase<F> {
    let mut sample = sample.clone();
    for (_, input) in &mut sample.inputs {
        match input {
            Input::Connected { peer, .. }
            | Input::Disconnected { peer }
            | Input::Message { peer, .. } => peer.0 = peer.0.wrapping_add(MOVED),
            Input::Command { .. } | Input::Deadline {} => {}
        }
    }
    sample
}
