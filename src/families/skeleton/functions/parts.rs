//! The parts of a transition as functions of their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::skeleton::backfiller::find_ancestor;
use crate::families::skeleton::message::HeadAnswer;
use crate::families::skeleton::world::check_settings;
use crate::families::skeleton::{
    CleanError, Profile, Scratch, Settings, Status, Subchain, Subchains,
};
use crate::machine::PeerId;

use super::label::{Label, Labels};
use super::shape::{ChainShape, LocalShape, Shape, StoredShape, SubchainShape};
use super::transition::BoundsShape;

/// What is persisted, for a function of it alone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredGiven {
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    chain: ChainShape,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored: Option<StoredShape>,
}

impl StoredGiven {
    fn read(&self) -> Result<(Shape, Subchains), String> {
        let shape = Shape::build(&self.chain)?;
        let store = shape.store(self.stored.as_ref(), self.profile)?;
        Ok((shape, Subchains::new(store, self.profile)))
    }
}

/// A cycle that runs on what is persisted.
fn running(
    profile: Profile,
    chain: &ChainShape,
    stored: &StoredShape,
) -> Result<(Shape, Subchains), String> {
    let shape = Shape::build(chain)?;
    let store = shape.store(Some(stored), profile)?;
    let status = store.status().filter(|status| !status.subchains.is_empty());
    let status = status.ok_or("stored: a cycle runs on one subchain at least")?;
    let mut chains = Subchains::new(store, profile);
    chains.status = status;
    Ok((shape, chains))
}

/// How things stand after a change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<HeadAnswer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    linked: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merged: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subchains: Option<Vec<SubchainShape>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finalized: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<CleanError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<Labels>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dropped: Option<Vec<PeerId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waiting: Option<u64>,
}

