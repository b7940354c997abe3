use std::collections::BTreeSet;

use crate::machine::PeerId;
use crate::reports::StepRecord;
use crate::reports::fold::Row;

use super::label::Label;
use super::sequence::{HEAD, ROW};

/// The x of the subject's lane.
const SUBJECT_X: usize = 106;

/// Where the lanes of a diagram are: the subject's, then one for each peer.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    peers: Vec<PeerId>,
    gap: usize,
}

/// A part of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifeline {
    /// Its x.
    pub(super) x: usize,
    /// Where it begins and ends.
    pub(super) y: (usize, usize),
    /// Whether the peer is connected meanwhile.
    pub(super) connected: bool,
}

impl Lanes {
    /// The lanes of all peers in a run.
    pub(super) fn of(steps: &[StepRecord]) -> Self {
        let peers: BTreeSet<PeerId> = steps.iter().filter_map(|step| step.peer).collect();
        let gap = match peers.len() {
            0..=4 => 48,
            5..=8 => 40,
            _ => 34,
        };
        Self { peers: peers.into_iter().collect(), gap }
    }

    /// The peers, by rising id.
    pub(super) fn peers(&self) -> &[PeerId] {
        &self.peers
    }

    /// The x of the subject's lane.
    pub(super) fn subject(&self) -> usize {
        SUBJECT_X
    }

    /// The x of a peer's lane.
    pub(super) fn peer(&self, peer: PeerId) -> usize {
        let place = self.peers.iter().position(|its| *its == peer).unwrap_or(0);
        SUBJECT_X + (place + 1) * self.gap
    }

    /// The x behind the last lane, where words begin.
    pub(super) fn end(&self) -> usize {
        SUBJECT_X + self.peers.len() * self.gap + 22
    }

    /// When each peer is connected, as far as the rows show it.
    pub(super) fn lifelines(&self, rows: &[Row<'_>]) -> Vec<Lifeline> {
        let mut lines = Vec::new();
        for peer in &self.peers {
            let (mut connected, mut since) = (false, HEAD);
            for (index, row) in rows.iter().enumerate() {
                let after = state_after(row, *peer).unwrap_or(connected);
                if after != connected {
                    let y = HEAD + index * ROW + ROW / 2;
                    lines.push(Lifeline { x: self.peer(*peer), y: (since, y), connected });
                    (connected, since) = (after, y);
                }
            }
            let end = HEAD + rows.len() * ROW;
            lines.push(Lifeline { x: self.peer(*peer), y: (since, end), connected });
        }
        lines
    }
}

/// Whether a row opens or closes the connection of a peer.
fn state_after(row: &Row<'_>, peer: PeerId) -> Option<bool> {
    let of_step = |step: &StepRecord| {
        // With the subject's process all connections end.
        if step.peer.is_none() && step.text.starts_with("subject dies") {
            return Some(false);
        }
        let its = step.peer == Some(peer);
        match Label::of(step).arrow {
            "===" if its => Some(true),
            "=/=" if its => Some(false),
            _ => None,
        }
    };
    match row {
        Row::Step(step) => of_step(step),
        Row::Alike { hidden, .. } | Row::LeftOut { hidden, .. } => {
            hidden.iter().rev().find_map(of_step)
        }
    }
}
