//! The pure function that table cases can be fed to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::families::{FunctionKind, check_table};
use crate::machine::{Input, Machine, Outbox, Output, PeerId, Time};
use crate::primitives::ethereum_header::SealedHeader;

use super::message::{Command, CycleEnd, Event, HeadAnswer, Hello, LocalStart, Message, Start};
use super::{Profile, Settings, Skeleton, Status, Syncer};

/// What [`transition`] begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransitionGiven {
    /// The client.
    #[serde(default)]
    pub profile: Profile,
    /// Sizes.
    #[serde(default)]
    pub settings: Settings,
    /// The persisted status, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The persisted header rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<SealedHeader>,
    /// The local chain.
    pub local: LocalStart,
    /// The heads that are announced, one after the other.
    pub heads: Vec<AnnouncedHead>,
    /// The headers that a peer delivers. It answers a request only if it has all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub responses: Vec<SealedHeader>,
}

/// A head that is announced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnouncedHead {
    /// The head.
    pub header: SealedHeader,
    /// Whether it is forced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
    /// The finalized number that comes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finalized: Option<u64>,
}

/// What [`transition`] leads to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransitionResult {
    /// The answers to the heads.
    pub answers: Vec<HeadAnswer>,
    /// How cycles ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<CycleEnd>,
    /// Whether the last cycle is linked.
    pub linked: bool,
    /// The subchains that are persisted.
    pub status: Status,
    /// The numbers of the rows that are persisted.
    pub rows: Vec<u64>,
}

pub(super) fn all() -> Vec<FunctionKind> {
    vec![FunctionKind {
        kind: "transition",
        summary: "the subchains after new heads and the headers that answer the requests",
        check: |text| check_table(text, transition),
    }]
}

/// The subchains that new heads and delivered headers lead to. No time passes: nothing is filled.
///
/// # Errors
/// When the input means nothing: a head that is genesis, a local chain without its head.
pub fn transition(given: &TransitionGiven) -> Result<TransitionResult, String> {
    if given.heads.iter().any(|head| head.header.number() == 0) {
        return Err("genesis is no head".to_owned());
    }
    let blocks = &given.local.blocks;
    let genesis = blocks.first().is_some_and(|block| block.header.number() == 0);
    let head = blocks.iter().find(|block| block.header.hash() == given.local.head);
    if !genesis || head.is_none_or(|head| head.header.number() < given.local.snap_head) {
        return Err("the local chain has genesis first, its head, and no higher snap head".into());
    }
    let start = Start {
        profile: given.profile,
        settings: given.settings,
        status: given.status.as_ref().map(|status| status.to_json(given.profile)),
        rows: given.rows.clone().into(),
        local: given.local.clone(),
    };
    let mut run = Run { syncer: Syncer::new(&start), given, result: TransitionResult::default() };
    run.step(Input::Connected { peer: PeerId(0), hello: Hello {} });
    for AnnouncedHead { header, force, finalized } in &given.heads {
        let (force, finalized) = (*force, *finalized);
        let command = Command::Head { header: header.clone(), force, finalized };
        run.step(Input::Command { command });
    }
    let store = run.syncer.subchains().store();
    run.result.status = store.status().unwrap_or_default();
    run.result.rows = store.rows().map(SealedHeader::number).collect();
    Ok(run.result)
}

struct Run<'a> {
    syncer: Syncer,
    given: &'a TransitionGiven,
    result: TransitionResult,
}

impl Run<'_> {
    /// Takes a step and answers the requests that it brings about.
    fn step(&mut self, input: Input<Skeleton>) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut out = Outbox::new();
            self.syncer.step(Time::ZERO, input, &mut out);
            for output in out.drain() {
                match output {
                    Output::Event { event } => self.note(&event),
                    Output::Send { peer, message } => {
                        let answer = self.answer(&message);
                        inputs.extend(answer.map(|message| Input::Message { peer, message }));
                    }
                    Output::Disconnect { .. } => {}
                }
            }
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::CycleEnded { why } => self.result.ends.push(*why),
            Event::CycleStarted { linked } => self.result.linked = *linked,
            Event::HeadAnswered { answer, .. } => self.result.answers.push(*answer),
            _ => {}
        }
    }

    fn answer(&self, request: &Message) -> Option<Message> {
        let Message::GetHeaders { id, origin, amount } = *request else { return None };
        let lowest = origin + 1 - amount;
        let has = |number: u64| self.given.responses.iter().find(|h| h.number() == number).cloned();
        let headers: Option<Arc<[SealedHeader]>> = (lowest..=origin).rev().map(has).collect();
        headers.map(|headers| Message::Headers { id, headers })
    }
}