impl After {
    fn of(shape: &Shape, chains: &Subchains) -> Self {
        Self {
            subchains: Some(shape.subchains(chains.status())),
            finalized: chains.status().finalized,
            rows: Some(shape.rows(chains.store())),
            ..Self::default()
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InitGiven {
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    chain: ChainShape,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored: Option<StoredShape>,
    head: Label,
}

pub(super) fn init(given: &InitGiven) -> Result<After, String> {
    let InitGiven { profile, chain, stored, head } = given;
    let (profile, chain, stored) = (*profile, chain.clone(), stored.clone());
    let (shape, mut chains) = StoredGiven { profile, chain, stored }.read()?;
    let head = shape.header(head).map_err(|why| format!("head: {why}"))?.clone();
    if head.number() == 0 {
        return Err("head: genesis is no head".to_owned());
    }
    chains.init(&head);
    Ok(After::of(&shape, &chains))
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadGiven {
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    chain: ChainShape,
    stored: StoredShape,
    head: Label,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finalized: Option<u64>,
}

pub(super) fn new_head(given: &HeadGiven) -> Result<After, String> {
    let (shape, mut chains) = running(given.profile, &given.chain, &given.stored)?;
    let head = shape.header(&given.head).map_err(|why| format!("head: {why}"))?.clone();
    if head.number() == 0 {
        return Err("head: genesis is no head".to_owned());
    }
    let answer = chains.place(&head, given.finalized, &mut Vec::new());
    Ok(After { answer: Some(answer), ..After::of(&shape, &chains) })
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveriesGiven {
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    chain: ChainShape,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    local: Option<LocalShape>,
    stored: StoredShape,
    batches: Vec<BatchShape>,
}

/// A batch as it was asked for: the headers of one slot.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BatchShape {
    peer: PeerId,
    headers: Labels,
}

pub(super) fn deliveries(given: &DeliveriesGiven) -> Result<After, String> {
    check_settings(&given.settings)
        .map_err(|error| format!("settings.{}: {}", error.field, error.message))?;
    let (shape, mut chains) = running(given.profile, &given.chain, &given.stored)?;
    let local = shape.local_chain(given.local.as_ref())?;
    let front = chains.primary().map_or(0, |primary| primary.tail - 1);
    let Settings { batch, scratch_batches, .. } = given.settings;
    let mut scratch = Scratch::new(front, batch, scratch_batches);
    let mut after = After { linked: Some(false), merged: Some(false), ..After::default() };
    let mut dropped = Vec::new();
    for (index, delivered) in given.batches.iter().enumerate() {
        let at = |why: String| format!("batches[{index}]: {why}");
        if after.linked == Some(true) || after.merged == Some(true) {
            return Err(at("the cycle has ended by the batch before".to_owned()));
        }
        let headers = shape.headers(&delivered.headers).map_err(at)?;
        let origin = headers.first().map_or(0, |first| first.number());
        let below = front.checked_sub(origin).filter(|_| origin > 0);
        let slot = below.filter(|below| below % batch == 0).map(|below| below / batch);
        let linked = headers.windows(2).all(|pair| pair[0].parent() == pair[1].hash());
        let whole = headers.len() as u64 == batch.min(origin) && linked;
        // The window has moved on with what was stored.
        let here = scratch.head().checked_sub(origin).map(|below| below / batch);
        if slot.is_none() || !whole || here.is_none_or(|here| here >= scratch_batches) {
            let why = format!("not one of the batches of {batch} headers from {front} downwards");
            return Err(at(why));
        }
        scratch.assign(origin, delivered.peer);
        scratch.deliver(origin, headers.into());
        let consumed = chains.consume(&mut scratch, &local);
        dropped.extend(consumed.culprit);
        (after.linked, after.merged) = (Some(consumed.linked), Some(consumed.merged));
    }
    let (dropped, waiting) = (Some(dropped), Some(scratch.headers()));
    let (linked, merged) = (after.linked, after.merged);
    Ok(After { linked, merged, dropped, waiting, ..After::of(&shape, &chains) })
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MergeGiven {
    #[serde(default)]
    chain: ChainShape,
    stored: StoredShape,
}

/// A primary subchain that overlaps older ones.
pub(super) fn merge(given: &MergeGiven) -> Result<After, String> {
    let (shape, mut chains) = running(Profile::Geth117, &given.chain, &given.stored)?;
    let merged = Some(chains.merge());
    let subchains = Some(shape.subchains(chains.status()));
    Ok(After { merged, subchains, ..After::default() })
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CleanGiven {
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    chain: ChainShape,
    stored: StoredShape,
    /// The last block that is filled.
    filled: Label,
}

pub(super) fn clean_up(given: &CleanGiven) -> Result<After, String> {
    let (shape, mut chains) = running(given.profile, &given.chain, &given.stored)?;
    let filled = shape.header(&given.filled).map_err(|why| format!("filled: {why}"))?.clone();
    let error = chains.clean(&filled).err();
    Ok(After { error, ..After::of(&shape, &chains) })
}

pub(super) fn bounds(given: &StoredGiven) -> Result<BoundsShape, String> {
    let (shape, chains) = given.read()?;
    Ok(BoundsShape::of(&chains.bounds(), &shape))
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkGiven {
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    chain: ChainShape,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    local: Option<LocalShape>,
    /// The header below the tail of the skeleton.
    next: Label,
}

pub(super) fn link(given: &LinkGiven) -> Result<bool, String> {
    let shape = Shape::build(&given.chain)?;
    let local = shape.local_chain(given.local.as_ref())?;
    let next = shape.header(&given.next).map_err(|why| format!("next: {why}"))?;
    Ok(local.links(next.number(), &next.hash(), given.profile, None))
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AncestorGiven {
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    chain: ChainShape,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    local: Option<LocalShape>,
    stored: StoredShape,
}

/// The number of the last block that need not be filled; none if the skeleton is not linked.
pub(super) fn ancestor(given: &AncestorGiven) -> Result<Option<u64>, String> {
    let (shape, chains) = running(given.profile, &given.chain, &given.stored)?;
    let local = shape.local_chain(given.local.as_ref())?;
    Ok(find_ancestor(&chains, &local))
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteGiven {
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    chain: ChainShape,
    subchains: Vec<SubchainShape>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finalized: Option<u64>,
}

pub(super) fn status_write(given: &WriteGiven) -> Result<String, String> {
    let shape = Shape::build(&given.chain)?;
    let mut status = Status { subchains: Vec::new(), finalized: given.finalized };
    for (index, chain) in given.subchains.iter().enumerate() {
        let next = chain.next.as_ref().ok_or_else(|| format!("subchains[{index}]: no next"))?;
        let next = shape.hash(next).map_err(|why| format!("subchains[{index}]: {why}"))?;
        status.subchains.push(Subchain { head: chain.head, tail: chain.tail, next });
    }
    Ok(status.to_json(given.profile))
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadGiven {
    json: String,
}

/// What a status says; nothing if it cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadResult {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subchains: Vec<SubchainShape>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finalized: Option<u64>,
}

pub(super) fn status_read(given: &ReadGiven) -> Result<ReadResult, String> {
    let status = Status::of_json(&given.json).unwrap_or_default();
    let name = |chain: &Subchain| SubchainShape {
        head: chain.head,
        tail: chain.tail,
        next: Some(Label::Hash(chain.next)),
    };
    let subchains = status.subchains.iter().map(name).collect();
    Ok(ReadResult { subchains, finalized: status.finalized })
}
