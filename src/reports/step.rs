use serde::{Deserialize, Serialize};

use crate::machine::{Family, PeerId, Time};
use crate::scenario::{Scenario, tag_of};
use crate::trace::{Arrow, Step, Trace, View, ViewStep, What};

/// Steps kept of a long run: so many from its beginning, so many from its end.
const KEPT: (usize, usize) = (1_000, 3_000);

/// The longest detail of a step in characters.
const DETAIL_MAX: usize = 4_096;

/// One step of a run as reports see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRecord {
    /// Counts the steps of the run from 0. Where it jumps, steps were left out.
    pub seq: u64,
    /// When, in milliseconds since the start of the run.
    pub at: Time,
    /// The step that brought this one about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// The peer at the other end, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerId>,
    /// Which way it went.
    pub arrow: Arrow,
    /// What it was, in words, with an arrow between the peer and the subject.
    pub text: String,
    /// Whether a lie or a fault is in it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hostile: bool,
    /// The lie in it, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lie: Option<String>,
    /// The fault that changed or repeated it, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// All of it as JSON; a long one is cut and ends in `...`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl StepRecord {
    /// The steps of a run; of a long one its beginning and its end.
    pub fn all_of<F: Family>(scenario: &Scenario<F>, trace: &Trace<F>, view: View) -> Vec<Self> {
        let (first, last) = KEPT;
        let count = view.steps.len();
        let is_kept = |index: usize| index < first || index + last >= count;
        let steps = view.steps.into_iter().zip(trace.steps()).enumerate();
        steps
            .filter(|(index, _)| is_kept(*index))
            .map(|(_, (shown, step))| Self::of(scenario, shown, step))
            .collect()
    }

    fn of<F: Family>(scenario: &Scenario<F>, shown: ViewStep, step: &Step<F>) -> Self {
        let (mut lie, mut fault, mut detail) = (None, None, None);
        match &step.what {
            What::Acted { action, .. } => detail = json(action),
            What::In { input, lie: told, fault: kind, .. } => {
                let peer = scenario.peers.iter().find(|peer| Some(peer.id) == shown.peer);
                let told = told.and_then(|index| peer?.lies.get(index));
                lie = told.and_then(|lie| tag_of(&lie.how));
                fault = kind.as_ref().and_then(tag_of);
                detail = json(input);
            }
            What::Lost { message, .. } => detail = json(message),
            What::Out { output, .. } => detail = json(output),
            What::Crashed { .. } | What::Healed => {}
        }
        Self {
            seq: shown.seq,
            at: shown.at,
            cause: shown.cause,
            peer: shown.peer,
            arrow: shown.arrow,
            text: shown.text,
            hostile: shown.hostile,
            lie,
            fault,
            detail,
        }
    }
}

fn json<T: Serialize>(value: &T) -> Option<String> {
    let text = serde_json::to_string(value).ok()?;
    if text.chars().count() <= DETAIL_MAX {
        return Some(text);
    }
    Some(text.chars().take(DETAIL_MAX).chain("...".chars()).collect())
}

fn is_false(value: &bool) -> bool {
    !value
}
